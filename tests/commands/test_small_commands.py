"""The small commands, help, and words that are no command."""

import json
import re
import subprocess
import sys

import pytest

from commands import parser
from domain import VERSION
from infrastructure.http_line import USER_AGENT
from tests import film_corpus
from tests.commands.typing import HERE, LONGEST, WORKFLOWS, board, nobody, refused
from tests.renders import stamps

BAD_WORDS = {
    "an unknown keyframe workflow": ("keyframe_nope", "--keyframe-workflow", "keyframe_nope"),
    "an unknown video workflow": ("video_nope", "--video-workflow", "video_nope"),
    "a keyframe workflow as video workflow": ("start image", "--video-workflow", "keyframe_test"),
    "a pick past the variants": ("each shot gets 1", "--pick", "2"),
    "a pick past those asked for": ("each shot gets 2", "--variants", "2", "--pick", "3"),
    "no variants": ("--variants", "--variants", "0"),
    "odd variants": ("--variants", "--variants", "many"),
    "no pick": ("--pick", "--pick", "0"),
    "no rate": ("--fps", "--fps", "0"),
    "an endless rate": ("--fps", "--fps", "nan"),
    "an odd rate": ("--fps", "--fps", "fast"),
    "an unknown backend": ("--backend", "--backend", "cloud"),
    "a url without its backend": ("--backend", "--url", "http://127.0.0.1:1"),
    "a url of another kind": ("http", "--backend", "local", "--url", "ftp://here"),
    "a url with a password": ("password", "--backend", "local", "--url", "http://a:b@here"),
    "an evil pod": ("pod id", "--backend", "runpod", "--pod-id", "evil.example/?x="),
    "no pod": ("pod id", "--backend", "runpod"),
    "an unknown option": ("--nope", "--nope"),
}


@pytest.mark.parametrize("words", BAD_WORDS.values(), ids=BAD_WORDS)
def test_a_mistyped_command_is_told_and_nothing_is_written(tmp_path, told, words):
    said, *asked = words
    board(tmp_path)
    refused(tmp_path, told, said, "render", "board.json", *asked)


def test_a_picked_take_is_the_keyframe_from_then_on(project, told):
    take = project / "board" / "takes" / "002_v1.png"
    code, out, _ = told("pick", project / "board", "001", take)
    assert (code, out) == (0, f"{(project / 'board' / 'keyframes' / '001.png').resolve()}\n")
    code, out, _ = told("render", project / "board.json", "--json", *WORKFLOWS)
    assert json.loads(out)["jobs"] == {"run": 1, "reused": 3, "failed": 0}


@pytest.mark.parametrize(
    "words", [("gone", "001", "a.png"), ("board", "001", "a.png"), ("board", "../../x", "a.png")]
)
def test_a_pick_that_cannot_be_is_refused(project, told, monkeypatch, words):
    monkeypatch.chdir(project)
    before = stamps(project)
    code, _, error = told("pick", *words)
    assert (code, error.count("\n")) == (2, 1)
    assert stamps(project) == before


def test_a_frame_is_saved_as_a_picture(tmp_path, told):
    pictures = [film_corpus.picture(3, number) for number in range(5)]
    film_corpus.encode(pictures, tmp_path / "clip.mp4")
    for words, number in (([], 4), (["--first"], 0), (["--number", "2"], 2), (["--number", "-5"], 0)):
        code, _, _ = told("frame", "clip.mp4", "out.png", *words)
        assert code == 0
        assert film_corpus.code(film_corpus.pixels_of(tmp_path / "out.png")) == (3, number)


def test_a_frame_that_is_not_there_is_refused(tmp_path, told):
    assert "clip.mp4" in refused(tmp_path, told, "clip.mp4", "frame", "clip.mp4", "out.png")


@pytest.mark.parametrize("words", [["--number", "middle"], ["--first", "--number", "3"]])
def test_a_frame_nobody_can_mean_is_refused(tmp_path, told, words):
    assert "--number" in refused(tmp_path, told, "--number", "frame", "clip.mp4", "out.png", *words)


@pytest.mark.parametrize("port", ["0", "-1", "99999", "http"])
def test_what_is_no_port_is_refused(tmp_path, told, port):
    refused(tmp_path, told, "--port", "--port", port)


def test_the_workflows_are_listed_with_what_they_are_for(told):
    code, out, _ = told("workflows")
    assert code == 0
    assert re.search(r"^  keyframe_z_image_turbo +\w+", out, re.MULTILINE)
    assert re.search(r"^  video_wan22_5b +\w+", out, re.MULTILINE)


def test_the_testbench_prints_a_report_and_nothing_but_it(told):
    code, out, _ = told("testbench", "--images", 1, *WORKFLOWS)
    assert code == 0
    assert out.startswith(f"Studio:   Cindergrace Studio {VERSION}, ")
    assert re.search(r"^ok +Images .*1024×576, seed 1, with keyframe_test$", out, re.MULTILINE)
    assert "skipped  Upload" in out


def test_the_testbench_tells_programs_in_json_what_it_measured(told):
    code, out, _ = told("testbench", "--json", "--images", 1, "--seed", 7, *WORKFLOWS)
    (line,) = out.splitlines()
    report = json.loads(line)
    assert code == 0 and report["is_good"] is True
    images = next(stage for stage in report["stages"] if stage["name"] == "images")
    assert images["state"] == "ok" and images["facts"]["workflow"] == "keyframe_test"


def test_the_testbench_tells_by_its_exit_code_that_nobody_answers_and_reports_all_the_same(told):
    code, out, _ = told("testbench", "--backend", "local", "--url", nobody(), *WORKFLOWS)
    assert code == 3
    assert "failed   Connect" in out and "No ComfyUI answers" in out


@pytest.mark.parametrize("words", [("--seed", "-1"), ("--seed", 2**64), ("--seed", "x"), ("--images", 0)])
def test_the_testbench_refuses_numbers_that_are_none(told, words):
    assert told("testbench", *words)[0] == 2


def test_check_says_who_answers(told):
    code, out, _ = told("check")
    assert code == 0 and "sketch" in out.lower()
    assert told("check", "--backend", "local", "--url", nobody())[0] == 3


def commands():
    (choices,) = [action.choices for action in parser()._actions if isinstance(action.choices, dict)]
    return sorted(choices)


@pytest.mark.parametrize("command", commands())
def test_the_help_of_every_command_shows_an_example(told, command):
    code, out, _ = told(command, "--help")
    assert code == 0
    assert f"example: python main.py {command}" in out


def test_the_version_is_the_one_that_servers_are_told(told):
    assert told("--version")[:2] == (0, f"Cindergrace Studio {VERSION}\n")
    assert USER_AGENT.partition("/") == ("CindergraceStudio", "/", VERSION)


def test_help_brings_nothing_slow_along():
    """What it costs is measured in the bench; here, what it loads."""
    script = """
import sys, main
try:
    main.main(["render", "--help"])
except SystemExit:
    print(*({"gradio", "numpy", "PIL", "requests", "websocket"} & {*sys.modules}), file=sys.stderr)
"""
    words = [sys.executable, "-c", script]
    said = subprocess.run(words, cwd=HERE, capture_output=True, text=True, timeout=LONGEST, check=False)
    assert said.stderr == "\n"


@pytest.mark.parametrize("words", [["comic", "plan", "script.txt", "--out", "plan.json"], ["--no-browser"]])
def test_a_python_without_the_packages_is_told_how_to_get_them(tmp_path, words):
    bare = [sys.executable, "-S", HERE / "main.py", *words]  # -S: without what is installed
    done = subprocess.run(bare, cwd=tmp_path, capture_output=True, text=True, timeout=LONGEST)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"The package \w+ is missing: start with python3 start.py,.*\n", done.stderr)


@pytest.mark.parametrize("module", ["commands.window", "webbrowser"])
def test_what_no_package_brings_is_not_called_one(module):
    script = f'import sys, main; sys.modules["{module}"] = None; main.main([])'
    words = [sys.executable, "-c", script]
    done = subprocess.run(words, cwd=HERE, capture_output=True, text=True, timeout=LONGEST)
    assert done.returncode == 1 and "Traceback" in done.stderr and "start.py" not in done.stderr
