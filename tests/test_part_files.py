"""Parts: two programs that write the same do not take each other's, and what a killed one left goes."""

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from domain.project import Project
from infrastructure import own_run
from infrastructure.part_files import writing, writing_folder
from infrastructure.project_files import leftovers_removed
from tests.folders import aged

HOUSE = Path(__file__).parent.parent
LONGEST = 30  # seconds
WRITER = """
import sys
from pathlib import Path
from infrastructure.part_files import writing
with writing(Path(sys.argv[1])) as part:
    part.write_bytes(b"theirs")
    print(part.name, flush=True)
    sys.stdin.readline()
"""
ANOTHER_MACHINES = "0a1b2c-3d4e"  # nobody holds anything of this name here


@contextmanager
def another_program(to):
    """It has written its part, and makes it whole at the next line it is given."""
    command = [sys.executable, "-c", WRITER, str(to)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, cwd=HOUSE, text=True) as program:
        try:
            yield program, to.with_name(program.stdout.readline().strip())
        finally:
            program.kill()


def written(to, content=b"ours"):
    with writing(to) as part:
        part.write_bytes(content)


def test_what_another_program_is_just_writing_is_left_to_it(tmp_path):
    to = tmp_path / "storyboard.json"
    with another_program(to) as (program, part):
        written(to)
        aged(part)  # as of a program that has been at it for days
        written(to)
        leftovers_removed(Project(tmp_path))
        assert part.read_bytes() == b"theirs"
        program.communicate("go on\n", timeout=LONGEST)
        assert program.returncode == 0
    assert to.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [to]


def test_what_a_killed_program_left_goes_at_once(tmp_path):
    to = tmp_path / "film.mp4"
    with another_program(to) as (program, part):
        program.kill()
        program.wait(LONGEST)
    assert part.exists()
    written(to)
    assert list(tmp_path.iterdir()) == [to]


def test_a_render_removes_what_a_killed_program_left_and_nothing_that_this_one_writes(tmp_path):
    project = Project(tmp_path)
    with another_program(project.takes / "001_v1.png") as (program, part):
        program.kill()
        program.wait(LONGEST)
    with writing(project.storyboard) as ours:
        ours.write_bytes(b"half")
        leftovers_removed(project)
        assert ours.exists() and not part.exists()


@pytest.mark.parametrize("name", [f"film.mp4.{ANOTHER_MACHINES}.part", "film.mp4.part"])
def test_what_a_writer_nobody_here_knows_of_left_goes_after_a_day(tmp_path, name):
    (tmp_path / name).write_bytes(b"half")
    written(tmp_path / "film.mp4")
    assert (tmp_path / name).exists(), "another machine may be writing it to the same share"
    aged(tmp_path / name)
    written(tmp_path / "film.mp4")
    assert not (tmp_path / name).exists()


def test_a_folder_that_another_machine_fills_is_left_to_it(tmp_path):
    theirs = tmp_path / f"film_v001.{ANOTHER_MACHINES}.part"
    theirs.mkdir()
    for is_there in (True, False):
        with writing_folder(tmp_path / "film_v001") as part:
            (part / "1.png").write_bytes(b"ours")
        assert theirs.exists() == is_there
        (tmp_path / "film_v001").rename(tmp_path / f"kept {is_there}")
        if is_there:
            aged(theirs)


def test_where_nothing_can_be_held_files_are_written_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(own_run.tempfile, "tempdir", str(tmp_path / "no such folder"))
    own_run.own.cache_clear()
    try:
        written(tmp_path / "film.mp4")
        assert own_run.is_over(own_run.own()) is None
    finally:
        own_run.own.cache_clear()


def test_of_runs_that_are_long_over_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(own_run.tempfile, "tempdir", str(tmp_path))
    own_run.own.cache_clear()
    try:
        first = own_run._file(own_run.own())
        over, fresh = (own_run._file(name) for name in ("0a1b2c", "0a1b2d"))
        for path in (over, fresh):
            path.touch()
        for path in (first, over):
            aged(path)
        own_run.own.cache_clear()
        own_run.own()
        assert first.exists(), "it goes on"
        assert fresh.exists() and not over.exists()
    finally:
        own_run.own.cache_clear()
