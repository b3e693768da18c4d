"""Realizing that is killed at any moment, or done twice at once, comes to the same bytes in the end."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infrastructure.versions.store import Store
from services.versions.realizing import different
from services.versions.shelf import Shelf
from tests.versions.world import World

MAIN = Path(__file__).parent.parent.parent / "main.py"
SEQUENCES, KILLS = 6, 5  # thirty in all
MODEL = random.Random(5).randbytes(3_000_000)
PAUSE = 0.03  # seconds between two pieces of the model: 1.4 seconds in all
LONGEST = 90.0  # seconds for what ends by itself


@dataclass
class Desk:
    """Somebody who types `version realize` with a store of their own."""

    world: World
    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def shelf(self) -> Shelf:
        return Shelf((self.folder / "versions",), Store(self.store))

    def start(self, *words: str) -> "subprocess.Popen[str]":
        home = {"XDG_DATA_HOME": str(self.folder / "home"), "STUDIO_STORE": str(self.store)}
        place = ["--versions", str(self.folder / "versions")]
        return subprocess.Popen(
            [sys.executable, str(MAIN), "version", *words, *place, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.world.surroundings, **home},
            start_new_session=True,
        )

    def begin(self) -> "subprocess.Popen[str]":
        """One that has got through its imports."""
        process, end = self.start("realize", "film-a", "--no-probe"), time.monotonic() + LONGEST
        marker = self.store / "builds" / "film-a" / ".lock"
        before = marker.stat().st_mtime_ns if marker.exists() else 0
        while process.poll() is None and time.monotonic() < end:
            if (self.store / "git").is_dir() and not before:
                break
            if marker.exists() and marker.stat().st_mtime_ns != before:
                break
            time.sleep(0.005)
        return process

    def ended(self, process: "subprocess.Popen[str]") -> str:
        """Its closure."""
        out, error = process.communicate(timeout=LONGEST)
        assert process.returncode == 0, error
        closure: str = json.loads(out)["closure"]
        return closure

    def check_consistent(self) -> None:
        for path in (self.store / "models").rglob("blob"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name
        version = self.shelf.version("film-a")
        if build := version.builds.current:
            assert different(self.shelf.store, build, version.needed_lock(), is_deep=True) == []


@dataclass
class Measured:
    closure: str
    seconds: float  # from its imports to its end


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("killed") / "world")
    made.host.files["/style.safetensors"] = MODEL
    made.host.pause = PAUSE
    yield made
    made.close()


def desk_of(world: World, folder: Path) -> Desk:
    world.write(folder / "versions")
    world.host.asked.clear()
    world.host.sent = 0
    return Desk(world, folder)


@pytest.fixture(scope="module")
def undisturbed(world: World, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    desk = desk_of(world, tmp_path_factory.mktemp("undisturbed"))
    process, begun = desk.begin(), time.monotonic()
    closure = desk.ended(process)
    return Measured(closure, time.monotonic() - begun)


@pytest.mark.timeout(300)  # with its share of a slow machine
@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_killed_at_any_moment_it_goes_on_and_comes_out_the_same(world, undisturbed, tmp_path, seed):
    desk, moments = desk_of(world, tmp_path), random.Random(seed)
    for number in range(KILLS):
        process = desk.begin()
        try:
            process.wait(moments.uniform(0.0, undisturbed.seconds))
        except subprocess.TimeoutExpired:
            if number % 2:  # a container that goes; else what it started lives on for a while
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.communicate(timeout=LONGEST)
            desk.check_consistent()
        else:
            assert desk.ended(process) == undisturbed.closure
            desk.check_consistent()
            shutil.rmtree(desk.store)
    assert world.host.sent < len(MODEL) * KILLS
    assert desk.ended(desk.start("realize", "film-a", "--no-probe")) == undisturbed.closure
    desk.check_consistent()
    assert desk.shelf.version("film-a").builds.current
    assert desk.ended(desk.start("verify", "film-a", "--deep")) == undisturbed.closure
    assert not list((desk.store / "builds").rglob("*.part"))


def test_two_at_once_fetch_everything_once_and_both_are_right(world, undisturbed, tmp_path):
    desk = desk_of(world, tmp_path)
    two = [desk.start("realize", "film-a", "--no-probe") for _ in range(2)]
    assert {desk.ended(process) for process in two} == {undisturbed.closure}
    assert world.host.asked["/style.safetensors"] == 1
    desk.check_consistent()


def test_two_versions_at_once_share_what_they_have_in_common(world, undisturbed, tmp_path):
    desk = desk_of(world, tmp_path)
    world.write(tmp_path / "versions", version_id="film-b", comfy={"repo": world.comfy.url, "ref": "v2"})
    one, other = (desk.start("realize", id, "--no-probe") for id in ("film-a", "film-b"))
    assert desk.ended(one) == undisturbed.closure != desk.ended(other)
    assert world.host.asked["/style.safetensors"] == 1
    assert len(list((desk.store / "envs").glob("*/"))) == 1
