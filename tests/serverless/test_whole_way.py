"""A film at a serverless endpoint: real workers in the real SDK's loop, before real ComfyUIs; the endpoint is
emulated."""

import json
import os
import signal
from pathlib import Path

import pytest

import main
from infrastructure.clip_probe import probe
from tests.killing import WORKFLOWS, Render, check_whole, small_board
from tests.test_pod_chaos import executions, meanwhile

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
def test_a_studio_that_was_killed_with_three_jobs_under_way_makes_none_of_them_twice(
    tmp_path, told, endpoint, sdk_worker, real_comfy_server
):
    comfy = real_comfy_server()
    board = small_board(tmp_path, base_seed=31, shots=6)
    render = Render(board, tmp_path / "film", ("--backend", "serverless", "--endpoint", endpoint.id))
    process = render.start()
    assert endpoint.wait(lambda: len(endpoint.jobs) >= 3, 60)
    sdk_worker(endpoint, comfy.url)
    assert endpoint.wait(lambda: any(job.status == "COMPLETED" for job in endpoint.jobs.values()), 60)
    process.kill()
    process.communicate(timeout=60)

    check_whole(render, render.finished())
    assert executions(comfy) == len(render.recipes()), "a job was made twice"
    assert len(endpoint.jobs) == 2 * 6, "a keyframe and a chain of segments for each shot"


@pytest.mark.timeout(300)
def test_of_three_workers_one_is_killed_and_one_sticks_and_the_film_is_finished(
    tmp_path, told, endpoint, sdk_worker, real_comfy_server
):
    comfies = [real_comfy_server() for _ in range(3)]
    workers = [sdk_worker(endpoint, comfy.url) for comfy in comfies]
    endpoint.workers_max = 5
    board = small_board(tmp_path, base_seed=63, shots=6)

    def trouble(is_over):
        for worker, comfy in zip(workers[:2], comfies[:2], strict=True):
            if is_over.is_set() or not endpoint.wait(lambda at=worker.id: at in busy(endpoint), 60):
                return
            if comfy is comfies[0]:
                worker.kill()
            else:
                os.killpg(worker.pid, signal.SIGSTOP)
            endpoint.lose(worker.id)  # as the platform does after a while

    with meanwhile(trouble):
        code, summary, said = told(
            "render", board, "--json", *WORKFLOWS, "--backend", "serverless", "--endpoint", endpoint.id
        )
    assert code == 0, said
    takes = Path(summary["project"]) / "takes"
    recipes = [json.loads(path.read_text("utf-8")) for path in takes.glob("*.json")]
    assert {recipe["state"] for recipe in recipes} == {"done"}
    assert len({recipe["job"] for recipe in recipes}) == len(recipes) == summary["jobs"]["run"]
    assert endpoint.retried >= 2
    assert probe(Path(summary["film"])).frames > 0


def busy(endpoint):
    return {job.worker for job in endpoint.jobs.values() if job.status == "IN_PROGRESS"}
