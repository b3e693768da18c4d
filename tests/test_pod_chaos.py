"""A film on pods whose line is bad and that die under it: it is finished, each take once, nothing made twice.

The ComfyUIs are real ones; the account and the proxy before them are emulated."""

import json
import random
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

import main
from infrastructure.clip_probe import probe
from tests.killing import WORKFLOWS, small_board

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("home")]


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
    """The film is there, and each of its takes once; returns their recipes."""
    files = [Path(file) for shot in summary["shots"] for file in (*shot["takes"], *shot["clips"])]
    assert len({*files}) == len(files) and all(file.is_file() for file in files)
    recipes = [
        json.loads(path.read_text("utf-8")) for path in (Path(summary["project"]) / "takes").glob("*.json")
    ]
    assert {recipe["state"] for recipe in recipes} == {"done"}
    assert len({recipe["job"] for recipe in recipes}) == len(recipes) == summary["jobs"]["run"]
    assert sorted(name for recipe in recipes for name in recipe["files"]) == sorted(
        file.name for file in files
    )
    assert probe(Path(summary["film"])).frames > 0
    return recipes


@contextmanager
def meanwhile(deed):
    """Done beside the test; `deed` gets what says whether the test is over."""
    is_over = threading.Event()
    thread = threading.Thread(target=deed, args=(is_over,))
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(60)


@pytest.mark.timeout(300)
def test_a_film_is_finished_over_a_line_that_breaks_all_the_time(tmp_path, told, runpod, real_comfy):
    pod = runpod.add_pod(name="studio", server=real_comfy)
    pod.proxy.drop_sockets_every = 2.0
    pod.proxy.fail_share = 0.1
    board = small_board(tmp_path, base_seed=4711)
    before = executions(real_comfy)

    def fall_over(is_over):
        while executions(real_comfy) - before < 4 and not is_over.wait(0.05):
            pass
        pod.proxy.bad(502, seconds=60)

    with meanwhile(fall_over):
        code, summary, said = told(
            "render", board, "--json", *WORKFLOWS, "--backend", "runpod", "--pod-id", pod.id
        )

    assert code == 0, said
    assert is_whole(summary)
    assert executions(real_comfy) - before == summary["jobs"]["run"]
    assert pod.proxy.drops and "does not answer; waiting for it" in said


@pytest.mark.timeout(300)
def test_of_three_pods_one_dies_and_one_starts_anew_and_the_film_is_finished(
    tmp_path, told, runpod, real_comfy_server
):
    dies, restarts, _ = servers = [real_comfy_server() for _ in range(3)]
    pods = [runpod.add_pod(name=f"pod {n}", server=server) for n, server in enumerate(servers)]
    for n, pod in enumerate(pods):
        pod.proxy.fail_share, pod.proxy.dice = 0.05, random.Random(n)

    def chaos(is_over):
        for server, after in ((dies, 4), (restarts, 10)):
            while executions(*servers) < after and not is_over.wait(0.05):
                pass
            server.kill()
            if server is restarts:
                server.start()

    board = small_board(tmp_path, base_seed=1147)
    ids = [word for pod in pods for word in ("--pod-id", pod.id)]
    with meanwhile(chaos):
        code, summary, said = told("render", board, "--json", *WORKFLOWS, "--backend", "runpod", *ids)

    assert code == 0, said
    recipes = is_whole(summary)
    lost = [attempt for recipe in recipes for attempt in recipe.get("attempts", [])]
    assert lost, "a machine went away under a job"
    assert said.count("went away under its job, and another machine takes over") >= len(lost)
    forgotten = sum(recipe["sent"]["times"] - 1 for recipe in recipes)  # by the one that started anew
    assert executions(*servers) - summary["jobs"]["run"] <= len(lost) + forgotten
    made_by = {recipe["machine"] for recipe in recipes}
    assert {pods[1].host(), pods[2].host()} <= made_by
    assert not runpod.leaks
