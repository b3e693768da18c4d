"""The habits of the emulated API: who may ask, what it tells of itself, and how it misbehaves."""

import json
import ssl
import urllib.error
import urllib.request

import pytest
import requests

from tests.fake_answers import DO_AND_HANG_UP, HANG_UP, Answer, Slow
from tests.runpod.calls import AGENT, API, WISH, act, refusal
from tests.runpod.emulator import RunPod
from tests.runpod.rest import problem

# --- who may ask


def test_without_the_right_key_nothing_is_told(runpod):
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": runpod.key}):
        reply = requests.get(f"{API}/v2/pods", headers=AGENT | headers, timeout=10)
        assert refusal(reply)[0] == 401


def test_programs_without_a_name_are_turned_away_before_their_key_is_looked_at(runpod):
    pod = runpod.add_pod()
    trust = ssl.create_default_context(cafile=str(runpod.bundle))
    for url in (f"{API}/v2/pods", f"{pod.url}/system_stats"):
        asked = urllib.request.Request(url, headers={"Authorization": "Bearer wrong"})
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(asked, timeout=10, context=trust)
        with raised.value as reply:
            assert (reply.code, reply.read()) == (403, b"error code: 1010")
        nameless = requests.get(url, headers={"User-Agent": ""}, timeout=10)
        assert (nameless.status_code, nameless.text) == (403, "error code: 1010")


def test_every_answer_says_how_many_more_are_free_and_429_says_when(runpod, api):
    assert api("GET", "/v2/pods").headers["RateLimit"] == '"minute";r=59;t=60'
    assert api("GET", "/v2/nothing").headers["RateLimit"] == '"minute";r=58;t=60'
    runpod.per_minute = 2
    reply = api("GET", "/v2/pods")
    assert refusal(reply)[0] == 429
    assert reply.headers["Retry-After"] == "60"


def test_other_hosts_are_refused_and_remembered(runpod):
    for url in ("https://rest.runpod.io/v1/pods", "https://example.org/"):
        with pytest.raises(requests.exceptions.ProxyError):
            requests.get(url, timeout=10)
    assert runpod.elsewhere == ["rest.runpod.io:443", "example.org:443"]
    runpod.elsewhere.clear()


def test_who_takes_it_for_another_server_is_refused_and_forgotten(runpod):
    assert requests.get(f"{runpod.url}/ws?clientId=of-an-earlier-test", timeout=10).status_code == 502
    assert not runpod.elsewhere


def test_requests_are_remembered_and_share_a_connection(runpod, api):
    api("GET", "/v2/pods?limit=5")
    api("POST", "/v2/pods", json={"name": "x"})
    assert runpod.connections == 1
    first, second = runpod.requests
    assert (first.host, first.method, first.path) == ("api.runpod.io", "GET", "/v2/pods?limit=5")
    assert first.headers["User-Agent"] == AGENT["User-Agent"]
    assert json.loads(second.body) == {"name": "x"}
    assert (runpod.asked("POST /v2/pods"), runpod.asked("GET /v2/pods/{id}")) == (1, 0)


# --- misbehaviour


def test_answers_of_the_api_can_be_replaced_one_by_one(runpod, api):
    pod = runpod.add_pod()
    runpod.instead["GET /v2/pods"] = [problem(503, "Later."), HANG_UP, Answer(200, b"<html>"), Slow(0.01), []]
    assert refusal(api("GET", "/v2/pods")) == (503, "Later.")
    with pytest.raises(requests.ConnectionError):
        api("GET", "/v2/pods")
    assert api("GET", f"/v2/pods/{pod.id}").json()["id"] == pod.id  # another route
    assert api("GET", "/v2/pods").text == "<html>"
    assert api("GET", "/v2/pods").json()["pods"][0]["id"] == pod.id
    assert api("GET", "/v2/pods").json() == []
    runpod.instead["POST /v2/pods/{id}/action"] = [problem(500, "No.")]
    assert refusal(act(api, pod, "stop")) == (500, "No.")
    assert pod.status == "RUNNING"


def test_a_pod_may_be_made_though_nobody_hears_of_it(runpod, api):
    runpod.instead["POST /v2/pods"] = [DO_AND_HANG_UP]
    with pytest.raises(requests.ConnectionError):
        api("POST", "/v2/pods", json=WISH)
    assert [one["name"] for one in api("GET", "/v2/pods").json()["pods"]] == ["studio-1"]


# --- logs


def events(reply):
    return (json.loads(line.removeprefix("data:")) for line in reply.iter_lines(1, True) if line)


def test_a_log_is_told_as_it_grows_and_never_ends_by_itself(runpod, api):
    pod = runpod.add_pod()
    for n in range(5):
        pod.log(f"line {n}")
    with api("GET", f"/v2/pods/{pod.id}/logs?source=container&tail=2", stream=True) as reply:
        assert reply.headers["Content-Type"] == "text/event-stream"
        told = events(reply)
        assert [next(told)["line"], next(told)["line"]] == ["line 3", "line 4"]
        pod.log("not for you", "system")
        pod.log("line 5")
        assert next(told).items() >= {"source": "container", "line": "line 5"}.items()
    assert refusal(api("GET", "/v2/pods/unknown/logs"))[0] == 404


def test_a_log_that_is_still_read_does_not_keep_the_emulator(monkeypatch):
    with RunPod() as runpod:
        runpod.used_by(monkeypatch)
        pod = runpod.add_pod()
        headers = {"Authorization": f"Bearer {runpod.key}"}
        reply = requests.get(f"{API}/v2/pods/{pod.id}/logs", headers=headers, stream=True, timeout=10)
        told = events(reply)
        assert next(told)["source"] == "system"
    with pytest.raises((StopIteration, requests.RequestException)):
        next(told)
