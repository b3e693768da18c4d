"""Runs: everything that was asked for, now and before."""

from addons.live import live
from services import errands
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


def forget(studio: Studio) -> None:
    studio.runs.forget()


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
    "run.forget": forget,
}
