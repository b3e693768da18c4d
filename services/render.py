"""The whole main job: a storyboard goes in, a film comes out.

Keyframes of all shots come first and videos after, because a GPU that changes its model for
every shot spends more time loading than drawing. Nothing is written before it is sure that the
backend can do it.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.cast import lora_of, references_of
from domain.errors import CannotWrite, StudioError
from domain.events import Event, Failed, Progress, Saved, Told, Work, as_part
from domain.job import Backend, Graph
from domain.project import Project
from domain.prompts import Presets
from domain.storyboard import Shot, Storyboard
from domain.workflow import Workflow
from infrastructure.booting import booted
from infrastructure.project_files import base_seed, keep_base_seed, leftovers_removed
from infrastructure.project_lock import locked
from infrastructure.recipes import Ledger, Take
from services import cut, film, keyframes, picks, videos
from services.keyframes import Variant
from services.videos import Maker, Video

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

    @property
    def count(self) -> int:
        """Variants of each shot."""
        return self.variants or self.board.variants or VARIANTS

    @property
    def shots(self) -> list[Shot]:
        """Those that can be rendered."""
        return [shot for shot in self.board.shots if shot.is_renderable]

    def check(self) -> None:
        """Raises StudioError for what can be known without asking anybody."""
        if self.pick > self.count:
            raise StudioError(
                f"Variant {self.pick} is to be picked, but each shot gets {self.count}. Ask for more."
            )
        if self.keyframe_workflow.kind == "video":
            raise StudioError(f"{self.keyframe_workflow.name} makes clips. Choose a workflow for pictures.")
        self.keyframe_workflow.require("prompt")
        self.video_workflow.require("start_image")


@dataclass
class Outcome:
    """What stands on disk so far."""

    takes: dict[str, dict[int, Take]] = field(default_factory=dict)  # by shot and variant
    keyframes: dict[str, Path] = field(default_factory=dict)
    videos: dict[str, Video] = field(default_factory=dict)
    film: Path | None = None

    def as_json(self, board: Storyboard) -> list[dict[str, Any]]:
        return [self._shot(shot.id) for shot in board.shots]

    def _shot(self, id: str) -> dict[str, Any]:
        takes = dict.fromkeys(str(take.path) for take in self.takes.get(id, {}).values())
        video = self.videos.get(id)
        keyframe = self.keyframes.get(id)
        return {
            "id": id,
            "takes": list(takes),
            "keyframe": str(keyframe) if keyframe else None,
            "clips": [str(take.path) for take in video.clips] if video else [],
            "video": str(video.path) if video else None,
        }


def render(order: Order, outcome: Outcome | None = None) -> Generator[Event, None, Outcome]:
    """Goes on where an earlier render of the same project stopped; fills `outcome` as it goes.

    Raises BackendUnreachable when the backend goes away for good, CannotWrite when the disk takes no
    more, JobRejected when the backend lacks what the workflows need. One shot's failure is told and
    passed over.
    """
    outcome = Outcome() if outcome is None else outcome
    order.check()
    cut.open_cut(order.project)  # a film.json that does not read is told before anything is spent
    ledger = Ledger(order.project)
    boards_own = order.board.base_seed
    seed = base_seed(order.project) if boards_own is None else boards_own
    plan = _plan(order, seed)
    graphs = _graphs_to_run(order, ledger, plan)
    is_checked = bool(graphs) or not order.project.folder.exists()
    if is_checked:
        yield from booted(order.backend)
        yield Told(order.backend.check(*graphs, order.video_workflow.graph))
    with locked(order.project.folder):
        if boards_own is None:
            keep_base_seed(order.project, seed)
        leftovers_removed(order.project)
        ledger.refresh()
        yield from map(Told, _notes(order, ledger))
        for shot in order.board.shots:
            if not shot.is_renderable:
                yield Failed(f"shot {shot.id}", " ".join(shot.problems) or "It has no prompt.")
        try:
            yield from as_part(_keyframes(order, ledger, plan, outcome), 0.0, 0.3)
            yield from as_part(_videos(order, _maker(order, ledger, seed), outcome, is_checked), 0.3, 0.95)
            yield from as_part(_film(order, outcome), 0.95, 1.0)
        finally:
            ledger.keep_index()
    return outcome


def _plan(order: Order, seed: int) -> list[Variant]:
    plan = keyframes.plan(order.keyframe_workflow, order.board, order.count, seed, order.presets)
    own = {shot.id for shot in order.shots if picks.is_artists_own(order.project, shot.id)}
    return [variant for variant in plan if variant.shot.id not in own]


def _graphs_to_run(order: Order, ledger: Ledger, plan: list[Variant]) -> list[Graph]:
    """Of the takes to make, one graph for each set of models it needs."""
    missing = (v for v in plan if ledger.done(order.backend, v.wanted) is None)
    return list({lora_of(variant.shot, order.board): variant.wanted.graph for variant in missing}.values())


def _notes(order: Order, ledger: Ledger) -> Iterator[str]:
    """What the artist should know before it begins."""
    yield from (f"The recipe {name} does not read and is passed over." for name in ledger.skipped)
    picture, video, board = order.keyframe_workflow, order.video_workflow, order.board
    places = len(picture.slots.get("reference", ()))
    if not picture.takes("seed") and order.count > 1:
        yield f"{picture.name} has no place for a seed: its variants are all alike."
    if not video.takes("prompt"):
        yield f"{video.name} has no place for a prompt: it does not follow the words."
    left_out = {
        f"All reference pictures have no place in {picture.name}": [
            shot for shot in order.shots if len(references_of(shot, board)) > places
        ],
        f"Negative words have no place in {picture.name}": [
            shot for shot in order.shots if shot.negative.strip() and not picture.takes("negative")
        ],
        f"End images have no place in {video.name}": [
            shot for shot in order.shots if shot.end_image and not video.takes("end_image")
        ],
        f"A LoRA has no place in {picture.name}": [
            shot for shot in order.shots if lora_of(shot, board) and not picture.takes("lora")
        ],
    }
    for sentence, shots in left_out.items():
        if shots:
            yield f"{sentence}; left out in {_listed(shots)}."


def _listed(shots: list[Shot]) -> str:
    names = ", ".join(shot.id for shot in shots[:5])
    more = f" and {len(shots) - 5} more" if len(shots) > 5 else ""
    return f"shot{'s' * (len(shots) > 1)} {names}{more}"


def _keyframes(order: Order, ledger: Ledger, plan: list[Variant], outcome: Outcome) -> Work:
    try:
        yield from keyframes.generate(order.backend, ledger, plan)
    finally:
        outcome.takes = keyframes.takes_of(order.backend, ledger, plan)
    for shot in order.shots:
        try:
            if chosen := _chosen(order, shot, outcome.takes.get(shot.id, {})):
                outcome.keyframes[shot.id] = chosen
        except CannotWrite:
            raise
        except StudioError as error:
            yield Failed(f"shot {shot.id}", str(error))


def _chosen(order: Order, shot: Shot, takes: dict[int, Take]) -> Path | None:
    """The picture the shot's video starts from; none when the take asked for could not be made."""
    if shot.start_image is not None:
        return picks.choose_for_now(order.project, shot.id, shot.start_image)
    if order.pick in takes:
        return picks.choose_for_now(order.project, shot.id, keyframes.picture(takes[order.pick]))
    return picks.artists_choice(order.project, shot.id)


def _videos(order: Order, maker: Maker, outcome: Outcome, is_checked: bool) -> Work:
    plans = [
        videos.plan(order.video_workflow, order.board, shot, outcome.keyframes[shot.id])
        for shot in order.shots
        if shot.id in outcome.keyframes
    ]
    firsts = () if is_checked else videos.first_jobs(maker, plans)
    if missing := next((w for w in firsts if maker.ledger.done(order.backend, w) is None), None):
        yield Told(order.backend.check(missing.graph))
    yield from videos.make(maker, plans, outcome.videos)


def _maker(order: Order, ledger: Ledger, seed: int) -> Maker:
    return Maker(
        order.backend,
        ledger,
        order.video_workflow,
        order.board,
        order.presets,
        _format(order),
        seed,
        order.matches_colour,
    )


def _film(order: Order, outcome: Outcome) -> Work:
    """The film in board order, as it is cut; with shots missing only when that was asked for."""
    parts = {shot.id: outcome.videos[shot.id].path for shot in order.board.shots if shot.id in outcome.videos}
    if not parts or (len(parts) < len(order.board.shots) and not order.is_partial):
        return
    made = yield from cut.as_cut(order.project, parts, _format(order))
    outcome.film = made.path
    yield Saved(made.path, made.reused)
    yield Progress(1, "done")


def _format(order: Order) -> film.Format:
    return film.Format(videos.film_rate(order.video_workflow, order.board, order.fps), order.size)
