"""The models of a lock in a folder of somebody's own: looked at, and brought as far as they lack."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from domain.errors import CannotWrite, StudioError
from domain.events import Event, Progress, as_part
from domain.versions.lock import Lock, LockedModel
from infrastructure.hashes import telling_sha256
from infrastructure.part_files import writing
from infrastructure.versions import links
from infrastructure.versions.store import Store

OK, DOWNLOADED, UPDATED, ERROR = "ok", "downloaded", "updated", "error"


@dataclass(frozen=True)
class Looked:
    """At one of them."""

    target: str
    status: str
    sha256: str
    reason: str = ""  # of an error


def verified(
    store: Store, lock: Lock, folder: Path, writes_over: bool
) -> Generator[Event, None, list[Looked]]:
    """Another file at a model's place is only replaced when somebody `writes_over`. Raises CannotWrite, after
    which nothing can go on."""
    found = list[Looked]()
    for number, model in enumerate(lock.models):
        start, end = (at / len(lock.models) for at in (number, number + 1))
        yield Progress(start, model.target)
        try:
            work = _looked_at(store, model, folder, writes_over)
            status, reason = (yield from as_part(work, start, end, model.target)), ""
        except CannotWrite:
            raise
        except StudioError as error:
            status, reason = ERROR, str(error)
        found.append(Looked(model.target, status, model.sha256, reason))
    return found


def _looked_at(
    store: Store, model: LockedModel, folder: Path, writes_over: bool
) -> Generator[Event, None, str]:
    path = folder / model.target
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise StudioError(f"{path.parent} is a link that leads out of {folder}.")
    is_there = path.exists()
    if is_there and not path.is_file():
        raise StudioError(f"{path} is no file.")
    if is_there and (yield from _is_it(store, model, path)):
        return OK
    if is_there and not writes_over:
        raise StudioError(f"{path} is another file than the lock says. Say --overwrite to replace it.")
    origins = [(origin.url, origin.revision) for origin in model.sources]
    with (yield from store.joined()):
        blob = yield from store.blobs.bring(model.sha256, model.size, origins)
        with writing(path) as part:
            if links.link(blob, part) == links.SYMLINK:
                links.note(blob, path)
    return UPDATED if is_there else DOWNLOADED


def _is_it(store: Store, model: LockedModel, path: Path) -> Generator[Event, None, bool]:
    if links.is_link_to(store.blobs.path(model.sha256), path):
        return (yield from store.blobs.looking(model.sha256))
    return path.stat().st_size == model.size and (yield from telling_sha256(path)) == model.sha256
