"""What rented machines cost as time passes, by day, project and run. USD; moments are seconds since 1970."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.bills import HOUR, KEPT, SPREAD, Hour, by_hour


@dataclass(frozen=True)
class Limits:
    """What may be spent at most, and how long a machine may idle; 0: no limit."""

    day: float = 0.0
    project: float = 0.0
    idle_minutes: float = 15.0


@dataclass(frozen=True)
class Account:
    """A machine that is paid for: its last known price an hour, and up to when it is booked."""

    price: float
    until: float


@dataclass(frozen=True)
class Spent:
    """What a job cost, and who was at it."""

    project: str
    amount: float
    at: float
    endpoint: str = ""
    seconds: float = 0.0  # that a worker of the endpoint was at it
    pod: str = ""  # that drew


@dataclass
class Book:
    days: dict[str, float] = field(default_factory=dict)  # by local date: "2026-11-27"
    projects: dict[str, float] = field(default_factory=dict)  # by folder
    runs: dict[str, float] = field(default_factory=dict)  # of this start of the studio only
    accounts: dict[str, Account] = field(default_factory=dict)  # by pod
    watched: set[str] = field(default_factory=set)  # pods that the studio had started, or draws on
    awaited: set[str] = field(default_factory=set)  # names of pods whose making was not answered yet
    hours: list[Hour] = field(default_factory=list)  # in which an endpoint drew, until their bill is settled
    taken: dict[str, int] = field(default_factory=dict)  # of each file of a command: entries booked

    def resumed(self, now: float, uptimes: Mapping[str, float | None]) -> None:
        """What was noted by an earlier start of the studio: of a pod that costs now the time since, as far as
        it was up; one that does not may have stopped at any time, and nothing is booked."""
        for pod, account in list(self.accounts.items()):
            if pod not in uptimes:
                del self.accounts[pod]
            elif (uptime := uptimes[pod]) is not None:
                self.accounts[pod] = Account(account.price, max(account.until, now - uptime))

    def passed(
        self, now: float, prices: Mapping[str, float], projects: Sequence[str], runs: Sequence[str] = ()
    ) -> None:
        """Book each machine from when it was booked last, its price being what it was then; shared evenly
        among who had it. A machine that is not among `prices` any more has stopped costing."""
        for pod, account in list(self.accounts.items()):
            since = max(account.until, now - _LONGEST)
            for day, seconds in _by_day(since, now):
                amount = account.price * seconds / HOUR
                self._book(self.days, (day,), amount)
                self._book(self.projects, projects, amount)
                self._book(self.runs, runs, amount)
            if pod not in prices:
                del self.accounts[pod]
        for pod, price in prices.items():
            last = self.accounts.get(pod)
            self.accounts[pod] = Account(price or (last.price if last else 0.0), now)

    def paid(self, now: float, amount: float, project: str, runs: Sequence[str] = ()) -> None:
        """What was not paid for by time."""
        self._book(self.days, (_date(now),), amount)
        self._book(self.projects, (project,), amount)
        self._book(self.runs, runs, amount)

    def take_up(self, file: str, spent: Sequence[Spent]) -> bool:
        """Book what a command noted since; whether that is anything. Pods that are booked as time passes are
        not booked twice."""
        new = spent[self.taken.get(file, 0) :]
        for one in new:
            if not one.at or one.pod in self.accounts:
                continue
            if one.endpoint:
                self.drew(one)
            else:
                self.paid(one.at, one.amount, one.project)
        self.taken[file] = len(spent)
        return bool(new)

    def drew(self, spent: Spent, runs: Sequence[str] = ()) -> None:
        """What a job at an endpoint cost, up to that moment: booked, and kept until it is billed."""
        self.hours = [hour for hour in self.hours if hour.start > spent.at - KEPT]
        for start, share in by_hour(spent.at - min(spent.seconds, SPREAD), spent.at):
            key = spent.endpoint, start
            hour = next((one for one in self.hours if (one.endpoint, one.start) == key), None)
            if hour is None:
                self.hours.append(hour := Hour(*key))
            amount = spent.amount * share
            hour.projects[spent.project] = hour.projects.get(spent.project, 0.0) + amount
            self._book(self.days, (_date(start),), amount)
        self._book(self.projects, (spent.project,), spent.amount)
        self._book(self.runs, runs, spent.amount)

    def billed(self, bill: Mapping[float, float], endpoint: str) -> None:
        """What RunPod bills for an endpoint, by hour."""
        for hour in [one for one in self.hours if one.endpoint == endpoint and one.start in bill]:
            for project, amount in hour.trued_up(bill[hour.start]).items():
                self._book(self.days, (_date(hour.start),), amount)
                self._book(self.projects, (project,), amount)

    def is_least(self, now: float) -> bool:
        """Whether this day's sum is less than what will be billed, as far as that is known."""
        return any(not hour.is_billed and _date(hour.start) == _date(now) for hour in self.hours)

    def is_projects_least(self, project: str) -> bool:
        """The same of a project's."""
        return any(not hour.is_billed and project in hour.projects for hour in self.hours)

    def spent_on(self, now: float) -> float:
        """In the whole local day of this moment."""
        return self.days.get(_date(now), 0.0)

    @property
    def per_hour(self) -> float:
        return sum(account.price for account in self.accounts.values())

    def reached(self, limits: Limits, now: float, project: str) -> str:
        """Which limit is reached: "day", "project" or neither. What no project pays for has a day's."""
        if limits.day and self.spent_on(now) >= limits.day:
            return "day"
        is_over = limits.project and self.projects.get(project, 0.0) >= limits.project
        return "project" if project and is_over else ""

    @staticmethod
    def _book(book: dict[str, float], names: Sequence[str], amount: float) -> None:
        for name in names:
            book[name] = max(0.0, book.get(name, 0.0) + amount / len(names))


class IdleStop:
    """How long a machine that nobody needs may go on costing."""

    def __init__(self) -> None:
        self._since: float | None = None  # from when on nobody needed it

    def left(self, now: float, seconds: float, is_needed: bool) -> float | None:
        """Seconds until it is to be stopped, 0 when it is time; None while it is needed, or for ever. To be
        asked as long as it costs, and no longer."""
        if is_needed or not seconds:
            self._since = None
            return None
        self._since = now if self._since is None else self._since
        return max(0.0, self._since + seconds - now)

    def keep(self, now: float) -> None:
        """Somebody wants it for as long again."""
        self._since = now


_LONGEST = 31 * 24 * HOUR  # a note older than that is of another time


def _by_day(start: float, end: float) -> Iterator[tuple[str, float]]:
    """The stretch, cut at every local midnight: the date, and its seconds."""
    while start < end:
        date = datetime.fromtimestamp(start)
        midnight = datetime(date.year, date.month, date.day) + timedelta(days=1)
        stop = min(end, max(midnight.timestamp(), start + 1))
        yield _date(start), stop - start
        start = stop


def _date(moment: float) -> str:
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d")
