"""The shelf: projects opened lately with a few of their pictures, and the room the open one takes.

Worked out beside everything else, when a page is shown or something was made, so that nobody waits
for a walk through folders.
"""

import shutil
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from domain.errors import BadFile, StudioError
from domain.places import Places
from infrastructure.proxies import stamp, thumbnail
from services import bin, projects
from services.debounced import Debounced
from services.desk import Desk
from services.feed import Feed
from services.projects import Recent

QUIET = 0.2  # seconds to wait for more of the same before looking
REST = 1.5  # … and between two looks
WIDTH = 240  # pixels of a picture in a strip
_NAMED = 6  # files of one entry of the bin


class Shelf:
    def __init__(self, feed: Feed, places: Places, desk: Callable[[], Desk | None]):
        self._feed, self._places, self._desk = feed, places, desk
        self._recent: Mapping[str, Recent] = {}
        self._soon = Debounced("what is on the shelf", self._tell, QUIET, REST)
        self._soon.start()

    def again(self) -> None:
        """Something changed, or somebody looks."""
        self._soon.again()

    def stop(self) -> None:
        self._soon.stop()

    def folder(self, key: str) -> Path:
        """The project a card on the shelf stands for."""
        if key not in self._recent:
            raise StudioError("This project is not on the list any more.")
        return self._recent[key].folder

    def picture(self, key: str, number: int) -> Path:
        """A small copy of a picture in a project's strip; only those that were listed can be asked for."""
        recent = self._recent.get(key)
        if recent is None or not 0 <= number < len(recent.strip):
            raise BadFile("There is no such picture.")
        source = recent.strip[number]
        if not source.resolve().is_relative_to(recent.folder.resolve()):
            raise BadFile("Only pictures of the project itself are shown.")
        return thumbnail(source, WIDTH, self._places.cache / "recent")

    def tell_recent(self) -> None:
        """The list as it is now."""
        listed = {key_of(recent.folder): recent for recent in projects.recent(self._places.recent)}
        self._recent = listed
        desk = self._desk()
        is_open = desk.project.folder if desk else None
        self._feed.put("recent", [_card(k, r, r.folder == is_open) for k, r in listed.items()])

    def _tell(self) -> None:
        self.tell_recent()
        self._tell_disk()

    def _tell_disk(self) -> None:
        desk = self._desk()
        if desk is None:
            self._feed.put("disk", None)
            return
        project = desk.project
        self._feed.put(
            "disk",
            {
                "project": str(project.folder),
                "kinds": projects.disk_used(project),
                "free": shutil.disk_usage(project.folder).free,
                "bin": [_binned(binned) for binned in bin.contents(project)],
            },
        )


def key_of(folder: Path) -> str:
    return sha256(str(folder).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _card(key: str, recent: Recent, is_open: bool) -> Mapping[str, Any]:
    return {
        "key": key,
        "folder": str(recent.folder),
        "title": recent.title,
        "shots": recent.shots,
        "seconds": recent.seconds,
        "when": recent.when.timestamp(),
        "exists": recent.exists,
        "problem": recent.problem,
        "strip": [_stamp(path) for path in recent.strip],
        "open": is_open,
    }


def _stamp(path: Path) -> str:
    try:
        return stamp(path)
    except BadFile:
        return ""


def _binned(binned: bin.Binned) -> Mapping[str, Any]:
    return {
        "name": binned.name,
        "when": binned.when.timestamp(),
        "why": binned.why,
        "size": binned.size,
        "places": binned.places[:_NAMED],
        "count": len(binned.places),
    }
