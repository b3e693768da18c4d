"""The page, opened as a user would: by a command of its own, on a port of its own."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from commands.window import _bound, _log
from infrastructure.http_line import Session
from worker.__main__ import main as worker

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
            return requests.get(f"http://127.0.0.1:{port}/", timeout=PATIENCE).text
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


def start(own_folders, *flags):
    command = [sys.executable, "main.py", "--no-browser", *flags]
    return subprocess.Popen(
        command, cwd=HOUSE, env=own_folders, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process):
    process.kill()
    process.communicate(timeout=PATIENCE)


def test_of_two_studios_started_at_once_one_opens_and_the_other_says_where(own_folders):
    both = [start(own_folders) for _ in range(2)]
    try:
        said = [process.stdout.readline() for process in both]
        first, second = sorted(said, key=lambda line: "already" in line)
        assert first.startswith("Cindergrace Studio is open at http://127.0.0.1:")
        address = first.split()[5]
        assert second == f"Cindergrace Studio is open already at {address}\n"
    finally:
        for process in both:
            ended(process)


def test_a_studio_with_a_password_is_found_by_a_second_start(own_folders):
    env = {**own_folders, "CINDERGRACE_PASSWORD": "open"}
    first = start(env, "--listen")
    try:
        address = first.stdout.readline().split()[5]
        assert requests.get(address, timeout=PATIENCE).status_code == 401
        second = start(env, "--listen")
        assert second.communicate(timeout=PATIENCE)[0] == f"Cindergrace Studio is open already at {address}\n"
    finally:
        ended(first)


def other_address():
    """One of this machine that is not its loopback; Linux gives any of 127/8 to the loopback only."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return ""
        return probe.getsockname()[0]


@pytest.mark.parametrize(
    "flags", [["--listen"], ["--host", "0.0.0.0"], ["--host", "::"], ["--host", "OTHER"]]
)
def test_nobody_else_is_let_in_without_a_password(own_folders, flags):
    if "OTHER" in flags and not other_address():
        pytest.skip("this machine has no address but its loopback")
    flags = [other_address() if flag == "OTHER" else flag for flag in flags]
    process = start({**own_folders, "CINDERGRACE_PASSWORD": ""}, *flags)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert said.startswith("error: Letting other computers in needs a password")


def test_the_newer_loopback_is_an_address_too(own_folders):
    process = start(own_folders, "--host", "::1")
    try:
        line = process.stdout.readline()
        if not line:
            assert "no name of this machine" in process.stderr.read()  # a machine without IPv6
            return
        address = line.split()[5]
        assert address.startswith("http://[::1]:")
        assert requests.get(address, timeout=PATIENCE).status_code == 200
    finally:
        ended(process)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_small_answers_are_sent_at_once_and_not_when_the_next_packet_is_full(host):
    """Without it every answer of two parts waits 40 ms for the browser's acknowledgement."""
    no_delay: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted = writer.get_extra_info("socket")
        no_delay.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def talk() -> None:
        async with await asyncio.start_server(answer, sock=_bound(host, None)) as server:
            _, port = server.sockets[0].getsockname()[:2]
            reader, writer = await asyncio.open_connection(host, port)
            await asyncio.wait_for(reader.read(), 10)
            writer.close()

    with ThreadPoolExecutor(1) as aside:  # a browser's test may have left a loop in this thread
        aside.submit(asyncio.run, talk()).result(30)
    assert no_delay and all(no_delay)


@pytest.mark.parametrize(
    "begin", [lambda: _log(True), lambda: worker(["--verbose"])], ids=["studio", "worker"]
)
def test_a_log_in_full_tells_no_address_that_is_a_key(fake, caplog, monkeypatch, begin):
    monkeypatch.setattr(sys, "argv", sys.argv)
    caplog.set_level(logging.DEBUG)
    for library in ("urllib3", "botocore"):
        caplog.set_level(logging.DEBUG, library)  # as it was is put back afterwards
    begin()
    with Session() as session:
        session.get(f"{fake.url}/view?filename=a.png&X-Amz-Signature=5ec4e7")
    logging.getLogger("services.pods").debug("what goes on")
    assert "5ec4e7" not in caplog.text and "what goes on" in caplog.text
