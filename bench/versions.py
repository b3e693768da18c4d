"""How long versions of ComfyUI take to make and to verify, beside what the same run can do. Prints a table.

    python -m bench.versions [--files 35000] [--megabytes 512]

Repositories and packages are small ones of the tests, one package with that many files; the model comes from
a server of its own on this machine.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from infrastructure.http_line import Session
from infrastructure.versions.blobs import Blobs
from infrastructure.versions.builds import Builds
from infrastructure.versions.removing import remove
from infrastructure.versions.store import Store, size_of
from infrastructure.versions.transfers import _PIECE
from infrastructure.versions.uv import this_platform
from services.versions.realizing import Realizer, different
from services.versions.resolving import Resolver
from services.versions.shelf import Shelf
from tests.folders import done
from tests.real_comfy import free_port
from tests.versions.world import World

AGAIN = 5  # the best of so many


def timed(deed: Callable[[], object], times: int = 1) -> float:
    """Seconds, the best."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        deed()
        found.append(time.perf_counter() - began)
    return min(found)


@contextmanager
def served(folder: Path):
    port = free_port()
    words = [
        sys.executable,
        "-m",
        "http.server",
        str(port),
        "--bind",
        "127.0.0.1",
        "--directory",
        str(folder),
    ]
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                requests.head(f"http://127.0.0.1:{port}/", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def plain(url: str, to: Path) -> None:
    """The same client, pieces of the best size, no hash, and onto the disk at the end."""
    with Session() as line, line.get(url, stream=True, timeout=60) as reply, to.open("wb") as out:
        for chunk in reply.iter_content(_PIECE):
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())


def walked(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from walked(Path(entry.path))
            else:
                yield entry


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=35_000)
    parser.add_argument("--megabytes", type=int, default=512)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = World(folder / "world")
        os.environ.update(world.surroundings)
        world.wheels.add("many", "1.0", files=asked.files)
        big = folder / "served" / "big.safetensors"
        big.parent.mkdir()
        content = os.urandom(1 << 20)
        with big.open("wb") as out:
            for _ in range(asked.megabytes):
                out.write(content)
        with served(big.parent) as url:
            measure(world, folder, f"{url}/{big.name}", asked)
        world.close()


def measure(world: World, folder: Path, url: str, asked: argparse.Namespace) -> None:
    digest = hashlib.sha256((folder / "served" / "big.safetensors").read_bytes()).hexdigest()
    models = [{"source": url, "target_subdir": "loras", "checksum": f"sha256:{digest}"}]
    shelf = Shelf((folder / "versions",), Store(folder / "store"), takes_paths=True)

    def version(id: str, ref: str):
        comfy = {"repo": world.comfy.url, "ref": ref}
        file = world.write(
            folder / "versions", version_id=id, comfy=comfy, models=models, python_packages=["many"]
        )
        found = shelf.version(str(file))
        found.keep(done(Resolver(shelf.store, this_platform()).lock(found.spec))[0])
        return found

    def realize(found, store=shelf.store, builds: Builds | None = None) -> None:
        done(Realizer(store, builds or found.builds).realize(found.needed_lock()))

    one, other = version("film-a", "v1"), version("film-b", "v2")
    bare = folder / "bare"
    lock = one.needed_lock()

    def installed() -> None:
        """From nothing; the first time a disk still reads the package."""
        shutil.rmtree(bare, ignore_errors=True)
        list(Store(bare).uv.environment(bare / "env", lock.requirements_text, lock.platform))

    packages = timed(installed, 2)
    first = timed(lambda: realize(one))
    blob = folder / "blobs"

    downloads, hashings = list[float](), list[float]()
    for _ in range(AGAIN):  # by turns: the machine is not equally busy all the time
        downloads.append(timed(lambda: plain(url, folder / "plain")))
        (folder / "plain").unlink()
        hashings.append(timed(lambda: done(Blobs(blob).bring(digest, asked.megabytes << 20, [(url, "")]))))
        remove(Blobs(blob).path(digest).parent)
    download, hashed = min(downloads), min(hashings)
    seen: set[tuple[int, int]] = set()
    size_of(shelf.store.folder, seen)
    following = timed(lambda: realize(other))
    grown = size_of(shelf.store.folder, seen)
    before = _state(shelf.store.folder)
    again = timed(lambda: realize(other), AGAIN)
    verified = timed(lambda: different(shelf.store, one.builds.current, one.needed_lock()), AGAIN)
    env = shelf.store.environment(one.needed_lock())
    looked = timed(lambda: [entry.stat(follow_symlinks=False) for entry in walked(env)], AGAIN)
    deep = timed(lambda: different(shelf.store, one.builds.current, one.needed_lock(), is_deep=True))
    changed = _state(shelf.store.folder) != before
    floor, written = download + packages, "something" if changed else "nothing"
    rows = [
        ("first realize beside plain download and bare uv", f"{first:.1f} s, {first / floor:.2f} ×", "1.3 ×"),
        ("the next version, another commit", f"{following:.2f} s, {grown / 1e6:.1f} MB", "1.5 s, 30 MB"),
        ("nothing changed", f"{again:.2f} s, {written} written", "nothing"),
        (f"verify, {asked.files} files of packages", f"{verified:.2f} s", "0.7 s"),
        ("the same beside size and time of each file, alone", f"{verified / looked:.1f} ×", ""),
        ("verify, every byte", f"{deep:.1f} s", ""),
        ("download with its hash beside plain download", f"{download / hashed:.0%}", "90 %"),
    ]
    for what, found, aim in rows:
        print(f"| {what} | {found} | {aim} |")


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (s.st_size, s.st_mtime_ns) for p in folder.rglob("*") if p.is_file() and (s := p.lstat())}


if __name__ == "__main__":
    main()
