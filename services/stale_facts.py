"""Tells pages what is stale, worked out beside the editing so that no edit waits for it."""

from collections.abc import Callable

from services import stale
from services.debounced import Debounced
from services.feed import Feed
from services.stale import Today

QUIET = 0.15  # seconds to wait for more of the same before looking


class StaleFacts:
    def __init__(self, feed: Feed, today: Callable[[], Today | None]):
        self._feed, self._today = feed, today
        self._soon = Debounced("what is stale", self._tell, QUIET)
        self._soon.start()

    def again(self) -> None:
        """Something changed that takes may be stale by."""
        self._soon.again()

    def stop(self) -> None:
        self._soon.stop()

    def _tell(self) -> None:
        today = self._today()
        states = stale.of_board(today) if today else {}
        facts = {
            f"stale/{id}": {
                "keyframe": state.keyframe,
                "video": state.video,
                "why": state.keyframe_why,
                "video_why": state.video_why,
            }
            for id, state in states.items()
        }
        count = len(stale.stale_shots(today.board, states)) if today else 0
        self._feed.put_all({**facts, "stale/": count}, instead_of="stale/")
