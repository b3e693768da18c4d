"""What the tests of the emulated RunPod have in common."""

import pytest
import requests

from tests.runpod.calls import AGENT, API
from tests.runpod.pods import Clock


@pytest.fixture
def clock(runpod):
    runpod.clock = Clock()
    return runpod.clock


@pytest.fixture
def api(runpod):
    """api("GET", "/v2/pods") → the reply."""
    session = requests.Session()
    session.headers.update(AGENT | {"Authorization": f"Bearer {runpod.key}"})

    def ask(method, path, **kwargs):
        return session.request(method, API + path, timeout=10, **kwargs)

    yield ask
    session.close()
