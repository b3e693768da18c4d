"""Who runs of a version: each process is known, on every system, and nothing is pulled away beneath one."""

import json
import subprocess
import sys
from contextlib import contextmanager

import pytest

from domain.errors import Blocked, StudioError
from infrastructure import commands
from infrastructure.managed import ManagedBackend
from infrastructure.versions import launch, running
from services.versions import keeping, launching, sweeping


@contextmanager
def process_of(build):
    """Something that lives and names a build in its command, as its ComfyUI does."""
    words = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()", str(build.base)]
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        child.stdout.readline()
        yield child
    finally:
        child.kill()
        child.communicate()


def test_two_builds_of_one_version_run_and_neither_is_swept(keeper, world):
    one = keeper.realize().build
    with process_of(one) as first:
        running.note(one, first.pid, "http://127.0.0.1:1")
        other = keeper.realize(comfy={"repo": world.comfy.url, "ref": "v2"}).build
        with process_of(other) as second:
            running.note(other, second.pid, "http://127.0.0.1:2")
            assert running.found(one).pid == first.pid and running.found(other).pid == second.pid
            assert sweeping.collect(keeper.shelf, is_dry=False)["gone"] == []
    assert str(one.folder) in sweeping.collect(keeper.shelf, is_dry=False)["gone"]


def test_of_two_that_run_the_one_that_ends_does_not_hide_the_other(keeper):
    build = keeper.realize().build
    with process_of(build) as first, process_of(build) as second:
        for child in (first, second):
            running.note(build, child.pid, "http://127.0.0.1:1")
        running.unnote(build, second.pid)
        with pytest.raises(StudioError, match="film-a is running"):
            keeping.delete(keeper.shelf, "film-a", with_spec=False)
    running.unnote(build, first.pid)
    keeping.delete(keeper.shelf, "film-a", with_spec=True)
    assert not build.folder.parent.exists()


def test_what_runs_on_another_machine_at_the_same_volume_is_left_alone(keeper, monkeypatch, world):
    build = keeper.realize().build
    monkeypatch.setattr("platform.node", lambda: "pod-a")
    running.note(build, 1, "http://127.0.0.1:1")
    monkeypatch.setattr("platform.node", lambda: "pod-b")
    keeper.realize(comfy={"repo": world.comfy.url, "ref": "v2"})
    assert sweeping.collect(keeper.shelf, is_dry=False)["gone"] == []
    with pytest.raises(StudioError, match=r"running on pod-a.*running-1\.json"):
        keeping.delete(keeper.shelf, "film-a", with_spec=False)
    assert build.folder.is_dir() and running.found(build) is None


@pytest.fixture
def attempts(keeper, monkeypatch):
    """What comes of deleting and sweeping just while ComfyUI is started."""
    came = list[str]()
    command = launch.command

    def in_between(*words):
        for deed in (
            lambda: keeping.delete(keeper.shelf, "film-a", with_spec=False),
            lambda: sweeping.collect(keeper.shelf, is_dry=False),
        ):
            try:
                deed()
                came.append("done")
            except Blocked as error:
                came.append(str(error))
        return command(*words)

    keeper.realize()
    monkeypatch.setattr(launch, "command", in_between)
    return came


WAIT = "Another program is at work on the version film-a. Wait for it, and run this again."


def test_one_that_is_just_being_started_by_the_studio_is_not_pulled_away(keeper, attempts):
    backend = ManagedBackend(keeper.store, keeper.shelf.builds("film-a"), "film-a")
    backend.status()
    assert attempts == [WAIT, WAIT] and keeper.build().comfy.is_dir()
    backend.close()


def test_one_that_is_just_being_started_in_a_terminal_is_not_pulled_away(keeper, attempts, monkeypatch):
    def ends_at_once(command, folder, env, began):
        began(1)
        assert keeper.build().comfy.is_dir()
        return 0

    monkeypatch.setattr(launch, "run_here", ends_at_once)
    version = keeper.version()
    assert launching.run_until_it_ends(keeper.store, version.builds, "film-a", "127.0.0.1", 1, []) == 0
    assert attempts == [WAIT, WAIT]


@pytest.mark.parametrize(
    ("system", "program", "said"),
    [("darwin", "ps", ""), ("win32", "powershell", "\r\n"), ("win32", "powershell", None)],
)
def test_each_system_is_asked_in_its_own_way_whose_a_process_is(keeper, monkeypatch, system, program, said):
    """Where nobody tells, it may be: it is neither ended nor swept."""
    build, asked = keeper.realize().build, list[str]()
    monkeypatch.setattr(running, "_PROCESSES", build.folder / "no such folder")
    monkeypatch.setattr(sys, "platform", system)
    answers = [f"python main.py --base-directory {build.base} --port 1\n", said]

    def run(command, *words, **more):
        asked.append(command[0])
        if (answer := answers[0]) is None:
            raise FileNotFoundError(command[0])
        return commands.Done(0, answer, "")

    monkeypatch.setattr(commands, "run", run)
    running.note(build, 4711, "http://127.0.0.1:1")
    assert running.found(build).pid == 4711 and running.in_use(build)
    answers.pop(0)
    assert running.found(build) is None and bool(running.in_use(build)) is (said is None)
    answers[:] = ["python main.py --base-directory C:\\J\ufffdrg\\base"]
    assert running.in_use(build), "a letter was lost: it may be this one"
    assert set(asked) == {program}


def test_a_note_of_one_that_is_gone_goes_with_the_next(keeper):
    build = keeper.realize().build
    running.note(build, 999_999_999, "http://127.0.0.1:1")
    with process_of(build) as child:
        running.note(build, child.pid, "http://127.0.0.1:2")
        notes = [json.loads(path.read_text())["pid"] for path in build.folder.parent.glob("running*.json")]
        assert notes == [child.pid]


def test_one_that_ends_by_itself_while_it_is_stopped_is_no_fault(keeper, monkeypatch):
    build = keeper.realize().build
    with process_of(build) as child:
        running.note(build, child.pid, "http://127.0.0.1:1")
        seen = running.found(build)
        looks = iter([True, False, False])
        monkeypatch.setattr(type(seen), "is_alive", property(lambda self: next(looks)))
    seen.stop()
