"""A real ComfyUI, of a local git repository with two nodes, as a version: realized, tried, rendered with, and
made once more with the same closure."""

import json
import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_data_path

import main
from infrastructure.workflow_files import WorkflowFolder
from tests import real_comfy_build
from tests.real_comfy_build import HERE
from tests.versions.world import Repository

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

NODE = """
class {name}:
    RETURN_TYPES = ("INT",)
    FUNCTION = "same"
    CATEGORY = "tests"

    @classmethod
    def INPUT_TYPES(cls):
        return {{"required": {{"number": ("INT", {{"default": 1}})}}}}

    def same(self, number):
        return (number,)


NODE_CLASS_MAPPINGS = {{"{name}": {name}}}
"""
# what needs torchvision, which does not go with the torch that can be had everywhere
WITHOUT = {"torchvision", "torchaudio", "spandrel", "comfyui-embedded-docs", "comfyui-workflow-templates"}


@pytest.fixture(scope="module")
def origin(comfy_installation, tmp_path_factory):
    """The real source in a repository of its own, with stand-ins for what cannot be had."""
    repository = Repository(tmp_path_factory.mktemp("origin") / "ComfyUI")
    source, to = comfy_installation.source, repository.folder
    shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    shutil.copyfile(HERE / "comfy_stubs" / "sitecustomize.py", to / "absent_packages.py")
    lines = (source / "requirements.txt").read_text().splitlines()
    kept = [line for line in lines if real_comfy_build._name(line) not in {*WITHOUT, "torch"}]
    nodes = (source / "nodes.py").read_text().replace('"nodes_upscale_model.py",', "")
    repository.commit(
        {
            "main.py": "import absent_packages\n" + (source / "main.py").read_text(),
            "nodes.py": nodes,
            "requirements.txt": "\n".join([*kept, real_comfy_build.TORCH, *real_comfy_build.CEILINGS]) + "\n",
        },
        "v1",
    )
    made = {"ComfyUI": repository}
    for name in ("One", "Two"):
        made[name] = Repository(repository.folder.parent / name)
        made[name].commit({"__init__.py": NODE.format(name=name), "requirements.txt": "simpleeval>=1.0.0\n"})
    return made


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Packages that an earlier run fetched are not fetched again; whatever is made of them is new."""
    folder = tmp_path_factory.mktemp("store")
    kept = real_comfy_build.cache() / "uv"
    if kept.is_dir() and kept.stat().st_dev == folder.stat().st_dev:
        (folder / "uv").symlink_to(kept)
    return folder


@pytest.mark.usefixtures("home")
def test_a_real_comfyui_is_the_same_twice_and_draws(
    origin, store, comfy_installation, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("STUDIO_STORE", str(store))
    models = [
        {"source": str(path), "target_subdir": path.parent.name}
        for path in sorted(comfy_installation.models.rglob("*.safetensors"))
    ]
    spec = {
        "schema_version": 2,
        "version_id": "real",
        "comfy": {"repo": origin["ComfyUI"].url, "ref": "v1"},
        "custom_nodes": [{"repo": origin["One"].url}, {"repo": origin["Two"].url}],
        "models": models,
        "env": {"OMP_NUM_THREADS": "1"},
    }
    file = user_data_path("cindergrace-studio") / "versions" / "real.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(spec))

    def told(*words):
        code = main.main([*words, "--json"])
        out, error = capsys.readouterr()
        assert code == 0, error
        return json.loads(out)

    made = told("version", "realize", "real", "--workflow", "keyframe_test", "--workflow", "video_test")
    assert made["is_new"]
    assert told("version", "verify", "real", "--deep")["closure"] == made["closure"]
    _draws(Path(made["folder"]), tmp_path, told, made["closure"])
    _draws_the_same(tmp_path, told)
    assert told("version", "reproduce", "real")["closure"] == made["closure"]
    assert not told("version", "realize", "real")["is_new"]


def _draws(build: Path, folder: Path, told: Callable[..., Any], closure: str) -> None:
    """The studio starts its ComfyUI, which is killed after a first shot; the film is made all the same."""
    board, takes = folder / "board.json", folder / "board" / "takes"
    shots = [{"shot_id": f"00{n}", "prompt": f"a lighthouse, {n}", "duration": 0.5} for n in range(1, 5)]
    board.write_text(json.dumps({"project": "One", "width": 64, "height": 64, "variants": 1, "shots": shots}))
    killed = threading.Event()

    def kill() -> None:
        for _ in range(1200):
            if list(takes.glob("*.png")):
                note = json.loads(next(build.parent.glob("running-*.json")).read_text())
                os.kill(note["pid"], signal.SIGKILL)
                killed.set()
                return
            threading.Event().wait(0.1)

    killer = threading.Thread(target=kill)
    killer.start()
    asked = ["--backend", "managed", "--version-id", "real", "--keyframe-workflow", "keyframe_test"]
    said = told("render", str(board), *asked, "--video-workflow", "video_test")
    killer.join(120)
    assert killed.is_set() and (build.parent / "comfyui.log.1").is_file()
    assert said["jobs"]["failed"] == 0 and (folder / "board" / "film.mp4").is_file()
    recipes = [json.loads(path.read_text()) for path in takes.glob("*.json")]
    assert {recipe["version"]["closure"] for recipe in recipes} == {closure}
    assert not list(build.parent.glob("running-*.json"))  # it ended with the command


def _draws_the_same(folder: Path, told: Callable[..., Any]) -> None:
    """Noise, sampled: what a start that is not deterministic may add up in another order."""
    workflow = WorkflowFolder().load("keyframe_test")
    graph = workflow.with_values(prompt="a lighthouse", seed=7, width=64, height=64)
    file = folder / "w.json"
    file.write_text(json.dumps(graph))
    asked = ["version", "baseline", "real", "--workflow", str(file)]
    kept, again = told(*asked), told(*asked)
    assert (kept["state"], again["state"]) == ("kept", "equal")
    assert kept["device"].startswith("cpu, ") and kept["artifacts"] == again["artifacts"]
    file.write_text(json.dumps(workflow.with_values(prompt="a lighthouse", seed=8, width=64, height=64)))
    assert told(*asked)["artifacts"] != kept["artifacts"]
