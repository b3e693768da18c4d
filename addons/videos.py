"""Video: how each shot becomes a clip, and the clips there are."""

import secrets
from dataclasses import asdict, replace
from typing import Any
from uuid import uuid4

from addons.live import live
from domain.errand import RUNNING, WAITING, Errand
from domain.errors import StudioError
from services import continued, video_plan
from services.means import errand
from services.studio import Studio

ID = "video"


def build(studio: Studio) -> None:
    live(ID)


def generate(studio: Studio, shots: list[str]) -> list[str]:
    run = uuid4().hex[:8]
    return studio.ask([_errand(studio, id, run) for id in shots])


def again(studio: Studio, shot: str, segment: int, seed: int | None = None) -> list[str]:
    """The video once more from a segment on, with seeds that were not used yet."""
    plan = _plan(studio, shot)
    if not plan.takes_seed:
        raise StudioError(f"{plan.workflow} has no place for a seed: made again, it would be the same.")
    if not 1 <= segment <= len(plan.segments):
        raise StudioError(f"Shot {shot} has no segment {segment}.")
    seed = secrets.randbelow(2**32) if seed is None else seed
    return studio.ask([_errand(studio, shot, uuid4().hex[:8], **{"from": segment, "seed": seed})])


def plan(studio: Studio, shot: str) -> dict[str, Any]:
    planned = _plan(studio, shot)
    return {**asdict(planned), "runs": planned.runs}


def choose(studio: Studio, shot: str, segment: int, take: str) -> bool:
    """Use a take for a segment; the video is joined anew at once when nothing has to be rendered for it."""
    video_plan.choose(studio.desk, studio.means(), shot, segment, take)
    is_ready = not _plan(studio, shot).runs
    if is_ready:
        generate(studio, [shot])
    return is_ready


def end(studio: Studio, shot: str, on: str) -> None:
    """Have a shot end on another one's keyframe, also when that becomes another picture."""
    desk = studio.desk
    keyframe = desk.project.keyframe(desk.shot(on).id)
    if not keyframe.is_file():
        raise StudioError(f"Shot {on} has no keyframe yet that shot {shot} could end on.")
    desk.set_field([shot], "end_image", str(keyframe))


def go_on(studio: Studio, shot: str) -> str:
    """A new shot that begins with the last frame of this one's video; returns its id."""
    return continued.go_on(studio.desk, shot)


def _plan(studio: Studio, shot: str) -> video_plan.VideoPlan:
    return video_plan.plan_of(studio.desk, studio.means(), shot, studio.workflows)


def _errand(studio: Studio, shot: str, run: str, **values: Any) -> Errand:
    """A shot's video, begun when what is made of that shot's video already is over."""
    desk = studio.desk
    folder, id = desk.project.folder, desk.shot(shot).id
    before = [
        other.id
        for other in studio.runs.errands()
        if (other.deed, other.project, other.shot) == ("video", str(folder), id)
        and other.state in (RUNNING, WAITING)
    ]
    return replace(errand("video", folder, id, run, **values), after=tuple(before))


DEEDS = {
    "video.generate": generate,
    "video.again": again,
    "video.plan": plan,
    "video.choose": choose,
    "video.continue": go_on,
    "video.end": end,
}
