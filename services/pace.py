"""How long what is left will take, guessed from how long such things took lately."""

from collections.abc import Mapping, Sequence
from statistics import mean

from domain.errand import Errand

MEMORY = 40  # durations remembered of each deed


class Pace:
    def __init__(self) -> None:
        self._took: dict[str, list[float]] = {}  # seconds, by deed

    def took(self, errand: Errand) -> None:
        """Remember an errand that is done."""
        took = self._took.setdefault(errand.deed, [])
        took.append(errand.ended - errand.began)
        del took[:-MEMORY]

    def seconds_left(self, left: Sequence[Errand], shares: Mapping[str, float], lanes: int) -> int | None:
        """`shares` says how far those that run are; None where nothing of the kind has ended yet."""
        if not left or any(errand.deed not in self._took for errand in left):
            return None
        each = {deed: mean(seconds) for deed, seconds in self._took.items()}
        seconds = sum(each[errand.deed] * (1 - shares.get(errand.id, 0.0)) for errand in left)
        return round(seconds / lanes)
