"""The film as it is cut, for whoever works on it: what stands where, and the file that shows it.

Where no edit touches a shot, its packets are copied; only what an edit touches is encoded.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path

from domain.cut import Cut, Span, Timeline, timeline
from domain.errors import StudioError
from domain.events import Told
from domain.project import Project
from domain.storyboard import Shot, Storyboard
from infrastructure import cut_file
from infrastructure.clip_parts import Dissolve, Part, Piece
from infrastructure.clip_probe import Clip, known
from infrastructure.part_files import is_left, remove_leftovers
from infrastructure.project_lock import locked
from services import film
from services.film import Film, Format, Step
from services.rates import film_frames, is_frame_by_frame

MOVES, STANDS, MISSING = "video", "still", "missing"


@dataclass(frozen=True)
class Material:
    """What there is of a shot: its video, else its keyframe as long as the shot is to be, else nothing."""

    shot: Shot
    kind: str  # MOVES, STANDS or MISSING
    path: Path | None
    frames: int  # of the film
    problem: str = ""  # why the video that is there cannot be used


@dataclass(frozen=True)
class Plan:
    """A film that could be made: its shots with a video, where they stand, and the shots without."""

    clips: Mapping[str, Clip]
    timeline: Timeline
    format: Format
    missing: tuple[str, ...] = ()

    @property
    def told(self) -> list[str]:
        return [
            *(f"Shot {shot} has no video yet and is left out." for shot in self.missing),
            *self.timeline.told,
        ]


def open_cut(project: Project) -> Cut:
    """The project's cut. Raises BadFile when film.json does not read."""
    return cut_file.read_cut(project.cut)


def save_cut(project: Project, cut: Cut) -> None:
    """Keep the cut. Raises BadFile, and writes nothing, where film.json does not read."""
    cut_file.write_cut(project.cut, cut)


def materials(project: Project, board: Storyboard, fps: Fraction) -> list[Material]:
    """What the strip shows, in the board's order."""
    return [_material(project, shot, fps) for shot in board.shots]


def preview(cut: Cut, shown: Sequence[Material], fps: Fraction) -> Timeline:
    """The film as it stands: videos, pictures where there is no video yet, and room for what is missing."""
    return timeline(cut.at(fps), {m.shot.id: m.frames for m in shown})


def plan(project: Project, shots: Sequence[str], cut: Cut, wanted: Format) -> Plan:
    """The film of the shots that have a video, in this order."""
    clips = {shot: known(project.video(shot)) for shot in shots if project.video(shot).exists()}
    lengths = {shot: film_frames(clip, wanted.fps) for shot, clip in clips.items()}
    missing = tuple(shot for shot in shots if shot not in clips)
    return Plan(clips, timeline(cut.at(wanted.fps), lengths), wanted, missing)


def assemble(plan: Plan, to: Path, cache: Path) -> Generator[Step, None, Film]:
    """The film of a plan, exact to the frame."""
    if plan.timeline.is_plain:
        videos = [clip.path for clip in plan.clips.values()]
        return (yield from film.join(videos, to, plan.format, cache))
    return (yield from film.put(list(_pieces(plan)), to, plan.format, cache))


def as_cut(project: Project, videos: Mapping[str, Path], wanted: Format) -> Generator[Step, None, Film]:
    """The project's film of these videos, in this order, as film.json has it cut."""
    cut = open_cut(project)
    with film_cache(project) as cache:
        if cut.is_plain(videos):
            return (yield from film.join(list(videos.values()), project.film, wanted, cache))
        found = plan(project, list(videos), cut, wanted)
        yield from map(Told, found.told)
        return (yield from assemble(found, project.film, cache))


@contextmanager
def film_cache(project: Project) -> Iterator[Path]:
    """Where pieces of the film are kept. Raises StudioError while another film is made of the project."""
    folder = project.cache / "film"
    with locked(folder):
        remove_leftovers(chain(folder.rglob("*.part"), filter(is_left, project.films.glob("*.part"))))
        yield folder


def _material(project: Project, shot: Shot, fps: Fraction) -> Material:
    video, keyframe = project.video(shot.id), project.keyframe(shot.id)
    problem = ""
    if video.exists():
        try:
            return Material(shot, MOVES, video, film_frames(known(video), fps))
        except StudioError as error:
            problem = str(error)
    frames = max(1, round(shot.seconds * fps))  # as services/videos makes it
    if keyframe.exists():
        return Material(shot, STANDS, keyframe, frames, problem)
    return Material(shot, MISSING, None, frames, problem)


def _pieces(plan: Plan) -> Iterator[Piece]:
    spans = plan.timeline.spans
    for number, span in enumerate(spans):
        own = span.frames - span.dissolve_in - span.dissolve_out
        if own:
            body = _part(plan, span, span.dissolve_in, own)
            yield replace(body, fade_in=span.fade_in, fade_out=span.fade_out)
        if shared := span.dissolve_out:
            after = spans[number + 1]
            yield Dissolve(_part(plan, span, span.frames - shared, shared), _part(plan, after, 0, shared))


def _part(plan: Plan, span: Span, begin: int, frames: int) -> Part:
    """Frames of a span, from its `begin`th on."""
    clip, wanted = plan.clips[span.shot], plan.format
    ends = span.first + span.moving
    return Part(
        clip,
        0,
        frames,
        wanted.fps,
        wanted.pixels,
        is_frame_by_frame(clip, wanted.fps),
        skip=span.first + begin,
        until=ends if ends < span.length else 0,
    )
