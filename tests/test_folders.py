"""The studio's folders: shown on its own machine only, and a cache that can be emptied at any time."""

import os
import sys
import threading
import time

import pytest

from domain.errors import StudioError
from domain.places import Places
from infrastructure import opener
from services import folders
from tests.run_bench import until


@pytest.fixture
def places(tmp_path):
    return Places(
        tmp_path / "config" / "settings.json", tmp_path / "data", tmp_path / "films", tmp_path / "cache"
    )


def file(path, age=3600.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"12345")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_an_emptied_cache_has_only_what_is_in_use(places):
    old = file(places.cache / "gradio" / "a" / "picture.png")
    fresh = file(places.cache / "uploads" / "b" / "clip.mp4", age=5)
    running = file(places.cache / "instance.json")

    assert folders.empty_cache(places) == 5
    assert not old.parent.exists()
    assert fresh.exists() and running.exists()
    assert folders.size(places.cache) == 10


def test_nothing_outside_the_cache_is_deleted_through_a_link(places):
    outside = file(places.projects / "film" / "film.mp4")
    places.cache.mkdir(parents=True)
    (places.cache / "link").symlink_to(outside.parent, target_is_directory=True)
    (places.cache / "film").symlink_to(outside)

    folders.empty_cache(places)

    assert outside.exists()


def test_a_cache_that_is_not_there_is_empty(places):
    assert folders.empty_cache(places) == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "127.0.0.5"])
def test_the_studios_own_machine_is_here(host):
    assert folders.is_here(host, {})


@pytest.mark.parametrize("host", ["192.168.1.5", "8.8.8.8", "", None, "localhost.evil.com"])
def test_another_computer_is_not(host):
    assert not folders.is_here(host, {})


def test_what_comes_through_a_proxy_is_not_here():
    assert not folders.is_here("127.0.0.1", {"x-forwarded-for": "127.0.0.1"})


@pytest.mark.parametrize("named", ["127.0.0.1:7860", "localhost", "LOCALHOST:80", "[::1]:7860", "127.0.0.1"])
def test_whoever_names_the_studios_own_machine_is_here(named):
    assert folders.is_here("127.0.0.1", {"host": named})


@pytest.mark.parametrize(
    "named", ["studio.example", "studio.example:7860", "192.0.2.7", "[::1", "", "[2001:db8::1]"]
)
def test_what_comes_through_a_tunnel_is_not_here(named):
    assert not folders.is_here("127.0.0.1", {"host": named})


def test_only_the_studios_own_folders_are_shown(places):
    with pytest.raises(StudioError):
        folders.show(places, "../..")


def test_a_folder_is_shown_by_the_systems_own_program(places, tmp_path, monkeypatch):
    shown = tmp_path / "shown"
    program = tmp_path / "bin" / ("open" if os.uname().sysname == "Darwin" else "xdg-open")
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$1" > "{shown}"\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)

    folders.show(places, "workflows")

    end = time.monotonic() + 30
    while not (shown.exists() and shown.read_text("utf-8")) and time.monotonic() < end:
        time.sleep(0.02)
    assert shown.read_text("utf-8").strip() == str(places.workflows)
    assert places.workflows.is_dir()


def test_a_machine_without_such_a_program_says_where_the_folder_is(places, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StudioError, match="no program that shows folders"):
        folders.show(places, "projects")


def test_a_folder_that_cannot_be_shown_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StudioError, match="There is no folder"):
        opener.show_folder(tmp_path / "file" / "projects")
    tool = tmp_path / "xdg-open"
    tool.write_text("no program")
    tool.chmod(0o755)
    monkeypatch.setattr(opener.sys, "platform", "linux")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StudioError, match="It cannot be shown"):
        opener.show(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="its folders are shown by a program of its own")
def test_a_file_is_shown_in_its_folder_and_no_ended_program_is_left(tmp_path, monkeypatch):
    tool = tmp_path / "tools" / "xdg-open"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nprintf %s "$1" > "{tmp_path}/shown"\n')
    tool.chmod(0o755)
    monkeypatch.setattr(opener.sys, "platform", "linux")
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    (tmp_path / "film.mp4").write_bytes(b"film")
    for path in (tmp_path, tmp_path / "film.mp4"):
        opener.show(path)
        until(lambda: not [one for one in threading.enumerate() if one.name == "shown"])
        assert (tmp_path / "shown").read_text() == str(tmp_path)
