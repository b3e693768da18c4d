"""The server's side of a WebSocket, as far as the tests need one."""

import base64
import hashlib
import socket
import struct
import threading
from contextlib import suppress

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def accept(key: str) -> str:
    """The answer to a client's Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1((key + _MAGIC).encode()).digest()).decode()


def frame(opcode: int, content: bytes) -> bytes:
    size = len(content)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 127, size)
    return head + content


class ServerSocket:
    """One client's connection after the handshake."""

    def __init__(self, connection, reader):
        self._connection, self._reader = connection, reader
        self._lock = threading.Lock()
        self.texts: list[bytes] = []  # what the client said
        self.wants_metadata = False

    def send(self, opcode: int, content: bytes) -> None:
        """Says nothing when the client is gone, as a server does."""
        with self._lock, suppress(OSError):
            self._connection.sendall(frame(opcode, content))

    def hang_up(self) -> None:
        """Without a goodbye."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def read_until_closed(self) -> None:
        with suppress(OSError, struct.error):
            while True:
                opcode, content = self._read()
                if opcode == PING:
                    self.send(PONG, content)
                elif opcode == TEXT:
                    self.texts.append(content)
                    self.wants_metadata |= b"supports_preview_metadata" in content
                elif opcode == CLOSE:
                    self.send(CLOSE, content)
                    return

    def _read(self) -> tuple[int, bytes]:
        first, second = struct.unpack("!BB", self._reader.read(2))
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self._reader.read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._reader.read(8))
        mask = self._reader.read(4)
        content = self._reader.read(size)
        return first & 0x0F, bytes(byte ^ mask[n % 4] for n, byte in enumerate(content))
