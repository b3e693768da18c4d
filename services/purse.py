"""What a command spends, without the studio's window: its limits hold all the same, and it takes up what was
spent the next time it looks."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from domain.addresses import parse_pod_id
from domain.errors import StudioError
from domain.spending import Limits, Spent
from infrastructure.spending_file import SpendingFile
from services.spending import reached


class Purse:
    """`project` gives who pays for a folder's jobs, "" being nobody; `endpoint` is who draws, "" when it is
    pods."""

    def __init__(
        self, file: SpendingFile, limits: Limits, endpoint: str, project: Callable[[Path], str] = str
    ):
        self._file, self._limits, self._endpoint, self._project = file, limits, endpoint, project

    def allow(self, folder: Path) -> None:
        """Raises StudioError when a limit is reached, also by what others spend meanwhile."""
        book = self._file.read()
        for name, spent in self._file.spent.read().items():
            book.take_up(name, spent)
        if why := reached(book, self._limits, time.time(), self._project(folder))[1]:
            raise StudioError(why)

    def paid(self, folder: Path, amount: float, seconds: float, url: str) -> None:
        if amount or self._endpoint:  # what an endpoint did is billed, also where its price is not told
            spent = Spent(self._project(folder), amount, time.time(), self._endpoint, seconds)
            with suppress(StudioError):  # no pod's address
                spent = replace(spent, pod=parse_pod_id(url)[0])
            self._file.spent.note(spent)
