"""A network between a page and the studio: it can be cut, fall silent, and come back."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Line:
    """Carries what a page and a studio say to each other; `address` is where the page finds the studio."""

    def __init__(self, studio: str):
        self._to = (urlsplit(studio).hostname, urlsplit(studio).port)
        self._state = "open"
        self._pairs: list[_Pair] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._door.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Every connection ends, and no other comes about."""
        self._state = "cut"
        for pair in self._pairs:
            pair.end()

    def fall_silent(self) -> None:
        """No connection ends, and none carries anything any more, as when the other end is out of reach."""
        self._state = "silent"
        for pair in self._pairs:
            pair.is_dead = True

    def come_back(self) -> None:
        """New connections carry again. Those from before are known to nobody: what is sent on one ends it."""
        self._state = "open"
        for pair in self._pairs:
            pair.is_unknown = pair.is_dead

    def close(self) -> None:
        self._door.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                page, _ = self._door.accept()
                pair = _Pair(page)
                self._pairs.append(pair)
                pair.is_dead = self._state == "silent"
                if self._state == "cut":
                    pair.end()
                else:
                    threading.Thread(target=pair.carry, args=(self._to,), daemon=True).start()


class _Pair:
    """A page's connection, and the studio's for it."""

    def __init__(self, page: socket.socket):
        self._page = page
        self._studio: socket.socket | None = None
        self.is_dead = self.is_unknown = False

    def carry(self, to: tuple[str | None, int | None]) -> None:
        with suppress(OSError):
            if not self.is_dead:
                self._studio = socket.create_connection(to)  # type: ignore[arg-type]
                threading.Thread(target=self._answers, daemon=True).start()
            while data := self._page.recv(65536):
                if self.is_unknown:
                    self.end()
                elif not self.is_dead and self._studio:
                    self._studio.sendall(data)
        self.end()

    def _answers(self) -> None:
        assert self._studio
        with suppress(OSError):
            while data := self._studio.recv(65536):
                if not self.is_dead:
                    self._page.sendall(data)
        if not self.is_dead:
            self.end()

    def end(self) -> None:
        for end in filter(None, (self._page, self._studio)):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
