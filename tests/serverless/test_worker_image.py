"""The image and what starts in it: linted, and run for real in a folder that holds what the image holds."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
import yaml

from tests.comfy_jobs import picture
from tests.real_comfy import free_port
from tests.serverless.volumes import Volume
from tests.test_real_comfy import picture_graph
from worker.environment import VARIABLES
from worker.installs import VOLUMES

ROOT = Path(__file__).parent.parent.parent
WORKER = ROOT / "worker"
DOCKERFILE = (WORKER / "Dockerfile").read_text()
COPIED = re.findall(r"^COPY (\S+) /app/(\S+)$", DOCKERFILE, re.M)


@pytest.fixture
def app(tmp_path):
    """What is in the image below /app."""
    for source, to in COPIED:
        if (ROOT / source).is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / source, tmp_path / "app" / to, dirs_exist_ok=True, ignore=ignore)
    return tmp_path / "app"


def test_everything_the_image_copies_is_there_and_passes_its_ignore_file():
    let_in = re.findall(r"^!(\S+)$", (WORKER / "Dockerfile.dockerignore").read_text(), re.M)
    assert COPIED
    for source, _ in COPIED:
        assert (ROOT / source).exists()
        assert source.partition("/")[0] in let_in


def test_docker_compose_builds_this_image_and_gives_it_a_volume_and_words_that_are_known():
    compose = WORKER / "docker-compose.yml"
    service = yaml.safe_load(compose.read_text())["services"]["worker"]
    context = compose.parent / service["build"]["context"]
    assert (context / service["build"]["dockerfile"]).samefile(WORKER / "Dockerfile")
    assert {one.rpartition(":")[2] for one in service["volumes"]} <= {str(place) for place in VOLUMES}
    assert service["environment"].keys() <= {variable.name for variable in VARIABLES}
    address, _, port = service["ports"][0].rpartition(":")
    assert address == f"127.0.0.1:{port}"  # the SDK's server asks nobody for a key
    assert service["command"][service["command"].index("--rp_api_port") + 1] == port


CALLS = ["worker --help", "worker doctor", "worker.download_models --list keyframe_sdxl"]
CALLS += ["worker.version_check --help"]


@pytest.mark.parametrize("call", CALLS)
def test_what_the_image_holds_is_enough(app, call):
    command = [sys.executable, "-m", *call.split()]
    done = subprocess.run(command, cwd=app, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.stdout


def started(app, *words, **environment):
    """The script with nothing else around it."""
    command, environment = [app / "worker" / "start.sh", *words], {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)


def test_the_script_says_where_it_looked_for_a_python(app, tmp_path):
    done = started(app, COMFY_HOME=str(tmp_path), WORKER_PYTHON="/nowhere/python")
    assert done.returncode == 1
    for place in ("/nowhere/python", "/opt/worker/bin/python", f"{tmp_path}/com_venv/bin/python"):
        assert f"start: no Python at {place}" in done.stderr
    assert "set WORKER_PYTHON" in done.stderr


def test_the_script_serves_and_passes_words_on(app, tmp_path):
    python = tmp_path / "com_venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$PWD: $*"\n')
    python.chmod(0o755)
    for words, expected in (["--rp_serve_api"], "serve --rp_serve_api"), (["doctor"], "doctor"):
        assert started(app, *words, COMFY_HOME=str(tmp_path)).stdout == f"{app}: -m worker {expected}\n"


EXPORTED = Path("tests/versions/golden")  # what `version export` writes
LINTED = [("shellcheck", Path("worker/start.sh")), ("hadolint", Path("worker/Dockerfile"))]
LINTED += [("shellcheck", EXPORTED / "pod.sh"), ("shellcheck", EXPORTED / "fill.sh")]
LINTED += [("hadolint", EXPORTED / "Dockerfile"), ("hadolint", EXPORTED / "baked.Dockerfile")]


@pytest.mark.real
@pytest.mark.parametrize(("linter", "file"), LINTED)
def test_linters_find_nothing(sdk, linter, file):
    done = subprocess.run(
        [sdk.python.parent / linter, ROOT / file], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout


MOUNT = 'mount --bind "$1" /runpod-volume && mount --bind "$2" /opt/worker && shift 2 && exec "$@"'


@pytest.fixture
def as_in_a_container(sdk, tmp_path):
    """Words before a command that give it a volume and the image's Python where a container has them."""

    def mounted(volume):
        return ["unshare", "--mount", "sh", "-c", MOUNT, "sh", volume, sdk.python.parent.parent]

    missing = [place for place in (Path("/runpod-volume"), Path("/opt/worker")) if not place.exists()]
    try:
        for place in missing:
            place.mkdir()
        subprocess.run([*mounted(tmp_path), "true"], check=True, capture_output=True, timeout=10)
        yield mounted
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"only root of a whole machine may mount: {error}")
    finally:
        for place in missing:
            if place.exists():
                place.rmdir()


@pytest.fixture
def draws(runpod, endpoint, app, tmp_path):
    """Starts the script and has it draw; returns what it said."""
    log = tmp_path / "log"

    def draw(given, before=()):
        given = {**runpod.worker_environment(endpoint, "w1"), **given}
        given |= {"COMFY_URL": f"http://127.0.0.1:{free_port()}"}
        with log.open("wb") as out:
            environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **given}
            command = [*before, app / "worker" / "start.sh"]
            process = subprocess.Popen(
                command, env=environment, stdout=out, stderr=out, start_new_session=True
            )
        try:
            job = endpoint.add({"input": {"workflow": picture_graph(seed=515_151)}})
            end = time.monotonic() + 60
            while not job.is_over:
                assert process.poll() is None and time.monotonic() < end, log.read_text()[-3000:]
                time.sleep(0.1)
            assert job.status == "COMPLETED", job.error
        finally:
            os.killpg(process.pid, 9)
            process.wait()
        return log.read_text()

    return draw


@pytest.mark.real
def test_the_script_starts_a_worker_that_draws(draws, sdk, comfy_installation, tmp_path):
    volume = Volume(comfy_installation, tmp_path / "volume")
    draws({**volume.environment, "WORKER_PYTHON": str(sdk.python)})


@pytest.mark.real
def test_the_script_finds_all_where_a_container_has_it(
    draws, as_in_a_container, comfy_installation, tmp_path
):
    volume = Volume(comfy_installation, tmp_path / "volume")
    given = volume.environment
    del given["COMFY_HOME"]
    assert "/runpod-volume/ComfyUI" in draws(given, as_in_a_container(volume.folder))


@pytest.mark.real
def test_the_example_is_carried_out(sdk, real_comfy):
    example = WORKER / "test_input.json"
    done = subprocess.run(
        [sdk.python, "-m", "worker", "--test_input", example],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "COMFY_URL": real_comfy.url},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["images"][0]["filename"].startswith("worker_test")


@pytest.mark.real
def test_the_sdks_own_server_hands_jobs_to_the_worker(sdk, fake, tmp_path):
    """As docker-compose starts it."""
    port, log = free_port(), tmp_path / "log"
    command = [sdk.python, "-m", "worker", "serve", "--rp_serve_api", "--rp_api_port", str(port)]
    with log.open("wb") as out:
        environment = {"PATH": os.environ["PATH"], "COMFY_URL": fake.url}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        url, end = f"http://127.0.0.1:{port}", time.monotonic() + 30
        while "Uvicorn running" not in log.read_text():
            assert process.poll() is None and time.monotonic() < end, log.read_text()[-3000:]
            time.sleep(0.1)
        told = requests.post(f"{url}/runsync", json={"input": {"workflow": picture()}}, timeout=30).json()
        assert told["status"] == "COMPLETED" and told["output"]["images"], told
        assert "Failed to return" not in log.read_text()
    finally:
        process.kill()
        process.wait()
