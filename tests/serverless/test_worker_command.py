"""`python -m worker`, as somebody calls it."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.comfy_jobs import picture, puts_out, saved

ROOT = Path(__file__).parent.parent.parent


def called(*words, **environment):
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("S3_", "GCS_", "COMFY_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "worker", *map(str, words)],
        cwd=ROOT,
        env=own | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def flow(tmp_path):
    def write(graph):
        path = tmp_path / "flow.json"
        path.write_text(json.dumps(graph))
        return path

    return write


def test_help_needs_nothing_but_python():
    command = [sys.executable, "-S", "-m", "worker", "--help"]  # -S: without any package
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "serve" in done.stdout and "doctor" in done.stdout


def test_without_a_deed_the_help_is_shown():
    done = called()
    assert (done.returncode, done.stdout) == (2, "")
    assert "--workflow" in done.stderr


def test_a_workflow_is_carried_out_and_the_answer_is_on_standard_output(fake, flow, tmp_path):
    start = tmp_path / "start.png"
    start.write_bytes(b"a start image")
    graph = {**picture(), "4": {"class_type": "LoadImage", "inputs": {"image": "start.png"}}}
    done = called("--workflow", flow(graph), "--images", start, COMFY_URL=fake.url)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert base64.b64decode(answer["images"][0]["data"]) in fake.files.values()
    assert b"a start image" in fake.files.values()
    assert "ComfyUI 0.33.0 answers" in done.stderr


def test_files_go_where_they_are_wanted(fake, flow, tmp_path):
    graph = puts_out({"images": [saved("a.png")], "gifs": [saved("b.mp4")]})
    to = tmp_path / "out" / "film.png"
    done = called("--workflow", flow(graph), "--out-file", to, "--output", "base64", COMFY_URL=fake.url)
    assert done.returncode == 0, done.stderr
    assert to.read_bytes() == b"content of a.png"
    assert (to.parent / "film-2.mp4").read_bytes() == b"content of b.mp4"
    told = json.loads(done.stdout)
    assert [output["path"] for output in told["outputs"]] == [str(to), str(to.parent / "film-2.mp4")]
    assert "images" not in told


def test_they_go_there_whatever_their_size_and_whatever_bucket_is_set_up(fake, flow, tmp_path):
    graph = puts_out({"gifs": [saved("b.mp4")]}, content="x" * (15 << 20))
    bucket = {"S3_BUCKET_NAME": "films", "S3_ENDPOINT_URL": "http://127.0.0.1:9"}
    to = tmp_path / "film.mp4"
    done = called("--workflow", flow(graph), "--out-file", to, COMFY_URL=fake.url, **bucket)
    assert done.returncode == 0, done.stderr
    assert to.stat().st_size == 15 << 20
    (output,) = json.loads(done.stdout)["outputs"]
    assert (output["path"], output["size"], "data" in output) == (str(to), 15 << 20, False)


def test_words_alone_go_there_as_well(fake, flow, tmp_path):
    to = tmp_path / "caption.txt"
    graph = puts_out({"text": ["a hill in rain"]})
    done = called("--workflow", flow(graph), "--out-file", to, COMFY_URL=fake.url)
    assert to.read_text() == "a hill in rain", done.stderr
    assert json.loads(done.stdout)["path"] == str(to)


def test_a_place_that_cannot_be_written_is_told_of(fake, flow, tmp_path):
    (tmp_path / "out").touch()
    done = called("--workflow", flow(picture()), "--out-file", tmp_path / "out" / "a.png", COMFY_URL=fake.url)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr and json.loads(done.stdout)["details"][0]["kind"] == "cannot_write"


@pytest.mark.parametrize("word", ["--workflow", "--test_input"])
def test_serving_a_single_order_carries_out_that_one(fake, flow, word):
    given = picture() if word == "--workflow" else {"input": {"workflow": picture()}}
    done = called("serve", word, flow(given), COMFY_URL=fake.url)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["images"]


def test_words_that_are_no_command_line_are_told_in_a_sentence(tmp_path):
    home = tmp_path / "ComfyUI"
    home.mkdir()
    (home / "main.py").touch()
    given = {"COMFY_HOME": str(home), "COMFY_PYTHON": sys.executable, "COMFY_ARGS": "--x 'y"}
    for deed in ("doctor", "serve"):
        done = called(deed, COMFY_URL="http://127.0.0.1:9", **given)
        assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "COMFY_ARGS cannot be read" in called("doctor", COMFY_URL="http://127.0.0.1:9", **given).stdout


@pytest.mark.parametrize("is_file", [True, False])
def test_a_jobs_input_may_be_a_file_or_json(fake, flow, is_file):
    given = {"input": {"workflow": picture()}}
    done = called("--test_input", flow(given) if is_file else json.dumps(given), COMFY_URL=fake.url)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["images"]


def test_a_jobs_input_may_be_json_in_a_string_and_delivered_otherwise(fake):
    given = json.dumps({"input": json.dumps({"workflow": picture()})})
    done = called("--test_input", given, "--output", "base64", COMFY_URL=fake.url)
    assert done.returncode == 0, done.stderr


def test_what_fails_ends_with_a_sentence_and_the_answer_for_programs(fake, flow):
    graph = {"7": {"class_type": "Break", "inputs": {"message": "no such sigma", "kind": "ValueError"}}}
    done = called("--workflow", flow(graph), COMFY_URL=fake.url)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "Node 7: “Break” (Break) failed: no such sigma"
    assert json.loads(done.stdout)["details"][0]["node_id"] == "7"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--workflow", "nowhere.json"), "nowhere.json cannot be read"),
        (("--workflow", "{}"), "The workflow is no object of nodes."),
        (("--test_input", "{"), "That is no JSON"),
        (("--test_input", "{}", "--images", "a.png"), "give --test_input alone"),
        (("--unheard-of",), "unrecognized arguments: --unheard-of"),
    ],
)
def test_mistakes_on_the_command_line_are_told(fake, words, said):
    done = called(*words, COMFY_URL=fake.url)
    assert done.returncode in (1, 2) and said in done.stderr
    assert "Traceback" not in done.stderr


def test_serving_without_the_sdk_says_what_to_install(fake):
    done = called("serve", COMFY_URL=fake.url)
    assert done.returncode == 1
    assert "The package runpod is missing: install worker/requirements.txt." in done.stderr


# --- the doctor


def test_the_doctor_tells_what_was_looked_for_and_the_first_thing_to_mend(tmp_path):
    done = called("doctor", COMFY_HOME=str(tmp_path), COMFY_URL="http://127.0.0.1:9")
    assert done.returncode == 1
    assert f"ComfyUI at {tmp_path}: not there (COMFY_HOME)" in done.stdout
    assert "volume /runpod-volume: not there" in done.stdout
    assert "package runpod: missing" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("First: No ComfyUI was found. Tried: ")


def test_the_doctor_comes_also_where_a_package_is_missing(tmp_path):
    for name in ("boto3", "runpod"):
        (tmp_path / f"{name}.py").write_text("raise ModuleNotFoundError(name=__name__)")
    done = called("doctor", PYTHONPATH=str(tmp_path), COMFY_URL="http://127.0.0.1:9")
    assert "package requests" in done.stdout and "First: " in done.stdout, done.stderr


def test_the_doctor_looks_into_an_installation(tmp_path, fake):
    home = tmp_path / "ComfyUI"
    nodes = "custom_nodes/clever", "custom_nodes/.git"
    for folder in ("com_venv/bin", "models/vae", "models/text_encoders", *nodes):
        (home / folder).mkdir(parents=True)
    (home / "main.py").touch()
    for name in ("vae/a.safetensors", "text_encoders/b.gguf", "text_encoders/put_here"):
        (home / "models" / name).touch()
    python = home / "com_venv" / "bin" / "python"
    python.write_text("#!/bin/sh\necho 2.13.0\n")
    python.chmod(0o755)
    (home / "cindergrace-version.json").write_text('{"id": "2026-11"}')
    told = called("doctor", COMFY_HOME=str(home), COMFY_URL=fake.url, S3_BUCKET_NAME="films").stdout
    for line in (
        f"ok  installation: {home}, run by {python}",
        "ok  torch: 2.13.0",
        "ok  models: 1 text_encoders, 1 vae",
        "ok  custom nodes: clever",
        "ok  version: 2026-11",
        f"ok  answer at {fake.url}: ComfyUI 0.33.0",
        "ok  delivery: base64, s3",
    ):
        assert line in told.splitlines(), told
