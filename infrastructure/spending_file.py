"""What was spent, on disk: so that a cap also counts what an earlier start of the studio spent."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.bills import LOOKS, Hour
from domain.errors import BadFile
from domain.spending import Account, Book
from infrastructure.json_files import aside_if_broken, read_json, write_json
from infrastructure.spent_files import SpentFiles

DAYS = 400  # kept


class SpendingFile:
    def __init__(self, path: Path):
        self._path = path
        self.spent = SpentFiles(path.with_name("spent"))  # by commands

    def read(self) -> Book:
        """What does not read is left out; a file that does not is kept aside."""
        aside_if_broken(self._path, dict)
        try:
            content = read_json(self._path)
        except BadFile:
            return Book()
        said = content if isinstance(content, dict) else {}
        return Book(
            _amounts(said.get("days")),
            _amounts(said.get("projects")),
            accounts=_accounts(said.get("pods")),
            watched=_names(said.get("watched")),
            awaited=_names(said.get("awaited")),
            hours=_hours(said.get("hours")),
            taken={name: int(count) for name, count in _amounts(said.get("taken")).items()},
        )

    def write(self, book: Book) -> None:
        """Raises CannotWrite; what stood there before still does then."""
        days = dict(sorted(book.days.items())[-DAYS:])
        pods = {pod: {"price": one.price, "until": one.until} for pod, one in book.accounts.items()}
        sums = {"days": _rounded(days), "projects": _rounded(book.projects)}
        names = {"watched": sorted(book.watched), "awaited": sorted(book.awaited)}
        hours = [{**asdict(hour), "projects": _rounded(hour.projects)} for hour in book.hours]
        write_json(self._path, {**sums, "pods": pods, **names, "hours": hours, "taken": book.taken})


def _rounded(amounts: dict[str, float]) -> dict[str, float]:
    return {name: round(amount, 6) for name, amount in amounts.items()}


def _amounts(said: Any) -> dict[str, float]:
    entries = said.items() if isinstance(said, dict) else ()
    return {name: float(amount) for name, amount in entries if _is_number(amount)}


def _names(said: Any) -> set[str]:
    return {name for name in said if isinstance(name, str)} if isinstance(said, list) else set()


def _accounts(said: Any) -> dict[str, Account]:
    entries = said.items() if isinstance(said, dict) else ()
    return {
        pod: Account(float(one["price"]), float(one["until"]))
        for pod, one in entries
        if isinstance(one, dict) and _is_number(one.get("price")) and _is_number(one.get("until"))
    }


def _hours(said: Any) -> list[Hour]:
    entries = said if isinstance(said, list) else ()
    return [hour for one in entries if isinstance(one, dict) and (hour := _hour(one))]


def _hour(said: dict[str, Any]) -> Hour | None:
    endpoint, start, looks = said.get("endpoint"), said.get("start"), said.get("looks")
    if not isinstance(endpoint, str) or not isinstance(start, int | float) or not _is_number(start):
        return None
    if not isinstance(looks, int) or not 0 <= looks <= len(LOOKS):
        return None
    return Hour(endpoint, float(start), _amounts(said.get("projects")), looks, said.get("is_billed") is True)


def _is_number(said: Any) -> bool:
    return isinstance(said, int | float) and not isinstance(said, bool) and 0 <= said < 1e12
