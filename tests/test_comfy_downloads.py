"""Files come home whole or not at all, over any line, and under names of our own."""

import errno
import hashlib
import io
import os
import time
import tracemalloc
from pathlib import Path

import pytest

from domain.errors import BackendUnreachable, JobFailed, StudioError
from infrastructure import comfy_api, comfy_execution, downloads, patience
from infrastructure.comfy_api import ComfyAPI
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_history import RemoteFile
from infrastructure.downloads import GoneError, download
from tests.comfy_jobs import aside, carried_out, make_job, parts, puts_out, saved
from tests.fake_answers import HANG_UP, Answer, Cut, Slow, page
from tests.fake_comfy import FakeComfy

CONTENT = os.urandom(1 << 20)
OTHER = bytes((1 << 20) - 300_000)
TAG = f'"{hashlib.md5(CONTENT).hexdigest()}"'  # as the fake server makes them
CLIP = RemoteFile("clip.mp4", "", "output")


@pytest.fixture
def fake():
    with FakeComfy() as fake:
        fake.files["output", "", "clip.mp4"] = CONTENT
        yield fake


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(comfy_execution, "QUIET", 0.05)
    monkeypatch.setattr(patience, "PAUSE", 0.02)
    monkeypatch.setattr(downloads, "PAUSE", 0.001)
    monkeypatch.setattr(downloads, "WORD", 0.0)


def fetched(fake, tmp_path, file=CLIP):
    to = tmp_path / "takes" / "001_v1.mp4"
    try:
        told = list(download(ComfyAPI(fake.url), file, to))
        assert all(0 <= progress.fraction <= 1 for progress in told)
        return to.read_bytes()
    finally:
        assert not parts(tmp_path)


def ranges(fake):
    """From where each request for the file asked on."""
    return [headers.get("Range") for _, path, headers in fake.requests if path == "/view"]


def test_a_file_comes_whole(fake, tmp_path):
    assert fetched(fake, tmp_path) == CONTENT


def test_an_empty_file_is_a_file(fake, tmp_path):
    fake.files["output", "", "clip.mp4"] = b""
    assert fetched(fake, tmp_path) == b""


def test_a_broken_download_goes_on_where_it_broke(fake, tmp_path):
    fake.instead["GET /view"] = [Cut(300_000), Cut(200_000)]
    assert fetched(fake, tmp_path) == CONTENT
    assert ranges(fake) == [None, "bytes=300000-", "bytes=500000-"]


def test_a_server_that_knows_no_ranges_is_asked_from_the_beginning(fake, tmp_path):
    fake.has_range = False
    fake.instead["GET /view"] = [Cut(300_000), Cut(500_000)]
    assert fetched(fake, tmp_path) == CONTENT


def test_a_line_that_breaks_all_the_time_and_still_brings_something_gets_there(fake, tmp_path):
    fake.instead["GET /view"] = [Cut(100_000) for _ in range(9)]
    assert fetched(fake, tmp_path) == CONTENT
    assert len(ranges(fake)) == 10


@pytest.mark.parametrize("has_range", [True, False])
def test_a_file_that_never_comes_whole_is_told_and_not_kept(fake, tmp_path, has_range):
    fake.has_range = has_range
    cut = [Cut(300_000)] + [Cut(0) for _ in range(20)] if has_range else [Cut(300_000) for _ in range(20)]
    fake.instead["GET /view"] = cut
    with pytest.raises(
        JobFailed, match=r"001_v1.mp4 arrives incomplete: (300000|0) of 1048576 bytes, 6 times"
    ):
        fetched(fake, tmp_path)
    assert list((tmp_path / "takes").iterdir()) == []


def test_a_file_that_changed_between_two_halves_is_taken_anew(fake, tmp_path):
    fake.instead["GET /view"] = [Cut(300_000)]
    other = os.urandom(1 << 20)

    def change(method, path, own=fake.answer_instead):
        answer = own(method, path)
        if path == "/view" and answer is None:
            fake.files["output", "", "clip.mp4"] = other
        return answer

    fake.answer_instead = change
    assert fetched(fake, tmp_path) == other


@pytest.mark.parametrize(
    "answer",
    [
        Answer(206, OTHER, {"Content-Range": "bytes 300000-1048575/1048576", "ETag": '"other"'}),
        Answer(206, OTHER, {"Content-Range": "bytes 5-748580/1048576", "ETag": TAG}),
        Answer(206, OTHER, {"ETag": TAG}),
        Answer(416, b"", {"Content-Range": "bytes */10"}),
    ],
)
def test_a_second_half_of_something_else_is_not_appended(fake, tmp_path, answer):
    fake.instead["GET /view"] = [Cut(300_000), answer]
    assert fetched(fake, tmp_path) == CONTENT


def test_a_file_whose_version_is_unknown_is_taken_anew(fake, tmp_path):
    fake.has_tags = False
    fake.instead["GET /view"] = [Cut(300_000)]
    assert fetched(fake, tmp_path) == CONTENT
    assert ranges(fake) == [None, None]


def test_a_server_that_goes_away_in_the_middle_is_waited_for(fake, tmp_path):
    fake.instead["GET /view"] = [Cut(300_000), HANG_UP, page(502), page(503)]
    assert fetched(fake, tmp_path) == CONTENT
    assert ranges(fake)[-1] == "bytes=300000-"


def test_a_server_that_restarts_in_the_middle_is_waited_for(fake, tmp_path):
    fake.instead["GET /view"] = [Cut(300_000)]
    run = download(ComfyAPI(fake.url), CLIP, tmp_path / "clip.mp4")
    next(run)
    fake.crash()
    aside(lambda: (time.sleep(0.2), fake.start()))
    list(run)
    assert (tmp_path / "clip.mp4").read_bytes() == CONTENT


def test_a_server_that_stays_away_is_unreachable(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(patience, "SECONDS", 0.1)
    fake.instead["GET /view"] = [Cut(300_000)] + [HANG_UP] * 1000
    with pytest.raises(BackendUnreachable, match="No ComfyUI answers"):
        fetched(fake, tmp_path)


@pytest.mark.parametrize("what", ["before the answer", "within it"])
def test_a_line_that_falls_silent_is_cut_and_taken_up_again(fake, tmp_path, monkeypatch, what):
    monkeypatch.setattr(comfy_api, "SHORT", 0.1)
    fake.instead["GET /view"] = [Slow(0.5)] if what == "before the answer" else [Cut(300_000, seconds=0.5)]
    assert fetched(fake, tmp_path) == CONTENT


def test_a_file_that_is_gone_says_so(fake, tmp_path):
    fake.files.clear()
    with pytest.raises(GoneError, match=r"no longer has the file for 001_v1.mp4"):
        fetched(fake, tmp_path)


@pytest.mark.parametrize("status", [400, 403])
def test_a_file_the_server_does_not_hand_out_fails_the_job_and_not_the_run(fake, tmp_path, status):
    fake.instead["GET /view"] = [Answer(status)]
    with pytest.raises(JobFailed, match=rf"does not hand out \({status}\)"):
        fetched(fake, tmp_path)


def test_a_login_page_is_not_a_clip(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(patience, "SECONDS", 0.1)
    fake.instead["GET /view"] = [page(200, "Please log in")] * 1000
    with pytest.raises(BackendUnreachable, match="not what ComfyUI says"):
        fetched(fake, tmp_path)


class FullDisk(io.FileIO):
    """Takes what fits, as a disk does, and then nothing more."""

    room = 300_000

    def write(self, data):
        if self.tell() + len(data) > self.room:
            super().write(bytes(data)[: max(0, self.room - self.tell())])
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


def test_a_full_disk_is_one_sentence_and_leaves_nothing(fake, tmp_path, monkeypatch):
    real = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda self, mode="r", *a, **k: FullDisk(self, mode) if mode == "wb" else real(self, mode),
    )
    with pytest.raises(StudioError, match=r"001_v1.mp4 cannot be written: No space left on device\."):
        fetched(fake, tmp_path)
    assert list((tmp_path / "takes").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(fake, tmp_path):
    (tmp_path / "takes").write_text("a file where the folder should be")
    with pytest.raises(StudioError, match=r"001_v1.mp4 cannot be written"):
        list(download(ComfyAPI(fake.url), CLIP, tmp_path / "takes" / "001_v1.mp4"))


def test_connections_are_kept_from_one_request_to_the_next(fake, tmp_path):
    api = ComfyAPI(fake.url)
    for _ in range(5):
        list(download(api, CLIP, tmp_path / "clip.mp4"))
        assert api.size(RemoteFile("nothing.png", "", "output")) is None
        assert api.history("nobody") is None
    assert fake.connections == 1


def test_a_large_file_does_not_pass_through_memory(fake, tmp_path):
    fake.files["output", "", "clip.mp4"] = bytes(48 << 20)
    run = download(ComfyAPI(fake.url), CLIP, tmp_path / "clip.mp4")
    next(run)
    tracemalloc.start(1)
    try:
        list(run)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20


# --- names that a server gives

HOSTILE = [
    "../../../../etc/passwd",
    "..\\..\\evil.png",
    "/etc/shadow",
    "C:\\Windows\\system32\\evil.dll",
    "aux",
    "con.png",
    "nul.tar.gz",
    "x" * 300 + ".png",
    "a\r\nSet-Cookie: b=1.png",
    "a\0b.png",
    "Ωμέγα 名前 🎬.webp",
    "name.json",
    "name.part",
    "name.",
    " ",
    ".hidden",
    "x.JPEG",
    "x.mp4?preview=webp&channel=a#frag",
    "%2e%2e%2fevil.png",
    "x.p/../../g",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_from_the_server_is_never_a_path_here(fake, tmp_path, name):
    job = make_job(tmp_path, puts_out({"images": [saved(name, "../sub\\dir")]}))
    job.folder.mkdir(parents=True)
    recipe = job.folder / "001_v1.json"
    recipe.write_text("the recipe")
    (file,) = carried_out(ComfyBackend(fake.url), job).files

    assert file.parent == job.folder
    assert file.name.startswith("001_v1.") and len(file.name) < 30
    assert file.read_bytes() == f"content of {name}".encode()
    assert recipe.read_text() == "the recipe"
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted([file, recipe])


def test_files_of_one_name_in_several_folders_all_come_home(fake, tmp_path):
    items = [saved("x.png"), saved("x.png", "a"), saved("x.png", "b"), saved("x.png")]
    graph = puts_out({"images": items, "gifs": [saved("x.mp4"), saved("y.mp4")]})
    files = carried_out(ComfyBackend(fake.url), make_job(tmp_path, graph)).files
    assert [file.name for file in files] == [
        "001_v1.png",
        "001_v1-2.png",
        "001_v1-3.png",
        "001_v1-4.mp4",
        "001_v1-5.mp4",
    ]


def test_items_without_a_name_are_passed_over(fake, tmp_path):
    graph = puts_out({"images": [saved(""), {"filename": 7}, {"subfolder": "x"}, saved("x.png")]})
    assert len(carried_out(ComfyBackend(fake.url), make_job(tmp_path, graph)).files) == 1
