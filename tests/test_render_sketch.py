"""The examples, drawn by the built-in engine: whole films, exact to the frame, from one command."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

import main
from infrastructure.clip_probe import probe

EXAMPLES = sorted((Path(main.__file__).parent / "examples").glob("*.json"))


pytestmark = pytest.mark.usefixtures("home")


def rendered(board, capsys, *words):
    code = main.main(["render", str(board), "--json", *words])
    out, error = capsys.readouterr()
    assert code == 0, error
    return json.loads(out)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_becomes_a_whole_film(tmp_path, capsys, example):
    content = json.loads(example.read_text("utf-8"))
    for shot in content["shots"]:
        shot["duration"] /= 2
    board = tmp_path / "board.json"
    board.write_text(json.dumps({**content, "width": 256, "height": 256, "longest_segment": 2}), "utf-8")
    summary = rendered(board, capsys)
    clip = probe(Path(summary["film"]))
    assert clip.frames == sum(round(shot["duration"] * Fraction(clip.fps)) for shot in content["shots"])
    assert len(summary["shots"]) == len(content["shots"])
    assert any(len(shot["clips"]) > 1 for shot in summary["shots"])
    assert rendered(board, capsys)["jobs"]["run"] == 0


def test_there_are_examples_and_one_has_twelve_shots():
    counts = [len(json.loads(path.read_text("utf-8"))["shots"]) for path in EXAMPLES]
    assert len(counts) >= 3 and 12 in counts
