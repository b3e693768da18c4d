"""The public side of the emulated endpoints: api.runpod.ai.

Built from documentation; proves nothing about the platform. Documented: the operations, the sizes of
bodies, 401, 404, 429. Assumed: 413 for a body that is too large, 400 for one that is none, for a
policy out of its bounds and for a retry of what did not fail; 429 without Retry-After; what is wrong
is told as {"error": …}.
"""

import json
from collections.abc import Callable
from typing import Any

from tests.fake_answers import Answer
from tests.runpod.rest import Api
from tests.serverless.endpoints import EmulatedEndpoint, EmulatedJob

BOUNDS = {"ttl": (10_000, 604_800_000), "executionTimeout": (5_000, 604_800_000)}  # ms
SYNC_WAIT, SYNC_BOUNDS = 90_000, (1_000, 300_000)  # ms
SPAN = 10.0  # seconds that rates are counted in
RATES = {"run": 1000, "runsync": 2000, "status": 2000, "stream": 2000, "cancel": 100, "purge-queue": 2}
Done = tuple[int, Any]


class _No(Exception):
    def __init__(self, status: int, said: str):
        self.status, self.said = status, said


class ServerlessApi(Api):
    """Counts, refuses and misbehaves as the account's interface does; says other things."""

    def _done(self, path: str, query: dict[str, str], body: bytes) -> Answer:
        try:
            status, content = self._served(path, query, body)
        except _No as no:
            status, content = no.status, {"error": no.said}
        return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _say(self, answer: Answer) -> None:
        self.answer(answer)

    def _served(self, path: str, query: dict[str, str], body: bytes) -> Done:
        if self.headers.get("Authorization", "").removeprefix("Bearer ") != self.runpod.key:
            raise _No(401, "Unauthorized")
        _, version, id, operation, *rest = [*path.split("/"), "", ""]
        endpoint = self.runpod.endpoint(id)
        if version != "v2" or endpoint is None:
            raise _No(404, "endpoint not found")
        deed = DEEDS.get((self.command, operation))
        if deed is None:
            raise _No(404, f"no {self.command} {operation}")
        self._count(endpoint, operation)
        return deed(endpoint, rest[0], query, body)

    def _count(self, endpoint: EmulatedEndpoint, operation: str) -> None:
        now, times = endpoint.clock(), self.runpod.rate_of(endpoint.id, operation)
        times[:] = [one for one in times if now - one < SPAN]
        if len(times) >= endpoint.rates.get(operation, 1 << 30):
            raise _No(429, "too many requests")
        times.append(now)


def run(endpoint: EmulatedEndpoint, _: str, query: dict[str, str], body: bytes) -> Done:
    job = endpoint.add(_order(body, endpoint.largest_run))
    return 200, {"id": job.id, "status": job.status}


def run_sync(endpoint: EmulatedEndpoint, _: str, query: dict[str, str], body: bytes) -> Done:
    wait = query.get("wait", str(SYNC_WAIT))
    if not wait.isdigit() or not SYNC_BOUNDS[0] <= int(wait) <= SYNC_BOUNDS[1]:
        raise _No(400, "wait is out of bounds")
    job = endpoint.add(_order(body, endpoint.largest_sync), is_sync=True)
    endpoint.wait(lambda: job.is_over, int(wait) / 1000)
    return 200, job.told()


def status(endpoint: EmulatedEndpoint, id: str, query: dict[str, str], body: bytes) -> Done:
    return 200, _job(endpoint, id).told()


def stream(endpoint: EmulatedEndpoint, id: str, query: dict[str, str], body: bytes) -> Done:
    job = _job(endpoint, id)
    with endpoint.changed:
        pieces, job.stream = job.stream, []
    return 200, {"status": job.status, "stream": [{"output": piece} for piece in pieces]}


def cancel(endpoint: EmulatedEndpoint, id: str, query: dict[str, str], body: bytes) -> Done:
    job = _job(endpoint, id)
    endpoint.cancel(job)
    return 200, {"id": job.id, "status": job.status}


def retry(endpoint: EmulatedEndpoint, id: str, query: dict[str, str], body: bytes) -> Done:
    job = _job(endpoint, id)
    if not endpoint.retry(job):
        raise _No(400, "only jobs that failed or timed out can be retried")
    return 200, {"id": job.id, "status": job.status}


def purge(endpoint: EmulatedEndpoint, _: str, query: dict[str, str], body: bytes) -> Done:
    return 200, {"removed": endpoint.purge(), "status": "completed"}


def health(endpoint: EmulatedEndpoint, _: str, query: dict[str, str], body: bytes) -> Done:
    return 200, endpoint.health()


DEEDS: dict[tuple[str, str], Callable[[EmulatedEndpoint, str, dict[str, str], bytes], Done]] = {
    ("POST", "run"): run,
    ("POST", "runsync"): run_sync,
    ("GET", "status"): status,
    ("GET", "stream"): stream,
    ("POST", "cancel"): cancel,
    ("POST", "retry"): retry,
    ("POST", "purge-queue"): purge,
    ("GET", "health"): health,
}


def _job(endpoint: EmulatedEndpoint, id: str) -> EmulatedJob:
    job = endpoint.job(id)
    if job is None:
        raise _No(404, "request does not exist")
    return job


def _order(body: bytes, largest: int) -> dict[str, Any]:
    if len(body) > largest:
        raise _No(413, f"the body is larger than {largest >> 20} MB")
    try:
        order = json.loads(body)
    except ValueError as error:
        raise _No(400, "the body is not JSON") from error
    if not isinstance(order, dict) or "input" not in order:
        raise _No(400, "input is missing")
    for name, (least, most) in BOUNDS.items():
        value = (order.get("policy") or {}).get(name, least)
        if not isinstance(value, int) or not least <= value <= most:
            raise _No(400, f"policy.{name} is out of bounds")
    return order
