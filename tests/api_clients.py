"""Programs that speak to a studio's interface, in the test's own process."""

import time

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from addons import api, window
from addons.api_guard import PLACE
from services.studio import Studio
from tests.studios import places

HERE = "http://127.0.0.1:7860"
LONGEST = 60.0


@pytest.fixture
def start(tmp_path):
    """start() → the studio, sketching; again: the same, started anew."""
    made = []

    def started() -> Studio:
        for studio in made:
            studio.close()
        made.append(Studio(places(tmp_path)))
        return made[-1]

    yield started
    for studio in made:
        studio.close()


@pytest.fixture
def studio(start):
    return start()


@pytest.fixture
def client(studio):
    return client_of(studio)


def client_of(studio, token="", host="127.0.0.1"):
    """Of the interface alone: the window around it takes a second to build."""
    return _client(Starlette(routes=[Mount(PLACE, api.app(studio, token))]), host)


def through_window(studio, token="", password="", host="127.0.0.1"):
    """Of the whole studio, with all that guards it."""
    return _client(window.app(studio, ["127.0.0.1"], password, token), host)


def _client(app, host):
    return TestClient(app, base_url=HERE, client=(host, 50000), raise_server_exceptions=False)


def until(client, order, *states):
    """How an order ("comic/ID") stands as soon as it is in one of the states."""
    end = time.monotonic() + LONGEST
    while (now := client.get(f"/api/{order}").json())["state"] not in states:
        assert time.monotonic() < end, now
        time.sleep(0.02)
    return now


def refused(answer, status, said):
    assert answer.status_code == status, answer.text
    content = answer.json()
    assert content["success"] is False and content.keys() == {"success", "error"}
    assert said in content["error"]
    return True
