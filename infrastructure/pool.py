"""Several machines as one backend: a job goes to the first that is free and can run it.

Who is there and how they are is in pool_roster, which machine a job should have in pool_search.
Knows nothing of ComfyUI: any backends of one kind will do, and what only ComfyUI can tell is asked
for where it is offered (`pool_member.Known`).
"""

import time
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from domain.errors import BackendError, BackendUnreachable, JobFailed, JobRejected, StudioError
from domain.events import Fact, Progress
from domain.job import Backend, Graph, Job, JobRun, Probe
from domain.machines import PoolView
from domain.status import Status
from infrastructure.hashes import sha256
from infrastructure.pool_member import Lacks, Lane, Member
from infrastructure.pool_roster import WORD, Roster
from infrastructure.pool_search import Search, nobody, nobody_can, what_all_lack

HANDOVER = 15.0  # seconds a machine may be away before its job is given to another; see Patience
GLANCE = 8.0  # seconds in which all are to say how they are
CHECK = 75.0  # … and what they can run, when nobody else is there who can

Steps = Generator[Progress | Fact, None, Lane]


class Pool:
    """Safe to be used from many threads, and to be given other machines meanwhile."""

    def __init__(self, backends: Mapping[str, Backend]):
        self._roster = Roster({})
        self.set_members(backends)

    @property
    def engine(self) -> str:
        members = self._roster.members
        return members[0].backend.engine if members else "comfyui"

    @property
    def lanes(self) -> int:
        return sum(member.backend.lanes for member in self._roster.members)

    def set_members(self, backends: Mapping[str, Backend]) -> None:
        """By their names. Who is left out finishes what it has; who is new is used at once."""
        if len({backend.engine for backend in backends.values()}) > 1:
            raise StudioError("Machines of one pool draw with the same engine: a sketch is no take.")
        self._roster.change_to(backends)

    @property
    def members(self) -> dict[str, Backend]:
        """By their names; also those that only finish what they have."""
        with self._roster.changed:
            there = [*self._roster.leaving, *self._roster.members]
            return {member.name: member.backend for member in there}

    def view(self) -> PoolView:
        """Every machine and every lane, as they are at this moment."""
        with self._roster.changed:
            shown = [(member, False) for member in self._roster.members]
            shown += [(member, True) for member in self._roster.leaving]
            return PoolView(
                tuple(member.view(is_leaving) for member, is_leaving in shown),
                tuple(lane for member, is_leaving in shown for lane in member.lane_views(is_leaving)),
            )

    @property
    def statuses(self) -> dict[str, Status]:
        """How each was when it was last seen, by their names; asks nobody."""
        with self._roster.changed:
            return {member.name: member.status for member in self._roster.members if member.status}

    def status(self) -> Status:
        for _ in self._roster.glances(GLANCE):
            pass
        with self._roster.changed:
            members = list(self._roster.members)
            there = [(m, m.status) for m in members if m.status and m.status.is_up and not m.is_asked]
            away = [m for m in members if m not in dict(there)]
            symptoms = {m.status.symptom for m in away if m.status}
            reasons = [f"{m.name} is away: {m.said or 'it does not answer in time.'}" for m in away]
        seen = [status for _, status in there]
        return Status(
            is_up=bool(seen),
            name=f"{len(members)} machine{'s' * (len(members) != 1)}",
            address=", ".join(status.address for status in seen if status.address),
            gpu=", ".join(_counted(status.gpu for status in seen if status.gpu)),
            running=sum(status.running for status in seen),
            waiting=sum(status.waiting for status in seen),
            said=" ".join(reasons),
            symptom="" if seen or len(symptoms) != 1 else symptoms.pop(),
        )

    def check(self, *graphs: Graph) -> str:
        """Each graph has to be able to run somewhere, not all at one machine."""
        began, status = time.monotonic(), self.status()
        lacks = self._lacks(graphs, 0.0)
        if any(lacks.values()):
            lacks = self._lacks(graphs, began)  # something may have been put right meanwhile
        with self._roster.changed:
            there = {member.name: member.status for member in self._roster.members if member.is_up}
            if not there:
                raise nobody(self._roster.members)
            if any(lacks.values()):
                raise nobody_can(self._roster.members, lacks)
        names = ", ".join(
            f"{name} ({seen.name}, {seen.gpu or 'no GPU'})" for name, seen in there.items() if seen
        )
        return f"{status.name}: {names}. {status.said}".strip()

    def probe(self) -> Probe:
        """The test bench tries one machine: this is the first that answers, else the first."""
        self.status()
        with self._roster.changed:
            members = sorted(self._roster.members, key=lambda m: not m.is_up)
        if not members:
            raise nobody(members)
        return members[0].backend.probe()

    def run(self, job: Job) -> JobRun:
        search = Search(job)
        try:
            while True:
                lane = yield from self._lane_for(search)
                with self._roster.at_work(lane):
                    files = yield from self._attempt(search, lane)
                if files is not None:
                    return files
                yield Fact("attempts", list(search.attempts))
                yield Progress(0, f"{lane.member.name} did not bring it home; it goes to another machine")
                if search.is_over:
                    for _ in self._roster.glances(GLANCE):
                        yield Progress(0, "looking which machines answer")
                    with self._roster.changed:
                        raise search.given_up(self._roster.members)
        except (GeneratorExit, KeyboardInterrupt, JobFailed, JobRejected):
            self._abandon(search, search.tried)  # when all are away it is left: it may be asked for again
            raise

    def _attempt(self, search: Search, lane: Lane) -> Generator[Progress | Fact, None, list[Path] | None]:
        """The job's files; nothing when another machine should have it."""
        member = lane.member
        yield Fact("machine", member.name)
        try:
            files = yield from lane.carried_out()
        except BackendUnreachable as error:
            search.died(member, error)
            self._roster.went_away(member, error)
            return None
        except JobRejected as error:
            search.refused(member, error)
            self._let_go(lane, has_failed=True)
            self._roster.doubt(member)
            return None
        except (GeneratorExit, KeyboardInterrupt, JobFailed) as end:
            self._let_go(lane, isinstance(end, JobFailed))
            raise
        with suppress(OSError):
            lane.digests = [sha256(file) for file in files]
        with self._roster.changed:
            member.made(lane)
        return files

    def _let_go(self, lane: Lane, has_failed: bool) -> None:
        with self._roster.changed:
            lane.member.jobs.discard(lane.job.id)
            lane.member.failed += has_failed

    def _lane_for(self, search: Search) -> Steps:
        roster = self._roster
        while True:
            self._judge(search)
            with roster.changed:
                members = list(roster.members)
                if search.unjudged(members):
                    continue  # somebody came back just now
                if lane := search.lane(members):
                    break
                roster.look_around()
                doubtful = search.to_ask_again(members)
                for member in doubtful:
                    roster.look(member, anew=True)  # it may have been put right meanwhile
                if not doubtful and (why := search.hopeless(members)):
                    raise why
                roster.changed.wait(WORD)
            yield Progress(0, "waiting for a free machine")
        self._abandon(search, [member for member in search.tried if member is not lane.member])
        return lane

    def _lacks(self, graphs: Sequence[Graph], since: float) -> dict[Member, list[str]]:
        """Of the graphs that nobody can run, as those who are up say, no earlier than `since`."""
        if not graphs:
            return {}
        self._roster.learn(since, CHECK)
        return what_all_lack(self._judges(m for m in self._roster.members if m.is_up), graphs)

    def _judge(self, search: Search) -> None:
        """What those who may get the job lack for it; without the lock, as some have to be asked."""
        with self._roster.changed:
            members = search.unjudged(self._roster.members)
            told = {member: member.learned_at for member in members}
            judges = self._judges(members)
        for member, lacks in judges:
            try:
                search.judge(member, lacks(search.job.graph), told[member])
            except BackendError as error:
                self._roster.is_away(member, error)

    def _judges(self, members: Iterable[Member]) -> list[tuple[Member, Lacks]]:
        with self._roster.changed:
            return [(member, member.lacks) for member in members if member.lacks]

    def _abandon(self, search: Search, members: Iterable[Member]) -> None:
        """Take the job off machines that went away with it: now, or when they are back."""
        with self._roster.changed:
            for member in search.abandoned_by(members):
                self._roster.look(member)


def _counted(names: Iterable[str]) -> list[str]:
    return [f"{count} × {name}" if count > 1 else name for name, count in Counter(names).items()]
