"""Videos of shots. A shot longer than the model can do at once is made in segments, each
starting from the true last frame of the one before, and joined to exactly the frames asked for.
"""

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from domain.errors import JobFailed
from domain.events import Event, Saved, Told, Work, as_part
from domain.job import LAST_FRAME, Backend, Graph
from domain.prompts import Presets, video_prompt
from domain.storyboard import Shot, Storyboard
from domain.workflow import Workflow
from infrastructure.clip_frames import CLIPS, beside, last_frame
from infrastructure.recipes import Ledger, Take, Wanted
from services import film, video_notes
from services.film import Format, Segment, ShotVideo
from services.keyframes import seed_of, shared_values
from services.lanes import side_by_side
from services.segments import StandIns

_JOINING = 0.05  # share of a shot's time
VISIBLE_DRIFT = 1.0  # ΔE between two segments that an eye may see


@dataclass(frozen=True)
class Plan:
    """How one shot becomes a video: the lengths its segments are generated with."""

    shot: Shot
    start: Path
    lengths: tuple[int, ...]  # frames, at the workflow's own speed
    frames: int  # of them all, once each later segment has lost its first
    anew: "Anew | None" = None


@dataclass(frozen=True)
class Anew:
    """A shot made once more from a segment on; what comes before stays as it is."""

    start: int  # number of the first one made anew, from 0
    seed: int  # its seed; those after it have the next ones


@dataclass(frozen=True)
class Video:
    """A shot as it goes into the film."""

    path: Path
    clips: tuple[Take, ...]


@dataclass(frozen=True)
class Maker:
    """What stays the same for every shot of one run."""

    backend: Backend
    ledger: Ledger
    workflow: Workflow
    board: Storyboard
    presets: Presets
    format: Format
    base_seed: int
    matches_colour: bool = True


def plan(workflow: Workflow, board: Storyboard, shot: Shot, start: Path) -> Plan:
    """Lengths obey the model's frame rule and its longest clip, and the board's if it is shorter."""
    frames = max(1, round(shot.seconds * workflow.fps))
    longest = workflow.longest
    if board.longest is not None:
        longest = min(longest, max(1, round(board.longest * workflow.fps)))
    return Plan(shot, start, tuple(segment_lengths(frames, longest, workflow)), frames)


def segment_lengths(frames: int, longest: int, workflow: Workflow) -> list[int]:
    """Valid lengths that together hold `frames`, as even as the rule allows.

    Every segment after the first begins with the last frame of the one before, so n segments
    of lengths l hold sum(l) - (n - 1) frames; what is too much is cut from the last one.
    """
    step, shortest = workflow.frame_step, workflow.frames_for(1)
    if frames <= shortest:
        return [shortest]
    most = max(1, (longest - shortest) // step)  # steps that one segment can hold
    count = math.ceil((frames - 1) / (shortest - 1 + most * step))
    steps = max(0, math.ceil((frames - 1 - count * (shortest - 1)) / step))
    return [shortest + step * (steps * (n + 1) // count - steps * n // count) for n in range(count)]


def make(maker: Maker, plans: Sequence[Plan], made: dict[str, Video]) -> Work:
    """Put the video of each shot into `made`, by its id; a shot that fails is told and passed over."""
    pieces = {f"shot {plan.shot.id}": partial(make_one, maker, plan, made) for plan in plans}
    yield from side_by_side(pieces, maker.backend.lanes)


def first_jobs(maker: Maker, plans: Sequence[Plan]) -> Iterator[Wanted]:
    """The job each shot begins with: what can be known before anything ran."""
    return (segment_job(maker, plan, 0, plan.start) for plan in plans)


def make_one(maker: Maker, plan: Plan, made: dict[str, Video]) -> Work:
    """The video of one shot, from its first segment to the file in videos/."""
    began_with = segment_job(maker, plan, 0, plan.start).job.hashes.get(plan.start, "")
    clips = yield from as_part(_segments(maker, plan), 0, 1 - _JOINING)
    segments = parts(plan, clips)
    to = maker.ledger.project.video(plan.shot.id)
    frames = round(plan.shot.seconds * maker.format.fps)
    cache = maker.ledger.project.cache
    joining = film.shot_video(segments, to, maker.format, max(1, frames), cache, maker.matches_colour)
    joined = yield from as_part(joining, 1 - _JOINING, 1, "joining")
    video_notes.keep(maker.ledger.project, plan.shot, [take.name for take in clips], began_with)
    yield from _of_drift(plan.shot, joined)
    yield Saved(joined.path, joined.reused)
    made[plan.shot.id] = Video(joined.path, tuple(clips))


def parts(plan: Plan, clips: Sequence[Take]) -> list[Segment]:
    """What of each segment's take goes into the shot's video."""
    counts = enumerate(zip(clips, used(plan), strict=True))
    return [Segment(clip_of(take), count, first=0 if n == 0 else 1) for n, (take, count) in counts]


def _of_drift(shot: Shot, joined: ShotVideo) -> Iterator[Told]:
    """What the model does to colours along a chain, where it was enough to be seen and was mended."""
    found = zip(joined.drift, joined.drift_left, strict=True)
    worst, left = max(((drift, left) for drift, left in found if left < drift), default=(0.0, 0.0))
    if worst > VISIBLE_DRIFT and f"{left:.1f}" != f"{worst:.1f}":
        yield Told(
            f"Shot {shot.id}: colours drift by ΔE {worst:.1f} where segments meet; matched to {left:.1f}."
        )


def _segments(maker: Maker, plan: Plan) -> Generator[Event, None, list[Take]]:
    """The takes of a shot's segments, one after another: each needs the last frame before it."""
    clips: list[Take] = []
    start, count = plan.start, len(plan.lengths)
    choice = StandIns(maker.backend, maker.ledger, plan.shot.id)
    for number in range(count):
        own, anew = segment_job(maker, plan, number, start), _anew(maker, plan, number, start)
        then = _then(maker, plan, number) if choice.is_free or anew else ()
        own, anew = replace(own, then=then), anew and replace(anew, then=then)
        label = f"segment {number + 1} of {count}" if count > 1 else ""
        work = choice.carry_out(own, anew, keeps=plan.anew is not None)
        take = yield from as_part(work, number / count, (number + 1) / count, label)
        yield Saved(take.path, take.reused)
        clips.append(take)
        if number + 1 < count:
            start = chain_frame(clip_of(take))
    return clips


def _anew(maker: Maker, plan: Plan, number: int, start: Path) -> Wanted | None:
    """The job that takes the place of a segment's own, when it is to be made anew."""
    if plan.anew is None or number < plan.anew.start:
        return None
    video = replace(plan.shot.video, seed=plan.anew.seed - plan.anew.start)
    return segment_job(maker, replace(plan, shot=replace(plan.shot, video=video)), number, start)


def _then(maker: Maker, plan: Plan, number: int) -> tuple[Graph, ...]:
    """What the segments after this one will run, as far as nobody knows their first picture yet."""
    later = range(number + 1, len(plan.lengths))
    jobs = (_anew(maker, plan, n, LAST_FRAME) or segment_job(maker, plan, n, LAST_FRAME) for n in later)
    return tuple(job.graph for job in jobs)


def segment_job(maker: Maker, plan: Plan, number: int, start: Path) -> Wanted:
    shot, workflow = plan.shot, maker.workflow
    is_last = number + 1 == len(plan.lengths)
    end = shot.end_image if is_last else None
    values = {
        **values_of(workflow, maker.board, shot, maker.presets),
        "seed": _seed(maker, shot, number),
        "frames": plan.lengths[number],
        "start_image": start,
        "end_image": end,
    }
    graph, changes = workflow.filled(**values, unplug=[] if end else ["end_image"])
    stem = f"{shot.id}.{number + 1:02d}"
    return Wanted(stem, graph, workflow.name, values, changes)


def values_of(workflow: Workflow, board: Storyboard, shot: Shot, presets: Presets) -> dict[str, Any]:
    """What all segments of a shot have in common."""
    return shared_values(workflow, board, shot, video_prompt(shot, board, presets), shot.video)


def _seed(maker: Maker, shot: Shot, number: int) -> int:
    if shot.video.seed is not None:
        return (shot.video.seed + number) % 2**64
    return seed_of(Shot(f"{shot.id}/video", ""), number + 1, maker.base_seed)


def used(plan: Plan) -> list[int]:
    """How many new frames of each segment count; the first of a later segment was seen already."""
    new = [length if n == 0 else length - 1 for n, length in enumerate(plan.lengths)]
    new[-1] -= sum(new) - plan.frames
    return new


def clip_of(take: Take) -> Path:
    for file in take.files:
        if file.suffix.lower() in CLIPS:
            return file
    raise JobFailed(f"{take.name}: the workflow saved no video. Does it end in a node that saves one?")


def chain_frame(clip: Path) -> Path:
    """The clip's true last frame as a picture beside it, taken once."""
    frame = beside(clip)
    if frame.exists() and frame.stat().st_mtime_ns >= clip.stat().st_mtime_ns:
        return frame
    return last_frame(clip, frame)


def film_format(workflow: Workflow, board: Storyboard) -> Format:
    """What the pictures of the board's film have in common."""
    size = (max(2, board.width // 2 * 2), max(2, board.height // 2 * 2))
    return Format(film_rate(workflow, board, None), size)


def film_rate(workflow: Workflow, board: Storyboard, asked: float | None) -> Fraction:
    """Frames a second of the film: as asked, else the board's, else the workflow's own."""
    rate = asked or board.fps or workflow.fps
    for base in (24, 30, 60, 48, 120):
        if abs(rate - base * 1000 / 1001) < 0.005:
            return Fraction(base * 1000, 1001)
    return Fraction(rate).limit_denominator(1000)
