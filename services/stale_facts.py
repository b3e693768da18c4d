"""Tells pages what is stale, worked out beside the editing so that no edit waits for it."""

import logging
import threading
from collections.abc import Callable

from domain.errors import StudioError
from services import stale
from services.feed import Feed
from services.stale import Today

log = logging.getLogger(__name__)

QUIET = 0.15  # seconds to wait for more of the same before looking


class StaleFacts:
    def __init__(self, feed: Feed, today: Callable[[], Today | None]):
        self._feed, self._today = feed, today
        self._wanted = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="stale", daemon=True)
        self._thread.start()

    def again(self) -> None:
        """Something changed that takes may be stale by."""
        self._wanted.set()

    def stop(self) -> None:
        self._over.set()
        self._wanted.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._over.is_set():
            self._wanted.wait()
            if self._over.wait(QUIET):
                return
            self._wanted.clear()
            try:
                self._tell()
            except (StudioError, OSError) as error:
                log.warning("what is stale cannot be told: %s", error)

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
        count = len(stale.stale_shots(today)) if today else 0
        self._feed.put_all({**facts, "stale/": count}, instead_of="stale/")
