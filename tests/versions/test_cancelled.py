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
from services.versions.models import verified
from services.versions.works import Works
from tests.comfy_jobs import until

SLOW = """#!/bin/sh
case " $* " in *" {word} "*)
  sleep 600 &  # what it started itself holds its pipes
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
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((folder / "child").read_text()), signal.SIGKILL)


def cancelled(page, slow, deed):
    page.desk.begin(deed, "film-a", lambda works: getattr(works, deed)("film-a"))
    pid = slow.with_name("pid")
    until(lambda: pid.is_file() and pid.read_text())
    page.desk.cancel()
    until(lambda: page.work["state"] == "cancelled")
    for name in ("pid", "child"):
        until(lambda name=name: not is_alive(int(slow.with_name(name).read_text())))


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


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
        until(lambda: page.work["note"].startswith("waiting for who is at work on the version film-a"))
        page.desk.cancel()
        until(lambda: page.work["state"] == "cancelled")
        page.desk.begin("realize", "film-a", lambda works: works.realize("film-a"))
        until(lambda: page.work["note"].startswith("waiting for who is at work on the version film-a"))
    until(lambda: page.work["state"] != "running")
    assert page.work["state"] == "done" and page.work["outcome"]["is_new"]


@pytest.mark.parametrize("deed", ["resolve", "realize", "verify", "probe", "reproduce"])
def test_who_sweeps_the_store_is_told_and_waited_for(page, keeper, nodes, deed):
    keeper.realize()
    with keeper.store.exclusive():
        page.desk.begin(deed, "film-a", lambda works: getattr(works, deed)("film-a"))
        until(lambda: page.work["note"].endswith("waiting for who is at work on the store"))
        page.desk.cancel()
        until(lambda: page.work["state"] == "cancelled")


def test_models_whose_disk_is_another_now_are_read_with_a_word_on_the_way(keeper, monkeypatch):
    keeper.realize()
    for memo in keeper.store.folder.rglob("verified.json"):
        memo.unlink()
    monkeypatch.setattr(hashes, "_CHUNK", 100_000)
    told = [getattr(event, "note", "") for event in Works(keeper.shelf).resolve("film-a")]
    assert sum("reading every byte" in note for note in told) == 10
    for memo in keeper.store.folder.rglob("verified.json"):
        memo.unlink()
    told = [getattr(event, "note", "") for event in Works(keeper.shelf).realize("film-a")]
    assert sum("reading every byte" in note for note in told) == 10


def test_how_far_every_byte_is_read_is_told_on_the_way(keeper, monkeypatch):
    keeper.realize()
    monkeypatch.setattr(hashes, "_CHUNK", 100_000)
    told = list(Works(keeper.shelf).verify("film-a", is_deep=True))
    shares = [event.fraction for event in told if "reading every byte" in event.note]
    assert len(shares) == 10 and shares == sorted(set(shares)) and shares[-1] == 1.0
    assert not any("every byte" in event.note for event in Works(keeper.shelf).verify("film-a"))


def test_a_model_that_is_somebodys_own_copy_is_read_with_a_word_on_the_way(keeper, tmp_path, monkeypatch):
    keeper.realize()
    lock = keeper.version().needed_lock()
    (model,) = lock.models
    copy = tmp_path / "mine" / model.target
    copy.parent.mkdir(parents=True)
    shutil.copyfile(keeper.store.blobs.path(model.sha256), copy)
    monkeypatch.setattr(hashes, "_CHUNK", 100_000)
    work = verified(keeper.store, lock, tmp_path / "mine", writes_over=False)
    assert sum("reading every byte" in event.note for event in work) == 10


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
