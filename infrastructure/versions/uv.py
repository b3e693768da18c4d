"""Python packages by uv: one resolution with hashes, and environments that hold just what it says."""

import os
import re
import sys
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from platform import machine as machine_here

from domain.errors import CannotWrite
from domain.versions.errors import NotInStore, Unresolved
from domain.versions.lock import Platform
from infrastructure import commands
from infrastructure.commands import Done

_FAULT = re.compile(r"^\s*(?:×|error:|╰─▶|Caused by:)?\s*")
_FULL = ("No space left", "os error 28)", "Disk quota exceeded")
_OF_THIS_MACHINE = (
    *("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX", "UV_FIND_LINKS", "UV_KEYRING", "UV_PYTHON_INSTALL"),
    *("UV_INSECURE", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_HTTP", "UV_REQUEST", "UV_CONCURRENT"),
)
_MISSING = ("was not found in the cache", "not found in the package registry", "network was disabled")


@dataclass(frozen=True)
class Wish:
    """A list of requirements and who asks for it."""

    who: str
    requirements: str


class Uv:
    def __init__(self, cache: Path, is_offline: bool = False):
        self._cache = cache
        self._is_offline = is_offline

    def resolved(self, wishes: Sequence[Wish], platform: Platform) -> Generator[None, None, tuple[str, ...]]:
        """All packages of all wishes together, pinned, with their hashes. Raises Unresolved with who
        conflicts with whom."""
        done = yield from self._compiled(wishes, platform)
        if done.code == 0:
            return _lines(done.out)
        self._check_room(done)
        if self._is_offline:
            raise NotInStore(f"The packages cannot be chosen without the network: {_fault(done)}")
        raise Unresolved((yield from self._conflict(wishes, platform, done)))

    def environment(self, to: Path, requirements: str, platform: Platform) -> Generator[None, None, None]:
        """A new one at `to` that may be moved. Raises Unresolved, NotInStore, CannotWrite."""
        yield from self._must(
            ["venv", "--relocatable", "--quiet", "--no-project", "--python", _python(platform.python), to]
        )
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "requirements.txt"
            file.write_text(requirements, "utf-8")
            options = ["--require-hashes", "--no-build", "--no-deps", "--link-mode", "hardlink", "--quiet"]
            options += [*_only_there(), *_torch(platform)]
            yield from self._must(["pip", "install", *options, "--python", python_of(to), "-r", file])

    def unpacked(self) -> Iterator[tuple[str, list[Path]]]:
        """Packages in the cache (name==version) that environments link their files from, and all that belongs
        to each, in the order to take it out: what nothing leads to is fetched again, and what is half gone
        is found again. None where the cache has no links."""
        for link in self._cache.glob("wheels-v*/**/*"):
            if link.is_symlink() and link.resolve().parent.name.startswith("archive-v"):
                version = link.name.partition("-")[0]
                beside = [other for other in link.parent.iterdir() if other.name.startswith(f"{link.name}.")]
                yield f"{link.parent.name}=={version}", [*beside, link.resolve(), link]

    def _compiled(self, wishes: Sequence[Wish], platform: Platform) -> Generator[None, None, Done]:
        with tempfile.TemporaryDirectory() as folder:
            files = []
            for number, wish in enumerate(wishes):
                file = Path(folder) / f"{number}.txt"
                file.write_text(wish.requirements, "utf-8")
                files.append(file.name)
            if not files:
                return Done(0, "", "")
            options = ["--generate-hashes", "--no-header", "--no-annotate", "--no-build", "--quiet"]
            options += ["--python-version", platform.python, "--python-platform", _triple(platform)]
            options += _torch(platform)
            words = ["pip", "compile", *options, *_only_there(), *files]
            return (yield from self._going(words, Path(folder)))

    def _conflict(self, wishes: Sequence[Wish], platform: Platform, done: Done) -> Generator[None, None, str]:
        """The first is ComfyUI, which wins: with whom it does not go together, else which two of the rest."""
        if "No solution found" not in done.said or len(wishes) < 2:
            return f"The packages cannot be resolved: {_fault(done)}"
        for number, wish in enumerate(wishes):
            alone = yield from self._compiled([wish], platform)
            if alone.code:
                return f"What {wish.who} asks for cannot be had: {_fault(alone)}"
            for other in wishes[:number]:
                both = yield from self._compiled([other, wish], platform)
                if both.code:
                    return f"{other.who} and {wish.who} do not go together: {_fault(both)}"
        return f"What the nodes ask for does not go together: {_fault(done)}"

    def _must(self, words: Sequence[str | Path]) -> Generator[None, None, None]:
        done = yield from self._going(words)
        if done.code == 0:
            return
        self._check_room(done)
        if self._is_offline and any(word in done.said for word in _MISSING):
            raise NotInStore(f"A package is not in the store, and nothing may be fetched: {_fault(done)}")
        raise Unresolved(f"The Python packages cannot be installed: {_fault(done)}")

    def _check_room(self, done: Done) -> None:
        if any(word in done.said for word in _FULL):
            raise CannotWrite(f"The disk of {self._cache} is full. Make room, and run it again.")

    def _going(self, words: Sequence[str | Path], folder: Path | None = None) -> Generator[None, None, Done]:
        return commands.going([_program(), *words], folder, self._surroundings())

    def _surroundings(self) -> dict[str, str | None]:
        env: dict[str, str | None] = dict.fromkeys(filter(_is_a_habit, os.environ))
        env |= {"UV_CACHE_DIR": str(self._cache.absolute()), "UV_NO_CONFIG": "1", "UV_NO_PROGRESS": "1"}
        env |= {"UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1", **_as_pip_has_it()}
        if self._is_offline:
            env["UV_OFFLINE"] = "1"
        return env


def python_of(env: Path) -> Path:
    return env / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@cache
def version() -> str:
    return commands.run([_program(), "--version"]).out.split()[1]


def this_platform(torch: str = "") -> Platform:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(name := machine_here().lower(), name)
    system = {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux")
    return Platform(system, machine, "{}.{}".format(*sys.version_info[:2]), torch)


def _program() -> str:
    from uv import find_uv_bin  # its wheel brings the program along

    return str(find_uv_bin())


def _python(version: str) -> str:
    is_ours = version == "{}.{}".format(*sys.version_info[:2])
    return str(getattr(sys, "_base_executable", sys.executable)) if is_ours else version


def _triple(platform: Platform) -> str:
    if platform.os == "linux":
        return f"{platform.arch}-manylinux_2_28"
    return platform.os if platform.os == "windows" else f"{platform.arch}-apple-darwin"


def _is_a_habit(name: str) -> bool:
    """A variable that says how somebody works with uv elsewhere: copies in place of links, packages that stay
    below a release. Where packages come from, and the way there, is this machine's and stays."""
    return name.startswith("UV_") and not name.startswith(_OF_THIS_MACHINE)


def _as_pip_has_it() -> Mapping[str, str]:
    """Where an artist's pip looks for packages, uv looks as well."""
    names = {"PIP_FIND_LINKS": "UV_FIND_LINKS", "PIP_INDEX_URL": "UV_DEFAULT_INDEX"}
    names |= {"PIP_EXTRA_INDEX_URL": "UV_INDEX", "PIP_CERT": "SSL_CERT_FILE"}
    return {theirs: os.environ[ours] for ours, theirs in names.items() if os.environ.get(ours)}


def _torch(platform: Platform) -> list[str]:
    """Where torch comes from, when it is chosen and when it is fetched."""
    return ["--torch-backend", platform.torch] if platform.torch else []


def _only_there() -> list[str]:
    return ["--no-index"] if os.environ.get("PIP_NO_INDEX", "") not in ("", "0", "false") else []


def _lines(out: str) -> tuple[str, ...]:
    """One a package, its hashes in order."""
    found = []
    for line in out.replace("\\\n", " ").splitlines():
        words = line.split()
        if words and not words[0].startswith(("#", "-")):
            hashes = sorted(word for word in words if word.startswith("--hash="))
            found.append(" ".join([*(w for w in words if not w.startswith("--hash=")), *hashes]))
    return tuple(sorted(found))


def _fault(done: Done) -> str:
    """What uv says, in a line."""
    lines = [_FAULT.sub("", line).strip() for line in done.said.splitlines()]
    told = [line for line in lines if line and not line.startswith(("hint:", "warning:", "Resolved"))]
    said = " ".join(told)
    return (said if len(said) <= 500 else f"{said[:499]}…").rstrip(".") + "."
