"""A film at a serverless endpoint: real workers in the real SDK's loop, before real ComfyUIs; the endpoint is
emulated."""

import json
from pathlib import Path

import pytest

import main
from infrastructure.clip_probe import probe
from tests.killing import WORKFLOWS, board_of_twelve

pytestmark = pytest.mark.real


@pytest.fixture
def told(tmp_path, monkeypatch, capsys, runpod):
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("RUNPOD_API_KEY", runpod.key)

    def run(*words):
        code = main.main([*map(str, words)])
        out, error = capsys.readouterr()
        return code, json.loads(out) if out else None, error

    return run


@pytest.mark.timeout(300)
def test_a_film_is_made_at_an_endpoint(tmp_path, told, endpoint, sdk_worker, real_comfy):
    sdk_worker(endpoint, real_comfy.url)
    board = board_of_twelve(tmp_path, base_seed=99)
    code, summary, said = told(
        "render", board, "--json", *WORKFLOWS, "--backend", "serverless", "--endpoint", endpoint.id
    )
    assert code == 0, said
    assert probe(Path(summary["film"])).frames > 0
    takes = Path(summary["project"]) / "takes"
    recipes = [json.loads(path.read_text("utf-8")) for path in takes.glob("*.json")]
    assert len(recipes) == summary["jobs"]["run"] == len(endpoint.jobs)
    assert {recipe["state"] for recipe in recipes} == {"done"}
    assert {recipe["machine"] for recipe in recipes} == {"w1"}
