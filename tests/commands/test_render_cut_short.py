"""`render` when the disk is full, when it is interrupted, and when nobody reads what it says."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.commands.typing import HERE, LONGEST, POSIX, SMALL, WORKFLOWS, board, typed


@POSIX
def test_a_full_disk_ends_a_render_with_one_sentence_before_anything_is_drawn(tmp_path):
    board(tmp_path)
    script = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
sys.path.insert(0, {str(HERE)!r})
import main
sys.exit(main.main(["render", "board.json", *{WORKFLOWS}]))
"""
    words = [sys.executable, "-c", script]
    said = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=LONGEST, check=False)
    (sentence,) = [line for line in said.stderr.splitlines() if "cannot be written" in line]
    assert (said.returncode, said.stdout) == (1, "")
    assert sentence.endswith("cannot be written: File too large.")
    assert "Traceback" not in said.stderr
    assert not list(tmp_path.rglob("*.part*")) and not list(tmp_path.rglob("*.png"))
    assert typed(tmp_path, "render", "board.json", *WORKFLOWS).returncode == 0


@POSIX
def test_an_interrupted_render_says_so_leaves_nothing_half_done_and_goes_on(tmp_path):
    long = {**SMALL, "width": 640, "height": 352, "shots": [{**SMALL["shots"][0], "duration": 10}]}
    board(tmp_path, long)
    words = [sys.executable, str(HERE / "main.py"), "render", "board.json", "--json", *WORKFLOWS]
    with subprocess.Popen(
        words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        end = time.monotonic() + LONGEST
        while not (tmp_path / "board" / "takes" / "001.01_v1.json").exists():
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=LONGEST)
    assert process.returncode == 130
    assert "Interrupted. The same command goes on from here." in error
    assert "Traceback" not in error
    assert json.loads(out)["shots"][0]["takes"] == [str(tmp_path / "board" / "takes" / "001_v1.png")]
    assert not list(tmp_path.rglob("*.part*"))
    recipe = json.loads((tmp_path / "board" / "takes" / "001.01_v1.json").read_text("utf-8"))
    assert recipe["state"] == "cancelled"
    board(tmp_path, {**long, "shots": [{**SMALL["shots"][0], "duration": 0.5}]})
    assert typed(tmp_path, *words[2:]).returncode == 0


@POSIX
def test_on_a_terminal_there_is_a_bar(tmp_path):
    import pty  # where there is one

    board(tmp_path)
    ours, theirs = pty.openpty()
    words = [sys.executable, str(HERE / "main.py"), "render", "board.json", *WORKFLOWS]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        said = b""
        while chunk := _read(ours):
            said += chunk
        process.communicate(timeout=LONGEST)
    os.close(ours)
    assert process.returncode == 0
    assert "█" in said.decode() and "░" in said.decode() and "\r" in said.decode()
    assert "saved film.mp4" in said.decode()


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""


@POSIX
@pytest.mark.parametrize("gone", ["stdout", "stderr"])
def test_a_render_whose_reader_has_gone_goes_on_or_says_that_it_is_cut_off(tmp_path, gone):
    board(tmp_path)
    reader, writer = os.pipe()
    os.close(reader)
    words = [sys.executable, str(HERE / "main.py"), "render", "board.json", *WORKFLOWS]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, gone: writer}
    done = subprocess.run(words, cwd=tmp_path, timeout=LONGEST, check=False, **pipes)
    os.close(writer)
    film = tmp_path / "board" / "film.mp4"
    assert (done.returncode, film.exists()) == (130, True)
    assert b"Traceback" not in (done.stderr or b"") and b"Exception" not in (done.stderr or b"")


@POSIX
def test_a_folder_whose_name_is_no_text_is_a_folder(tmp_path):
    """Bytes that are no UTF-8, as older disks have them."""
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    own = {"shot_id": "own", "prompt": "A lamp.", "start_image": "lamp.png", "duration": 1.5}
    board(folder, {**SMALL, "longest_segment": 0.5, "shots": [*SMALL["shots"], own]})
    Image.new("RGB", (256, 256), "red").save(folder / "lamp.png")
    said = typed(folder, "render", folder / "board.json", "--json", *WORKFLOWS)
    assert said.returncode == 0, said.stderr
    assert Path(json.loads(said.stdout)["film"]).is_file()
