"""Orders that tests hand a worker, and the file that comes along with them."""

import base64

from tests.comfy_jobs import picture

PICTURE = b"\x89PNG a start image"
TEXT = base64.b64encode(PICTURE).decode()


def with_start(name="start.png"):
    return {**picture(), "4": {"class_type": "LoadImage", "inputs": {"image": name}}}


def named(*names):
    return {"inputs": [{"name": name, "data": TEXT} for name in names]}
