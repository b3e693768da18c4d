"""Desks for tests, and what lies on their disk."""

import json

from PIL import Image

from domain.project import Project
from infrastructure.storyboard_files import open_storyboard
from services.desk import Desk


def made(folder, *prompts):
    folder.mkdir(parents=True)
    shots = [{"shot_id": f"{n:03d}", "prompt": prompt} for n, prompt in enumerate(prompts, 1)]
    content = {"project": "Film", "shots": shots, "unknown": {"kept": True}}
    (folder / "storyboard.json").write_text(json.dumps(content), "utf-8")
    told = []
    desk = Desk(Project(folder), lambda desk, ids: told.append(ids))
    desk.heard = told
    return desk


def on_disk(desk):
    return open_storyboard(desk.project.storyboard)[0]


def prompts(desk):
    return [shot.prompt for shot in on_disk(desk).shots]


def write_outside(desk, change):
    content = json.loads(desk.project.storyboard.read_text("utf-8"))
    change(content)
    desk.project.storyboard.write_text(json.dumps(content, indent=1), "utf-8")


def shown(desk, shot="001"):
    with Image.open(desk.project.keyframe(shot)) as image:
        return image.convert("RGB").getpixel((3, 3))
