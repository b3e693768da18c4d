"""Files that make a version elsewhere: the same text whoever asks, and linters and readers find nothing.

The golden files are rewritten by: GOLDEN=write python -m pytest tests/versions/test_derived.py
"""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from domain.errors import BadFile, JobRejected
from domain.versions import spec
from domain.versions.derived.dockerfile import dockerfile, version_file
from domain.versions.derived.filling import filling
from domain.versions.derived.model_paths import ALSO, FOLDERS, extra_model_paths
from domain.versions.derived.pod import pod_start
from domain.versions.derived.snapshot import snapshot
from domain.versions.lock import Lock, LockedModel, Origin, Platform, Tree
from worker import model_paths as worker_paths
from worker.installs import VERSION_FILE, Install, promised

GOLDEN = Path(__file__).parent / "golden"
CLOSURE = "5c" * 32
SPEC = spec.read(
    {
        "schema_version": 2,
        "version_id": "film-a",
        "comfy": {"repo": "https://example.org/ComfyUI.git", "ref": "v0.33.0"},
        "env": {"OMP_NUM_THREADS": "1", "HF_TOKEN": "${HF_TOKEN}", "SAID": 'a "$b"'},
    }
)


def model(target, number, *sources):
    origins = tuple(Origin(url, revision) for url, revision in sources)
    return LockedModel(target, f"{number:02x}" * 32, 1000 + number, origins)


LOCK = Lock(
    "film-a",
    "ab" * 32,
    Platform("linux", "x86_64", "3.12", "cu128"),
    Tree("https://example.org/ComfyUI.git", "", "1" * 40, "2" * 40),
    (
        Tree("https://example.org/vhs.git", "", "3" * 40, "4" * 40, "vhs"),
        Tree("https://example.org/other/a%20b.git", "", "5" * 40, "6" * 40, "a b"),
    ),
    (
        model("loras/sub/it's.safetensors", 3, ("https://example.org/a.pt?token=${SHOP_TOKEN}&x=$y", "")),
        model("unet/film.safetensors", 2, ("hf://org/repo@main/film.safetensors", "7" * 40)),
        model("RMBG/model.pth", 1, ("civitai://models/12", "")),
    ),
    ("torch==2.8.0+cu128 --hash=sha256:aa --hash=sha256:bb", "tqdm==4.67.1 --hash=sha256:cc"),
    "0.13.9",
    SPEC.env,
)
FORMS = {
    "extra_model_paths.yaml": extra_model_paths(LOCK),
    "Dockerfile": dockerfile(LOCK, CLOSURE),
    "baked.Dockerfile": dockerfile(LOCK, base="example.org/worker@sha256:" + "0" * 64, bakes=True),
    "pod.sh": pod_start(LOCK, SPEC, CLOSURE),
    "fill.sh": filling(LOCK),
    "snapshot.json": snapshot(LOCK),
    "cindergrace-version.json": version_file(LOCK, CLOSURE),
}


@pytest.mark.parametrize("name", FORMS)
def test_what_comes_out_is_as_it_was(name):
    if os.environ.get("GOLDEN") == "write":
        (GOLDEN / name).write_text(FORMS[name])
    assert FORMS[name] == (GOLDEN / name).read_text()


def test_the_order_of_a_lock_does_not_matter():
    turned = replace(LOCK, nodes=LOCK.nodes[::-1], models=LOCK.models[::-1])
    assert dockerfile(turned, bakes=True) == dockerfile(LOCK, bakes=True)
    assert (filling(turned), extra_model_paths(turned)) == (FORMS["fill.sh"], FORMS["extra_model_paths.yaml"])


def test_comfyui_finds_models_by_names_it_knows_and_by_no_other_folder():
    content = yaml.safe_load(extra_model_paths(LOCK))["cindergrace"]
    assert content.pop("base_path") == "$STUDIO_VOLUME" and content.pop("is_default") is True
    assert not [key for key in content if "/" in key] and "custom_nodes" not in content
    assert content["diffusion_models"].split() == ["models/diffusion_models", "models/unet"]
    assert content["text_encoders"].split() == ["models/text_encoders", "models/clip"]
    assert content["RMBG"] == "models/RMBG" and "unet" not in content
    odd = replace(LOCK, models=(model('a "b" #c/x.pt', 1), model("no/x.pt", 2)))
    content = yaml.safe_load(extra_model_paths(odd))["cindergrace"]
    assert content['a "b" #c'] == 'models/a "b" #c' and content["no"] == "models/no"


def test_the_worker_looks_into_the_same_folders():
    """One list: what a version finds on a volume, a worker without one finds as well."""
    assert set(worker_paths.FOLDERS) == {*FOLDERS, *ALSO.values()}
    assert worker_paths.KNOWN is FOLDERS


def test_models_of_no_address_cannot_be_baked():
    mine = replace(LOCK, models=(model("loras/mine.pt", 1, ("file:///models/mine.pt", "")),))
    with pytest.raises(BadFile, match=r"models/loras/mine.pt comes from no address in the web"):
        dockerfile(mine, bakes=True)
    assert "mine.pt" not in dockerfile(replace(mine, models=()), bakes=False)


def test_packages_of_another_system_go_into_no_container():
    other = replace(LOCK, platform=replace(LOCK.platform, os="windows"))
    for make in (dockerfile, lambda lock: pod_start(lock, SPEC)):
        with pytest.raises(BadFile, match="film-a is resolved for windows, and containers are Linux"):
            make(other)
    assert filling(other) == FORMS["fill.sh"]


def test_no_token_stands_in_a_dockerfile_but_by_a_secrets_name():
    told = FORMS["baked.Dockerfile"]
    assert "ENV HF_TOKEN" not in told and "ARG HF_TOKEN" not in told
    assert "--mount=type=secret,id=SHOP_TOKEN,env=SHOP_TOKEN" in told
    places = [told.index(f"{number:02x}" * 32) for number in (1, 2, 3)]
    assert places == sorted(places)  # one layer each, by what it contains


def test_an_order_for_the_version_is_taken_where_its_image_runs(tmp_path):
    (tmp_path / VERSION_FILE).write_text(version_file(LOCK, CLOSURE))
    install = Install(tmp_path, tmp_path / "python")
    promised("film-a", install)
    promised({"version_id": "film-a", "closure": CLOSURE}, install)
    with pytest.raises(JobRejected, match="asks for id film-b; installed here is film-a"):
        promised("film-b", install)


def test_a_snapshot_is_what_the_manager_reads():
    content = json.loads(snapshot(LOCK))
    assert content["comfyui"] == "1" * 40
    assert content["git_custom_nodes"]["https://example.org/vhs.git"] == {"hash": "3" * 40, "disabled": False}
    assert content["pips"] == {"torch==2.8.0+cu128": "", "tqdm==4.67.1": ""}


ASK = """
import json, sys
import folder_paths
from utils.extra_config import load_extra_path_config
own = sorted(folder_paths.folder_names_and_paths)
load_extra_path_config(sys.argv[1])
print(json.dumps([own, {name: paths[0] for name, paths in folder_paths.folder_names_and_paths.items()}]))
"""


@pytest.mark.real
@pytest.mark.parametrize("volume", ["/workspace", "/runpod-volume"])
def test_the_real_comfyui_looks_on_the_volume_first(comfy_installation, tmp_path, volume):
    file = tmp_path / "extra_model_paths.yaml"
    file.write_text(extra_model_paths(LOCK))
    done = subprocess.run(
        [comfy_installation.python, "-c", ASK, file],
        cwd=comfy_installation.source,
        env={**comfy_installation.environment, "STUDIO_VOLUME": volume},
        capture_output=True,
        text=True,
        timeout=100,
    )
    own, paths = json.loads(done.stdout.splitlines()[-1])
    assert set(FOLDERS) <= set(own), sorted(set(FOLDERS) - set(own))
    assert set(paths) - set(own) == {"RMBG"}
    assert paths["loras"][0] == f"{volume}/models/loras"
    unets = [f"{volume}/models/unet", f"{volume}/models/diffusion_models"]
    assert sorted(paths["diffusion_models"][:2]) == sorted(unets)
    assert not [path for path in paths["custom_nodes"] if path.startswith(volume)]
