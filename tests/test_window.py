"""The page, opened as a user would: by a command of its own, on a port of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

HOUSE = Path(__file__).parent.parent
PATIENCE = 60.0  # seconds for the page to open on a busy machine


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def own_folders(tmp_path):
    """A user who has never started the studio."""
    places = {f"XDG_{kind}_HOME": str(tmp_path / kind.lower()) for kind in ("DATA", "CONFIG", "CACHE")}
    return {**os.environ, **places, "HOME": str(tmp_path)}


@pytest.fixture
def studio(port, own_folders):
    command = [sys.executable, "main.py", "--no-browser", "--port", str(port)]
    process = subprocess.Popen(command, cwd=HOUSE, env=own_folders, stdout=subprocess.PIPE, text=True)
    yield process
    if process.poll() is None:
        process.kill()
    process.wait(PATIENCE)


def page_of(process: subprocess.Popen, port: int) -> str:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, "the studio ended by itself"
        try:
            return requests.get(f"http://127.0.0.1:{port}/", timeout=10).text
        except requests.ConnectionError:
            time.sleep(0.2)
    raise AssertionError("the page did not open")


def test_the_page_has_the_studios_title_and_says_where_it_is(studio, port):
    assert "Cindergrace Studio" in page_of(studio, port)
    assert f"http://127.0.0.1:{port}" in studio.stdout.readline()


def test_being_told_to_end_ends_the_studio_in_order(studio, port):
    page_of(studio, port)
    studio.stdout.readline()
    studio.send_signal(signal.SIGTERM)
    assert studio.wait(PATIENCE) == 0


def test_a_busy_port_is_told_in_one_sentence(own_folders):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        command = [sys.executable, "main.py", "--no-browser", "--port", str(port)]
        done = subprocess.run(
            command, cwd=HOUSE, env=own_folders, capture_output=True, text=True, timeout=PATIENCE
        )
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: Port {port} is in use.")
    assert done.stderr.count("\n") == 1
