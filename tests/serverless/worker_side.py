"""The workers' side of an emulated endpoint, as the SDK of RunPod speaks to it: plain HTTP on this machine.

Written from what the SDK sends (runpod 1.10 to 1.12); what the platform answers is known from there
alone. Documented: `s3Config` of a request reaches its worker. Assumed: it does beside the input, where the
SDK leaves whatever a job brings, and so does all else of a request but its policy. A question for a job or
for stop signals is held until there is one, or for `pause` seconds.
"""

import json
import select
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serverless.endpoints import EmulatedEndpoint, EmulatedJob, EmulatedWorker

WORKER_KEY = "rpa_EMULATED0KEY0OF0A0WORKER"


class WorkerSide:
    def __init__(self, endpoint: EmulatedEndpoint):
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (_Line,), {"endpoint": endpoint})
        )
        self._server.daemon_threads = True
        self._endpoint = endpoint
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def environment(self, worker: str) -> dict[str, str]:
        """What the platform sets for a worker: the SDK finds everything there."""
        base = f"http://127.0.0.1:{self._server.server_port}/v2/{self._endpoint.id}"
        return {
            "RUNPOD_WEBHOOK_GET_JOB": f"{base}/job-take/$ID?gpu=emulated",
            "RUNPOD_WEBHOOK_POST_OUTPUT": f"{base}/job-done/$RUNPOD_POD_ID/$ID?gpu=emulated",
            "RUNPOD_WEBHOOK_POST_STREAM": f"{base}/job-stream/$RUNPOD_POD_ID/$ID?gpu=emulated",
            "RUNPOD_WEBHOOK_PING": f"{base}/ping/$RUNPOD_POD_ID",
            "RUNPOD_PING_INTERVAL": "1000",
            "RUNPOD_POD_ID": worker,
            "RUNPOD_ENDPOINT_ID": self._endpoint.id,
            "RUNPOD_AI_API_KEY": WORKER_KEY,
            "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
            "RUNPOD_SKIP_GPU_CHECK": "true",
        }


class _Line(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    endpoint: Any = None

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        _, _, _, what, id, *_ = [*url.path.split("/"), "", ""]
        if self.headers.get("Authorization") != WORKER_KEY:
            return self._say(401)
        worker = self.endpoint.worker(id)
        if what == "ping":
            said = {name: values[0] for name, values in parse_qs(url.query).items()}
            if said.get("status") == "unhealthy":
                self.endpoint.is_unfit(worker, said["check"], said["reason"])
            return self._say(200, {})
        if what == "job-stop":
            return self._stops(worker)
        if what not in ("job-take", "job-take-batch"):
            return self._say(404)
        most = int(parse_qs(url.query).get("batch_size", ["1"])[0])
        taken = self._taken(worker, most)
        if not taken:
            return self._say(204)
        jobs = [{"id": job.id, "input": job.input, **job.extra} for job in taken]
        return self._say(200, jobs if what == "job-take-batch" else jobs[0])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        _, _, _, what, worker, id, *_ = [*urlsplit(self.path).path.split("/"), "", ""]
        self.endpoint.worker(worker)
        job = self.endpoint.job(id)
        if len(body) > self.endpoint.largest_result:
            self.endpoint.refused.append(id)
            return self._say(400)
        if job is None:
            self.endpoint.late.append((id, json.loads(body)))
        elif what == "job-stream":
            job.stream.append(json.loads(body).get("output"))
        else:
            self.endpoint.done(job, worker, json.loads(body))
        return self._say(200, {})

    def _taken(self, worker: EmulatedWorker, most: int) -> list[EmulatedJob]:
        taken: list[EmulatedJob] = []

        def has_come() -> bool:
            if self._is_deserted():
                return True
            if job := self.endpoint.take(worker):
                taken.append(job)
            return bool(taken)

        self.endpoint.wait(has_come, self.endpoint.pause)
        while taken and len(taken) < most and (job := self.endpoint.take(worker)):
            taken.append(job)
        worker.asks_since = None
        return taken

    def _stops(self, worker: EmulatedWorker) -> None:
        self.endpoint.wait(lambda: bool(worker.stops) or self._is_deserted(), self.endpoint.pause)
        with self.endpoint.changed:
            ids, worker.stops = worker.stops, []
        return self._say(200, {"jobsToStop": ids}) if ids else self._say(204)

    def _is_deserted(self) -> bool:
        """Whoever asked has gone: what is handed over now would be lost."""
        return bool(select.select([self.connection], [], [], 0)[0])

    def _say(self, status: int, content: Any = None) -> None:
        body = json.dumps(content).encode() if content is not None else b""
        self.send_response_only(status)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        pass
