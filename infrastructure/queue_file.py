"""The queue on disk: what was asked for and not yet made, and the last things that were."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain.errand import OVER, STOPPED, Errand
from domain.errors import BadFile
from infrastructure.json_files import aside_if_broken, read_json
from infrastructure.part_files import writing


class QueueFile:
    """A line for each errand, encoded again only when the errand changed: most of thousands do not."""

    def __init__(self, path: Path):
        self._path = path
        self._lines: dict[str, tuple[Errand, str]] = {}

    def read(self) -> list[Errand]:
        """The errands; what waited or ran when the studio ended is stopped.

        What does not read is left out; a file that does not is kept aside.
        """
        aside_if_broken(self._path, list)
        try:
            rows = read_json(self._path)
        except BadFile:
            return []
        errands = [errand for row in rows if (errand := _errand(row))] if isinstance(rows, list) else []
        return [e if e.state in OVER else replace(e, state=STOPPED) for e in errands]

    def write(self, errands: Sequence[Errand]) -> None:
        """Raises CannotWrite; what stood there before still does then."""
        known = self._lines
        self._lines = {
            e.id: there if (there := known.get(e.id)) and there[0] is e else (e, _line(e)) for e in errands
        }
        text = ",\n".join(line for _, line in self._lines.values())
        with writing(self._path) as part:
            part.write_text(f"[\n{text}\n]\n", "utf-8", "backslashreplace")


def _line(errand: Errand) -> str:
    return json.dumps(vars(errand), ensure_ascii=False)


def _errand(row: Any) -> Errand | None:
    try:
        lists = {key: tuple(row.get(key, ())) for key in ("after", "files", "takes")}
        errand = Errand(**{**row, **lists})
    except (AttributeError, KeyError, TypeError):
        return None
    words = (errand.id, errand.deed, errand.project, errand.shot, errand.state, errand.error)
    is_whole = all(isinstance(word, str) for word in (*words, *errand.after, *errand.files, *errand.takes))
    times = (errand.asked, errand.began, errand.ended)
    is_timed = all(isinstance(time, (int, float)) for time in times)
    return errand if is_whole and is_timed and isinstance(errand.values, dict) else None
