"""Puts local files into a server's input folder, once for each content."""

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path

from domain.errors import BackendUnreachable, JobFailed, JobRejected
from domain.events import Progress
from infrastructure.comfy_api import ComfyAPI
from infrastructure.comfy_history import RemoteFile
from infrastructure.hashes import sha256
from infrastructure.multipart import Multipart
from infrastructure.patience import Patience

FOLDER = "cindergrace"  # our corner of the server's input folder
WORD = 0.5  # seconds between two words about how far it is


def upload(api: ComfyAPI, path: Path, name: str = "") -> Generator[Progress, None, str]:
    """The file's name on the server, which is given it if it is not there. Closing stops the transfer.

    Named by its content, so that two projects' "start.png" never meet. Nothing is overwritten:
    a job may be reading the file just now, and of equal content the server keeps what it has.
    With a `name` it goes under that one, over whatever is there: nodes look for it by themselves.
    """
    patience = Patience(api.url, api.patience)
    while True:
        try:
            there = _named(name) if name else _by_content(path)
            if not name and api.size(there) == path.stat().st_size:
                return f"{FOLDER}/{there.filename}"
            fields = {"subfolder": there.subfolder, "type": "input"} | ({"overwrite": "true"} if name else {})
            form = Multipart(path, there.filename, fields)
            if stored := (yield from _sent(api, form, f"uploading {path.name}")):
                return stored
            raise JobRejected(
                f"{path.name} ({len(form) / (1 << 20):.1f} MB) is larger than the server takes. Make it "
                "smaller, or start ComfyUI with a larger --max-upload-size."
            )
        except BackendUnreachable as error:
            yield from patience.after(error)
        except OSError as error:
            raise JobFailed(f"{path} cannot be read: {error.strerror or error}.") from error


def _by_content(path: Path) -> RemoteFile:
    return RemoteFile(f"{sha256(path)[:24]}{RemoteFile(path.name, '', '').suffix}", FOLDER, "input")


def _named(name: str) -> RemoteFile:
    folder, _, filename = name.rpartition("/")
    return RemoteFile(filename, folder, "input")


def _sent(api: ComfyAPI, form: Multipart, note: str) -> Generator[Progress, None, str | None]:
    """Send in a thread of its own, and tell how far it is."""
    worker = ThreadPoolExecutor(1, "upload")
    try:
        name: Future[str | None] = worker.submit(api.store, form)
        while True:
            yield Progress(0, f"{note} ({form.sent / len(form):.0%})" if form.sent else note)
            try:
                return name.result(WORD)
            except NotYet:
                continue
    finally:
        form.stop()
        worker.shutdown(wait=False)
