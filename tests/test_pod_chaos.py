"""A film on pods whose line is bad and that die under it: it is finished, each take once, nothing made twice.

The ComfyUIs are real ones; the account and the proxy before them are emulated."""

import json
from pathlib import Path

import pytest

import main
from infrastructure.clip_probe import probe
from tests.killing import WORKFLOWS, board_of_twelve

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


@pytest.fixture
def told(capsys):
    def run(*words):
        code = main.main([*map(str, words)])
        out, error = capsys.readouterr()
        return code, json.loads(out) if out else None, error

    return run


def executions(*servers):
    said = (server.log.read_text("utf-8", errors="replace") for server in servers)
    return sum(log.count("Prompt executed in") for log in said)


def is_whole(summary):
    """The film is there, to the frame, and every file of every shot exists once."""
    files = [Path(file) for shot in summary["shots"] for file in (*shot["takes"], *shot["clips"])]
    assert len({*files}) == len(files) and all(file.is_file() for file in files)
    takes = Path(summary["project"]) / "takes"
    made = [path for path in takes.iterdir() if path.suffix in (".png", ".mp4", ".webm", ".webp")]
    assert sorted(made) == sorted(files), "nothing besides"
    assert probe(Path(summary["film"])).frames > 0
    return True


def test_a_film_is_finished_over_a_line_that_breaks_all_the_time(tmp_path, told, runpod, real_comfy):
    pod = runpod.add_pod(name="studio", server=real_comfy)
    pod.proxy.drop_sockets_every = 2.0
    pod.proxy.fail_share = 0.1
    pod.proxy.bad(502, seconds=10)
    board = board_of_twelve(tmp_path, base_seed=4711)
    before = executions(real_comfy)
    code, summary, said = told(
        "render", board, "--json", *WORKFLOWS, "--backend", "runpod", "--pod-id", pod.id
    )

    assert code == 0, said
    assert is_whole(summary)
    assert executions(real_comfy) - before == summary["jobs"]["run"]
    assert pod.proxy.drops and "does not answer; waiting for it" in said
