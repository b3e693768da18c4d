"""The sample: a small film that is drawn while a new user looks around. Always sketched, so that it is
there whatever the settings are turned to meanwhile."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from domain.errand import SAMPLE, Errand
from infrastructure.storyboard_files import open_storyboard, write_storyboard
from services.means import errand

_VARIANTS = 2


def laid_out(board: Path, projects: Path) -> Path:
    """The sample's folder; a copy that is there already stays as it is."""
    folder = projects / board.stem
    if not (folder / "storyboard.json").exists():
        write_storyboard(folder / "storyboard.json", open_storyboard(board)[0])
    return folder


def errands(folder: Path, shots: list[str]) -> list[Errand]:
    """All of the film: two variants of every shot, the clips from the first, and the film."""
    run = f"{SAMPLE}{uuid4().hex[:8]}"
    pictures = [
        errand("keyframe", folder, id, run, variant=n) for n in range(1, _VARIANTS + 1) for id in shots
    ]
    clips = [
        replace(errand("video", folder, id, run), after=(picture.id,))
        for id, picture in zip(shots, pictures[: len(shots)], strict=True)
    ]
    film = replace(errand("film", folder, run=run), after=tuple(clip.id for clip in clips))
    return [*pictures, *clips, film]
