"""A quick run of a workflow, to see whether it works: a small picture, or the shortest clip."""

from pathlib import Path

from domain.errors import StudioError
from domain.project import Project
from domain.storyboard import Storyboard
from domain.workflow import Workflow
from infrastructure.recipes import Wanted
from services.keyframes import IMAGES

PROMPT = "A lighthouse on a rock at dusk, its lamp just lit, waves below, a gull in the wind."


def wanted(flow: Workflow, board: Storyboard, picture: Path | None, seed: int) -> Wanted:
    """`picture` goes where the workflow cannot do without one."""
    width, height = flow.about.sizes[0] if flow.about.sizes else flow.size_for(board.width, board.height)
    values = {
        "prompt": PROMPT,
        "seed": seed,
        "width": width,
        "height": height,
        "frames": flow.frames_for(1) if flow.kind == "video" else None,
    }
    if flow.takes("start_image"):
        if picture is None:
            raise StudioError("This workflow starts from a picture. Make a keyframe first.")
        values["start_image"] = picture
    graph, changes = flow.filled(**values, references=[], unplug=["end_image"])
    return Wanted("try", graph, flow.name, values, changes)


def a_picture(project: Project) -> Path | None:
    """Any keyframe there is."""
    found = (path for path in sorted(project.keyframes.glob("*")) if path.suffix.lower() in IMAGES)
    return next(found, None)
