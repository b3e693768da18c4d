"""A disk that is full: one sentence, nothing half visible, and on from there once there is room."""

import hashlib
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import main
from domain.errors import CannotWrite
from infrastructure.versions import transfers
from infrastructure.versions.blobs import Blobs
from tests.folders import done
from tests.versions.world import World

MODEL = random.Random(3).randbytes(3_000_000)
Room = Callable[[int], object]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, Room]]:
    """A small one of its own, and what gives it so many kilobytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        made = subprocess.run(words, capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"no small disk can be made here: {error}")
    if made.returncode:
        pytest.skip(f"no small disk can be made here: {made.stderr.strip()}")

    def room(kilobytes: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", str(folder)], check=True)

    yield folder, room
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_model_that_does_not_fit_goes_on_when_there_is_room(disk, world: World, monkeypatch):
    folder, room = disk
    monkeypatch.setattr(transfers, "PAUSE", 0.0)
    room(2000)
    store, sha256 = Blobs(folder / "models"), hashlib.sha256(MODEL).hexdigest()
    world.host.files["/style.safetensors"] = MODEL
    sources = [(f"{world.host.url}/style.safetensors", "")]
    with pytest.raises(
        CannotWrite, match=r"No space left on device\. Make room on the disk and run it again"
    ):
        done(store.bring(sha256, len(MODEL), sources))
    part = store.path(sha256).with_name("part")
    have = part.stat().st_size
    assert have > 1_500_000 and not store.all()
    room(8000)
    world.host.sent = 0
    assert done(store.bring(sha256, len(MODEL), sources))[0].read_bytes() == MODEL
    assert world.host.sent == len(MODEL) - have


def test_a_version_that_does_not_fit_comes_to_its_end_as_room_is_made(
    disk, world, tmp_path, monkeypatch, capfd
):
    folder, room = disk
    world.host.files["/style.safetensors"] = MODEL
    world.write(tmp_path / "versions")
    place = ["--versions", str(tmp_path / "versions"), "--store", str(folder / "store")]
    before, failures = signal.getsignal(signal.SIGTERM), 0
    try:
        for kilobytes in (64, 200, 400, 700, 1200, 2200, 3400, 4200, 5000, 60_000):
            room(kilobytes)
            code = main.main(["version", "realize", "film-a", "--no-probe", "--json", *place])
            out, error = capfd.readouterr()
            assert "Traceback" not in error
            blobs = list(folder.rglob("blob"))
            assert all(hashlib.sha256(b.read_bytes()).hexdigest() == b.parent.name for b in blobs)
            if code == 0:
                break
            failures += 1
            said = [line for line in error.splitlines() if line.startswith("error: ")]
            assert (code, out, len(said)) == (1, "", 1), error
            assert not list(folder.rglob("current.json"))
        assert code == 0 and failures > 3
        assert main.main(["version", "verify", "film-a", "--deep", *place]) == 0
    finally:
        signal.signal(signal.SIGTERM, before)
