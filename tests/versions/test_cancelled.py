"""Whoever cancels work on a version is heard at once, whatever program it waits for."""

import os
import shutil
import signal
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from domain.errors import StudioError
from domain.events import Progress
from infrastructure import hashes
from infrastructure.versions import uv
from infrastructure.versions.locks import held
from services.versions.works import Works
from tests.comfy_jobs import until

SLOW = """#!/bin/sh
case " $* " in *" {word} "*)
  sleep 600 &  # what it started itself lives on, and holds its pipes
  echo $! > {folder}/child
  echo $$ > {folder}/pid
  wait
esac
exec {real} "$@"
"""


@pytest.fixture
def slow(tmp_path):
    """Makes a program that never ends when it is asked for `word`."""
    folder = tmp_path / "slow"
    folder.mkdir()

    def make(word, real):
        program = folder / Path(real).name
        program.write_text(SLOW.format(word=word, folder=folder, real=real), "utf-8")
        program.chmod(0o755)
        return program

    yield make
    with suppress(FileNotFoundError):
        os.kill(int((folder / "child").read_text()), signal.SIGKILL)


def cancelled(page, slow, deed):
    page.desk.begin(deed, "film-a", lambda works: getattr(works, deed)("film-a"))
    pid = slow.with_name("pid")
    until(lambda: pid.is_file() and pid.read_text())
    page.desk.cancel()
    until(lambda: page.work["state"] == "cancelled")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.parametrize(
    ("deed", "word"),
    [("resolve", "ls-remote"), ("resolve", "fetch"), ("resolve", "cat-file blob"), ("realize", "read-tree")],
)
def test_git_is_no_reason_to_wait(page, keeper, slow, monkeypatch, deed, word):
    if deed == "realize":
        keeper.resolve()
    keeper.version()
    program = slow(word, shutil.which("git"))
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(program.parent), prepend=os.pathsep)
        cancelled(page, program, deed)
    if deed == "realize":
        keeper.realize()
    else:
        keeper.resolve()


@pytest.mark.parametrize(("deed", "word"), [("resolve", "compile"), ("realize", "install")])
def test_packages_are_no_reason_to_wait(page, keeper, slow, monkeypatch, deed, word):
    if deed == "realize":
        keeper.resolve()
    keeper.version()
    program = slow(word, uv._program())
    monkeypatch.setattr(uv, "_program", lambda: str(program))
    cancelled(page, program, deed)


def test_another_program_at_the_same_version_is_told_and_waited_for(page, keeper, nodes):
    keeper.resolve()
    with held(keeper.shelf.builds("film-a").change_lock, "the version"):
        page.desk.begin("realize", "film-a", lambda works: works.realize("film-a"))
        until(lambda: page.work["note"].startswith("another program is at work on the version film-a"))
        page.desk.cancel()
        until(lambda: page.work["state"] == "cancelled")
        page.desk.begin("realize", "film-a", lambda works: works.realize("film-a"))
        until(lambda: page.work["note"].startswith("another program is at work on the version film-a"))
    until(lambda: page.work["state"] != "running")
    assert page.work["state"] == "done" and page.work["outcome"]["is_new"]


def test_how_far_every_byte_is_read_is_told_on_the_way(keeper, monkeypatch):
    keeper.realize()
    monkeypatch.setattr(hashes, "_CHUNK", 100_000)
    told = list(Works(keeper.shelf).verify("film-a", is_deep=True))
    shares = [event.fraction for event in told if "reading every byte" in event.note]
    assert len(shares) == 10 and shares == sorted(set(shares)) and shares[-1] == 1.0
    assert not any("every byte" in event.note for event in Works(keeper.shelf).verify("film-a"))


def test_one_piece_of_work_at_a_time_which_can_be_cancelled(page):
    goes_on = threading.Event()

    def slow(works):
        while True:
            yield Progress(0.5, "slowly")
            goes_on.wait(0.01)

    page.desk.begin("realize", "film-a", slow)
    with pytest.raises(StudioError, match="under way"):
        page.desk.begin("verify", "film-b", slow)
    until(lambda: page.work["note"] == "slowly")
    page.desk.cancel()
    until(lambda: page.work["state"] == "cancelled")
    number = page.work["number"]
    page.desk.dismiss(number - 1)
    assert page.work, "only the end that was read is dismissed"
    page.desk.dismiss(number)
    assert page.work is None


def test_a_cancel_that_comes_late_brings_nothing_back(page, keeper):
    keeper.version()
    work = page.done("resolve", "film-a", lambda works: works.resolve("film-a"))
    page.desk.dismiss(work["number"])
    page.desk.cancel()
    assert page.work is None
