"""A picture says how it was made, whoever made it, and shots can take its values over."""

import json
from contextlib import closing

import pytest
from PIL import Image

from domain.errors import BadFile, StudioError
from domain.parameters_text import parameters
from infrastructure.sketch_backend import SketchBackend
from services import takes
from services.carried_values import carried_values, needed_values, use
from services.means import errand
from tests.desks import made
from tests.graphs import node, picture
from tests.studios import project, studio, until_done
from tests.test_media_workflows import a_clip, a_png, with_exif

TEXT = """a cat, (hat:1.2)
on a mat: red
Negative prompt: blurry, bad: hands
Steps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 123, Size: 512x768, Model: "x, y", Version: 1.9"""
ITS = {
    "prompt": "a cat, (hat:1.2)\non a mat: red",
    "negative": "blurry, bad: hands",
    "seed": "123",
    "steps": 20,
    "cfg": 7.5,
    "width": 512,
    "height": 768,
}
OF_GRAPH = {
    "prompt": "a hill",
    "negative": "rain",
    "seed": "7",
    "steps": 20,
    "cfg": 8,
    "width": 512,
    "height": 512,
}


def test_a_picture_of_comfyui_has_the_values_of_its_graph(tmp_path):
    assert carried_values(a_png(tmp_path / "a.png", prompt=json.dumps(picture()))) == OF_GRAPH


def test_a_prompt_that_comes_from_another_node_is_found(tmp_path):
    graph = picture(said=node("PrimitiveString", value="a door"))
    graph["words"]["inputs"]["text"] = ["said", 0]
    assert carried_values(a_png(tmp_path / "a.png", prompt=json.dumps(graph)))["prompt"] == "a door"


def test_the_text_of_other_programs_is_read_in_png_and_jpeg(tmp_path):
    assert carried_values(a_png(tmp_path / "a.png", parameters=TEXT)) == ITS
    comment = b"UNICODE\0" + TEXT.encode("utf-16-be")
    assert carried_values(with_exif(tmp_path / "a.jpg", "JPEG", {}, comment))["seed"] == "123"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a cat\nSteps: 20, Seed: 5", {"prompt": "a cat", "steps": 20, "seed": 5}),
        ("Steps: 20, Seed: many", {"steps": 20}),
        ("how to draw\nSteps: first the hat", {}),
        ("", {}),
    ],
)
def test_a_text_is_read_as_far_as_it_says_something(text, values):
    assert parameters(text) == values


def test_a_sketch_has_its_words_and_its_seed(tmp_path):
    with closing(studio(tmp_path, SketchBackend())) as drawing:
        folder = project(drawing, "A harbour before sunrise")
        drawing.ask([errand("keyframe", folder, "001", seed=5)])
        until_done(drawing)
        values = carried_values(folder / "takes" / "001_v1.png")
    assert values == {"prompt": "A harbour before sunrise.", "seed": "5"}


def test_a_picture_that_says_nothing_is_refused_in_a_sentence(tmp_path):
    plain = tmp_path / "plain.png"
    Image.new("RGB", (8, 8)).save(plain)
    assert carried_values(plain) == {}
    with pytest.raises(BadFile, match=r"plain\.png does not say how it was made"):
        needed_values(plain)


@pytest.mark.parametrize(
    ("chunk", "values"),
    [
        ('{"prompt": "a hill", "seed": NaN}', {"prompt": "a hill"}),
        ('{"prompt": {"a": 1}, "seed": 7}', {"seed": "7"}),
        ('{"prompt": "a hill", "seed": true}', {"prompt": "a hill"}),
        (
            '{"prompt": "a hill", "seed": 9151314442816847873}',
            {"prompt": "a hill", "seed": "9151314442816847873"},
        ),
        ("[" * 100_000, {}),
        ("[]", {}),
    ],
)
def test_only_what_is_of_its_kind_is_believed(tmp_path, chunk, values):
    assert carried_values(a_png(tmp_path / "a.png", sketch=chunk)) == values


def test_a_seed_of_many_digits_is_taken_over_whole(tmp_path):
    desk = made(tmp_path / "film", "A door")
    use(desk, ["001"], {"seed": "9151314442816847873"})
    assert desk.shot("001").keyframe.seed == 9151314442816847873


def test_a_clip_of_comfyui_has_values_too(tmp_path):
    assert carried_values(a_clip(tmp_path / "a.mp4", prompt=json.dumps(picture())))["seed"] == "7"


def test_an_own_picture_keeps_what_it_says_of_itself_in_its_recipe(tmp_path):
    desk = made(tmp_path / "film", "A door")
    name = takes.bring_in(desk, "001", a_png(tmp_path / "a.png", parameters=TEXT), is_picked=False)
    assert desk.ledger.recipe(name.removesuffix(".png"))["carried"] == ITS
    name = takes.bring_in(desk, "001", a_png(tmp_path / "b.png"), is_picked=False)
    assert "carried" not in desk.ledger.recipe(name.removesuffix(".png"))


def test_values_are_taken_over_as_one_step(tmp_path):
    desk = made(tmp_path / "film", "A door", "A cat")
    before = desk.board
    use(desk, ["001", "002"], ITS)
    shot = desk.shot("002")
    assert (shot.prompt, shot.negative, shot.keyframe.seed) == (ITS["prompt"], ITS["negative"], 123)
    assert (shot.keyframe.steps, shot.keyframe.cfg, shot.width, shot.height) == (20, 7.5, 512, 768)
    desk.undo()
    assert desk.board == before


@pytest.mark.parametrize(
    ("values", "sentence"),
    [({"id": "7"}, "picture's id cannot be taken over"), ({"prompt": "x", "steps": 9000}, "from 1 to")],
)
def test_what_does_not_fit_changes_nothing(tmp_path, values, sentence):
    desk = made(tmp_path / "film", "A door")
    before = desk.board
    with pytest.raises(StudioError, match=sentence):
        use(desk, ["001"], values)
    assert desk.board == before
