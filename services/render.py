"""The whole main job: a storyboard goes in, a film comes out.

Keyframes of all shots come first and videos after, because a GPU that changes its model for
every shot spends more time loading than drawing.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.errors import StudioError
from domain.events import Event, Failed, Progress, Saved, Told, as_part
from domain.job import Backend
from domain.project import Project
from domain.prompts import Presets
from domain.storyboard import Shot, Storyboard
from domain.workflow import Workflow
from infrastructure.project_files import base_seed, leftovers_removed, locked
from infrastructure.recipes import Ledger, Take
from services import film, keyframes, picks, videos
from services.videos import Video

VARIANTS = 2  # of each shot, when neither command nor board says


@dataclass(frozen=True)
class Order:
    """Everything a render needs to know."""

    board: Storyboard
    project: Project
    backend: Backend
    keyframe_workflow: Workflow
    video_workflow: Workflow
    presets: Presets
    size: tuple[int, int]
    variants: int | None = None
    pick: int = 1
    fps: float | None = None
    is_partial: bool = False  # a film even if shots are missing
    matches_colour: bool = True


@dataclass
class Outcome:
    """What stands on disk when it is over."""

    takes: dict[str, list[Take]] = field(default_factory=dict)
    keyframes: dict[str, Path] = field(default_factory=dict)
    videos: dict[str, Video] = field(default_factory=dict)
    film: Path | None = None

    def as_json(self, board: Storyboard) -> list[dict[str, Any]]:
        return [self._shot(shot.id) for shot in board.shots]

    def _shot(self, id: str) -> dict[str, Any]:
        video = self.videos.get(id)
        keyframe = self.keyframes.get(id)
        return {
            "id": id,
            "takes": [str(take.path) for take in self.takes.get(id, [])],
            "keyframe": str(keyframe) if keyframe else None,
            "clips": [str(take.path) for take in video.clips] if video else [],
            "video": str(video.path) if video else None,
        }


def render(order: Order) -> Generator[Event, None, Outcome]:
    """Goes on where an earlier render of the same project stopped.

    Raises BackendUnreachable when the backend goes away for good, JobRejected when it lacks what
    the workflows need; one shot's failure is told and passed over.
    """
    order.video_workflow.require("start_image")
    outcome = Outcome()
    for workflow in (order.keyframe_workflow, order.video_workflow):
        if not workflow.takes("prompt"):
            yield Told(f"{workflow.name} has no place for a prompt: its pictures do not show the words.")
    with locked(order.project.folder):
        leftovers_removed(order.project)
        ledger = Ledger(order.project)
        yield from (Told(f"The recipe {name} does not read and is passed over.") for name in ledger.skipped)
        for shot in order.board.shots:
            if not shot.is_renderable:
                yield Failed(shot.id, " ".join(shot.problems) or "It has no prompt.")
        seed = order.board.base_seed if order.board.base_seed is not None else base_seed(order.project)
        yield from as_part(_keyframes(order, ledger, seed, outcome), 0.0, 0.3)
        yield from as_part(_videos(order, ledger, seed, outcome), 0.3, 0.95)
        yield from as_part(_film(order, outcome), 0.95, 1.0)
    return outcome


def _keyframes(order: Order, ledger: Ledger, seed: int, outcome: Outcome) -> Generator[Event, None, None]:
    count = order.variants or order.board.variants or VARIANTS
    plan = keyframes.plan(order.keyframe_workflow, order.board, count, seed, order.presets)
    plan = [v for v in plan if not picks.is_artists_own(order.project, v.shot.id)]
    missing = [v for v in plan if ledger.done(order.backend, v.wanted) is None]
    if missing:
        graphs = [missing[0].wanted.graph, order.video_workflow.graph]
        yield Told(order.backend.check(*graphs))
    outcome.takes = yield from keyframes.generate(order.backend, ledger, plan)
    for shot in filter(lambda shot: shot.is_renderable, order.board.shots):
        try:
            chosen = _chosen(order, shot, outcome.takes.get(shot.id, []))
        except StudioError as error:
            yield Failed(shot.id, str(error))
            continue
        if chosen:
            outcome.keyframes[shot.id] = chosen


def _chosen(order: Order, shot: Shot, takes: list[Take]) -> Path | None:
    """The picture the shot's video starts from: the artist's choice, else the take asked for."""
    if shot.start_image is not None:
        return picks.choose_for_now(order.project, shot.id, shot.start_image)
    asked = [p for take in takes[order.pick - 1 : order.pick] + takes if (p := keyframes.picture(take))]
    if asked:
        return picks.choose_for_now(order.project, shot.id, asked[0])
    return picks.chosen(order.project, shot.id) if picks.is_artists_own(order.project, shot.id) else None


def _videos(order: Order, ledger: Ledger, seed: int, outcome: Outcome) -> Generator[Event, None, None]:
    rate = videos.film_rate(order.video_workflow, order.board, order.fps)
    maker = videos.Maker(
        order.backend,
        ledger,
        order.video_workflow,
        order.board,
        order.presets,
        film.Format(rate, order.size),
        seed,
        order.matches_colour,
    )
    plans = [
        videos.plan(order.video_workflow, order.board, shot, outcome.keyframes[shot.id])
        for shot in order.board.shots
        if shot.id in outcome.keyframes
    ]
    missing = [w for w in videos.first_graphs(maker, plans) if ledger.done(order.backend, w) is None]
    if missing:
        yield Told(order.backend.check(missing[0].graph))
    outcome.videos = yield from videos.make(maker, plans)


def _film(order: Order, outcome: Outcome) -> Generator[Event, None, None]:
    """The film in board order; with shots missing only when that was asked for."""
    parts = [outcome.videos[shot.id].path for shot in order.board.shots if shot.id in outcome.videos]
    if not parts or (len(parts) < len(order.board.shots) and not order.is_partial):
        return
    rate = videos.film_rate(order.video_workflow, order.board, order.fps)
    fmt = film.Format(rate, order.size)
    made = yield from film.join(parts, order.project.film, fmt, order.project.cache)
    outcome.film = made.path
    yield Saved(made.path, made.reused)
    yield Progress(1, "done")
