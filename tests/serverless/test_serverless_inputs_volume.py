"""Inputs that a job cannot carry, by the endpoint's own volume: used where they lie, and only there.

Its interface is moto's, a program that speaks S3; the endpoint is emulated, its workers are ours."""

import pytest

from infrastructure import serverless_inputs
from infrastructure.hashes import sha256
from tests.comfy_jobs import picture
from tests.serverless.far import VOLUMES
from tests.serverless.hands import PNG, heard
from worker import installs

pytestmark = pytest.mark.usefixtures("looks_soon")


@pytest.fixture
def volume(tmp_path, monkeypatch):
    """Where the worker has it; pods have it at the other place."""
    monkeypatch.setattr(installs, "VOLUMES", (tmp_path / "runpod-volume", tmp_path / "workspace"))
    (tmp_path / "runpod-volume").mkdir()
    return tmp_path / "runpod-volume"


@pytest.mark.real
def test_a_file_that_the_volumes_interface_took_is_used_where_it_lies(far, bucket, moto, large, volume):
    """moto has no disk that a worker could mount: what was put there is copied into the folder that stands
    for the volume. The address is RunPod's, by which the studio knows a volume."""
    far.runpod.relayed["s3api-eu-ro-1.runpod.io"] = moto
    run = far.started(bucket.store(address=VOLUMES)).run(far.job(large))
    while not far.endpoint.jobs:
        next(run)
    key = f"{serverless_inputs.FOLDER}/{sha256(large)}.png"
    there = volume / key
    there.parent.mkdir(parents=True)
    there.write_bytes(bucket.content(key))
    with far.worker():
        heard(run)
    (order,) = far.orders
    (given,) = order["inputs"]
    assert given.keys() == {"name", "volume", "size", "sha256"} and given["volume"] == key
    assert far.has(large)
    assert there.read_bytes() == large.read_bytes(), "the worker takes nothing away"


def with_start(**given):
    graph = {**picture(), "4": {"class_type": "LoadImage", "inputs": {"image": "start.png"}}}
    return {"workflow": graph, "inputs": [{"name": "start.png", **given}]}


@pytest.mark.parametrize(
    "path", ["../secret.png", "a/../../secret.png", "/etc/hostname", "link.png", "away/secret.png"]
)
def test_a_path_that_leaves_the_volume_is_refused(counter, fake, volume, tmp_path, path):
    (tmp_path / "secret.png").write_bytes(PNG)
    (volume / "link.png").symlink_to(tmp_path / "secret.png")
    (volume / "away").symlink_to(tmp_path)
    answer = counter().order(with_start(volume=path))
    assert "start.png" in answer["error"] or "secret.png" in answer["error"] or "hostname" in answer["error"]
    assert fake.asked("POST /prompt") == 0


def test_a_link_that_stays_on_the_volume_is_followed(counter, fake, volume):
    (volume / "kept").mkdir()
    (volume / "kept" / "a.png").write_bytes(PNG)
    (volume / "b.png").symlink_to(volume / "kept" / "a.png")
    assert counter().order(with_start(volume="b.png"))["images"]
    assert PNG in fake.files.values()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"volume": "nowhere.png"}, "'start.png' is not on this worker's volume; looked for at "),
        ({"volume": "a.png", "size": 3}, "arrived with "),
        ({"volume": "a.png", "sha256": "0" * 64}, "arrived damaged"),
        ({"volume": "a.png", "url": "http://127.0.0.1/a"}, "needs either"),
        ({"volume": ["a.png"]}, "needs either"),
    ],
)
def test_a_file_on_the_volume_is_looked_at_as_any_other(counter, fake, volume, given, said):
    (volume / "a.png").write_bytes(PNG)
    assert said in counter().order(with_start(**given))["error"]
    assert fake.asked("POST /prompt") == 0
