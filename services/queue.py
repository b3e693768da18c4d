"""The errands in their order: which wait, which may begin, and what follows when one is over.

Knows neither threads nor disk nor pages; services/runs.py does. What happens to one errand costs the
same whether ten wait or ten thousand; only what an artist does by hand looks at all of them.
"""

import time
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.errand import ASIDE, CANCELLED, DONE, FAILED, QUIET, RUNNING, STOPPED, WAITING, Errand

KEPT = 300  # errands that are over and still listed: so many that were made, and so many that failed
_SLACK = 100  # more than that before the oldest are let go
_LEFT = (WAITING, RUNNING)


class Queue:
    def __init__(self, errands: Iterable[Errand] = ()):
        self._all: dict[str, Errand] = {}
        self._waiting: dict[str, None] = {}  # in the same order
        self._same: dict[tuple[Any, ...], str] = {}  # by what it asks for: what waits or was stopped
        self._dependents: dict[str, set[str]] = {}  # by errand: who waits for it
        self._clicks: dict[str, _Click] = {}  # by run, as long as something of it is to be made
        self._states: Counter[str] = Counter()
        self._deeds: Counter[str] = Counter()  # of those that wait
        self._projects: Counter[str] = Counter()  # … and for the backend
        self._aside: Counter[bool] = Counter()  # of what runs aside, by whether it is done elsewhere
        self._gone: list[str] = []
        for errand in errands:
            self._put(errand)

    def get(self, id: str) -> Errand | None:
        return self._all.get(id)

    def all(self) -> list[Errand]:
        return list(self._all.values())

    def ids(self, *states: str) -> list[str]:
        return [id for id, errand in self._all.items() if not states or errand.state in states]

    def ready(self, is_aside: bool = False, held: Container[str] = ()) -> Iterator[Errand]:
        """What may begin now, in order: of what is done aside (one at a time, and one elsewhere), or of what
        the backend draws for projects that are not `held`."""
        is_any = not is_aside or any(self._deeds[deed] for deed in ASIDE)  # else all would be looked at
        waiting = (self._all[id] for id in self._waiting) if is_any else ()
        ready = (e for e in waiting if e.is_aside == is_aside and self._is_ready(e))
        if is_aside:
            return (e for e in ready if not self._aside[e.is_elsewhere])
        return (e for e in ready if e.project not in held)

    @property
    def left(self) -> int:
        return self._states[WAITING] + self._states[RUNNING]

    @property
    def waiting(self) -> Counter[str]:
        """How many wait, by deed."""
        return self._deeds

    @property
    def projects(self) -> set[str]:
        """Those for which the backend is to draw something that waits."""
        return set(+self._projects)

    def share(self, fractions: Iterable[float]) -> float:
        """How far the clicks are of which something is still to be made."""
        over = sum(click.over for click in self._clicks.values())
        total = over + sum(click.left for click in self._clicks.values())
        return (over + sum(fractions)) / total if total else 0.0

    def taken_off(self) -> list[str]:
        """What is not listed any more since this was asked last."""
        gone, self._gone = self._gone, []
        return gone

    # --- what happens; each returns the errands that changed ---------------------------------------

    def add(self, errands: Sequence[Errand]) -> list[Errand]:
        """What waits already is not asked for twice; what was stopped waits again instead."""
        names: dict[str, str] = {}  # of what is here already: the id it has
        changed: dict[str, Errand] = {}
        for errand in errands:
            after = tuple(dict.fromkeys(names.get(id, id) for id in errand.after))
            asked = replace(errand, after=after, asked=time.time())
            there = self._all.get(self._same.get(errand.content, ""))
            if there is None:
                changed[asked.id] = self._put(asked)
            else:
                names[errand.id] = there.id
                self._join(there, asked, changed)
        for errand in list(changed.values()):
            self._wake(errand.after, changed)
        if names:
            self._sort()
        return list(changed.values())

    def begin(self, is_aside: bool = False, held: Container[str] = ()) -> Errand | None:
        """The first that is ready, running; what nobody waits for only when there is nothing else."""
        loud = (errand for errand in self.ready(is_aside, held) if errand.deed not in QUIET)
        errand = next(loud, None) or next(self.ready(is_aside, held), None)
        return errand and self._put(replace(errand, state=RUNNING, error="", began=time.time(), ended=0.0))

    def end(self, errand: Errand) -> list[Errand]:
        """It is over, or waits again; what cannot be made without it is left out."""
        self._put(errand)
        if errand.state == WAITING:
            self._sort()  # it has the place it had
        return [errand, *self._left_out([errand.id])]

    def cancel(self, ids: Iterable[str]) -> list[Errand]:
        """What has not begun leaves the queue, and with it what needs it."""
        chosen = [e for id in ids if (e := self._all.get(id)) and e.state in (WAITING, STOPPED)]
        gone = [self._put(replace(e, state=CANCELLED, error="", ended=time.time())) for e in chosen]
        return [*gone, *self._left_out([errand.id for errand in gone])]

    def again(self, ids: Iterable[str]) -> list[Errand]:
        """At the end of the queue, and with them what was left out because of them; what was stopped
        keeps its place."""
        changed: dict[str, Errand] = {}
        rest = list(ids)
        while rest:
            errand = self._all.get(rest.pop(0))
            if errand is None or errand.id in changed or errand.state in (WAITING, RUNNING):
                continue
            same = self._same.get(errand.content, errand.id)
            if same == errand.id:
                changed[errand.id] = self._asked_again(errand)
                self._wake(errand.after, changed)
            elif errand.state != DONE:
                self._replace(errand.id, same)  # it waits already, asked for by another click
            dependents = (self._all[id] for id in self._dependents.get(same, ()))
            rest += [other.id for other in dependents if other.is_left_out]
        self._sort()
        return list(changed.values())

    def move(self, id: str, before: str | None) -> None:
        """Put a waiting errand in front of another one, or at the end."""
        if id not in self._waiting or id == before:
            return
        errand = self._all.pop(id)
        rest = list(self._all.values())
        at = next((n for n, other in enumerate(rest) if other.id == before), len(rest))
        rest.insert(at, errand)
        self._all = {other.id: other for other in rest}
        self._sort()

    def drop(self, states: Sequence[str]) -> None:
        """Take what is in these states off the list; what was made stays."""
        for id in self.ids(*states) if states else ():
            self._remove(id)

    def let_go(self) -> None:
        """The oldest of what is over, when there is too much of it: failures are kept apart, so that a
        night's work does not hide what broke in the evening."""
        if max(self._states[DONE] + self._states[CANCELLED], self._states[FAILED]) <= KEPT + _SLACK:
            return
        over = sorted((e for e in self._all.values() if e.is_over), key=lambda e: e.ended)
        made = [errand.id for errand in over if errand.state != FAILED]
        failed = [errand.id for errand in over if errand.state == FAILED]
        for id in (*made[:-KEPT], *failed[:-KEPT]):
            self._remove(id)

    # --- order and need ------------------------------------------------------------------------------

    def _is_ready(self, errand: Errand) -> bool:
        """What is not listed any more was made."""
        return all(other is None or other.is_over for other in map(self._all.get, errand.after))

    def _left_out(self, ids: list[str]) -> list[Errand]:
        """What waited for nothing but these and others that were not made either."""
        gone = []
        while ids:
            cause = self._all[ids.pop()]
            if not cause.is_over or cause.state == DONE:
                continue
            for errand in [self._all[id] for id in self._dependents.get(cause.id, ())]:
                if errand.state in (WAITING, STOPPED) and self._is_hopeless(errand):
                    why = _because(errand, cause)
                    gone.append(self._put(replace(errand, state=CANCELLED, error=why, ended=time.time())))
                    ids.append(errand.id)
        return gone

    def _is_hopeless(self, errand: Errand) -> bool:
        """Whether nothing it is made of came to be; an earlier try at the same is only waited for."""
        same = errand.deed, errand.shot
        needed = [o for o in map(self._all.get, errand.after) if o is None or (o.deed, o.shot) != same]
        return bool(needed) and all(o and o.state in (FAILED, CANCELLED) for o in needed)

    def _wake(self, ids: Iterable[str], changed: dict[str, Errand]) -> None:
        """What was stopped and is needed now waits again, or whoever needs it would wait for ever."""
        rest = list(ids)
        while rest:
            errand = self._all.get(rest.pop())
            if errand and errand.state == STOPPED:
                changed[errand.id] = self._put(errand.anew(time.time()))
                rest += errand.after

    def _join(self, there: Errand, asked: Errand, changed: dict[str, Errand]) -> None:
        """Something equal is here: it waits for what the new one would wait for."""
        if there.state == STOPPED:
            changed[there.id] = self._put(replace(there.anew(time.time()), after=asked.after, run=asked.run))
        elif more := [id for id in asked.after if id not in there.after and not self._needs(id, there.id)]:
            self._put(replace(there, after=(*there.after, *more)))

    def _needs(self, id: str, other: str) -> bool:
        """Whether one errand waits, however indirectly, for another."""
        rest, seen = [id], set[str]()
        while rest:
            if (one := rest.pop()) == other:
                return True
            if one not in seen and (errand := self._all.get(one)):
                seen.add(one)
                rest += errand.after
        return False

    def _asked_again(self, errand: Errand) -> Errand:
        if errand.state != STOPPED:
            self._all[errand.id] = self._all.pop(errand.id)  # to the end of the queue
        return self._put(errand.anew(time.time()))

    def _replace(self, id: str, by: str) -> None:
        for dependent in list(self._dependents.get(id, ())):
            errand = self._all[dependent]
            self._put(replace(errand, after=tuple(by if one == id else one for one in errand.after)))
        self._remove(id)

    # --- keeping count -------------------------------------------------------------------------------

    def _put(self, errand: Errand) -> Errand:
        """The only way in: what is known of all errands is kept without looking at all of them."""
        before = self._all.get(errand.id)
        if before:
            self._uncount(before)
        self._all[errand.id] = errand
        self._states[errand.state] += 1
        if errand.state == WAITING:
            self._deeds[errand.deed] += 1
            self._projects[errand.project] += not errand.is_aside
            self._waiting.setdefault(errand.id)
        if errand.state == RUNNING and errand.is_aside:
            self._aside[errand.is_elsewhere] += 1
        if errand.state in (WAITING, STOPPED):
            self._same.setdefault(errand.content, errand.id)
        for id in errand.after:
            self._dependents.setdefault(id, set()).add(errand.id)
        click = self._clicks.setdefault(errand.run, _Click())
        click.changed(before, errand)
        if not click.left:
            del self._clicks[errand.run]
        return errand

    def _uncount(self, errand: Errand) -> None:
        self._states[errand.state] -= 1
        if errand.state == WAITING:
            self._deeds[errand.deed] -= 1
            self._projects[errand.project] -= not errand.is_aside
            del self._waiting[errand.id]
        if errand.state == RUNNING and errand.is_aside:
            self._aside[errand.is_elsewhere] -= 1
        if self._same.get(errand.content) == errand.id:
            del self._same[errand.content]
        for id in errand.after:
            self._dependents[id].discard(errand.id)
            if not self._dependents[id]:
                del self._dependents[id]

    def _remove(self, id: str) -> None:
        """Of what is over or was stopped."""
        self._uncount(self._all.pop(id))
        self._gone.append(id)

    def _sort(self) -> None:
        """Waiting errands in the order of all, after something took a place that is not the last."""
        self._waiting = {id: None for id, errand in self._all.items() if errand.state == WAITING}


@dataclass
class _Click:
    """How much of one click is to be made, and how much is over since something was."""

    left: int = 0
    over: int = 0

    def changed(self, before: Errand | None, after: Errand) -> None:
        self.left += (after.state in _LEFT) - (before is not None and before.state in _LEFT)
        self.over = max(0, self.over + after.is_over - (before is not None and before.is_over))


def _because(errand: Errand, cause: Errand) -> str:
    what = f"the {cause.deed} of shot {cause.shot}" if cause.shot else f"the {cause.deed}"
    if len(errand.after) > 1:
        return "Left out, because nothing of what it is made of came to be."
    return f"Left out, because {what} {'failed' if cause.state == FAILED else 'was cancelled'}."
