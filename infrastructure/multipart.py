"""A form with one file in it, read from disk while it is sent."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

_CHUNK = 1 << 16  # small, so that a slow line still moves within a socket's patience


class Stopped(Exception):
    """Nobody wants the form any more; ends the request it is the body of."""


class Multipart:
    def __init__(self, path: Path, filename: str, fields: dict[str, str]):
        boundary = uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{_told(filename)}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        self._path, self._head = path, "".join(parts).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._is_stopped = False
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.sent = 0

    def stop(self) -> None:
        self._is_stopped = True

    def __len__(self) -> int:
        return len(self._head) + self._path.stat().st_size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        self.sent = 0
        yield self._head
        with self._path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if self._is_stopped:
                    raise Stopped
                yield chunk
                self.sent += len(chunk)
        yield self._tail


def _told(filename: str) -> str:
    """As browsers and requests write one that would end the line, or the name."""
    return filename.translate({10: "%0A", 13: "%0D", 34: "%22"})
