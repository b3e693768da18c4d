"""What the window plays and lists without rendering: a small video of each shot, and thumbnails."""

from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from fractions import Fraction
from pathlib import Path

from domain.errors import CannotWrite, StudioError
from domain.events import Event, Failed, Progress, Saved, as_part
from domain.project import Project
from infrastructure import proxies as files
from infrastructure.clip_parts import Part
from infrastructure.clip_probe import Clip, known, probe
from infrastructure.part_files import is_left, remove_leftovers, writing
from infrastructure.project_lock import locked
from services.rates import film_frames, is_frame_by_frame, nearest

WIDEST = 640


def thumbnail(project: Project, source: Path, width: int = 320) -> Path:
    """A small picture of a picture or video, made the first time it is asked for. Raises BadFile."""
    return files.thumbnail(source, width, project.cache / "thumbs")


def clear_thumbnails(project: Project) -> None:
    """Remove what a killed studio left half made."""
    with suppress(StudioError):
        remove_leftovers(filter(is_left, (project.cache / "thumbs").glob("*.part")))


def proxy(project: Project, shot: str, fps: Fraction) -> Path | None:
    """The shot's small video, if it is there and of the video as it is now. Its frames are the film's."""
    path = _place(project, shot, fps)
    return path if path and path.exists() else None


def make(project: Project, shots: Sequence[str], fps: Fraction) -> Generator[Event, None, dict[str, Path]]:
    """The small videos of these shots, as far as they have a video; only those not there yet are made."""
    folder = project.cache / "proxies"
    made: dict[str, Path] = {}
    with locked(folder):
        remove_leftovers(folder.glob("*.part"))
        for number, shot in enumerate(shots):
            try:
                if path := _place(project, shot, fps):
                    is_there = path.exists()
                    if not is_there:
                        work = _made(known(project.video(shot)), path, fps)
                        yield from as_part(work, number / len(shots), (number + 1) / len(shots), shot)
                        _remove_older(path, shot)
                    made[shot] = path
                    yield Saved(path, is_there)
            except CannotWrite:
                raise
            except StudioError as error:
                yield Failed(f"shot {shot}", str(error))
    yield Progress(1, "done")
    return made


def _place(project: Project, shot: str, fps: Fraction) -> Path | None:
    video = project.video(shot)
    if not video.exists():
        return None
    return project.cache / "proxies" / f"{shot}.{files.stamp(video, str(fps), WIDEST)}.mp4"


def _made(clip: Clip, to: Path, fps: Fraction) -> Generator[Progress, None, None]:
    frames = film_frames(clip, fps)
    part = Part(clip, 0, frames, fps, _size(clip), is_frame_by_frame(clip, fps))
    with writing(to) as partial, closing(files.encode_proxy(part, partial)) as work:
        for done in work:
            yield Progress(min(1.0, done / frames), "making it small")
        if (made := probe(partial).frames) != frames:
            raise StudioError(f"{clip.path} gave {made} frames instead of {frames}.")


def _size(clip: Clip) -> tuple[int, int]:
    """As it is shown, at most WIDEST wide, and even both ways."""
    shape = clip.aspect * clip.width / clip.height
    width = min(WIDEST, nearest(clip.aspect * clip.width))
    return max(2, width // 2 * 2), max(2, nearest(width / shape / 2) * 2)


def _remove_older(path: Path, shot: str) -> None:
    """What was made of the video that stood there before. A shot's id has no dot."""
    for older in path.parent.glob(f"{shot}.*.mp4"):
        if older != path:
            with suppress(OSError):  # somebody may just be watching it
                older.unlink()
