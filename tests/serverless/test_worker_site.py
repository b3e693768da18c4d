"""Finding ComfyUI, starting it, seeing it die: with folders and programs that stand in for the real ones."""

import asyncio
import os
import sys
import threading
from pathlib import Path

import pytest

from domain.errors import BackendUnreachable
from infrastructure import comfy_execution, comfy_process
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_process import ComfyProcess
from tests.comfy_jobs import picture, until
from tests.real_comfy import free_port
from tests.serverless.volumes import python_with_torch
from worker import installs, model_paths, serve, site
from worker.environment import Environment
from worker.handler import Handler
from worker.installs import Install, find
from worker.site import NoGpu, check_gpu, open_site

ROOT = Path(__file__).parent.parent.parent
COMFY = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from tests.fake_comfy import FakeComfy
fake = FakeComfy()
fake.port = int(sys.argv[sys.argv.index("--port") + 1])
print("loading", flush=True)
with fake:
    time.sleep(60)
"""


@pytest.fixture
def volume(tmp_path, monkeypatch):
    """A volume, in place of those of the platform; nothing in the image."""
    volumes = tmp_path / "runpod-volume", tmp_path / "workspace"
    for module in (installs, model_paths):
        monkeypatch.setattr(module, "VOLUMES", volumes)
    monkeypatch.setattr(installs, "IN_IMAGE", (tmp_path / "comfyui",))
    return volumes[0]


def installed(home, main="", venv="com_venv"):
    python = home / venv / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (home / "main.py").write_text(main)
    return home


def settings(**more):
    port = free_port()
    return Environment({"COMFY_URL": f"http://127.0.0.1:{port}", "GPU_CHECK": "false", **more})


# --- where it is


def test_the_own_choice_goes_before_the_volume_and_the_volume_before_the_image(volume, tmp_path):
    image, there = installed(tmp_path / "comfyui"), installed(volume / "ComfyUI")
    chosen = installed(tmp_path / "mine", venv="venv")
    assert find(Environment({"COMFY_HOME": str(chosen)})) == Install(chosen, chosen / "venv/bin/python")
    assert find(Environment({})) == Install(there, there / "com_venv/bin/python")
    (there / "main.py").unlink()
    assert find(Environment({})).home == image


def test_the_other_mount_of_a_volume_is_looked_at_as_well(volume):
    home = installed(volume.parent / "workspace" / "runpod-slim" / "ComfyUI", venv=".venv")
    assert find(Environment({})).home == home


def test_every_place_that_was_tried_is_named(volume, tmp_path):
    (volume / "ComfyUI").mkdir(parents=True)
    with pytest.raises(BackendUnreachable) as raised:
        find(Environment({"COMFY_HOME": str(tmp_path / "mine")}))
    said = str(raised.value)
    assert f"{tmp_path / 'mine'} (COMFY_HOME: not there)" in said
    assert f"{volume / 'ComfyUI'} (volume: no main.py in it)" in said
    assert f"{tmp_path / 'comfyui'} (image: not there)" in said


def test_an_installation_without_a_python_is_told_of(volume):
    home = volume / "ComfyUI"
    home.mkdir(parents=True)
    (home / "main.py").touch()
    with pytest.raises(BackendUnreachable, match=r"com_venv/bin/python.*Set COMFY_PYTHON"):
        find(Environment({}))
    assert find(Environment({"COMFY_PYTHON": "/usr/bin/python3"})).python == Path("/usr/bin/python3")


def test_an_environment_made_with_another_python_is_told_of(volume):
    home = installed(volume / "ComfyUI")
    python = home / "com_venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/usr/bin/python3.99")
    with pytest.raises(BackendUnreachable, match=r"leads to /usr/bin/python3\.99, which this image lacks"):
        find(Environment({}))


# --- its models


def test_what_it_writes_goes_to_the_workers_own_disk_as_far_as_it_knows_how(volume, tmp_path):
    home = installed(volume / "ComfyUI")
    (home / "comfy").mkdir()
    (home / "comfy" / "cli_args.py").write_text('parser.add_argument("--output-directory", type=str)')
    words = site.command(find(Environment({})), Environment({}), tmp_path / "own")
    assert words[words.index("--output-directory") + 1] == str(tmp_path / "own" / "output")
    assert "--database-url" not in words


def test_the_models_of_the_volume_are_found_in_the_folders_that_are_forgotten(volume, tmp_path):
    home = installed(volume / "ComfyUI")
    (home / "models").mkdir()
    assert model_paths.model_paths(find(Environment({}))) == ""
    (volume / "models").mkdir()
    text = model_paths.model_paths(find(Environment({})))
    assert f'base_path: "{volume / "models"}"' in text
    for kind in ("diffusion_models", "text_encoders", "audio_encoders", "checkpoints", "loras", "vae"):
        assert f"  {kind}: {kind}/\n" in text
    environment = Environment({"COMFY_ARGS": "--lowvram --reserve-vram '1.5'"})
    words = site.command(find(environment), environment, tmp_path)
    path = Path(words[words.index("--extra-model-paths-config") + 1])
    assert path.read_text() == text
    assert words[-3:] == ["--lowvram", "--reserve-vram", "1.5"]


# --- its start


def test_one_that_answers_already_is_taken_as_it_is(fake, volume):
    opened = open_site(Environment({"COMFY_URL": fake.url}))
    assert (opened.install, opened.process, opened.ended()) == (None, None, "")


def test_it_is_started_and_waited_for_and_its_death_is_seen(volume):
    installed(volume / "ComfyUI", COMFY)
    told = []
    opened = open_site(settings(), told.append)
    try:
        assert opened.backend.status().is_up
        assert opened.ended() == ""
        assert told[0].startswith(f"ComfyUI found at {volume / 'ComfyUI'}")
        os.kill(opened.process._process.pid, 9)
        until(opened.ended)
        assert opened.ended() == (
            "ComfyUI ended (it was killed, most likely for want of memory). Its last words: loading"
        )
    finally:
        opened.close()


def test_one_that_dies_on_its_way_up_is_told_of_at_once_with_its_last_words(volume):
    installed(volume / "ComfyUI", "raise SystemExit('no module named torch')")
    with pytest.raises(BackendUnreachable, match=r"exit code 1.*no module named torch"):
        open_site(settings())


def test_one_that_does_not_come_up_in_time_is_given_up_and_ended(volume, monkeypatch):
    monkeypatch.setattr(comfy_process, "TOLD", 0.2)
    main = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\nprint('loading', flush=True)\n"
    home, told = installed(volume / "ComfyUI", f"{main}time.sleep(60)"), []
    with pytest.raises(BackendUnreachable, match=r"within 1 seconds. It says: loading"):
        open_site(settings(COMFY_START_TIMEOUT="1"), told.append)
    assert any(line.startswith("ComfyUI is starting, for ") for line in told)
    with pytest.raises(ProcessLookupError):
        os.kill(int((home / "pid").read_text()), 0)


def test_it_gets_no_keys_of_ours(volume, monkeypatch):
    monkeypatch.setenv("S3_BUCKET_CREDS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("RUNPOD_AI_API_KEY", "secret")
    monkeypatch.setenv("MODELS_ARE_AT", "there")
    main = "import os\nraise SystemExit(f\"{'secret' in os.environ.values()} {os.environ['MODELS_ARE_AT']}\")"
    installed(volume / "ComfyUI", main)
    with pytest.raises(BackendUnreachable, match="False there"):
        open_site(settings())


# --- jobs that it cannot stop


DEAF = COMFY.replace(
    "fake = FakeComfy()",
    """class Deaf(FakeComfy):
    _interrupted = property(lambda self: "", lambda self, value: None)
fake = Deaf()""",
)


def hangs(opened, environment):
    """An order is cancelled in the middle of a step that hears nothing."""
    handler = Handler(serve._drawing(opened, environment), serve.tell_platform, opened.ended)

    async def cancelled():
        job = {"id": "j", "input": {"workflow": picture(steps=100_000)}}
        handling = asyncio.create_task(handler.handle(job))
        while not opened.backend.status().running:
            await asyncio.sleep(0.05)
        handling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await handling

    asyncio.run(asyncio.wait_for(cancelled(), 20))
    return lambda said: asyncio.run(asyncio.wait_for(handler.handle({"id": "k", "input": said}), 20))


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(site, "LEAVING", 0.3)
    monkeypatch.setattr(comfy_execution, "CANCEL", 0.3)


def test_one_that_cannot_stop_a_cancelled_job_is_ended_and_started_again(volume, impatient):
    installed(volume / "ComfyUI", DEAF)
    environment = settings()
    opened = open_site(environment)
    try:
        order = hangs(opened, environment)
        assert order({"workflow": picture(seed=2)})["images"]
    finally:
        opened.close()


def test_one_that_was_not_started_here_is_left_and_the_worker_asks_to_be_replaced(volume, impatient):
    environment = settings()
    script = volume.parent / "deaf.py"
    script.write_text(DEAF)
    port = environment["COMFY_URL"].rpartition(":")[2]
    elsewhere = ComfyProcess([sys.executable, str(script), "--port", port], volume.parent, os.environ)
    try:
        until(lambda: ComfyBackend(environment["COMFY_URL"], 0.0).status().is_up)
        opened = open_site(environment)
        order = hangs(opened, environment)
        answer = order({"workflow": picture(seed=2)})
        assert "does not stop a job that was cancelled" in answer["error"]
        assert answer["refresh_worker"] is True
        assert not elsewhere.end
    finally:
        elsewhere.kill()


# --- what it leaves behind


def test_its_files_go_when_nobody_is_at_work_and_its_folder_goes_with_it(volume):
    installed(volume / "ComfyUI", COMFY)
    environment = settings()
    opened = open_site(environment)
    own = opened.own
    try:
        (own / "output" / "scene 1").mkdir()
        for name in ("output/scene 1/a.png", "input/b.png", "comfyui.db"):
            (own / name).touch()
        with opened.job():
            with opened.job():
                pass
            assert (own / "output" / "scene 1" / "a.png").exists()
        assert sorted(path.name for path in own.rglob("*")) == ["comfyui.db", "input", "output"]
        os.kill(opened.process._process.pid, 9)
        until(opened.ended)
        opened.revive(environment)
        assert opened.own != own and not own.exists()
    finally:
        opened.close()
    assert not opened.own.exists()


def test_two_jobs_at_once_start_it_once(volume):
    installed(volume / "ComfyUI", COMFY)
    environment = settings()
    opened = open_site(environment)
    try:
        os.kill(opened.process._process.pid, 9)
        until(opened.ended)
        told = []
        both = [threading.Thread(target=opened.revive, args=(environment, told.append)) for _ in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join()
        assert len([line for line in told if "started again" in line]) == 1
        assert opened.backend.status().is_up
    finally:
        opened.close()


# --- its GPU


def test_a_gpu_that_torch_finds_is_named(tmp_path):
    install = Install(tmp_path, python_with_torch(tmp_path, "return None"))
    assert check_gpu(install, Environment({})) == "NVIDIA GeForce RTX 4090"


@pytest.mark.parametrize(
    ("torch", "error", "said"),
    [
        ('raise RuntimeError("No CUDA GPUs are available\\nmore")', NoGpu, r"finds no GPU.*are available$"),
        ('raise AssertionError("not compiled")', BackendUnreachable, "cannot look for a GPU: .*not compiled"),
        ("import nothing_of_that_name", BackendUnreachable, "cannot look for a GPU: .*nothing_of_that_name"),
    ],
)
def test_a_machine_without_a_gpu_is_told_from_an_installation_that_cannot_look(tmp_path, torch, error, said):
    install = Install(tmp_path, python_with_torch(tmp_path, torch))
    with pytest.raises(BackendUnreachable, match=said) as raised:
        check_gpu(install, Environment({}))
    assert type(raised.value) is error


def test_a_gpu_is_not_looked_for_where_none_is_wanted(tmp_path):
    install = Install(tmp_path, python_with_torch(tmp_path, 'raise RuntimeError("none")'))
    assert check_gpu(install, Environment({"GPU_CHECK": "false"})) == "not looked at"
    assert check_gpu(install, Environment({"COMFY_ARGS": "--cpu"})) == "not looked at"


def test_a_look_at_the_gpu_that_takes_too_long_says_so(tmp_path):
    install = Install(tmp_path, python_with_torch(tmp_path, "return None"))
    install.python.write_text("#!/bin/sh\nexec sleep 30\n")
    with pytest.raises(BackendUnreachable, match=r"did not load within 1 seconds.*COMFY_START_TIMEOUT"):
        check_gpu(install, Environment({"COMFY_START_TIMEOUT": "1"}))


def test_words_that_are_no_command_line_are_told_of(volume, tmp_path):
    installed(volume / "ComfyUI")
    environment = Environment({"COMFY_ARGS": "--lowvram 'half"})
    with pytest.raises(BackendUnreachable, match="COMFY_ARGS cannot be read as a command line"):
        site.command(find(environment), environment, tmp_path)
    with pytest.raises(BackendUnreachable, match="COMFY_ARGS cannot be read as a command line"):
        check_gpu(find(environment), environment)
