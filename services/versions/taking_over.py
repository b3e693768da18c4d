"""Specs of what is there already: a file of another tool, a folder with ComfyUI, a server that runs.

What cannot come along is told, by name: a spec that says less than was there must not look complete.
"""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.errors import BackendUnreachable, BadFile
from domain.events import Event, Progress, Told, retold
from domain.versions import foreign, spec
from domain.versions.errors import Unresolved
from domain.versions.spec import Spec, checked_target
from infrastructure.comfy_api import ComfyAPI
from infrastructure.comfy_server import ComfyServer
from infrastructure.hashes import reading_sha256
from infrastructure.strict_json import read_text
from infrastructure.versions.clones import Clone, clone
from infrastructure.versions.foreign_files import read_file
from infrastructure.versions.store import shortly
from services.versions.keeping import COMFY, repo_words

_LOOKED_AT = ("custom_nodes/", "models/", "input/", "output/", "temp/", "user/", "extra_model_paths.yaml")
_SAY_IT = "Tell it: python main.py version create ID --repo URL@ref"
_PUBLISHED = frozenset({"custom_nodes/websocket_image_save.py"})  # with ComfyUI itself, in each release
_CONFIGS = "models/configs/"
_VERSION = re.compile(r"^__version__\s*=\s*[\"']([0-9][^\"']*)", re.MULTILINE)
_REPOSITORY = re.compile(r"^\s*repository\s*=\s*[\"']([^\"']+)", re.IGNORECASE | re.MULTILINE)


def from_file(file: Path, id: str, repo: str, with_packages: bool = False) -> Generator[Event, None, Spec]:
    """Raises BadFile."""
    try:
        taken = foreign.read(read_file(file))
        yield Told(f"{file} is taken for a {taken.format}.")
        found = spec.read(taken.spec(id, repo or COMFY, with_packages))
    except BadFile as error:
        raise BadFile(f"{file}: {error}") from error
    for line in taken.left:
        yield Told(f"left out: {line}")
    if taken.packages and not with_packages:
        names = ", ".join(taken.packages)
        yield Told(f"left out: Python packages, which --pips takes over: {names}")
    return found


@dataclass
class _Seen:
    told: list[str] = field(default_factory=list)
    nodes: list[dict[str, str]] = field(default_factory=list)
    models: list[dict[str, str]] = field(default_factory=list)


def from_folder(folder: Path, id: str, repo: str, models: Path | None) -> Generator[Event, None, Spec]:
    """Commits of ComfyUI and its nodes, and its models with what they contain. Raises BadFile."""
    if not (folder / "main.py").is_file():
        raise BadFile(f"{folder} is no ComfyUI: it has no main.py.")
    seen, comfy = _Seen(), clone(folder)
    said = repo_words(repo) if repo else {}
    if comfy:
        said = {"repo": said.get("repo") or comfy.url or COMFY, "commit": comfy.commit}
        seen.told += _doubts("ComfyUI", comfy)
    elif not said:
        said = {"repo": COMFY, "ref": _release(folder)}
        seen.told.append(f"without .git it is taken for the release {said['ref']} as it was published")
    tracked = comfy.tracked if comfy else _PUBLISHED
    _nodes(folder / "custom_nodes", tracked, seen)
    root = models or folder / "models"
    files = [path for path in _files(root) if not _is_comfyuis(_below(folder, path), tracked)]
    yield from _models(root, files, seen)
    if (folder / "extra_model_paths.yaml").is_file():
        seen.told.append("extra_model_paths.yaml is not read; --models-root takes another folder of models")
    seen.told.append("Python packages are not read: what was installed by hand goes into python_packages")
    for line in seen.told:
        yield Told(line)
    return spec.read(_content(id, said, seen))


def _release(folder: Path) -> str:
    """The tag of what was unpacked, not cloned. Raises BadFile."""
    told = folder / "comfyui_version.py"
    found = _VERSION.search(read_text(told)) if told.is_file() else None
    if not found:
        raise BadFile(
            f"{folder} has no .git and no comfyui_version.py that tell its commit. "
            f"{_SAY_IT} --from-folder {folder}"
        )
    return f"v{found[1]}"


def from_server(url: str, id: str, repo: str) -> Generator[Event, None, Spec]:
    """Its release, and nothing else that makes it again: a server tells no commit and no repository.
    Raises BadFile, Unresolved."""
    try:
        stats, info = ComfyAPI(url).system_stats()["system"], ComfyServer(url).object_info()
    except BackendUnreachable as error:
        raise Unresolved(str(error)) from error
    release = str(stats.get("comfyui_version") or "")
    said = repo_words(repo) if repo else {}
    if not release and not said.get("ref"):
        raise BadFile(f"{url} does not say which ComfyUI it is. {_SAY_IT} --from-running {url}")
    said = {"ref": f"v{release}", **said}
    nodes = sorted({name for node in info.values() if (name := _pack(node))})
    yield Told(f"A server tells its release, {release or 'none'}, and not its commit, models and packages.")
    if nodes:
        yield Told(f"It has these custom nodes, and no repository is told: {', '.join(nodes)}")
    yield Told("Where its folder can be read, --from-folder DIR tells commits and models.")
    return spec.read(_content(id, {"repo": said.get("repo") or COMFY, "ref": said["ref"]}, _Seen()))


def _content(id: str, comfy: dict[str, str], seen: _Seen) -> dict[str, Any]:
    return {
        "schema_version": spec.SCHEMA_VERSION,
        "version_id": id,
        "comfy": comfy,
        "custom_nodes": seen.nodes,
        "models": seen.models,
    }


def _nodes(folder: Path, tracked: frozenset[str], seen: _Seen) -> None:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name == ".disabled" and path.is_dir():  # where ComfyUI-Manager puts them
            seen.told += [f"left out: {one.name}, which is disabled" for one in sorted(path.iterdir())]
        if path.name.startswith((".", "__")) or f"custom_nodes/{path.name}" in tracked:
            continue
        if path.name.endswith(".disabled"):
            seen.told.append(f"left out: {path.name}, which is disabled")
        elif path.is_dir() and (found := clone(path)) and found.url:
            seen.nodes.append({"name": path.name, "repo": found.url, "commit": found.commit})
            seen.told += _doubts(path.name, found)
        elif path.is_dir():
            seen.told.append(f"left out: {path.name}, which is no clone of a repository{_hint(path)}")
        elif path.suffix == ".py":
            seen.told.append(f"left out: {path.name}, a single file")


def _doubts(who: str, found: Clone) -> Iterator[str]:
    elsewhere = _LOOKED_AT if who == "ComfyUI" else ()
    if changed := [*found.changed, *(path for path in found.added if not path.startswith(elsewhere))]:
        yield f"{who} was changed, and no commit has that: {shortly(changed)}"
    if not found.is_published:
        yield f"{who} is at {found.commit[:12]}, which no branch of {found.url or 'any repository'} has"


def _hint(path: Path) -> str:
    """What a node of the registry says of itself."""
    file = path / "pyproject.toml"
    match = _REPOSITORY.search(file.read_text("utf-8", "replace")) if file.is_file() else None
    return f"; it says of itself that it is of {match[1]}" if match else ""


def _is_comfyuis(path: str, tracked: frozenset[str]) -> bool:
    return path in tracked or (tracked is _PUBLISHED and path.startswith(_CONFIGS))


def _below(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else ""


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if path.name.startswith(".") or path.name.startswith("put_"):
            continue
        if path.is_dir():
            here = root.resolve()
            if path.resolve() not in (here, *here.parents):  # a link up is a circle
                yield from _files(path)
        elif path.is_file() and path.stat().st_size:
            yield path


def _models(root: Path, files: list[Path], seen: _Seen) -> Iterator[Event]:
    total, done = sum(path.stat().st_size for path in files), 0
    for path in files:
        target = path.relative_to(root).as_posix()
        told = Progress(done / total, target)
        yield told
        done += path.stat().st_size
        source = {"source": path.absolute().as_uri(), "target_path": target}
        try:
            checked_target(target, target)
            work = retold(reading_sha256(path), lambda _, told=told: told)  # type: ignore[misc]
            seen.models.append({**source, "checksum": f"sha256:{yield from work}"})
        except BadFile as error:
            seen.told.append(f"left out: {error}")
        except OSError as error:
            seen.told.append(f"left out: {target}, which cannot be read: {error.strerror}")
    if seen.models:
        seen.told.append(
            f"{len(seen.models)} models have files of this machine as their source: give each an address in "
            "the web before the version goes elsewhere"
        )


def _pack(node: dict[str, Any]) -> str:
    module = str(node.get("python_module") or "")
    return module.partition(".")[2] if module.startswith("custom_nodes.") else ""
