"""Whom the interface for programs answers: this machine, or whoever has the token; no page of a browser."""

import asyncio
import base64
import json
import time

import pytest

from addons import api_guard
from addons.api_guard import LARGEST, MOST_LARGE, PLACE, Guard
from tests.api_clients import client_of, refused, start, studio, through_window

__all__ = ["start", "studio"]  # fixtures


@pytest.fixture
def client(studio):
    return through_window(studio)


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:9999", "null"])
def test_a_page_from_elsewhere_can_ask_for_nothing(client, studio, origin):
    answer = client.post("/api/comic/plan", json={"prompt": "A cat"}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert not list(studio.places.projects.glob("*"))
    assert refused(client.get("/api/comic/x", headers={"Sec-Fetch-Site": "cross-site"}), 403, "other sites")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_form_could_send_is_refused(client, studio, kind):
    body = json.dumps({"prompt": "A cat"})
    answer = client.post("/api/comic/plan", content=body, headers={"Content-Type": kind})
    assert refused(answer, 415, "application/json")
    assert not list(studio.places.projects.glob("*"))


def test_without_a_token_only_this_machine_is_answered(studio):
    afar = through_window(studio, host="192.0.2.7")
    for answer in (afar.get("/api/openapi.json"), afar.post("/api/comic/plan", json={"prompt": "A cat"})):
        assert refused(answer, 403, "CINDERGRACE_API_TOKEN")
    through = through_window(studio).get("/api/openapi.json", headers={"X-Forwarded-For": "127.0.0.1"})
    assert refused(through, 403, "own machine"), "whoever is behind a proxy is not known"
    assert through_window(studio, host="::1").get("/api/openapi.json").status_code == 200


def test_with_a_token_whoever_has_it_is_answered_and_nobody_else(studio):
    bearer = {"Authorization": "Bearer geheim-ü".encode()}
    for host in ("127.0.0.1", "192.0.2.7"):
        client = through_window(studio, "geheim-ü", host=host)
        assert client.get("/api/openapi.json", headers=bearer).status_code == 200
        for given in ({}, {"Authorization": "Bearer guess"}, {"Authorization": "Basic geheim"}):
            for answer in (
                client.get("/api/openapi.json", headers=given),
                client.get("/api/comic/x", headers=given),
                client.post("/api/comic/plan", json={"prompt": "A cat"}, headers=given),
            ):
                assert refused(answer, 401, "Authorization: Bearer TOKEN")
    assert not list(studio.places.projects.glob("*"))


def test_the_token_stands_for_the_password_and_for_programs_only(studio):
    bearer = {"Authorization": "Bearer sesame"}
    client = through_window(studio, "sesame", "open")
    assert client.get("/api/openapi.json", headers=bearer).status_code == 200
    assert client.get("/api/openapi.json").status_code == 401
    for path in ("/", "/config", "/studio/events", "/apis", "/api"):
        assert client.get(path, headers=bearer, follow_redirects=False).status_code == 401, path
    without = through_window(studio, "", "open")
    assert without.get("/api/openapi.json").status_code == 401, "without a token the password guards all"
    known = {"Authorization": f"Basic {base64.b64encode(b':open').decode()}"}
    assert without.get("/api/openapi.json", headers=known).status_code == 200


def test_through_a_tunnel_no_graph_is_taken(studio):
    graph = {"1": {"class_type": "LoadImage", "inputs": {"image": "/etc/passwd"}}}
    asked = {"shots_with_references": [{"shot_id": 1, "prompt": "A cat"}], "workflow": graph}
    headers = {"Authorization": "Bearer sesame", "Host": "studio.example"}
    answer = client_of(studio, "sesame").post("/api/shots/generate", json=asked, headers=headers)
    assert refused(answer, 422, "workflow must be a template's name")
    assert refused(
        client_of(studio).get("/api/comic/x", headers={"Host": "studio.example"}), 403, "own machine"
    )


class Sender:
    """Sends bodies to a guard, whose application keeps each until it may answer."""

    def __init__(self):
        self.guard, self.may, self.held, self.read = Guard(self._app, ""), asyncio.Event(), 0, 0

    async def _app(self, scope, receive, send):
        self.held += 1
        await self.may.wait()
        self.held -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def sent(self, size, is_told=True, told=()):
        """The status of the answer."""
        length = told or ([(b"content-length", b"%d" % size)] if is_told else [])
        scope = {"type": "http", "method": "POST", "path": f"{PLACE}/shots/generate", "client": ("::1", 5)}
        scope["headers"] = [(b"content-type", b"application/json"), *length]
        answers = []

        async def receive():
            self.read += size
            return {"type": "http.request", "body": b" " * size, "more_body": False}

        async def send(message):
            answers.append(message)

        await self.guard(scope, receive, send)
        return answers[0]["status"]

    async def holds(self, count):
        for _ in range(1000):  # steps of what else goes on
            await asyncio.sleep(0)
        assert self.held == count


@pytest.mark.parametrize("is_told", [True, False])
def test_only_so_many_large_bodies_are_held_at_once(monkeypatch, is_told):
    large = LARGEST + 1

    async def all_of_it():
        sender = Sender()
        first = [asyncio.create_task(sender.sent(large, is_told)) for _ in range(MOST_LARGE)]
        await sender.holds(MOST_LARGE)
        waiting = asyncio.create_task(sender.sent(large, is_told))
        small = asyncio.create_task(sender.sent(9))
        await sender.holds(MOST_LARGE + 1)
        assert sender.read == MOST_LARGE * large + 9, "nothing is read of what waits"
        monkeypatch.setattr(api_guard, "WAIT", 0.01)
        assert await sender.sent(large, is_told) == 503
        sender.may.set()
        assert await asyncio.gather(*first, waiting, small) == [200] * (MOST_LARGE + 2)

    asyncio.run(all_of_it())


SMALL = (b"content-length", b"9")
CHUNKED = (b"transfer-encoding", b"chunked")


def test_what_comes_in_chunks_is_large_whatever_length_it_tells():
    async def all_of_it():
        sender = Sender()
        first = [asyncio.create_task(sender.sent(9, told=[SMALL, CHUNKED])) for _ in range(MOST_LARGE + 1)]
        await sender.holds(MOST_LARGE)
        sender.may.set()
        assert await asyncio.gather(*first) == [200] * (MOST_LARGE + 1)

    asyncio.run(all_of_it())


def test_more_than_a_small_body_that_was_told_is_refused():
    async def sent():
        sender = Sender()
        sender.may.set()
        return await sender.sent(LARGEST + 1, told=[SMALL])

    assert asyncio.run(sent()) == 413


def test_a_body_that_comes_byte_by_byte_is_given_up(monkeypatch):
    monkeypatch.setattr(api_guard, "LONGEST", 0.05)
    end = time.monotonic() + 5

    async def ever_more():
        sender, answers = Sender(), []
        sender.may.set()

        async def a_byte():
            await asyncio.sleep(0.001)
            return {"type": "http.request", "body": b" ", "more_body": time.monotonic() < end}

        async def send(message):
            answers.append(message)

        scope = {"type": "http", "method": "POST", "path": f"{PLACE}/comic/plan", "client": ("::1", 5)}
        scope["headers"] = [(b"content-type", b"application/json")]
        await sender.guard(scope, a_byte, send)
        return answers[0]["status"]

    assert asyncio.run(ever_more()) == 408


def test_a_body_that_does_not_come_is_given_up(monkeypatch):
    monkeypatch.setattr(api_guard, "SILENCE", 0.01)

    async def nothing_comes():
        sender, answers = Sender(), []

        async def send(message):
            answers.append(message)

        scope = {"type": "http", "method": "POST", "path": f"{PLACE}/comic/plan", "client": ("::1", 5)}
        scope["headers"] = [(b"content-type", b"application/json")]
        await sender.guard(scope, asyncio.Event().wait, send)
        return answers[0]["status"]

    assert asyncio.run(nothing_comes()) == 408
