"""Whom the interface for programs answers: this machine, or whoever has the token; no page of a browser."""

import base64
import json

import pytest

from tests.api_clients import refused, start, studio, through_window

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
