"""The commands as somebody types them: exit codes, what is said where, and what bad input leaves behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

import main
from commands import parser
from domain import VERSION
from infrastructure.clip_probe import probe
from infrastructure.comfy_api import USER_AGENT
from tests import film_corpus
from tests.renders import stamps

HERE = Path(main.__file__).parent
LONGEST = 60.0
SMALL = {
    "project": "Lamps",
    "width": 256,
    "height": 256,
    "variants": 1,
    "base_seed": 5,
    "shots": [
        {"shot_id": "001", "prompt": "A lamp on a pier at night.", "duration": 0.5},
        {"shot_id": "002", "prompt": "The sea, wide, in the morning.", "duration": 0.75},
    ],
}
LAMP = {"shot_id": 1, "prompt": "A lamp."}  # a shot of a batch
WORKFLOWS = ["--keyframe-workflow", "keyframe_test", "--video-workflow", "video_test"]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs signals and terminals")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Settings and workflows of a user who has none."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A board and the project that a render made of it, with what the command said."""
    folder = tmp_path_factory.mktemp("finished")
    board(folder)
    said = typed(folder, "render", "board.json", "--json", *WORKFLOWS)
    assert said.returncode == 0, said.stderr
    return folder, said


@pytest.fixture
def project(finished, tmp_path):
    folder = tmp_path / "work"
    shutil.copytree(finished[0], folder)
    return folder


def board(folder, content=SMALL, name="board.json"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def typed(folder, *words):
    """As in a terminal, from a folder."""
    return subprocess.run(
        [sys.executable, str(HERE / "main.py"), *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LONGEST,
        check=False,
    )


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    """The same without a process of its own: code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        try:
            code = main.main([str(word) for word in words])
        except SystemExit as end:
            code = end.code
        return code, *capsys.readouterr()

    return run


def nobody():
    """An address where nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


# --- render ---------------------------------------------------------------------------------------


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


# --- bad input: 2, a sentence, and nothing written ------------------------------------------------

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


def test_a_workflow_for_comfyuis_window_is_refused_with_what_to_do(tmp_path, told):
    board(tmp_path)
    board(tmp_path, {"nodes": [], "links": [], "version": 0.4}, "mine.json")
    refused(tmp_path, told, "Export (API)", "render", "board.json", "--keyframe-workflow", "mine.json")


def refused(folder, told, said, *words):
    before = stamps(folder)
    code, out, error = told(*words)
    assert (code, out) == (2, ""), error
    assert said in error
    assert "Traceback" not in error
    assert stamps(folder) == before
    assert sorted(folder.iterdir()) == sorted({folder / path.relative_to(folder).parts[0] for path in before})
    return error


# --- nobody answers: 3 ----------------------------------------------------------------------------


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


# --- the disk is full -----------------------------------------------------------------------------


@POSIX
def test_a_full_disk_ends_a_render_with_one_sentence_before_anything_is_drawn(tmp_path):
    board(tmp_path)
    script = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
sys.path.insert(0, {str(HERE)!r})
import main
sys.exit(main.main(["render", "board.json", *{WORKFLOWS}]))
"""
    words = [sys.executable, "-c", script]
    said = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=LONGEST, check=False)
    (sentence,) = [line for line in said.stderr.splitlines() if "cannot be written" in line]
    assert (said.returncode, said.stdout) == (1, "")
    assert sentence.endswith("cannot be written: File too large.")
    assert "Traceback" not in said.stderr
    assert not list(tmp_path.rglob("*.part*")) and not list(tmp_path.rglob("*.png"))
    assert typed(tmp_path, "render", "board.json", *WORKFLOWS).returncode == 0


# --- interrupted: 130 -----------------------------------------------------------------------------


@POSIX
def test_an_interrupted_render_says_so_leaves_nothing_half_done_and_goes_on(tmp_path):
    long = {**SMALL, "width": 640, "height": 352, "shots": [{**SMALL["shots"][0], "duration": 10}]}
    board(tmp_path, long)
    words = [sys.executable, str(HERE / "main.py"), "render", "board.json", "--json", *WORKFLOWS]
    with subprocess.Popen(
        words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        end = time.monotonic() + LONGEST
        while not (tmp_path / "board" / "takes" / "001.01_v1.json").exists():
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=LONGEST)
    assert process.returncode == 130
    assert "Interrupted. The same command goes on from here." in error
    assert "Traceback" not in error
    assert json.loads(out)["shots"][0]["takes"] == [str(tmp_path / "board" / "takes" / "001_v1.png")]
    assert not list(tmp_path.rglob("*.part*"))
    recipe = json.loads((tmp_path / "board" / "takes" / "001.01_v1.json").read_text("utf-8"))
    assert recipe["state"] == "cancelled"
    board(tmp_path, {**long, "shots": [{**SMALL["shots"][0], "duration": 0.5}]})
    assert typed(tmp_path, *words[2:]).returncode == 0


@POSIX
def test_on_a_terminal_there_is_a_bar(tmp_path):
    import pty  # where there is one

    board(tmp_path)
    ours, theirs = pty.openpty()
    words = [sys.executable, str(HERE / "main.py"), "render", "board.json", *WORKFLOWS]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        said = b""
        while chunk := _read(ours):
            said += chunk
        process.communicate(timeout=LONGEST)
    os.close(ours)
    assert process.returncode == 0
    assert "█" in said.decode() and "░" in said.decode() and "\r" in said.decode()
    assert "saved film.mp4" in said.decode()


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""


# --- shots ----------------------------------------------------------------------------------------


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


@POSIX
@pytest.mark.parametrize("gone", ["stdout", "stderr"])
def test_a_render_whose_reader_has_gone_goes_on_or_says_that_it_is_cut_off(tmp_path, gone):
    board(tmp_path)
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, str(HERE / "main.py"), "render", "board.json", *WORKFLOWS]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, gone: writer}
    done = subprocess.run(words, cwd=tmp_path, timeout=LONGEST, check=False, **pipes)
    os.close(writer)
    film = tmp_path / "board" / "film.mp4"
    assert (done.returncode, film.exists()) == (130, True)
    assert b"Traceback" not in (done.stderr or b"") and b"Exception" not in (done.stderr or b"")


@POSIX
def test_a_folder_whose_name_is_no_text_is_a_folder(tmp_path):
    """Bytes that are no UTF-8, as older disks have them."""
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    own = {"shot_id": "own", "prompt": "A lamp.", "start_image": "lamp.png", "duration": 1.5}
    board(folder, {**SMALL, "longest_segment": 0.5, "shots": [*SMALL["shots"], own]})
    Image.new("RGB", (256, 256), "red").save(folder / "lamp.png")
    said = typed(folder, "render", folder / "board.json", "--json", *WORKFLOWS)
    assert said.returncode == 0, said.stderr
    assert Path(json.loads(said.stdout)["film"]).is_file()


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


# --- the small ones -------------------------------------------------------------------------------


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
