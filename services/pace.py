"""How long what is left will take, guessed from how long such things took lately."""

import threading
from collections.abc import Mapping, Sequence

from domain.errand import Errand

MEMORY = 40  # durations remembered of each deed
_TELLING = 0.05  # share of an errand from which on its own speed says something
_SOON = 1.0  # seconds


class Pace:
    def __init__(self) -> None:
        self._took: dict[tuple[str, str], list[float]] = {}  # seconds, by project ("": all) and deed
        self._mean: dict[str, float] = {}  # by deed
        self._lock = threading.Lock()

    def took(self, errand: Errand) -> None:
        """Remember an errand that is done; what was there already took no time and says nothing."""
        if errand.is_reused or errand.ended <= errand.began:
            return
        with self._lock:
            for project in ("", errand.project):
                took = self._took.setdefault((project, errand.deed), [])
                took.append(errand.ended - errand.began)
                del took[:-MEMORY]
            self._mean[errand.deed] = self._seconds("", errand.deed)

    def of(self, project: str) -> dict[str, float]:
        """How many seconds each deed takes in a project; as elsewhere, where it has not been done there."""
        with self._lock:  # the meter asks while lanes remember
            own = {deed for where, deed in self._took if where == project}
            return {
                deed: round(self._seconds(project if deed in own else "", deed), 1) for deed in self._mean
            }

    def _seconds(self, project: str, deed: str) -> float:
        took = self._took[project, deed]
        return sum(took) / len(took)

    def until(self, errand: Errand, share: float, now: float) -> float | None:
        """When an errand that runs will be over: by how others went, and the more it has done itself, by
        how it goes. None where neither says anything, or it takes longer than ever."""
        spent, usual = now - errand.began, self._mean.get(errand.deed)
        own = spent / share if share >= _TELLING and spent >= _SOON else None
        if usual is None or own is None:
            whole = own if usual is None else usual
        else:
            whole = share * own + (1 - share) * usual
        return None if whole is None or whole < spent else errand.began + whole

    def seconds_left(
        self, waiting: Mapping[str, int], running: Sequence[tuple[Errand, float]], now: float, lanes: int
    ) -> int | None:
        """`waiting` counts by deed, `running` says how far each is. None where nothing of a kind that waits
        has ended yet."""
        if any(count and deed not in self._mean for deed, count in waiting.items()):
            return None
        ends = [self.until(errand, share, now) for errand, share in running]
        if not any(waiting.values()):
            known = [end for end in ends if end is not None]
            return round(max(known) - now) if known else None
        seconds = sum(end - now for end in ends if end is not None)
        seconds += sum(self._mean[deed] * count for deed, count in waiting.items() if count)
        return round(seconds / lanes)
