"""A film at a serverless endpoint: real workers in the real SDK's loop, before real ComfyUIs; the endpoint is
emulated."""

import json
import os
import signal
from pathlib import Path

import pytest
import requests

import main
from domain.errors import JobRejected
from infrastructure.clip_probe import probe
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.runpod_backend import RunPodBackend
from tests import real_comfy_build
from tests.comfy_jobs import make_job
from tests.killing import WORKFLOWS, Render, check_whole, small_board
from tests.serverless.hands import heard
from tests.test_pod_chaos import executions, meanwhile
from tests.test_real_comfy import picture_graph

pytestmark = pytest.mark.real


@pytest.fixture
def told(home, monkeypatch, capsys, runpod):
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


@pytest.mark.timeout(300)
def test_a_worker_says_what_its_comfyui_has_and_only_what_that_can_do_is_paid_for(
    tmp_path, runpod, endpoint, sdk_worker, real_comfy, comfy_installation
):
    sdk_worker(endpoint, real_comfy.url)
    backend = RunPodBackend(endpoint.id, lambda: runpod.key)
    _, about = heard(backend.ask())
    info = requests.get(f"{real_comfy.url}/object_info", timeout=60).json()
    assert about.server == f"ComfyUI {real_comfy_build.VERSION}"
    assert set(about.object_info) == set(info) and about.object_info == ComfyBackend(real_comfy.url).known()
    assert about.brief()["nodes"] == len(info)
    there = {model.name for model in comfy_installation.models.glob("*/tiny_*.safetensors")}
    assert there and there <= models(about) and about.models == len(models(about))
    (question,) = endpoint.jobs.values()
    assert len(json.dumps(question.output)) < 10_000, "docs/SERVERLESS.md says 7 KB"

    graph = picture_graph(seed=737_373)
    graph["1"]["inputs"]["ckpt_name"] = "huge.safetensors"
    with pytest.raises(JobRejected) as refused:
        heard(backend.run(make_job(tmp_path, graph)))
    assert "huge.safetensors" in str(refused.value) and "models/checkpoints" in str(refused.value)
    assert len(endpoint.jobs) == 1, "nothing was paid for"
    _, files = heard(backend.run(make_job(tmp_path, picture_graph(seed=737_373))))
    assert [file.suffix for file in files] == [".png"] and len(endpoint.jobs) == 2


def models(about):
    menus = [menu for node in about.object_info.values() for menu in node["input"]["optional"].values()]
    return {file for (files,) in menus for file in files}


def busy(endpoint):
    return {job.worker for job in endpoint.jobs.values() if job.status == "IN_PROGRESS"}
