"""What is done with versions as files: begun, taken away, counted."""

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from domain.errors import BadFile, StudioError
from domain.versions import spec
from domain.versions.lock import Lock
from domain.versions.spec import Spec
from infrastructure.json_files import read_json
from infrastructure.part_files import kept_aside
from infrastructure.versions import running
from infrastructure.versions.builds import OWN, Builds
from infrastructure.versions.locks import SOON, held
from infrastructure.versions.removing import remove
from infrastructure.versions.store import Store, size_of
from services.versions.facts import facts
from services.versions.lacking import lacking
from services.versions.shelf import Shelf

COMFY = "https://github.com/comfyanonymous/ComfyUI.git"


def new(id: str, repo: str, nodes: Sequence[str], models: Sequence[str]) -> Spec:
    """Of words as a command has them: URL@ref, JSON, or a file of JSON. Raises BadFile."""
    content = {
        "schema_version": spec.SCHEMA_VERSION,
        "version_id": id,
        "comfy": repo_words(repo or COMFY),
        "custom_nodes": [one for words in nodes for one in _listed(words, repo_words)],
        "models": [one for words in models for one in _listed(words, lambda source: {"source": source})],
    }
    return spec.read(content)


def missing(store: Store, lock: Lock, with_models: bool) -> dict[str, Any]:
    """What realizing would have to fetch, without fetching it."""
    found = lacking(store, lock, with_models)
    return {
        "version_id": lock.id,
        "repositories": [tree.repo for tree in found.trees],
        "models": [model.target for model in found.models],
        "bytes": sum(model.size for model in found.models),
        "packages": found.packages,
    }


def delete(shelf: Shelf, id: str, with_spec: bool) -> list[str]:
    """Its realizations; what somebody made with it stays. Returns the folders that stayed for that."""
    file = shelf.file(id)
    name = spec.checked_id(_id_in(shelf, id) or file.stem, "The version's id")
    builds, kept = shelf.builds(name), list[Path]()
    if builds.folder.is_dir():
        with ExitStack() as held_both:
            for lock_file in (builds.change_lock, builds.start_lock):
                held_both.enter_context(held(lock_file, f"the version {name}", SOON))
            if used := next(filter(None, map(running.in_use, builds.all())), ""):
                raise StudioError(f"{name} is {used}. End it first.")
            builds.forget_current()
            for build in builds.all():
                if build.folder not in builds.changed():
                    remove(build.folder)
            shelf.store.blobs.protect()
            kept = _kept(builds)
            _remove_what_is_empty(builds)
        with suppress(OSError):  # something is left in it
            builds.folder.rmdir()
    if with_spec:
        for gone in (file, *(file.with_suffix(of_it) for of_it in (".lock.json", ".baseline.json"))):
            if gone.is_file():
                kept_aside(gone, "deleted")  # a few kilobytes, and somebody's work
                gone.unlink()
    return list(map(str, kept))


def _kept(builds: Builds) -> list[Path]:
    own = [builds.folder / name for name in OWN if _holds_something(builds.folder / name)]
    return own + builds.changed()


def _id_in(shelf: Shelf, id: str) -> str:
    try:
        return shelf.version(id).spec.id
    except BadFile:  # gone, or broken: what it is called is enough to take it away
        return ""


def _remove_what_is_empty(builds: Builds) -> None:
    """And ours. Whatever else lies there is somebody's."""
    for name in OWN:
        own = builds.folder / name
        if not own.is_symlink() and not _holds_something(own):
            shutil.rmtree(own, ignore_errors=True)
    for left in (*builds.folder.glob("comfyui.log*"), *builds.folder.glob("running-*.json")):
        left.unlink(missing_ok=True)
    for lock_file in (builds.change_lock, builds.start_lock):
        with suppress(OSError):  # Windows takes away nothing that is open
            lock_file.unlink()


def status(shelf: Shelf) -> dict[str, Any]:
    """Every version, what its own folder takes on disk in bytes, and what they share."""
    versions, lines = list[dict[str, Any]](), list[str]()
    each, shared = room(shelf)
    for fact in facts(shelf, each):
        id, state, closure, own = fact["id"], fact["state"], fact["closure"], fact["own"] or 0
        told = {"version_id": id, "state": state, "closure": closure, "own_bytes": own, "said": fact["said"]}
        versions.append(told)
        lines.append(f"{id:24} {state:10} {closure[:16]:16} {megabytes(own):>10}")
        lines += [f"  {fact['said']}"] if fact["said"] else []
    lines += [f"{name:24} {'shared':10} {'':16} {megabytes(size):>10}" for name, size in shared.items()]
    return {"versions": versions, "shared_bytes": shared, "store": str(shelf.store.folder), "lines": lines}


def room(shelf: Shelf) -> tuple[dict[str, int], dict[str, int]]:
    """Bytes on disk: of each version alone, by its id; of what they share, by its kind."""
    seen = set[tuple[int, int]]()
    shared = {name: size_of(shelf.store.folder / name, seen) for name in ("git", "models", "envs", "uv")}
    builds = {version.spec.id: version.builds.all() for version in shelf.all()}
    return {id: sum(size_of(one.folder, seen) for one in its) for id, its in builds.items()}, shared


def _holds_something(folder: Path) -> bool:
    return folder.is_dir() and any(path.is_file() for path in folder.rglob("*"))


def repo_words(words: str) -> dict[str, str]:
    """URL@ref; the last @ behind the host."""
    scheme, mark, rest = words.rpartition("://")
    host, slash, path = rest.partition("/")
    if not mark and ":" in rest:  # git@host:path
        host, slash, path = rest.partition(":")
    path, _, ref = path.rpartition("@") if "@" in path else (path, "", "")
    return {"repo": f"{scheme}{mark}{host}{slash}{path}", **({"ref": ref} if ref else {})}


def _listed(words: str, one: Any) -> list[Mapping[str, Any]]:
    if words.lstrip().startswith(("{", "[")):
        try:
            content = json.loads(words)
        except ValueError as error:
            raise BadFile(f"{words[:60]} is not valid JSON: {error}.") from error
    elif Path(words).is_file() and words.endswith(".json"):
        content = read_json(Path(words))
    else:
        return [one(words)]
    return content if isinstance(content, list) else [content]


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
