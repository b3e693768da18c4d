"""Project folders for tests, with real files, and a way to see all that is in a folder."""

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from domain.events import Event
from domain.project import Project

T = TypeVar("T")


def filled(folder: Path, shots: int = 3, title: str = "Low Tide") -> Project:
    """A project with takes, keyframes, a clip, a film, a cache and what a killed render leaves."""
    project = Project(folder.resolve())
    for path in (project.takes, project.keyframes, project.videos, project.cache, folder / "references"):
        path.mkdir(parents=True)
    ids = [f"{n:03d}" for n in range(1, shots + 1)]
    entries = [{"shot_id": id, "prompt": f"The tide goes out, {id}.", "duration": 2.5} for id in ids]
    entries[0]["references"] = ["references/boat.png"]
    project.storyboard.write_text(json.dumps({"project": title, "shots": entries}), "utf-8")
    (folder / "project.json").write_text('{"base_seed": 7}')
    picture(folder / "references" / "boat.png", "brown")
    for number, id in enumerate(ids):
        picture(project.takes / f"{id}_v1.png", (number * 20 % 256, 80, 120))
        recipe = {
            "name": f"{id}_v1",
            "engine": "sketch",
            "job": id,
            "state": "done",
            "files": [f"{id}_v1.png"],
        }
        (project.takes / f"{id}_v1.json").write_text(json.dumps(recipe))
        picture(project.keyframe(id), (number * 20 % 256, 80, 120))
    (project.takes / "001.01_v1.mp4").write_bytes(b"clip" * 100)
    project.video("001").write_bytes(b"shot" * 100)
    project.film.write_bytes(b"film" * 1000)
    (project.cache / "recipes.json").write_text("{}")
    (project.takes / "002_v2.png.part").write_bytes(b"half")
    (folder / ".lock").touch()
    return project


def picture(path: Path, colour: Any = "red", size: tuple[int, int] = (16, 9), **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(options.pop("mode", "RGB"), size, colour).save(path, **options)
    return path


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder with what they contain."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def done(work: Generator[Event, None, T]) -> tuple[T, list[Event]]:
    """Carry out work to its end: what it returns, and what it said."""
    said = []
    while True:
        try:
            said.append(next(work))
        except StopIteration as stop:
            return stop.value, said


def aged(path: Path) -> Path:
    """A file or folder that nobody has written to for years."""
    os.utime(path, (0, 0))
    return path
