"""The emulated REST API, version 2: who may ask, what is asked, and what goes wrong on the line.

Built from documentation; proves nothing about the platform; not verified against the live service.
What each route does is in deeds.
"""

import json
import select
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fake_answers import DO_AND_HANG_UP, HANG_UP, Answer, Slow
from tests.runpod.deeds import DEEDS, Ask, Refused
from tests.runpod.pods import EmulatedPod
from tests.runpod.wire import Seen, Wire, is_route

MINUTE = 60


def problem(status: int, detail: str, errors: list[dict[str, str]] | None = None, **headers: str) -> Answer:
    """A refusal as RFC 9457 has it; headers with underscores: Retry_After="7"."""
    told: dict[str, Any] = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    told |= {"errors": errors} if errors else {}
    kept = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(told).encode(), {"Content-Type": "application/problem+json", **kept})


class Api(Wire):
    def serve(self) -> None:
        body = b"".join(self.body())
        url = urlsplit(self.path)
        self.runpod.saw(Seen(self.host, self.command, self.path, dict(self.headers), body))
        if self.is_nameless():
            return self.turn_away()
        bad = self.runpod.answer_instead(self.command, url.path)
        match bad:
            case Answer():
                return self._say(bad)
            case dict() | list():
                return self._say(_json(bad))
            case Slow(seconds):
                self.runpod.is_over.wait(seconds)
        if bad == HANG_UP:
            return self.hang_up()
        answer = self._done(url.path, {key: values[0] for key, values in parse_qs(url.query).items()}, body)
        if bad == DO_AND_HANG_UP:
            return self.hang_up()
        return self._stream(answer, url.query) if isinstance(answer, EmulatedPod) else self._say(answer)

    def _done(self, path: str, query: dict[str, str], body: bytes) -> Answer | EmulatedPod:
        if self.headers.get("Authorization") != f"Bearer {self.runpod.key}":
            return problem(401, "The API key is missing or not valid.")
        limit, lately = self.runpod.per_minute, self._lately()
        if limit is not None and lately > limit:
            return problem(429, "Rate limit exceeded.", Retry_After=str(MINUTE))
        if path == "/graphql":
            return self._graphql(body)
        for (method, route), deed in DEEDS.items():
            if self.command == method and is_route(route, path):
                id = path.split("/")[3] if "{id}" in route else ""
                return self._carried_out(deed, Ask(self.runpod, query, body, id))
        return problem(404, f"No route {self.command} {path}.")

    def _carried_out(self, deed: Any, ask: Ask) -> Answer | EmulatedPod:
        try:
            with self.runpod.lock:
                status, content = deed(ask)
        except Refused as refused:
            return problem(refused.status, refused.detail, refused.errors)
        if isinstance(content, EmulatedPod):
            return content
        return Answer(204) if content is None else _json(content, status)

    def _graphql(self, body: bytes) -> Answer:
        status = self.runpod.graphql_status
        if status == 200:
            return self.runpod.account.graphql(body)
        return _json({"errors": [{"message": HTTPStatus(status).phrase}]}, status)

    def _lately(self) -> int:
        """Requests within the last minute, this one as well."""
        now, times = self.runpod.clock(), self.runpod.times
        times.append(now)
        times[:] = [one for one in times if now - one < MINUTE]
        return len(times)

    def _rates(self) -> dict[str, str]:
        limit = self.runpod.per_minute or 60
        left = max(0, limit - len(self.runpod.times))
        policy = f'"minute";q={limit};w=60, "hour";q=3000;w=3600, "day";q=50000;w=86400'
        return {"RateLimit": f'"minute";r={left};t=60', "RateLimit-Policy": policy}

    def _say(self, answer: Answer) -> None:
        self.answer(Answer(answer.status, answer.body, {**self._rates(), **answer.headers}))

    def _stream(self, pod: EmulatedPod, query: str) -> None:
        """A pod's log until the client has had enough: there is no end to it."""
        asked = {key: values[0] for key, values in parse_qs(query).items()}
        self.close_connection = True
        self.send_response_only(200)
        for name, value in {**self._rates(), "Content-Type": "text/event-stream"}.items():
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        tail = int(asked.get("tail", 100))
        lines = [one for one in pod.logs if asked.get("source") in (None, one["source"])]
        told, new = len(pod.logs), lines[-tail:] if tail else []
        while not self.runpod.is_over.is_set():
            for line in new:
                event = f"data:{json.dumps(line)}\n\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
            if select.select([self.connection], [], [], 0.02)[0]:
                return  # it has left
            new = [one for one in pod.logs[told:] if asked.get("source") in (None, one["source"])]
            told += len(pod.logs[told:])


def _json(content: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})
