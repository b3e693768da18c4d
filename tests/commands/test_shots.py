"""`shots` as a program calls it: one JSON object, or a refusal that leaves nothing behind."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from tests.commands.typing import board, nobody, refused

LAMP = {"shot_id": 1, "prompt": "A lamp."}  # a shot of a batch


def test_a_batch_is_answered_with_one_json_object(tmp_path, told):
    batch = {
        "shots_with_references": [
            {"shot_id": 1, "prompt": "A lamp."},
            {"shot_id": "b", "prompt": "The sea.", "references": [{"url": "gone.png", "reference_id": "r"}]},
        ],
        "workflow": "keyframe_test",
        "batch_size": 2,
    }
    board(tmp_path, batch, "batch.json")
    code, out, _ = told("shots", "batch.json")
    answer = json.loads(out)
    assert code == 1
    assert [image["success"] for image in answer["generated_images"]] == [True, False]
    assert answer["total_images"] == 2
    url = answer["generated_images"][0]["image_url"]
    assert Path(re.sub("^file://", "", url)).is_file()


def test_references_choose_a_workflow_that_takes_them(tmp_path, told):
    for name, colour in (("a.png", "red"), ("b.png", "blue")):
        Image.new("RGB", (64, 64), colour).save(tmp_path / name)
    references = [{"url": name, "reference_id": name} for name in ("a.png", "b.png")]
    shot = {"shot_id": 1, "prompt": "A lamp.", "references": references}
    batch = {"shots_with_references": [shot], "workflow": {"width": 64, "height": 64}}
    board(tmp_path, batch, "batch.json")
    code, out, _ = told("shots", "batch.json")
    assert (code, json.loads(out)["generated_images"][0]["references_used"]) == (0, ["a.png", "b.png"])
    recipe = json.loads((tmp_path / "batch" / "takes" / "1_v1.json").read_text("utf-8"))
    assert recipe["workflow"] == "keyframe_qwen_edit_2ref"
    assert [Path(path).name for path in recipe["inputs"]] == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        ({"shots_with_references": []}, "shots_with_references"),
        ({"shots_with_references": [{"shot_id": 1, "prompt": "A."}], "workflow": "nope"}, "nope"),
        ({"shots_with_references": [{"shot_id": 1, "prompt": "A."}], "workflow": {"type": "wan21"}}, "wan21"),
        ({"shots_with_references": [LAMP], "workflow": {"nodes": [], "links": []}}, "Export (API)"),
        ([], "shots_with_references"),
        ("{", "batch.json"),
    ],
)
def test_a_bad_batch_is_refused_and_nothing_is_written(tmp_path, told, batch, said):
    board(tmp_path, batch, "batch.json")
    refused(tmp_path, told, said, "shots", "batch.json")


def test_half_a_character_in_a_batch_ends_nothing(tmp_path, told):
    shots = '[{"shot_id": "\\ud83d", "prompt": "A lamp \\ud83d."}]'
    board(tmp_path, f'{{"shots_with_references": {shots}}}', "batch.json")
    code, out, error = told("shots", "batch.json", "--backend", "sketch")
    assert code == 0, error
    assert json.loads(out)["generated_images"][0]["success"]


def test_a_batch_for_a_backend_that_does_not_answer_is_3(tmp_path, told):
    board(tmp_path, {"shots_with_references": [{"shot_id": 1, "prompt": "A."}]}, "batch.json")
    code, out, _ = told("shots", "batch.json", "--backend", "local", "--url", nobody())
    assert (code, out) == (3, "")
    assert [path.name for path in tmp_path.iterdir()] == ["batch.json"]
