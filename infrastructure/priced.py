"""A backend whose machines are paid for: each job says what it cost, which its recipe keeps."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar, cast

from domain.errors import BackendUnreachable, StudioError
from domain.events import Fact, Progress, heard
from domain.job import Backend, Graph, Job, JobRun, Probe
from domain.status import Status

T = TypeVar("T")

AGAIN = 30.0  # seconds after which a job that waits is held to the limits anew: others spend, too


class Priced:
    """`price` is what the machine at an address costs an hour, in USD; 0 where that is not known.

    What a job costs is the time the GPU was at it, where the server tells that; else the time it took, which
    may be more: another job may have been before it. `paid` hears of it, with the project's folder, the
    seconds and who was at it last, also where no price is known; `allow` raises StudioError where a folder's
    jobs may cost no more: none is begun then, and what no machine has yet is taken back. A job that is under
    way already is paid for, and comes home.
    """

    def __init__(
        self,
        backend: Backend,
        price: Callable[[str], float],
        paid: Callable[[Path, float, float, str], None] = lambda project, cost, seconds, url: None,
        allow: Callable[[Path], None] = lambda project: None,
    ):
        self.inner, self._price, self._paid, self._allow = backend, price, paid, allow
        self.spent = 0.0  # USD
        self._payments = 0  # how often something was paid
        self._closed: dict[str, list[Fact]] = {}  # what jobs cost that nobody could be told of

    @property
    def engine(self) -> str:
        return self.inner.engine

    @property
    def is_left(self) -> bool:
        """Whether what is closed now goes on without us."""
        return getattr(self.inner, "is_left", False)

    @property
    def lanes(self) -> int:
        return self.inner.lanes

    def status(self) -> Status:
        return self.inner.status()

    def check(self, *graphs: Graph) -> str:
        return self.inner.check(*graphs)

    def probe(self) -> Probe:
        return cast(Probe, _PaidProbe(self.inner.probe(), self))

    def run(self, job: Job) -> JobRun:
        return self.billed(job, self.inner.run(job))

    def billed(
        self, job: Job, run: Generator[Progress | Fact, None, T]
    ) -> Generator[Progress | Fact, None, T]:
        """A job's run, and what it cost."""
        bill, limit, last = _Bill(self._price, job.is_begun), _Limit(self, job.folder.parent), None
        if not job.is_begun and not self._has_begun(job.id):
            limit.look()

        def hear(event: Progress | Fact) -> None:
            nonlocal last
            bill.hear(event)
            is_news, last = event is not last, event  # what is only said again may be over
            if isinstance(event, Progress) and event.is_queued and is_news and limit.is_due:
                limit.look()

        try:
            made = yield from heard(run, hear)
        except BackendUnreachable:  # what is under way there is paid for when it is asked for again
            yield from self._told(bill, job)
            raise
        except (GeneratorExit, KeyboardInterrupt):  # nobody hears of it any more, but it was paid for
            if not self.is_left:  # else it is paid for when it is asked for again
                bill.close()
            self._closed[job.id] = list(self._told(bill, job))
            raise
        except StudioError:
            bill.close()
            yield from self._told(bill, job)
            raise
        bill.close()
        yield from self._told(bill, job)
        return made

    def bill_of_closed(self, job_id: str) -> list[Fact]:
        """Price and cost of a job whose run was closed; tells it once."""
        return self._closed.pop(job_id, [])

    def _has_begun(self, job_id: str) -> bool:
        has_begun = getattr(self.inner, "has_begun", None)
        return bool(has_begun and has_begun(job_id))

    def _told(self, bill: "_Bill", job: Job) -> Iterator[Fact]:
        if bill.worked:
            self.spent += bill.cost
            self._paid(job.folder.parent, bill.cost, bill.worked, bill.url)
            self._payments += 1
        if bill.cost:
            yield Fact("price", bill.price)  # USD an hour, of the machine that was at it last
            yield Fact("cost", round(bill.cost, 6))  # USD


class _PaidProbe:
    """A backend's parts; drawing with them costs as well."""

    def __init__(self, probe: Probe, priced: Priced):
        self._probe, self._priced = probe, priced

    def __getattr__(self, name: str) -> Any:
        return getattr(self._probe, name)

    def draw(self, job: Job) -> JobRun:
        try:
            return (yield from self._priced.billed(job, self._probe.draw(job)))
        finally:
            self._priced.bill_of_closed(job.id)  # it has no recipe that would ask for it


class _Limit:
    """When it was looked at last whether a folder's jobs may cost more."""

    def __init__(self, priced: Priced, folder: Path):
        self._priced, self._folder = priced, folder
        self._at, self._payments = float("-inf"), -1

    @property
    def is_due(self) -> bool:
        return self._payments != self._priced._payments or monotonic() - self._at > AGAIN

    def look(self) -> None:
        self._at, self._payments = monotonic(), self._priced._payments
        self._priced._allow(self._folder)


class _Bill:
    """One job's, over all machines that were at it."""

    def __init__(self, price: Callable[[str], float], is_begun: bool):
        self._price_of, self._is_ours = price, is_begun
        self.price = self.cost = 0.0
        self.worked = 0.0  # seconds in all
        self.url = ""
        self._sent: float | None = None  # when, to the machine that is at it now
        self._seconds: float | None = None  # that its GPU was at it

    def hear(self, event: Progress | Fact) -> None:
        if isinstance(event, Progress):
            if event.is_queued:
                self.close()  # a machine that had it was lost
        elif event.key == "url":  # another machine's turn
            self.close()
            self.url = str(event.value)
            self.price = self._price_of(self.url)
        elif event.key == "sent":
            if self._seconds is not None:
                self.close()  # an attempt that ended without a result
            self._sent = self._sent or monotonic()
        elif event.key == "gpu_seconds" and isinstance(event.value, int | float):
            self._seconds = event.value

    def close(self) -> None:
        """What the machine that was at it takes for it; nothing for what others had it make, nor twice."""
        seconds = self._seconds if self._sent is not None or self._is_ours else 0.0
        if seconds is None:
            seconds = 0.0 if self._sent is None else monotonic() - self._sent
        if seconds and not self.price:
            self.price = self._price_of(self.url)  # it may be known by now
        self.worked += seconds
        self.cost += self.price * seconds / 3600
        self._sent = self._seconds = None
