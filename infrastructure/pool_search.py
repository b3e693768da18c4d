"""One job on its way through a pool: who can run it, who should, and what became of its attempts."""

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

from domain.errors import BackendError, BackendUnreachable, JobFailed, JobRejected
from domain.job import Graph, Job
from infrastructure import patience, pool_member
from infrastructure.pool_member import Known, Lacks, Lane, Member

ATTEMPTS = 3  # machines that may go away under one job
NAMED = 5  # machines at most of which a sentence tells what they lack


class Search:
    def __init__(self, job: Job):
        self.job = job
        self.began = time.monotonic()
        self.attempts: list[dict[str, str]] = []  # that failed, for the recipe
        self.tried: list[Member] = []  # that went away
        self._refused: dict[Member, str] = {}  # by whom, though it seemed to have everything
        self._judged: dict[Member, tuple[float, list[str]]] = {}  # what it lacks, by what it said when
        self._alone_since: float | None = None  # all who can run it are away

    def unjudged(self, members: Iterable[Member]) -> list[Member]:
        return [m for m in members if _can_be_judged(m) and not self._is_judged(m)]

    def judge(self, member: Member, lacks: Sequence[str], learned_at: float) -> None:
        self._judged[member] = learned_at, list(lacks)

    def lane(self, members: Sequence[Member]) -> Lane | None:
        """The best free one of those that can run it.

        Whoever has the job itself is waited for, as running it again takes longer. Else the idlest: of
        those equally busy the one that has its files. Nobody gets a second job while a machine that
        has just come may be idle.
        """
        able = [m for m in members if m.is_ready and self._can(m) and self.job.id not in m.abandoned]
        holders = [m for m in able if self.job.id in m.jobs]
        may_be_idle = any(m.is_new and m.is_looked_at for m in members)
        free = [m for m in holders or able if m.has_room and not (m.lanes and may_be_idle)]
        if not free:
            return None
        best = min(free, key=lambda m: (self.tried.count(m), m.load, -m.has(self.job)))
        self._alone_since = None
        return best.taken(self.job)

    def to_ask_again(self, members: Sequence[Member]) -> list[Member]:
        """When nobody is left who can run it: those of whom that is known from before this search began."""
        if any(self._can(m) for m in members):
            return []
        then = min(self.began, time.monotonic() - pool_member.STALE)
        left = [m for m in members if m not in self._refused]
        return [m for m in left if (m.learned_at < then if m.is_ready else m.asked_at < self.began)]

    def hopeless(self, members: Sequence[Member]) -> BackendError | None:
        """Why waiting is of no use, if it is not."""
        able = [m for m in members if self._can(m)]
        if any(m.is_up for m in able):
            self._alone_since = None
            return None
        if able:
            now = time.monotonic()
            self._alone_since = self._alone_since or now
            return nobody(able) if now - self._alone_since > patience.SECONDS else None
        if any(m.status is None or (m.is_looked_at and not (m.is_ready and m.is_known)) for m in members):
            return None  # somebody is just looking
        if not any(m.is_up for m in members):
            return nobody(members)
        lacks = {m: self._judged[m][1] for m in members if m in self._judged}
        lacks |= {m: [said] for m, said in self._refused.items()}
        return nobody_can(members, lacks) if lacks else None

    def died(self, member: Member, error: BackendError) -> None:
        self.tried.append(member)
        self._failed(member, error)

    def refused(self, member: Member, error: BackendError) -> None:
        self._refused[member] = str(error).rstrip(".")
        self._failed(member, error)

    @property
    def is_over(self) -> bool:
        return len(self.tried) >= ATTEMPTS

    def given_up(self, members: Sequence[Member]) -> BackendError:
        """When machines answer that did not take this job home, it may be the job that brings them down."""
        if not any(m.is_up for m in members):
            return nobody(members)
        names = ", ".join(dict.fromkeys(m.name for m in self.tried))
        return JobFailed(
            f"It was given up after {len(self.tried)} attempts: the machine went away each time ({names}). "
            "Does it need more memory than they have? Their logs may tell."
        )

    def abandoned_by(self, others: Iterable[Member]) -> list[Member]:
        """Mark the job as unwanted where it may still run; returns those that can be told at once."""
        there = [m for m in dict.fromkeys(others) if isinstance(m.backend, Known)]
        for member in there:
            member.abandoned.add(self.job.id)
            member.jobs.discard(self.job.id)
        return [m for m in there if m.is_up]

    def _failed(self, member: Member, error: BackendError) -> None:
        self.attempts.append({"member": member.name, "reason": str(error)})

    def _is_judged(self, member: Member) -> bool:
        return member in self._judged and self._judged[member][0] == member.learned_at

    def _can(self, member: Member) -> bool:
        return member not in self._refused and self._judged.get(member, (0, ["?"]))[1] == []


def _can_be_judged(member: Member) -> bool:
    """What was learned is of use also while it is away; one that has to be asked is asked when it is up."""
    return member.lacks is not None and (member.is_ready or isinstance(member.backend, Known))


def nobody(members: Sequence[Member]) -> BackendUnreachable:
    if not members:
        return BackendUnreachable("There is no machine to draw on. Add one.")
    if len(members) == 1:
        return BackendUnreachable(members[0].said or f"{members[0].name} does not answer.")
    said = " ".join(f"{m.name}: {m.said or 'it does not answer.'}" for m in members[:NAMED])
    return BackendUnreachable(f"None of {len(members)} machines answers. {said}")


def nobody_can(members: Sequence[Member], lacks: dict[Member, list[str]]) -> JobRejected:
    """What is missing, at the machine that lacks least first."""
    best = sorted(lacks, key=lambda m: len(lacks[m]))[:NAMED]
    if len(members) == 1:
        return JobRejected(f"{best[0].name} cannot run the workflow yet: {'; '.join(lacks[best[0]])}.")
    away = [m.name for m in members if m not in lacks]
    said = " ".join(f"{m.name}: {'; '.join(lacks[m])}." for m in best)
    beside = f" Away: {', '.join(away)}." if away else ""
    return JobRejected(f"None of {len(members)} machines can run the workflow yet. {said}{beside}")


def what_all_lack(judges: Iterable[tuple[Member, Lacks]], graphs: Sequence[Graph]) -> dict[Member, list[str]]:
    """What each lacks of the graphs that none of them can run: nothing when each graph can run somewhere."""
    found: dict[Member, list[list[str]]] = {}
    for member, lacks in judges:
        with suppress(BackendUnreachable):
            found[member] = [lacks(graph) for graph in graphs]
    hopeless = [n for n in range(len(graphs)) if all(lacking[n] for lacking in found.values())]
    return {m: list(dict.fromkeys(w for n in hopeless for w in lacking[n])) for m, lacking in found.items()}
