"""A backend whose machines are paid for: each job says what it cost, which its recipe keeps."""

from collections.abc import Callable
from time import monotonic

from domain.errors import StudioError
from domain.events import Fact, Progress, heard
from domain.job import Backend, Graph, Job, JobRun, Probe
from domain.status import Status


class Priced:
    """`price` is what the machine at an address costs an hour, in USD; 0 where that is not known.

    What a job costs is the time the GPU was at it, where the server tells that; else the time it took, which
    may be more: another job may have been before it.
    """

    def __init__(self, backend: Backend, price: Callable[[str], float]):
        self.inner, self._price = backend, price

    @property
    def engine(self) -> str:
        return self.inner.engine

    @property
    def lanes(self) -> int:
        return self.inner.lanes

    def status(self) -> Status:
        return self.inner.status()

    def check(self, *graphs: Graph) -> str:
        return self.inner.check(*graphs)

    def probe(self) -> Probe:
        return self.inner.probe()

    def run(self, job: Job) -> JobRun:
        began, told = monotonic(), dict[str, object]()

        def note(event: Progress | Fact) -> None:
            if isinstance(event, Fact):
                told[event.key] = event.value

        try:
            files = yield from heard(self.inner.run(job), note)
        except StudioError:
            yield from self._cost(told, monotonic() - began)
            raise
        yield from self._cost(told, monotonic() - began)
        return files

    def _cost(self, told: dict[str, object], took: float) -> JobRun:
        seconds = told.get("gpu_seconds", took)
        price = self._price(str(told.get("url", "")))
        if price and "sent" in told and isinstance(seconds, int | float):
            yield Fact("price", price)  # USD an hour
            yield Fact("cost", round(price * seconds / 3600, 6))  # USD
        return []
