"""version verify-models: a folder of somebody's own has the models of a lock, or gets them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import main
from infrastructure.versions import transfers
from infrastructure.versions.removing import remove

HOUSE = Path(main.__file__).parent
TARGETS = ["loras/style.safetensors", "vae/other.safetensors"]


@pytest.fixture
def asked(keeper, world, tmp_path, capsys, monkeypatch):
    """Returns exit code, statuses and stderr of `verify-models` in the folder `mine`."""
    world.host.files["/other.safetensors"] = b"other" * 50_000
    models = [
        {"source": f"{world.host.url}{TARGETS[n][TARGETS[n].index('/') :]}", "target_subdir": folder}
        for n, folder in enumerate(("loras", "vae"))
    ]
    keeper.version(models=models, custom_nodes=[])
    keeper.resolve(takes_new=True)
    world.host.asked.clear()
    monkeypatch.setattr(transfers, "PAUSE", 0.0)
    place = ["--versions", str(tmp_path / "versions"), "--store", str(keeper.store.folder)]

    def run(*words, folder=tmp_path / "mine"):
        words = [*words, "--models-dir", str(folder)] if folder else list(words)
        code = main.main(["version", "verify-models", *words, *place, "--json"])
        out, error = capsys.readouterr()
        return code, [m["status"] for m in json.loads(out)["models"]] if out else [], error

    return run


@pytest.fixture
def mine(tmp_path):
    return tmp_path / "mine"


def test_what_lacks_is_brought_and_linked_and_then_it_is_ok(asked, mine, keeper):
    assert asked("film-a")[:2] == (0, ["downloaded", "downloaded"])
    blobs = [keeper.store.blobs.path(m.sha256) for m in keeper.version().needed_lock().models]
    assert all((mine / target).samefile(blob) for target, blob in zip(TARGETS, blobs, strict=True))
    assert asked("film-a", "--cache", "--verbose")[:2] == (0, ["ok", "ok"])
    assert {path.name for path in mine.rglob("*") if path.is_file()} == {Path(t).name for t in TARGETS}


def test_another_file_is_an_error_until_somebody_says_overwrite(asked, mine, world):
    file = mine / TARGETS[0]
    file.parent.mkdir(parents=True)
    file.write_bytes(b"an artist's own")
    code, statuses, error = asked("film-a")
    assert (code, statuses) == (1, ["error", "downloaded"]) and "--overwrite" in error
    assert file.read_bytes() == b"an artist's own"
    assert asked("film-a", "--overwrite")[:2] == (0, ["updated", "ok"])
    assert file.read_bytes() == world.host.files["/style.safetensors"]


def test_a_flipped_byte_is_found_in_a_file_that_is_no_link(asked, mine, world):
    content = bytearray(world.host.files["/style.safetensors"])
    file = mine / TARGETS[0]
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    assert asked("film-a")[:2] == (0, ["ok", "downloaded"])
    content[1000] ^= 1
    file.write_bytes(content)
    assert asked("film-a")[:2] == (1, ["error", "ok"])


def test_it_is_restored_from_the_store_without_the_network(asked, mine, world):
    assert asked("film-a")[0] == 0
    world.host.asked.clear()
    (mine / TARGETS[0]).unlink()
    (mine / TARGETS[1]).unlink()
    (mine / TARGETS[1]).write_bytes(b"x")
    assert asked("film-a", "--overwrite", "--offline")[:2] == (0, ["downloaded", "updated"])
    assert not world.host.asked


def test_one_that_cannot_be_had_hides_no_other(asked, world, keeper):
    sha256 = keeper.version().needed_lock().models[0].sha256
    remove(keeper.store.blobs.path(sha256).parent)
    del world.host.files["/style.safetensors"]
    code, statuses, error = asked("film-a")
    assert (code, statuses) == (1, ["error", "downloaded"]) and "HTTP 404" in error


def test_a_lock_is_enough_and_a_folder_may_be_in_the_surroundings(asked, keeper, tmp_path, monkeypatch):
    lock = tmp_path / "elsewhere.lock.json"
    lock.write_bytes(keeper.version().lock_file.read_bytes())
    monkeypatch.setenv("MODELS_DIR", str(tmp_path / "of surroundings"))
    assert asked("--lock", str(lock), folder=None)[:2] == (0, ["downloaded", "downloaded"])
    assert (tmp_path / "of surroundings" / TARGETS[0]).is_file()
    assert asked("nobody")[0] == asked()[0] == asked("--lock", str(tmp_path / "no"))[0] == 2


def test_a_folder_that_leads_out_is_refused(asked, mine, tmp_path):
    (tmp_path / "outside").mkdir()
    mine.mkdir()
    (mine / "loras").symlink_to(tmp_path / "outside")
    (mine / "vae").mkdir()
    (mine / TARGETS[1]).mkdir()
    code, statuses, error = asked("film-a", "--overwrite")
    assert (code, statuses) == (1, ["error", "error"])
    assert "leads out of" in error and "is no file" in error
    assert not list((tmp_path / "outside").iterdir())


@pytest.mark.parametrize("script", ["version.py", "verify_models.py"])
def test_the_older_names_hand_over(asked, keeper, tmp_path, script):
    words = ["verify-models"] if script == "version.py" else []
    place = ["--versions", tmp_path / "versions", "--store", keeper.store.folder]
    command = [sys.executable, HOUSE / "scripts" / script, *words, "film-a", "--json", *place]
    env = {**os.environ, "MODELS_DIR": str(tmp_path / "mine")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert [m["status"] for m in json.loads(done.stdout)["models"]] == ["downloaded"] * 2
