"""What the tests of the emulated endpoints have in common."""

import json
import time

import pytest
import requests

from tests.runpod.calls import AGENT
from tests.runpod.pods import Clock

LONGEST = 60.0  # seconds until a test gives up waiting


@pytest.fixture
def clock(runpod):
    """Stands still; endpoints that are added from now on go by it."""
    runpod.clock = Clock()
    return runpod.clock


@pytest.fixture
def endpoint(runpod):
    return runpod.add_endpoint(pause=0.3)


@pytest.fixture
def public(runpod, endpoint):
    """public("POST", "run", json={…}) → the reply of the endpoint."""
    session = requests.Session()
    session.headers.update(AGENT | {"Authorization": f"Bearer {runpod.key}"})
    base = f"https://api.runpod.ai/v2/{endpoint.id}"

    def ask(method, path, **kwargs):
        return session.request(method, f"{base}/{path}", timeout=30, **kwargs)

    yield ask
    session.close()


@pytest.fixture
def sent(public):
    """sent({"workflow": …}) → the id of the job; more of its body by name."""

    def send(input, **more):
        return public("POST", "run", json={"input": input, **more}).json()["id"]

    return send


@pytest.fixture
def ended(public):
    """ended(id) → what is told of the job once it is over."""

    def wait(id, longest=LONGEST):
        end = time.monotonic() + longest
        while (told := public("GET", f"status/{id}").json())["status"] in ("IN_QUEUE", "IN_PROGRESS"):
            assert time.monotonic() < end, told
            time.sleep(0.05)
        return told

    return wait


class Hand:
    """A worker moved by the test: what the SDK asks, asked by hand."""

    def __init__(self, environment):
        self._environment, self.id = environment, environment["RUNPOD_POD_ID"]
        self._headers = {"Authorization": environment["RUNPOD_AI_API_KEY"]}

    def take(self, **headers):
        url = self._environment["RUNPOD_WEBHOOK_GET_JOB"].replace("$ID", self.id)
        reply = requests.get(f"{url}&job_in_progress=0", headers=self._headers | headers, timeout=30)
        return reply.json() if reply.status_code == 200 else reply.status_code

    def stops(self):
        url = self._environment["RUNPOD_WEBHOOK_GET_JOB"].replace("$ID", self.id)
        reply = requests.get(url.replace("job-take", "job-stop"), headers=self._headers, timeout=30)
        return reply.json()["jobsToStop"] if reply.status_code == 200 else []

    def says(self, job, said):
        url = self._environment["RUNPOD_WEBHOOK_POST_OUTPUT"].replace("$RUNPOD_POD_ID", self.id)
        url = url.replace("$ID", job["id"]) + "&isStream=false"
        return requests.post(url, data=json.dumps(said), headers=self._headers, timeout=30).status_code


@pytest.fixture
def hand(runpod, endpoint):
    return lambda worker: Hand(runpod.worker_environment(endpoint, worker))
