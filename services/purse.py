"""What a command spends, without the studio's window: its limits hold all the same, and it takes up what was
spent the next time it looks."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from domain.bills import HOUR
from domain.errors import StudioError
from domain.spending import Limits, Spent
from infrastructure.runpod_backend import RunPodBackend
from infrastructure.spending_file import SpendingFile
from services.spending import reached


class Purse:
    """`project` gives who pays for a folder's jobs, "" being nobody; `pods` are those that draw, by id."""

    def __init__(
        self, file: SpendingFile, limits: Limits, pods: Sequence[str], project: Callable[[Path], str] = str
    ):
        self._file, self._limits, self._pods, self._project = file, limits, tuple(pods), project

    def allow(self, folder: Path) -> None:
        """Raises StudioError when a limit is reached, also by what others spend meanwhile."""
        book = self._file.read()
        for name, spent in self._file.spent.read().items():
            book.take_up(name, spent)
        if why := reached(book, self._limits, time.time(), self._project(folder))[1]:
            raise StudioError(why)

    def paid(self, folder: Path, amount: float, endpoint: RunPodBackend | None = None) -> None:
        name = endpoint.endpoint if endpoint else ""
        seconds = amount / (endpoint.price() or amount) * HOUR if endpoint else 0.0
        spent = Spent(self._project(folder), amount, time.time(), name, seconds, self._pods)
        self._file.spent.note(spent)
