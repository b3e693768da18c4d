"""A serverless endpoint's own interface, one method a call. The key goes to this host and to no other.

Source: RunPod's documentation; nothing of it was tried against the live service.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from domain.addresses import endpoint_url
from domain.doubt import LONGEST, number
from domain.errors import BackendError, BackendUnreachable, JobRejected
from infrastructure.http_line import Line, NoAuthorities, json_object

BODY = 10_000_000  # bytes that /run takes
TIMEOUT = 10.0, 30.0  # seconds to get through, and between two bytes
GLANCE = 3.0, 5.0  # … when somebody only wants to know how it is
QUEUED, RUNNING, DONE, FAILED, CANCELLED, LATE = (
    *("IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"),
)
_STATES = frozenset((QUEUED, RUNNING, DONE, FAILED, CANCELLED, LATE))
_SAME = {"RUNNING": RUNNING}  # as other pages of the documentation call it


@dataclass(frozen=True)
class RemoteJob:
    """What the endpoint says of a job."""

    id: str
    state: str  # one of the words above
    output: Any = None  # while it runs what it said last, then its result
    error: Any = None
    waited: float = 0.0  # seconds
    ran: float | None = None  # seconds that are paid for, at least
    worker: str = ""

    @property
    def why(self) -> str:
        """Of an end without a result, in one sentence: the worker's own, and the reason where it keeps that
        apart."""
        said = self.error if isinstance(self.error, str) and self.error else ""
        if said.startswith("{"):  # an exception, as RunPod's library writes it down
            with suppress(ValueError):
                said = str(json.loads(said).get("error_message") or said)
        details = self.output.get("details") if isinstance(self.output, dict) else None
        first = details[0] if isinstance(details, list) and details else ""
        more = first if isinstance(first, str) else ""
        whole = " ".join(f"{said} {'' if more in said else more}".split()) or "it gives no reason"
        return whole[:500] if whole.startswith("RunPod says") else f"The worker says: {whole[:500]}"


@dataclass(frozen=True)
class Health:
    waiting: int  # jobs
    running: int
    workers: Mapping[str, int]  # by state: idle, initializing, ready, running, throttled, unhealthy


class ServerlessAPI:
    """May be used from many threads. Raises BackendUnreachable when nobody answers or the key is refused,
    JobRejected for what the endpoint does not take."""

    def __init__(self, endpoint: str, key: Callable[[], str]):
        self.url = endpoint_url(endpoint)
        self._endpoint, self._key = endpoint, key
        self._line = Line(self.url)

    def run(self, body: bytes) -> RemoteJob:
        """Hand a job over: a JSON object with `input` and `policy`."""
        said = self._ask("POST", "/run", body)
        if not isinstance(said.get("id"), str) or not said["id"]:
            raise JobRejected(f"The endpoint {self._endpoint} took the job without giving it a number.")
        return _job(said)

    def status(self, id: str) -> RemoteJob | None:
        """None when the endpoint does not know the job, or not any more. Whatever is said of the question,
        the job may go on: nothing is raised but BackendUnreachable."""
        try:
            said = self._ask("GET", f"/status/{quote(id, safe='')}")
        except JobRejected as error:
            raise BackendUnreachable(str(error), "refused") from error
        except BackendUnreachable as error:
            if error.symptom == "404":
                return None
            raise
        if not isinstance(said.get("status"), str):
            raise BackendUnreachable("What answers for RunPod says nothing of the job.", "stranger")
        return _job(said)

    def cancel(self, id: str) -> bool:
        """Whether that ends it; what was over already stays as it is."""
        said = self._ask("POST", f"/cancel/{quote(id, safe='')}")
        return said.get("status") == CANCELLED

    def health(self) -> Health:
        said = self._ask("GET", "/health", timeout=GLANCE)
        jobs, workers = _counts(said.get("jobs")), _counts(said.get("workers"))
        return Health(jobs.get("inQueue", 0), jobs.get("inProgress", 0), workers)

    def _ask(
        self, method: str, path: str, body: bytes | None = None, timeout: tuple[float, float] | None = None
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._key()}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            reply = self._line.send(method, path, timeout or TIMEOUT, headers, body)
        except NoAuthorities as error:
            raise BackendUnreachable(str(error)) from error
        except requests.ReadTimeout as error:
            raise BackendUnreachable("RunPod did not answer in time.", "late") from error
        except requests.RequestException as error:
            raise BackendUnreachable("RunPod does not answer. Is the network up?", "silence") from error
        except ValueError:  # it would tell the key
            raise BackendUnreachable(
                "This API key has letters that no key has. Enter it again.", "401"
            ) from None
        answer = json_object(reply)
        if reply.ok and not reply.is_redirect and answer is not None:
            return answer
        raise self._complaint(reply, answer)

    def _complaint(self, reply: requests.Response, answer: dict[str, Any] | None) -> BackendError:
        status = reply.status_code
        if status == 403 and "1010" in reply.text:
            said = "RunPod turned this program away (error 1010). Please report it."
            return BackendUnreachable(said, "1010")
        if status in (401, 403):
            said = f"RunPod refuses the API key for the endpoint {self._endpoint} ({status}). Enter it again."
            return BackendUnreachable(said, "401")
        if status == 404:
            said = f"RunPod has no endpoint {self._endpoint}, or this key may not use it (404)."
            return BackendUnreachable(said, "404")
        if status == 413:
            return JobRejected("The job is larger than RunPod takes (413).")
        if status == 429:
            return BackendUnreachable("RunPod asks for fewer requests (429).", "429")
        if status >= 500 or reply.ok or reply.is_redirect:
            said = "What answers for RunPod is not its API" if answer is None else "RunPod has trouble"
            return BackendUnreachable(
                f"{said} ({status}). Is the network one that asks to log in?", str(status)
            )
        why = str((answer or {}).get("error") or (answer or {}).get("detail") or "no reason given")[:200]
        said = f"RunPod does not take it ({status}): {why}. Is {self._endpoint} an endpoint with a queue?"
        return JobRejected(said)


def _job(said: Mapping[str, Any]) -> RemoteJob:
    word = str(said.get("status") or "").upper()
    state, error = _SAME.get(word, word), said.get("error")
    if state not in _STATES:  # it would be waited for without an end
        state, error = FAILED, error or f"RunPod says {word[:40]} of it."
    ran, waited = (number(said.get(key), 1000 * LONGEST) for key in ("executionTime", "delayTime"))
    return RemoteJob(
        id=str(said.get("id") or ""),
        state=state,
        output=said.get("output"),
        error=error,
        waited=(waited or 0.0) / 1000,
        ran=None if ran is None else ran / 1000,
        worker=str(said.get("workerId") or ""),
    )


def _counts(said: Any) -> dict[str, int]:
    counts = {key: number(count, 1e6) for key, count in said.items()} if isinstance(said, dict) else {}
    return {key: int(count) for key, count in counts.items() if count is not None}
