"""What is done with versions as files: begun, taken away, counted, swept."""

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from domain.errors import BadFile, StudioError
from domain.versions import spec
from domain.versions.lock import Lock
from domain.versions.spec import Spec
from infrastructure.json_files import read_json
from infrastructure.versions import running
from infrastructure.versions.builds import OWN, Build, Builds
from infrastructure.versions.locks import held
from infrastructure.versions.store import Store, size_of
from services.versions.shelf import Shelf, Version

_SOON = 1.0  # seconds that a version's lock is waited for
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
    lacking = [m for m in lock.models if store.blobs.size(m.sha256) is None] if with_models else []
    trees = [tree for tree in (lock.comfy, *lock.nodes) if not store.git.has(tree.repo, tree.commit)]
    return {
        "version_id": lock.id,
        "repositories": [tree.repo for tree in trees],
        "models": [model.target for model in lacking],
        "bytes": sum(model.size for model in lacking),
        "packages": 0 if store.environment(lock).is_dir() else len(lock.requirements),
    }


def delete(shelf: Shelf, id: str, with_spec: bool) -> list[str]:
    """Its realizations; what somebody made with it stays. Returns the folders that stayed for that."""
    file = shelf.file(id)
    name = spec.checked_id(_id_in(shelf, id) or file.stem, "The version's id")
    builds = shelf.builds(name)
    if builds.folder.is_dir():
        if any(running.found(build) for build in builds.all()):
            raise StudioError(f"{name} is running. End it first.")
        with held(builds.lock, f"the version {name}"):
            builds.forget_current()
            for build in builds.all():
                if build.folder not in builds.changed():
                    shutil.rmtree(build.folder)
    if with_spec:
        file.unlink(missing_ok=True)
        for of_it in (".lock.json", ".baseline.json"):
            file.with_suffix(of_it).unlink(missing_ok=True)
    kept = [builds.folder / name for name in OWN if _holds_something(builds.folder / name)]
    kept += builds.changed()
    _remove_if_empty(builds)
    return list(map(str, kept))


def _id_in(shelf: Shelf, id: str) -> str:
    try:
        return shelf.version(id).spec.id
    except BadFile:  # gone, or broken: what it is called is enough to take it away
        return ""


def _remove_if_empty(builds: Builds) -> None:
    """Whatever else lies there is somebody's."""
    if not builds.folder.is_dir():
        return
    for name in OWN:
        own = builds.folder / name
        if not own.is_symlink() and not _holds_something(own):
            shutil.rmtree(own, ignore_errors=True)
    for left in (*builds.folder.glob("comfyui.log*"), builds.folder / "running.json"):
        left.unlink(missing_ok=True)
    if not any(path.name != ".lock" for path in builds.folder.iterdir()):
        shutil.rmtree(builds.folder)


def status(shelf: Shelf) -> dict[str, Any]:
    """Every version, what its own folder takes on disk in bytes, and what they share."""
    versions, lines, seen = list[dict[str, Any]](), list[str](), set[tuple[int, int]]()
    shared = {name: size_of(shelf.store.folder / name, seen) for name in ("git", "models", "envs", "uv")}
    for version in shelf.all():
        state, closure = _state(version)
        own = sum(size_of(build.folder, seen) for build in version.builds.all())
        versions.append({"version_id": version.spec.id, "state": state, "closure": closure, "own_bytes": own})
        now = versions[-1]
        lines.append(f"{version.spec.id:24} {state:10} {now['closure'][:16]:16} {_mb(now['own_bytes']):>10}")
    lines += [f"{name:24} {'shared':10} {'':16} {_mb(size):>10}" for name, size in shared.items()]
    return {"versions": versions, "shared_bytes": shared, "store": str(shelf.store.folder), "lines": lines}


def _state(version: Version) -> tuple[str, str]:
    """How far it is, and the closure of what is realized. One that is broken hides no other."""
    try:
        if build := version.builds.current:
            return "realized", build.realization().closure
        return "resolved" if version.is_resolved else "spec", ""
    except BadFile:
        return "broken", ""


def collect(shelf: Shelf, is_dry: bool) -> dict[str, Any]:
    """What no version in use needs goes: realizations that were replaced, models, environments.

    Raises Blocked while somebody is at work on a version."""
    store = shelf.store
    with ExitStack() as held_all:
        held_all.enter_context(store.untouched())
        if away := store.away():
            raise StudioError(
                f"{away[0]} is not there, and what the version in it needs is not known. Attach its disk, or "
                f"take it out of {store.folder / 'elsewhere.json'}."
            )
        every = store.all_builds()
        for builds in every:
            held_all.enter_context(held(builds.lock, f"the version {builds.folder.name}", _SOON))
        goes = _unneeded(store, every)
        freed = sum(goes.values())
        if not is_dry:
            for path in goes:
                shutil.rmtree(path)
                path.with_suffix(".json").unlink(missing_ok=True)
    gone, said = list(map(str, goes)), "would go" if is_dry else "went"
    return {"gone": gone, "bytes": freed, "lines": [*gone, f"{_mb(freed)} {said}."]}


def _unneeded(store: Store, every: Sequence[Builds]) -> dict[Path, int]:
    """Folders and their bytes on disk that are nobody else's."""
    models, envs, goes, seen = set[str](), set[Path](), list[Path](), set[tuple[int, int]]()
    for builds in every:
        current = builds.current
        used = {build.folder for build in builds.all() if build == current or running.found(build)}
        kept = {*used, *builds.changed()}  # for whoever changed them
        goes += [build.folder for build in builds.all() if build.folder not in kept]
        for build in map(Build, used):
            models |= set(build.realization().models.values())
            envs.add(store.environment(build.lock()))
            size_of(build.folder, seen)
    goes += [store.blobs.path(sha256).parent for sha256 in store.blobs.all() if sha256 not in models]
    goes += [env for env in sorted((store.folder / "envs").glob("*/")) if env not in envs]
    for env in envs:
        size_of(env, seen)
    return {path: size_of(path, seen) for path in goes}


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


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
