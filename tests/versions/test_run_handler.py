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
        command = [sys.executable, str(MAIN), "version", "run-handler", "film-a", *map(str, words), *place]
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
