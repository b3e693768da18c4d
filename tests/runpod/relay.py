"""A host of RunPod's whose part another program on this machine plays: bytes go there and back."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

from tests.runpod.pods import cut


def relay(line: socket.socket, url: str) -> None:
    """Until either end hangs up."""
    there = urlsplit(url)
    with socket.create_connection((there.hostname or "", there.port or 80), 10) as far:
        far.settimeout(None)
        back = threading.Thread(target=_carry, args=(far, line), daemon=True)
        back.start()
        _carry(line, far)
        back.join(10)


def _carry(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(1 << 16):
            to.sendall(content)
    cut(to)
