"""`render` as somebody types it: what is said where, its exit codes, and what bad input leaves behind."""

import json
import re
from pathlib import Path

import pytest

from infrastructure.clip_probe import probe
from tests.commands.typing import SMALL, WORKFLOWS, board, nobody, refused


def test_json_is_exactly_one_object_with_the_keys_of_the_contract(finished):
    folder, said = finished
    (line,) = said.stdout.splitlines()
    summary = json.loads(line)
    assert list(summary) == ["project", "film", "shots", "jobs", "seconds"]
    assert summary["jobs"] == {"run": 4, "reused": 0, "failed": 0}
    assert [list(shot) for shot in summary["shots"]] == [["id", "takes", "keyframe", "clips", "video"]] * 2
    assert summary["seconds"] > 0
    files = [summary["film"]]
    for shot in summary["shots"]:
        files += [*shot["takes"], shot["keyframe"], *shot["clips"], shot["video"]]
    assert all(Path(file).is_absolute() and Path(file).is_file() for file in files)
    assert Path(summary["project"]).samefile(folder / "board")


def test_the_film_has_exactly_the_frames_of_its_shots(finished):
    assert probe(finished[0] / "board" / "film.mp4").frames == 8 + 12


def test_progress_goes_to_stderr_in_plain_lines_where_nobody_looks(finished):
    lines = finished[1].stderr.splitlines()
    assert "saved film.mp4" in lines
    assert not re.search(r"[\r\x1b█]", finished[1].stderr)


def test_rendering_a_finished_board_again_runs_no_job(project, told):
    code, out, _ = told("render", project / "board.json", "--json", *WORKFLOWS)
    summary = json.loads(out)
    assert (code, summary["jobs"]) == (0, {"run": 0, "reused": 4, "failed": 0})
    assert summary["film"]


def test_without_json_the_films_path_is_all_there_is_on_stdout(project, told):
    code, out, error = told("render", project / "board.json", *WORKFLOWS)
    assert (code, out) == (0, f"{(project / 'board' / 'film.mp4').resolve()}\n")
    assert "0 jobs run, 4 reused, 0 failed." in error


def test_the_project_lies_beside_the_board_or_where_it_is_asked_for(project, told):
    told("render", project / "board.json", *WORKFLOWS, "--project", project / "board")
    assert not (project / "board" / "board").exists()


def test_a_projects_own_board_is_rendered_where_it_lies(project, told):
    (project / "board.json").rename(project / "board" / "storyboard.json")
    code, out, _ = told("render", project / "board" / "storyboard.json", "--json", *WORKFLOWS)
    assert json.loads(out)["jobs"]["run"] == 0 and code == 0


def test_a_repair_is_told_and_the_board_rendered(project, told):
    shots = [{**SMALL["shots"][0], "duration": "0.5s"}, SMALL["shots"][1]]
    board(project, {**SMALL, "shots": shots})
    code, _, error = told("render", project / "board.json", *WORKFLOWS)
    assert code == 0
    assert "duration" in error and "0.5" in error


def test_failed_shots_are_named_with_their_reason_and_there_is_no_film(project, told):
    shots = [{**SMALL["shots"][0], "start_image": "gone.png"}, SMALL["shots"][1]]
    board(project, {**SMALL, "shots": shots})
    code, out, error = told("render", project / "board.json", "--json", *WORKFLOWS)
    assert (code, json.loads(out)["film"]) == (1, None)
    assert re.search(r"FAILED shot 001: .*gone\.png", error)


def test_a_partial_film_is_made_when_asked_for_and_the_code_still_says_so(project, told):
    board(project, {**SMALL, "shots": [{"shot_id": "x", "prompt": ""}, SMALL["shots"][1]]})
    code, out, error = told("render", project / "board.json", "--json", "--partial", *WORKFLOWS)
    assert (code, json.loads(out)["film"]) == (1, str((project / "board" / "film.mp4").resolve()))
    assert "FAILED shot x: It has no prompt." in error


def test_the_film_has_the_rate_asked_for(project, told):
    told("render", project / "board.json", *WORKFLOWS, "--fps", "24")
    clip = probe(project / "board" / "film.mp4")
    assert (clip.fps, clip.frames) == (24, 12 + 18)


BAD_BOARDS = {
    "no file": None,
    "empty": "",
    "no json": '{\n "shots": [,]}',
    "not utf-8": b"\xff\xfe{\x00",
    "a number": "7",
    "no shots": {"shots": []},
    "nothing to render": {"shots": [{"shot_id": "1", "prompt": " "}, {"shot_id": "2"}]},
    "only problems": {"shots": [{"shot_id": "1", "prompt": "A lamp.", "start_image": "gone.png"}]},
    "a batch": {"shots_with_references": []},
}


@pytest.mark.parametrize("content", BAD_BOARDS.values(), ids=BAD_BOARDS)
def test_a_board_that_cannot_be_used_is_named_and_nothing_is_written(tmp_path, told, content):
    path = tmp_path / "board.json"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        board(tmp_path, content)
    refused(tmp_path, told, "board.json", "render", "board.json")


def test_a_mistake_in_a_board_is_told_with_its_line(tmp_path, told):
    board(tmp_path, '{\n "shots": [\n  {"prompt": "A lamp" "duration": 3}\n]}')
    assert "line 3" in refused(tmp_path, told, "board.json", "render", "board.json")


def test_a_workflow_for_comfyuis_window_is_refused_with_what_to_do(tmp_path, told):
    board(tmp_path)
    board(tmp_path, {"nodes": [], "links": [], "version": 0.4}, "mine.json")
    refused(tmp_path, told, "Export (API)", "render", "board.json", "--keyframe-workflow", "mine.json")


def test_a_backend_that_does_not_answer_is_3_and_leaves_nothing_behind(tmp_path, told):
    board(tmp_path)
    code, out, error = told("render", "board.json", "--json", "--backend", "local", "--url", nobody())
    summary = json.loads(out)
    assert (code, summary["film"], summary["jobs"]["run"]) == (3, None, 0)
    assert error.count("\n") == 1 and error.startswith("error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["board.json"]


def test_a_finished_board_needs_no_backend_to_be_rendered_again(project, told):
    for recipe in (project / "board" / "takes").glob("*.json"):
        recipe.write_text(
            recipe.read_text("utf-8").replace('"engine": "sketch"', '"engine": "comfyui"'), "utf-8"
        )
    words = ["--backend", "local", "--url", nobody(), *WORKFLOWS]
    code, out, _ = told("render", project / "board.json", "--json", *words)
    assert (code, json.loads(out)["jobs"]["run"]) == (0, 0)
