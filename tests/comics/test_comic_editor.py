"""Comics as a comic editor gets them: its canvases, with the pictures, balloons and paper of the plan."""

import base64
import io
import json
from dataclasses import replace

import pytest
from PIL import Image

from domain.comic_editor import tail_towards
from infrastructure.comics.plan_json import plan_json
from services import comic_pictures, comic_plan
from services.comic_export import FORMATS
from services.comic_paper import paper
from tests.comics.editors import comic, elements, exported

TAILS = {f"{side}-{at}" for side in ("top", "bottom") for at in ("left", "center", "right")} | {"none"}
TAILS |= {f"{side}-{at}" for side in ("left", "right") for at in ("top", "center", "bottom")}


def test_a_page_is_a_canvas_with_its_pictures_and_words_where_they_stand(pictures, tmp_path):
    made = exported(comic(), pictures, tmp_path / "rain.json")
    first, second = made["canvases"]
    assert (made["title"], first["width"], first["height"], second["order"]) == ("Rain", 794, 1123, 1)
    places = [(one["x"], one["y"], one["width"], one["height"]) for one in elements(made, "image")]
    assert places[0][2] > 1.9 * places[1][2] and places[1][0] == places[2][0] > places[0][0] + places[0][2]
    for image in elements(made, "image"):
        kind, _, content = image["imageUrl"].partition(",")
        with Image.open(io.BytesIO(base64.b64decode(content))) as opened:
            assert kind == "data:image/jpeg;base64" and abs(opened.width - 2 * image["width"]) <= 1
    x, y, width, height = places[0]
    for word in elements(made, "dialogue"):
        assert x < word["x"] and word["x"] + word["width"] < x + width
        assert y < word["y"] and word["y"] + word["height"] < y + height
        assert word["tailPosition"] in TAILS and word["fontSize"] > 9
    said = [(word["speaker"], word["text"], word["bubbleStyle"]) for word in elements(made, "dialogue")]
    assert said[:2] == [("Іда", "Wait here, please!", "shout"), ("Бо", "Why?", "whisper")]
    assert said[2:] == [("anon-guard", "Nobody waits.", "round"), ("Іда", "Hm…", "cloud")]
    (box, sound) = elements(made, "narrative")
    assert (box["text"], sound["text"], sound["bgColor"]) == ("Night <1900>.", "BOOM", "transparent")
    order = [one["zIndex"] for one in first["elements"]]
    assert order == sorted(set(order)) and len({one["id"] for one in first["elements"]}) == len(order)


@pytest.mark.parametrize(
    ("tip", "tail"),
    [
        *(((0, 9), "bottom-center"), ((-4, 5), "bottom-left"), ((4, 5), "bottom-right")),
        *(((0, -9), "top-center"), ((9, 0), "right-center"), ((-9, -6), "left-top")),
        *(((9, 6), "right-bottom"), (None, "none")),
    ],
)
def test_a_tail_is_at_the_side_that_faces_the_speaker(tip, tail):
    assert tail_towards((0.0, 0.0), tip, (1.0, 1.0)) == tail and tail in TAILS


def test_a_canvas_has_the_shape_of_its_paper(pictures, tmp_path):
    list(FORMATS["editor"](comic(), pictures, paper("Instagram"), tmp_path / "rain.json"))
    made = json.loads((tmp_path / "rain.json").read_text("utf-8"))
    assert (made["paperSize"], made["canvases"][0]["width"], made["canvases"][0]["height"]) == (
        "Instagram",
        1080,
        1080,
    )
    again, changed, _ = comic_plan.read(tmp_path / "rain.json")
    assert changed == []
    assert plan_json(comic_pictures.taken_out(again)[0]) == plan_json(replace(comic(), paper="Instagram"))
