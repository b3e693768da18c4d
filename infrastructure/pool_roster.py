"""Who is in a pool, and how each is.

A look may take seconds, and nobody who waits for a lane may be silent so long: each is made in a
thread that ends with it. Somebody has to want one; nobody looks by the clock.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from domain.errors import BackendError, JobFailed, JobRejected
from domain.job import Backend
from domain.status import Status
from infrastructure import pool_member
from infrastructure.pool_member import Known, Lacks, Lane, Member, what_it_lacks

log = logging.getLogger(__name__)

WORD = 0.5  # seconds between two words of somebody who waits


class Roster:
    """Fields of members are read and written with `changed` held."""

    def __init__(self, backends: Mapping[str, Backend]):
        self.changed = threading.Condition()
        self.members: list[Member] = []
        self.leaving: list[Member] = []  # they finish what they have
        self.change_to(backends)

    def change_to(self, backends: Mapping[str, Backend]) -> None:
        with self.changed:
            there = {(member.name, id(member.backend)): member for member in (*self.members, *self.leaving)}
            now = [there.get((name, id(b))) or Member(name, b) for name, b in backends.items()]
            self.leaving = [member for member in there.values() if member not in now and member.lanes]
            self.members = now
            self.changed.notify_all()

    def look(self, member: Member, learns: bool = False, anew: bool = False) -> None:
        """Ask how a member is, `learns` what it can run as well unless that is known, `anew` in any case."""
        if member.is_looked_at:
            return
        member.is_asked = member.is_looked_at = True
        member.is_known = member.is_known and not anew
        words = (member, learns or anew)
        threading.Thread(target=self._look, args=words, name=f"look at {member.name}", daemon=True).start()

    def look_around(self) -> None:
        """At those that could be given jobs as soon as somebody has looked."""
        now = time.monotonic()
        for member in self.members:
            if member.is_due(now):
                self.look(member, learns=True)

    def doubt(self, member: Member) -> None:
        """It refused what it seemed to be able to run: it may have lost a model since it was asked."""
        with self.changed:
            if time.monotonic() - member.learned_at > pool_member.STALE:
                self.look(member, anew=True)

    def glances(self, seconds: float) -> Iterator[None]:
        """See how all are; yields at least once a second until each has answered, or time is over."""
        end = time.monotonic() + seconds
        with self.changed:
            for member in self.members:
                self.look(member)
        while True:
            with self.changed:
                left = end - time.monotonic()
                if self.changed.wait_for(lambda: not self._is_anybody_asked(), min(WORD, max(0.0, left))):
                    return
            if left <= 0:
                return
            yield

    def went_away(self, member: Member, why: BackendError) -> None:
        """Its job broke off. What took it away may have taken others: nobody gets more unseen."""
        with self.changed:
            member.failed += 1
            self.is_away(member, why)
            for other in self.members:
                if other.is_ready:
                    other.doubted()

    def is_away(self, member: Member, why: BackendError) -> None:
        with self.changed:
            member.went_away(_away(member, why))
            self.changed.notify_all()

    def learn(self, since: float, seconds: float) -> None:
        """Have those who are up say what they can run, no earlier than `since`."""
        end = time.monotonic() + seconds
        with self.changed:
            while left := [m for m in self.members if m.is_up and not (m.is_known and m.learned_at >= since)]:
                for member in left:
                    self.look(member, learns=True, anew=member.is_known)
                if time.monotonic() >= end:
                    return
                self.changed.wait(WORD)

    @contextmanager
    def at_work(self, lane: Lane) -> Iterator[None]:
        try:
            yield
        finally:
            with self.changed:
                lane.member.lanes.remove(lane)
                if not lane.member.lanes and lane.member in self.leaving:
                    self.leaving.remove(lane.member)
                self.changed.notify_all()

    def _is_anybody_asked(self) -> bool:
        return any(member.is_asked for member in self.members)

    def _look(self, member: Member, learns: bool) -> None:
        times, trouble = member.times_away, BackendError(f"{member.name} could not be asked.")
        is_asking, learned = True, None
        try:
            status = member.backend.status()
            if status.is_up:
                self._clear(member)
            with self.changed:
                if member.times_away == times:  # else a job has found out meanwhile that it is away
                    member.answered(status)
                    times = member.times_away
                is_asking = member.is_asked = False
                learns = member.is_looked_at = learns and member.is_up and not member.is_known
                self.changed.notify_all()
            if learns:
                learned = what_it_lacks(member.backend), _held(member.backend)
        except BackendError as error:
            trouble = error
        finally:
            if is_asking or learns:
                self._ended(member, times, trouble, learned)

    def _ended(
        self, member: Member, times: int, trouble: BackendError, learned: tuple[Lacks, set[str]] | None
    ) -> None:
        with self.changed:
            if member.times_away == times:
                if learned:
                    member.learned(*learned)
                else:
                    member.answered(_away(member, trouble))
            member.is_asked = member.is_looked_at = False
            self.changed.notify_all()

    def _clear(self, member: Member) -> None:
        """Take off it what others make by now."""
        with self.changed:
            ids = list(member.abandoned)
        for id in ids:
            try:
                if isinstance(member.backend, Known):
                    member.backend.drop(id)
            except (JobRejected, JobFailed) as error:
                log.warning("%s does not take a job back: %s", member.name, error)
            with self.changed:
                member.abandoned.discard(id)


def _away(member: Member, why: BackendError) -> Status:
    known = member.status or Status(is_up=False, name=member.name)
    return replace(known, is_up=False, said=str(why), symptom=getattr(why, "symptom", ""))


def _held(backend: Backend) -> set[str]:
    return backend.holds() if isinstance(backend, Known) else set()
