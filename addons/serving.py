"""Serves the window until the studio is told to end."""

import socket
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from services.studio import Studio

GRACE = 2  # seconds for answers under way when the studio ends


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, studio: Studio, is_up: Callable[[], None]):
        super().__init__(config)
        self._studio, self._is_up = studio, is_up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._is_up()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._studio.closing.set()  # event streams end, which nobody waits for otherwise
        super().handle_exit(sig, frame)


def serve(app: FastAPI, listener: socket.socket, studio: Studio, is_up: Callable[[], None]) -> None:
    """`is_up` is called once pages are answered."""
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE)
    _Server(config, studio, is_up).run(sockets=[listener])
