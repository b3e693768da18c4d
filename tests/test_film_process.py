"""ffmpeg as a process: it ends with the work that started it, and its complaint is one sentence."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from domain.errors import StudioError
from infrastructure import ffmpeg
from infrastructure.part_files import writing
from services.film import Segment, join, shot_video
from tests.film_corpus import KINDS, codes, make, of
from tests.folders import aged
from tests.test_film import AT_24, finish

LONG = ("-f", "lavfi", "-i", "testsrc2=s=192x128:r=24", "-frames:v", "1000000", "-f", "null", "-")


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Puts a small program in the place of ffmpeg; returns the file in which it leaves its process id."""

    def put(*lines):
        program, pid = tmp_path / "ffmpeg", tmp_path / "pid"
        begin = [
            f"#!{sys.executable}",
            "import os, sys, time",
            f"open({str(pid)!r}, 'w').write(str(os.getpid()))",
        ]
        program.write_text("\n".join([*begin, *lines]))
        program.chmod(0o755)
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
        return pid

    return put


def is_over(pid):
    try:
        os.kill(int(pid.read_text()), 0)
    except ProcessLookupError:
        return True
    return False


def test_closing_the_work_ends_the_process(stand_in, tmp_path):
    survived = tmp_path / "survived"
    pid = stand_in(
        "print('frame=1\\nprogress=continue', flush=True)", "time.sleep(20)", f"open({str(survived)!r}, 'w')"
    )
    work = ffmpeg.run([], "x.mp4 cannot be encoded")
    assert next(work) == 1
    assert not is_over(pid)
    work.close()
    assert is_over(pid)
    assert not survived.exists()


def test_a_process_that_hangs_is_ended(stand_in, monkeypatch):
    monkeypatch.setattr(ffmpeg, "SILENCE", 0.5)
    pid = stand_in("time.sleep(60)")
    with pytest.raises(StudioError, match=r"x\.mp4 cannot be encoded: ffmpeg made no progress"):
        list(ffmpeg.run([], "x.mp4 cannot be encoded"))
    assert is_over(pid)


def test_a_process_that_talks_but_does_not_move_is_ended(stand_in, monkeypatch):
    monkeypatch.setattr(ffmpeg, "SILENCE", 0.5)
    pid = stand_in("while True: print('frame=7\\nprogress=continue', flush=True); time.sleep(0.05)")
    with pytest.raises(StudioError, match="made no progress"):
        list(ffmpeg.run([], "x.mp4 cannot be encoded"))
    assert is_over(pid)


def test_a_question_that_gets_no_answer_is_given_up(stand_in, monkeypatch):
    monkeypatch.setattr(ffmpeg, "SILENCE", 0.5)
    pid = stand_in("time.sleep(60)")
    with pytest.raises(StudioError, match="gave no answer"):
        ffmpeg.ask([])
    assert is_over(pid)


def test_a_failure_is_one_sentence_with_its_reason(stand_in):
    stand_in(
        "sys.stderr.write('[libx264 @ 0x55] broken header\\n' * 9)",
        "sys.stderr.write('[out#0/mp4 @ 0x7f] Error writing: No space left on device\\n')",
        "sys.stderr.write('Conversion failed!\\n')",
        "sys.exit(1)",
    )
    with pytest.raises(StudioError) as error:
        list(ffmpeg.run([], "x.mp4 cannot be encoded"))
    assert str(error.value) == "x.mp4 cannot be encoded: Error writing: No space left on device."


def test_much_complaining_takes_little_memory_and_does_not_block(stand_in):
    stand_in("sys.stderr.write('bad packet\\n' * 500_000)", "print('frame=3\\nprogress=end')")
    assert list(ffmpeg.run([], "x.mp4 cannot be encoded"))[-1] == 3


def test_a_process_that_cannot_be_started_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "nothing"))
    for attempt in (lambda: ffmpeg.ask([]), lambda: list(ffmpeg.run([], "x.mp4 cannot be encoded"))):
        with pytest.raises(StudioError, match="ffmpeg cannot be started"):
            attempt()


def test_work_tells_how_far_it_is():
    work = ffmpeg.run(LONG, "nothing cannot be made")
    frames = [next(work) for _ in range(6)]
    work.close()
    assert frames == sorted(frames)
    assert frames[-1] > frames[0]


def test_a_silent_process_still_lets_its_work_be_cancelled(stand_in):
    pid = stand_in("time.sleep(60)")
    work = ffmpeg.run([], "x.mp4 cannot be encoded")
    assert [next(work), next(work)] == [0, 0]
    work.close()
    assert is_over(pid)


def test_cancelling_a_shot_leaves_no_half_file(tmp_path):
    clip, to, cache = make(KINDS["h264"], 1, tmp_path), tmp_path / "001.mp4", tmp_path / "cache"
    to.write_bytes(b"the shot as it was")
    work = shot_video([Segment(clip, 30)], to, AT_24, 1_000_000, cache)
    next(work)  # that the last frame is held
    next(work)
    next(work)
    work.close()

    assert to.read_bytes() == b"the shot as it was"
    assert not list(tmp_path.rglob("*.part*"))
    assert not [path for path in cache.rglob("*") if path.is_file()]


KILLED = """
import os, signal, sys
from pathlib import Path
from services.film import join
from tests.test_film import AT_24

*clips, to, cache = map(Path, sys.argv[1:])
for _ in join(clips, to, AT_24, cache):
    if len(list(cache.rglob("parts/*/*.mp4"))) > 1:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_shots_made_side_by_side_do_not_get_into_each_other(tmp_path):
    """Two shots of the very same clip, turn about: what is common to them is made by each."""
    clips, cache = [make(KINDS["h264"], 1, tmp_path)] * 2, tmp_path / "cache"
    works = [
        shot_video([Segment(clip, 20), Segment(clip, 20)], tmp_path / f"{n}.mp4", AT_24, 40, cache)
        for n, clip in enumerate(clips)
    ]
    going = list(works)
    while going:
        for work in list(going):
            if next(work, None) is None:
                going.remove(work)
    for n in range(2):
        assert codes(tmp_path / f"{n}.mp4") == of(1, [*range(20), *range(20)])


def test_after_a_kill_the_same_work_goes_on(tmp_path):
    """What a killed run left, half files and whole parts, neither stops nor harms the next."""
    clips = [make(KINDS[name], n, tmp_path) for n, name in enumerate(("vp9", "hevc", "prores"))]
    to, cache = tmp_path / "film.mp4", tmp_path / "cache"
    command = [sys.executable, "-c", KILLED, *clips, to, cache]
    killed = subprocess.run(command, cwd=Path(__file__).parent.parent, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    half = to.with_name("film.mp4.part")
    half.write_bytes(b"half")
    aged(half)

    _, film = finish(join(clips, to, AT_24, cache))

    assert codes(film.path) == of(0, range(30)) + of(1, range(30)) + of(2, range(30))
    assert not list(tmp_path.rglob("*.part"))


def test_a_part_left_behind_is_not_written_into(tmp_path):
    to = tmp_path / "film.mp4"
    left = tmp_path / "film.mp4.part"
    left.write_bytes(b"old")
    aged(left)
    with left.open("rb") as held_by_an_old_process, writing(to) as part:
        part.write_bytes(b"new")
        assert held_by_an_old_process.read() == b"old"
    assert to.read_bytes() == b"new"


def test_two_who_write_the_same_at_once_do_not_meet(tmp_path):
    to = tmp_path / "marks.json"
    with writing(to) as first:
        first.write_bytes(b"first")
        with writing(to) as second:
            second.write_bytes(b"second")
        assert to.read_bytes() == b"second"
    assert to.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [to]


def test_what_another_run_left_half_written_is_removed_and_nothing_else(tmp_path):
    left = ["film.mp4.part", "film.mp4.0123ab-4567.part", "film.mp4.0123ab-4567.list.part"]
    others = ["film.mp4.mov.part", "film.part", "a film.mp4.0123ab-4567.part"]
    for name in (*left, *others):
        (tmp_path / name).write_bytes(b"half")
        aged(tmp_path / name)
    with writing(tmp_path / "film.mp4") as part:
        part.write_bytes(b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["film.mp4", *others])


def test_breaking_while_writing_keeps_what_stood_there(tmp_path):
    to = tmp_path / "film.mp4"
    to.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), writing(to) as part:
        part.write_bytes(b"half")
        1 / 0  # noqa: B018
    assert to.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [to]
