"""Versions as pages are told of them."""

from collections.abc import Mapping
from typing import Any

from domain.errors import BadFile
from domain.versions.lock import Lock
from domain.versions.spec import Repo
from services.versions.realizing import digest_of
from services.versions.shelf import Shelf, Version

Fact = dict[str, Any]


def facts(shelf: Shelf, room: Mapping[str, int]) -> list[Fact]:
    """One for each, also for those that do not read. `room`: bytes on disk that are a version's own, as far
    as they were counted."""
    read = [_fact(version, room.get(version.spec.id)) for version in shelf.all()]
    known = {fact["id"] for fact in read}
    broken = [_broken(file.stem, said) for file, said in shelf.faults().items() if file.stem not in known]
    return sorted(read + broken, key=lambda fact: str(fact["id"]))


def _fact(version: Version, own: int | None) -> Fact:
    lock, build, said = None, None, list[str]()
    try:
        lock = version.lock
    except BadFile as error:  # resolving makes another
        said.append(str(error))
    try:
        build = version.builds.current
        realization = build.realization() if build else None
    except BadFile as error:  # so does realizing
        build, realization = None, None
        said.append(str(error))
    is_of_lock = bool(lock and realization and realization.lock_sha256 == digest_of(lock))
    state = _state(lock is not None and version.is_resolved, realization is not None, is_of_lock)
    spec = version.spec
    commits = {tree.name: tree.commit for tree in (lock.comfy, *lock.nodes)} if lock else {}
    sizes = {model.target: model.size for model in lock.models} if lock else {}
    return {
        "id": spec.id,
        "state": state,
        "said": " ".join(said),
        "closure": realization.closure if realization else "",
        "comfy": _repo(spec.comfy, commits.get("")),
        "nodes": [{"name": node.name, **_repo(node, commits.get(node.name))} for node in spec.nodes],
        "models": [{"target": model.target, "size": sizes.get(model.target)} for model in spec.models],
        "python": _packages(lock),
        "own": own,
    }


def _state(is_resolved: bool, is_realized: bool, is_of_lock: bool) -> str:
    if is_realized:
        return "realized" if is_resolved and is_of_lock else "changed"
    return "resolved" if is_resolved else "spec"


def _packages(lock: Lock | None) -> Fact | None:
    if lock is None:
        return None
    torch = next((line.split()[0] for line in lock.requirements if line.startswith("torch==")), "")
    return {
        "version": lock.platform.python,
        "packages": len(lock.requirements),
        "torch": torch.removeprefix("torch=="),
        "backend": lock.platform.torch,
    }


def _repo(at: Repo, commit: str | None = None) -> Fact:
    return {"repo": at.repo, "ref": at.ref, "commit": commit or at.commit}


def _broken(id: str, said: str) -> Fact:
    nothing: Fact = {"closure": "", "comfy": _repo(Repo("")), "nodes": [], "models": [], "python": None}
    return {"id": id, "state": "broken", "said": said, **nothing, "own": None}
