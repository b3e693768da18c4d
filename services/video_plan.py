"""How a shot becomes its video, told before anything runs: what is there, what would run, what is missing.

It asks the very jobs that a render would send, so what it calls ready is never made again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from domain.errors import BadFile, StudioError
from domain.project import Project
from domain.prompts import video_prompt
from domain.storyboard import Shot
from domain.workflow import Workflow
from infrastructure.clip_probe import probe
from infrastructure.recipe_index import DONE, Entry
from infrastructure.recipes import Take, Wanted
from infrastructure.workflow_files import WorkflowFolder
from services import film, picks, videos
from services.desk import Desk
from services.errands import maker
from services.history import Step
from services.means import Means
from services.segments import StandIns
from services.videos import Maker, Plan

State = Literal["ready", "runs", "follows"]  # follows: on one that runs, so nobody knows its job yet


@dataclass(frozen=True)
class TakePlan:
    """A take of a segment, as it is beside the others."""

    name: str
    file: str
    state: str
    seed: int | None
    frames: int
    is_used: bool
    is_own: bool  # what the segment's own job makes
    fits: bool  # it may be used; others begin with another picture, or are of another length
    prompt: str


@dataclass(frozen=True)
class SegmentPlan:
    number: int  # from 1
    frames: int  # generated
    used: int  # of them, new in the shot
    seconds: float
    state: State
    take: str
    is_chosen: bool  # instead of the segment's own
    has_other_words: bool  # the take that is used says something else than the shot does now
    takes: tuple[TakePlan, ...]


@dataclass(frozen=True)
class ClipPlan:
    """The shot's video as it stands."""

    frames: int
    rate: tuple[int, int]  # frames a second, exactly
    joins: tuple[int, ...]  # frames at which a segment goes over into the next
    is_current: bool  # it is what would be made now


@dataclass(frozen=True)
class Note:
    """Something the artist may want to know: a word of the catalogue's, and what goes into it."""

    word: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VideoPlan:
    shot: str
    workflow: str
    fps: float
    frames: int
    size: tuple[int, int]
    prompt: str
    start: str | None  # path in the project, when it is in there
    lacks: tuple[str, ...]  # "prompt", "keyframe", "problem", "place": why nothing can be made
    segments: tuple[SegmentPlan, ...]
    clip: ClipPlan | None
    takes_end: bool
    takes_seed: bool
    notes: tuple[Note, ...]

    @property
    def runs(self) -> int:
        """Segments that have to be rendered."""
        return sum(segment.state != "ready" for segment in self.segments)


@dataclass(frozen=True)
class _Link:
    """A segment of the chain, as far as it is known."""

    own: Wanted | None
    take: Take | None


def plan_of(desk: Desk, means: Means, shot_id: str, workflows: WorkflowFolder) -> VideoPlan:
    shot, workflow = desk.shot(shot_id), means.video_workflow
    made = maker(desk, means)
    start = start_of(desk.project, shot)
    plan = videos.plan(workflow, desk.board, shot, start or Path())
    lacks = tuple(_lacking(shot, workflow, start))
    chain = _chain(made, plan) if start and not lacks else [_Link(None, None)] * len(plan.lengths)
    choice = StandIns(made.backend, made.ledger, shot.id)
    segments = tuple(_segment(made, plan, choice, number, link) for number, link in enumerate(chain))
    width, height = workflow.size_for(shot.width or desk.board.width, shot.height or desk.board.height)
    return VideoPlan(
        shot=shot.id,
        workflow=workflow.about.title or workflow.name,
        fps=workflow.fps,
        frames=plan.frames,
        size=(width, height),
        prompt=video_prompt(shot, desk.board, means.presets),
        start=_within(desk.project, start),
        lacks=lacks,
        segments=segments,
        clip=_clip(made, plan, [link.take for link in chain]),
        takes_end=workflow.takes("end_image"),
        takes_seed=workflow.takes("seed"),
        notes=tuple(_notes(shot, workflow, segments, workflows)),
    )


def start_of(project: Project, shot: Shot) -> Path | None:
    """What the shot's video would begin with, looked up without putting it there."""
    stands = picks.chosen(project, shot.id)
    if shot.start_image is None or picks.artists_choice(project, shot.id):
        return stands
    is_of_it = stands and picks.take_of(project, shot.id) == shot.start_image.name
    if stands and is_of_it and stands.stat().st_mtime_ns >= shot.start_image.stat().st_mtime_ns:
        return stands
    return shot.start_image


def choose(desk: Desk, means: Means, shot_id: str, number: int, take: str) -> None:
    """Use a take for segment `number`, from 1; undoable. What follows on it begins with its last frame."""
    shot, made = desk.shot(shot_id), maker(desk, means)
    start = start_of(desk.project, shot)
    plan = videos.plan(means.video_workflow, desk.board, shot, start or Path())
    if not start or not 1 <= number <= len(plan.lengths):
        raise StudioError(f"Shot {shot_id} has no segment {number} that a take could be used for.")
    own = _chain(made, plan)[number - 1].own
    if own is None:
        raise StudioError(f"Make the segments before segment {number} first: it begins where they end.")
    choice = StandIns(made.backend, made.ledger, shot_id)
    if take not in [entry.name for entry in choice.fitting(own)]:
        raise StudioError(
            f"{take} begins with another picture or has another length, so it does not fit here."
        )
    with desk.in_turn():
        before = choice.name(own)
        choice.put(own, take)
        undo, redo = lambda: choice.put(own, before), lambda: choice.put(own, take)
        desk.took(Step("segment", undo, redo, f"{shot_id} · {number}"))
    desk.tell([shot_id])


def _lacking(shot: Shot, workflow: Workflow, start: Path | None) -> Iterator[str]:
    if shot.problems:
        yield "problem"
    if not shot.prompt.strip():
        yield "prompt"
    if start is None:
        yield "keyframe"
    if not workflow.takes("start_image"):
        yield "place"


def _chain(made: Maker, plan: Plan) -> list[_Link]:
    """Each segment's own job and the take there is; after one that is missing nothing is known."""
    choice = StandIns(made.backend, made.ledger, plan.shot.id)
    links: list[_Link] = []
    start: Path | None = plan.start
    for number in range(len(plan.lengths)):
        own = videos.segment_job(made, plan, number, start) if start else None
        take = choice.take(own) if own else None
        links.append(_Link(own, take))
        is_last = number + 1 == len(plan.lengths)
        start = videos.chain_frame(videos.clip_of(take)) if take and not is_last else None
    return links


def _segment(made: Maker, plan: Plan, choice: StandIns, number: int, link: _Link) -> SegmentPlan:
    state: State = "ready" if link.take else "runs" if link.own or number == 0 else "follows"
    stem = f"{plan.shot.id}.{number + 1:02d}_v"
    entries = [e for e in made.ledger.takes_of(plan.shot.id) if e.name.startswith(stem)]
    ours = [e for e in entries if e.engine == made.backend.engine]
    takes = tuple(_take(choice, entry, link) for entry in ours)
    used = next((take for take in takes if take.is_used), None)
    words = str(link.own.values["prompt"]) if link.own else ""
    new = videos.used(plan)[number]
    return SegmentPlan(
        number=number + 1,
        frames=plan.lengths[number],
        used=new,
        seconds=new / made.workflow.fps,
        state=state,
        take=link.take.name if link.take else "",
        is_chosen=bool(used and not used.is_own),
        has_other_words=bool(used and made.workflow.takes("prompt") and used.prompt != words),
        takes=takes,
    )


def _take(choice: StandIns, entry: Entry, link: _Link) -> TakePlan:
    values: dict[str, Any] = choice.recipe(entry.name).get("values", {})
    is_there = entry.state == DONE and bool(entry.files)
    return TakePlan(
        name=entry.name,
        file=entry.files[0] if entry.files else "",
        state=entry.state,
        seed=values.get("seed"),
        frames=int(values.get("frames", 0)),
        is_used=bool(link.take and link.take.name == entry.name),
        is_own=bool(link.own and link.own.job.id == entry.job),
        fits=bool(link.own and is_there and choice.fits(entry, link.own)),
        prompt=str(values.get("prompt", "")),
    )


def _clip(made: Maker, plan: Plan, takes: Sequence[Take | None]) -> ClipPlan | None:
    video = made.ledger.project.video(plan.shot.id)
    try:
        stat = video.stat()
        frames, rate = _measured(video, stat.st_size, stat.st_mtime_ns)
    except (OSError, BadFile):
        return None
    cache = made.ledger.project.cache
    lengths = film.lengths_of(video, cache)
    joins = tuple(sum(lengths[:n]) for n in range(1, len(lengths)) if lengths[n])
    there = [take for take in takes if take]
    is_current = len(there) == len(takes) and film.is_made(
        videos.parts(plan, there),
        video,
        made.format,
        max(1, round(plan.shot.seconds * made.format.fps)),
        cache,
        made.matches_colour,
    )
    return ClipPlan(frames, (rate.numerator, rate.denominator), joins, is_current)


@lru_cache(maxsize=512)
def _measured(video: Path, size: int, changed: int) -> tuple[int, Fraction]:
    clip = probe(video)
    return clip.frames, clip.fps


def _notes(
    shot: Shot, workflow: Workflow, segments: Sequence[SegmentPlan], workflows: WorkflowFolder
) -> Iterator[Note]:
    title = workflow.about.title or workflow.name
    if shot.end_image and not workflow.takes("end_image"):
        others = ", ".join(_with_end(workflows))
        yield Note("end" if others else "endNowhere", {"workflow": title, "others": others})
    if not workflow.takes("prompt"):
        yield Note("prompt", {"workflow": title})
    if shot.negative.strip() and not workflow.takes("negative"):
        yield Note("negative", {"workflow": title})
    if not workflow.takes("seed"):
        yield Note("seed", {"workflow": title})
    if kept := [str(segment.number) for segment in segments if segment.has_other_words]:
        yield Note("words", {"segments": ", ".join(kept)})


def _with_end(workflows: WorkflowFolder) -> Iterator[str]:
    """Titles of the workflows that go from one picture to another."""
    for name in workflows.names():
        try:
            workflow = workflows.load(name)
        except StudioError:
            continue  # one that does not read is told where workflows are chosen
        if workflow.kind == "video" and workflow.takes("end_image") and workflow.takes("start_image"):
            yield workflow.about.title or name


def _within(project: Project, path: Path | None) -> str | None:
    is_inside = path is not None and path.is_relative_to(project.folder)
    return path.relative_to(project.folder).as_posix() if path and is_inside else None


__all__ = ["VideoPlan", "choose", "plan_of", "start_of"]
