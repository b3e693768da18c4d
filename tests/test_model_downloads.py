"""Models come from Hugging Face whole, are taken up where they broke off, and say who may have them."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from domain.errors import StudioError
from infrastructure import model_downloads
from infrastructure.model_downloads import address, download_model

MODEL = bytes(range(256)) * 20_000


class Hub:
    """Speaks as Hugging Face does: a HEAD that tells of the file, a GET with ranges."""

    def __init__(self):
        self.digest, self.token, self.breaks = hashlib.sha256(MODEL).hexdigest(), "", 0
        self.asked = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self):
                hub.asked.append(("HEAD", self.path))
                if self.path.startswith("/old/"):
                    self.send_response(307)
                    self.send_header("Location", self.path.replace("/old/", "/owner/"))
                    self.send_header("Content-Length", "40")
                elif hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
                    self.send_response(401)
                else:
                    self.send_response(302 if self.path.startswith("/owner/name/resolve/main/") else 404)
                    self.send_header("X-Linked-Size", str(len(MODEL)))
                    self.send_header("X-Linked-ETag", f'"{hub.digest}"')
                self.end_headers()

            def do_GET(self):
                if self.path.startswith("/old/"):
                    self.send_response(307)
                    self.send_header("Location", self.path.replace("/old/", "/owner/"))
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
                hub.asked.append(("GET", start))
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(MODEL) - start))
                self.end_headers()
                end = start + (2 << 20) if hub.breaks else len(MODEL)
                hub.breaks -= bool(hub.breaks)
                return self.wfile.write(MODEL[start:end])

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self):
        return address(
            "owner/name:split files/model.safetensors", f"http://127.0.0.1:{self.server.server_port}"
        )


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(model_downloads, "PAUSE", 0.01)
    hub = Hub()
    yield hub
    hub.server.shutdown()
    hub.server.server_close()


def fetched(*args):
    download = download_model(*args)
    while True:
        try:
            next(download)
        except StopIteration as end:
            return end.value


def test_a_model_arrives_whole_and_is_not_fetched_again(hub, tmp_path):
    to = tmp_path / "vae" / "model.safetensors"
    assert fetched(hub.url, to) is True
    assert to.read_bytes() == MODEL
    assert fetched(hub.url, to) is False
    assert [what for what, _ in hub.asked] == ["HEAD", "GET", "HEAD"]
    assert [path.name for path in to.parent.iterdir()] == ["model.safetensors"]
    assert hub.asked[0][1] == "/owner/name/resolve/main/split%20files/model.safetensors"


def test_what_broke_off_goes_on_from_there(hub, tmp_path):
    hub.breaks = 2
    assert fetched(hub.url, tmp_path / "model.safetensors")
    assert [start for what, start in hub.asked if what == "GET"] == [0, 2 << 20, 4 << 20]
    assert (tmp_path / "model.safetensors").read_bytes() == MODEL


def test_the_next_call_goes_on_where_this_one_was_ended(hub, tmp_path):
    (tmp_path / "model.safetensors.fetching").write_bytes(MODEL[:1000])
    assert fetched(hub.url, tmp_path / "model.safetensors")
    assert ("GET", 1000) in hub.asked
    assert (tmp_path / "model.safetensors").read_bytes() == MODEL


def test_the_new_name_of_a_repository_is_followed(hub, tmp_path):
    assert fetched(hub.url.replace("/owner/", "/old/"), tmp_path / "model.safetensors")
    assert (tmp_path / "model.safetensors").read_bytes() == MODEL
    assert fetched(hub.url.replace("/owner/", "/old/"), tmp_path / "model.safetensors") is False


def test_what_arrives_damaged_does_not_stay(hub, tmp_path):
    hub.digest = "0" * 64
    with pytest.raises(StudioError, match="arrived damaged"):
        fetched(hub.url, tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_licence_to_accept_is_told_of(hub, tmp_path):
    hub.token = "hf_mine"
    with pytest.raises(StudioError, match="set HF_TOKEN"):
        fetched(hub.url, tmp_path / "model.safetensors")
    assert fetched(hub.url, tmp_path / "model.safetensors", "hf_mine")


def test_what_is_not_there_is_told_of(hub, tmp_path):
    with pytest.raises(StudioError, match="answers 404"):
        fetched(hub.url.replace("owner", "nobody"), tmp_path / "model.safetensors")
    with pytest.raises(StudioError, match="owner/name:path"):
        address("https://example.org/model.safetensors")
