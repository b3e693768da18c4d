"""A project is a folder. What a file is stands in where it lies and what it is called."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Project:
    """
    storyboard.json     the board
    takes/              every file a job made, each with its recipe beside it: 003_v2.png, 003.01_v1.mp4
    keyframes/003.png   the chosen picture of a shot: chosen = it stands here
    videos/003.mp4      the shot as it goes into the film; beside it, which takes stand in for which jobs
    film.json           how the film is cut
    comic.json          the plan of the project's comic, if it has one
    film.mp4            the film
    marks.json          stars and rejections of takes
    films/              every version of it that was rendered, each with a note of what it shows
    cache/              what can be made again; may be deleted
    .bin/               what was thrown away, until the bin is emptied
    """

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def storyboard(self) -> Path:
        return self.folder / "storyboard.json"

    @property
    def takes(self) -> Path:
        return self.folder / "takes"

    @property
    def keyframes(self) -> Path:
        return self.folder / "keyframes"

    @property
    def videos(self) -> Path:
        return self.folder / "videos"

    @property
    def film(self) -> Path:
        return self.folder / "film.mp4"

    @property
    def marks(self) -> Path:
        return self.folder / "marks.json"

    @property
    def cut(self) -> Path:
        return self.folder / "film.json"

    @property
    def comic(self) -> Path:
        return self.folder / "comic.json"

    @property
    def films(self) -> Path:
        return self.folder / "films"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def bin(self) -> Path:
        return self.folder / ".bin"

    def keyframe(self, shot_id: str) -> Path:
        return self.keyframes / f"{shot_id}.png"

    def video(self, shot_id: str) -> Path:
        return self.videos / f"{shot_id}.mp4"

    def stand_ins(self, shot_id: str) -> Path:
        """A note; a shot's id has no dot, so that it is no other shot's."""
        return self.videos / f"{shot_id}.chosen.json"
