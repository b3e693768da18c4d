"""What tests ask of a studio whose pictures are made at an endpoint."""

import json

from services.means import errand


def keyframes(studio, *shots):
    folder = studio.desk.project.folder
    return studio.ask([errand("keyframe", folder, shot, "r1", variant=1) for shot in shots])


def recipe(studio, name):
    return json.loads((studio.desk.project.takes / f"{name}.json").read_text("utf-8"))
