"""version run-handler: one workflow through a version's own ComfyUI, and nothing else on stdout."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import main

MAIN = Path(main.__file__)
SERVER = f"""
import os, sys
port = sys.argv[sys.argv.index("--port") + 1]
print("[INFO] to see GUI go to: here", flush=True)
if "--extra-model-paths-config" in sys.argv:
    text = open(sys.argv[sys.argv.index("--extra-model-paths-config") + 1]).read()
    print("its models:", " ".join(text.split()), flush=True)
code = '''
import sys, threading
from tests.fake_comfy import FakeComfy
fake = FakeComfy()
fake.port = int(sys.argv[1])
fake.start()
threading.Event().wait()
'''
os.environ["PYTHONPATH"] = {str(MAIN.parent)!r}
os.execv({sys.executable!r}, [{sys.executable!r}, "-c", code, port, *sys.argv])
"""
GRAPH = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 5}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "out"}},
}
PNG = b"\x89PNG"


@pytest.fixture
def typed(keeper, world, tmp_path):
    world.comfy.commit({"main.py": SERVER})
    keeper.realize(comfy={"repo": world.comfy.url})
    place = ["--versions", str(tmp_path / "versions"), "--store", str(keeper.store.folder)]

    def run(*words):
        which = [] if {"--version-id", "--spec", "film-b"} & {*words} else ["film-a"]
        command = [sys.executable, str(MAIN), "version", "run-handler", *which, *map(str, words), *place]
        return subprocess.run(command, capture_output=True, text=True, timeout=100, env=dict(os.environ))

    return run


@pytest.fixture
def workflow(tmp_path):
    file = tmp_path / "w.json"
    file.write_text(json.dumps(GRAPH))
    return file


def test_what_stands_on_stdout_is_base64_and_nothing_else(typed, workflow, tmp_path):
    done = typed("--workflow", workflow, "--out-file", tmp_path / "out.png")
    assert done.returncode == 0, done.stderr
    assert base64.b64decode(done.stdout, validate=False).startswith(PNG)
    assert done.stdout.count("\n") == 1 and base64.b64decode(done.stdout.strip(), validate=True)
    decoded = subprocess.run(["base64", "-d"], input=done.stdout.encode(), capture_output=True, check=True)
    assert decoded.stdout == (tmp_path / "out.png").read_bytes()
    assert not _servers(tmp_path)
    done = typed("--workflow", workflow, "--output", "file", "--out-file", tmp_path / "b.png", "--json")
    assert done.returncode == 0 and "base64" not in json.loads(done.stdout)
    assert (tmp_path / "b.png").read_bytes().startswith(PNG)


def test_what_goes_wrong_has_its_code_and_leaves_no_server(typed, workflow, tmp_path):
    assert typed("--workflow", tmp_path / "no.json").returncode == 2
    assert typed("--workflow", workflow, "--output", "file").returncode == 2
    workflow.write_text(json.dumps({"1": {"class_type": "NobodyHasThis", "inputs": {}}}))
    done = typed("--workflow", workflow)
    assert (done.returncode, done.stdout) == (1, "") and "NobodyHasThis" in done.stderr
    assert not _servers(tmp_path)


def test_a_file_goes_into_a_bucket_of_google(typed, workflow, world, tmp_path, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", world.host.url)
    monkeypatch.setenv("GCS_RETRY_BASE_SLEEP", "0")
    monkeypatch.setenv("OUTPUT_MODE", "gcs")
    monkeypatch.delenv("GOOGLE_OAUTH_ACCESS_TOKEN", raising=False)
    done = typed("--workflow", workflow)
    assert done.returncode == 2 and "--gcs-bucket, or the variable GCS_BUCKET" in done.stderr
    done = typed("--workflow", workflow, "--gcs-bucket", "films")
    assert done.returncode == 2 and "Set GOOGLE_OAUTH_ACCESS_TOKEN to what gcloud auth" in done.stderr
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "of google")
    world.host.statuses = [503]
    done = typed("--workflow", workflow, "--gcs-bucket", "films", "--gcs-prefix", "a/b", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["gcs_url"].startswith("gs://films/a/b/film-a_") and told["gcs_url"].endswith(".png")
    content = world.host.files[told["gcs_url"].removeprefix("gs:/")]
    assert content.startswith(PNG) and len(content) == told["size"]
    assert world.host.headers[-1]["Authorization"] == "Bearer of google"
    world.host.statuses = [403]
    done = typed("--workflow", workflow, "--gcs-bucket", "films")
    assert (done.returncode, done.stdout) == (3, "") and "refuses it (HTTP 403)" in done.stderr
    assert "of google" not in done.stderr


def test_a_version_is_named_by_its_spec_as_well_and_models_lie_where_somebody_says(typed, workflow, tmp_path):
    models = tmp_path / "mine"
    (models / "loras").mkdir(parents=True)
    spec = tmp_path / "versions" / "film-a.json"
    asked = ["--workflow", workflow, "--models-dir", models, "--verbose"]
    done = typed("--spec", spec, *asked)
    assert done.returncode == 0, done.stderr
    assert f'its models: cindergrace: base_path: "{models}"' in done.stderr
    assert "loras: loras" in done.stderr and "diffusion_models: | diffusion_models unet" in done.stderr
    assert typed("--version-id", "film-a", "--workflow", workflow).returncode == 0
    done = typed("film-b", "--spec", spec, "--workflow", workflow)
    assert done.returncode == 2 and "Say which version, once" in done.stderr
    done = typed("--workflow", workflow, "--models-dir", tmp_path / "nowhere")
    assert done.returncode == 2 and "is no folder" in done.stderr


def _servers(folder):
    """Processes whose command names a build below a folder."""
    found = []
    for words in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            said = words.read_bytes()
        except OSError:
            continue
        if os.fsencode(folder / "store" / "builds") in said:
            found.append(said)
    return found
