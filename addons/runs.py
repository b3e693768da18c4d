"""Runs: everything that was asked for, now and before."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from addons.live import live
from domain.errand import STOPPED
from domain.errors import StudioError
from services import errands, run_history
from services.studio import Studio

ID = "runs"


def build(studio: Studio) -> None:
    live(ID)


def cancel(studio: Studio, ids: list[str]) -> None:
    studio.runs.cancel(ids)


def cancel_all(studio: Studio) -> None:
    studio.runs.cancel_all()


def again(studio: Studio, ids: list[str]) -> None:
    studio.runs.again(ids)


def move(studio: Studio, id: str, before: str | None = None) -> None:
    studio.runs.move(id, before)


def pause(studio: Studio) -> None:
    studio.runs.pause()


def resume(studio: Studio) -> None:
    studio.runs.resume()


def go_on(studio: Studio) -> None:
    """With everything that was not finished when the studio ended."""
    studio.runs.go_on()


def forget(studio: Studio) -> float:
    """Clears the list of what is over; what was made stays. Returns when: jobs from before are older."""
    studio.runs.forget()
    return time.time()


def forget_stopped(studio: Studio) -> None:
    studio.runs.forget([STOPPED])


def history(
    studio: Studio, find: dict[str, Any], after: str = "", count: int = run_history.PAGE
) -> Mapping[str, Any]:
    """Jobs from before, from the recipes of the open project."""
    desk, comic = studio.desk, None
    with suppress(StudioError):  # most projects have none
        comic = studio.comic.comic(desk.project)
    past = run_history.History(desk, studio.runs.errands(), run_history.deeds(desk, comic))
    return past.page(run_history.sought(find), after, count)


def repeat(studio: Studio, take: str) -> list[str]:
    """A job from before once more."""
    return studio.ask([run_history.repeat(studio.desk, studio.workflows, take)])


def render_stale(studio: Studio) -> list[str]:
    """Everything that is stale made anew, and nothing else."""
    today = studio.today()
    return studio.ask(errands.for_stale(studio.desk, today)) if today else []


DEEDS = {
    "stale.render": render_stale,
    "run.cancel": cancel,
    "run.cancel_all": cancel_all,
    "run.again": again,
    "run.move": move,
    "run.pause": pause,
    "run.resume": resume,
    "run.go_on": go_on,
    "run.forget": forget,
    "run.forget_stopped": forget_stopped,
    "run.history": history,
    "run.repeat": repeat,
}
