"""Hours in which an endpoint drew for the studio, until RunPod's bill for them is settled. USD; moments are
seconds since 1970."""

from collections.abc import Iterator
from dataclasses import dataclass, field

HOUR = 3600.0
LOOKS = 900.0, 3 * HOUR  # seconds after an hour's end: its bill is looked at, and once more as it may be late
KEPT = 48 * HOUR  # an hour that is never billed
SPREAD = 2 * HOUR  # before now to which a job's cost is spread: the bills of these hours are not settled


@dataclass
class Hour:
    endpoint: str
    start: float
    projects: dict[str, float] = field(default_factory=dict)  # what is booked, by folder
    looks: int = 0  # at its bill so far
    is_billed: bool = False  # whether there was one

    def is_due(self, now: float) -> bool:
        if self.is_settled or now > self.start + KEPT:
            return False
        return now >= self.start + HOUR + LOOKS[self.looks]

    @property
    def is_settled(self) -> bool:
        return self.looks == len(LOOKS)

    def trued_up(self, billed: float) -> dict[str, float]:
        """What is to be booked on top, by project: all share the bill as they drew in that hour, also what
        somebody else drew there, as the bill does not tell that apart. Only the last look may lower what is
        booked: before, the bill may not be whole. No bill at all changes nothing. Where no price was
        known, each has an equal part."""
        booked, self.looks = sum(self.projects.values()), self.looks + 1
        self.is_billed = self.is_billed or billed > 0
        if not billed or (billed < booked and not self.is_settled):
            return {}
        more = {
            project: amount * (billed / booked - 1) if booked else billed / len(self.projects)
            for project, amount in self.projects.items()
        }
        self.projects = {project: amount + more[project] for project, amount in self.projects.items()}
        return more


def by_hour(start: float, end: float) -> Iterator[tuple[float, float]]:
    """The stretch, cut at every hour: when that began, and which share of the stretch is in it."""
    if start >= end:
        yield end // HOUR * HOUR, 1.0
    at = start
    while at < end:
        hour = at // HOUR * HOUR
        stop = min(end, hour + HOUR)
        yield hour, (stop - at) / (end - start)
        at = stop
