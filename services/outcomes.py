"""How work on whole projects ended: what was mended or left out, and where the result is.

Shown until it is dismissed, also after the studio was started again.
"""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from domain.errand import Errand
from domain.errors import BadFile, StudioError
from infrastructure.json_files import aside_if_broken, read_json, write_json
from services.feed import Feed

MOST = 20


@dataclass(frozen=True)
class Outcome:
    id: str  # of the errand
    deed: str
    about: str  # what it was done to: a file's or a project's name
    said: tuple[str, ...] = ()
    project: str = ""  # the folder of the project that there is now
    file: str = ""  # whole path of what was made
    is_bad: bool = False


class Outcomes:
    def __init__(self, feed: Feed, file: Path):
        self._feed, self._file = feed, file
        self._lock = threading.Lock()
        self._all = _read(file)
        self._tell()

    def put(
        self, errand: Errand, said: Sequence[str], project: str = "", file: str = "", is_bad: bool = False
    ) -> None:
        about = str(errand.values.get("about", ""))
        outcome = Outcome(errand.id, errand.deed, about, tuple(said), project, file, is_bad)
        with self._lock:
            others = [o for o in self._all if o.id != errand.id and (not file or o.file != file)]
            self._all = [outcome, *others][:MOST]
            self._tell(is_news=True)

    def complain(self, file: str, said: Sequence[str]) -> None:
        """Of settings that could not be read as they are."""
        if said:
            with suppress(StudioError):  # told it is even when it cannot be kept
                self.put(Errand("settings", "settings", "", values={"about": file}), said, is_bad=True)

    def dismiss(self, id: str) -> None:
        with self._lock:
            self._all = [outcome for outcome in self._all if outcome.id != id]
            self._tell(is_news=True)

    def file(self, id: str) -> Path:
        """The file an errand made. Raises BadFile when it is not known or not there any more."""
        found = next((outcome for outcome in self._all if outcome.id == id and outcome.file), None)
        if found is None:
            raise BadFile("The studio does not know of such a file any more. Make it again.")
        path = Path(found.file)
        if not path.is_file():
            raise BadFile(f"{path.name} is not where it was put any more. Make it again.")
        return path

    def _tell(self, is_news: bool = False) -> None:
        shown = [{**asdict(outcome), "name": Path(outcome.file).name} for outcome in self._all]
        self._feed.put("outcomes", shown)
        if is_news:
            aside_if_broken(self._file, list)
            write_json(self._file, [asdict(outcome) for outcome in self._all])


def _read(file: Path) -> list[Outcome]:
    try:
        rows = read_json(file)
    except StudioError:
        return []
    return [outcome for row in rows if (outcome := _outcome(row))] if isinstance(rows, list) else []


def _outcome(row: Any) -> Outcome | None:
    try:
        return Outcome(**{**row, "said": tuple(map(str, row["said"]))})
    except (KeyError, TypeError):
        return None
