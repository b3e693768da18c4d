"""version baseline: whether one workflow still comes to the same picture on the same kind of GPU."""

import json
import sys
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

import main
from domain.errors import BadFile
from domain.versions import baseline
from domain.versions.baseline import Artifact, Baselines, Outcome
from infrastructure.versions.artifacts import artifact, kind_of_machine
from tests.versions.test_run_handler import _servers

ROOT = Path(main.__file__).parent
# the picture of the fake one depends on PYTHONHASHSEED, as another one's on its drivers
SERVER = f"""
import os, sys
if "--deterministic" not in sys.argv:
    raise SystemExit("it would draw otherwise each time")
port = sys.argv[sys.argv.index("--port") + 1]
code = '''
import os, sys, threading
from tests.fake_comfy import FakeComfy
class Fake(FakeComfy):
    def stats(self):
        told = super().stats()
        told["devices"][0]["name"] = "cuda:0 " + os.environ["FAKE_GPU"] + " : cudaMallocAsync"
        return told
fake = Fake()
fake.port = int(sys.argv[1])
fake.start()
threading.Event().wait()
'''
os.environ["PYTHONPATH"] = {str(ROOT)!r}
os.execv({sys.executable!r}, [{sys.executable!r}, "-c", code, port, *sys.argv])
"""
GRAPH = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1, "color": 5}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "out"}},
}


@pytest.fixture
def typed(keeper, world, tmp_path, monkeypatch, capsys):
    """Returns exit code, stdout as JSON, and stderr of `version baseline film-a …`."""
    world.comfy.commit({"main.py": SERVER})
    monkeypatch.setenv("FAKE_GPU", "NVIDIA GeForce RTX 4090")
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    keeper.realize(comfy={"repo": world.comfy.url})
    file = tmp_path / "w.json"
    file.write_text(json.dumps(GRAPH))
    place = ["--versions", str(tmp_path / "versions"), "--store", str(keeper.store.folder)]

    def run(*words):
        code = main.main(["version", "baseline", "film-a", "--workflow", str(file), "--json", *words, *place])
        out, error = capsys.readouterr()
        assert not _servers(tmp_path)
        return code, json.loads(out) if out else {}, error

    return run


def test_the_first_is_kept_the_next_is_equal_and_another_is_told(typed, keeper, tmp_path, monkeypatch):
    code, said, _ = typed()
    file = tmp_path / "versions" / "film-a.baseline.json"
    assert (code, said["state"], said["device"]) == (0, "kept", "NVIDIA GeForce RTX 4090")
    assert said["baseline"] == str(file) and [one["name"] for one in said["artifacts"]] == ["drawn.png"]
    kept = file.read_bytes()
    code, said, _ = typed()
    assert (code, said["state"]) == (0, "equal") and file.read_bytes() == kept
    monkeypatch.setenv("PYTHONHASHSEED", "2")
    code, said, error = typed()
    assert (code, said) == (1, {}) and "It does not draw what it drew:" in error and "drawn.png has" in error
    assert file.read_bytes() == kept
    code, said, _ = typed("--accept")
    assert (code, said["state"]) == (0, "kept") and file.read_bytes() != kept
    assert typed()[1]["state"] == "equal"
    assert not list((keeper.build().folder.parent / "output").iterdir())  # that is the artist's
    assert [version.spec.id for version in keeper.shelf.all()] == ["film-a"]


def test_another_kind_of_gpu_is_not_comparable_and_gets_one_of_its_own(typed, monkeypatch):
    typed()
    monkeypatch.setenv("FAKE_GPU", "NVIDIA A100-SXM4-80GB")
    monkeypatch.setenv("PYTHONHASHSEED", "2")
    code, _, error = typed()
    assert code == 2 and "Not comparable: the baseline was made by NVIDIA GeForce RTX 4090" in error
    assert typed("--accept")[0] == 0
    assert typed()[1]["state"] == "equal"
    monkeypatch.setenv("FAKE_GPU", "NVIDIA GeForce RTX 4090")
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    assert typed()[1]["state"] == "equal"


def test_what_does_not_draw_is_told(typed, tmp_path):
    (tmp_path / "w.json").write_text(json.dumps({"1": {"class_type": "NobodyHasThis", "inputs": {}}}))
    code, _, error = typed()
    assert code == 1 and "NobodyHasThis" in error
    (tmp_path / "w.json").unlink()
    assert typed()[0] == 2
    assert not (tmp_path / "versions" / "film-a.baseline.json").exists()


def test_a_picture_counts_by_its_pixels_and_all_else_by_its_bytes(tmp_path):
    words = PngImagePlugin.PngInfo()
    words.add_text("prompt", "another")
    picture = Image.new("RGB", (8, 8), "teal")
    picture.save(tmp_path / "a.png")
    picture.save(tmp_path / "b.png", pnginfo=words, compress_level=1)
    Image.new("RGB", (8, 8), (0, 128, 129)).save(tmp_path / "c.png")
    one, same, other = (artifact(tmp_path / f"{name}.png") for name in "abc")
    assert one.file != same.file and one.counts == same.counts != other.counts
    (tmp_path / "a.mp4").write_bytes(b"film")
    assert artifact(tmp_path / "a.mp4").counts == artifact(tmp_path / "a.mp4").file
    Image.new("RGB", (8, 8)).save(tmp_path / "a.gif", save_all=True, append_images=[picture])
    Image.new("RGB", (8, 8)).save(tmp_path / "b.gif")
    assert artifact(tmp_path / "a.gif").counts != artifact(tmp_path / "b.gif").counts


def test_a_processor_is_a_kind_of_its_own():
    """Another one, or another number of them, adds in another order."""
    said = kind_of_machine({"devices": [{"name": "cpu", "type": "cpu"}]})
    assert said.startswith("cpu, ") and said != "cpu, "


def test_what_is_kept_reads_as_it_was_written():
    kept = Baselines().with_one("a", "GPU", Outcome("c", (Artifact("x.png", "1", "2"), Artifact("y", "3"))))
    assert baseline.read(json.loads(kept.text)) == kept
    with pytest.raises(BadFile, match="baseline_version must be 1"):
        baseline.read({"baseline_version": 2})
    with pytest.raises(BadFile, match=r"outcomes\[0\].workflow_sha256 is missing"):
        baseline.read({"baseline_version": 1, "outcomes": [{"artifacts": []}]})
