"""Workers without the SDK, for tests that have to be quick: threads that take jobs of an emulated endpoint.

They keep the SDK's manners as far as a client can see them: one job at a time, `error` and
`refresh_worker` taken out of an answer, cancelled when the platform says so, silent when an answer is
too large. What they answer is our real handler at a ComfyUI, or whatever a test wants of the worker.

    with Puppet.of_ours(endpoint, fake.url), Puppet(endpoint, lambda input: {"images": […]}):
        …
"""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from infrastructure.comfy_backend import ComfyBackend
from tests.serverless.endpoints import EmulatedEndpoint, EmulatedJob
from worker.environment import Environment
from worker.handler import Handler
from worker.work import Bench, carried_out

LOOK = 0.02  # seconds between two looks for a job or a stop
Said = dict[str, Any]


class Puppet:
    def __init__(self, endpoint: EmulatedEndpoint, answer: Callable[[Any], Any], id: str = ""):
        self.endpoint, self.id = endpoint, id or f"puppet{len(endpoint.workers) + 1}"
        self._answer: Callable[[Said], Awaitable[Any]] = lambda job: asyncio.to_thread(answer, job["input"])
        self._end = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), daemon=True)

    @classmethod
    def of_ours(cls, endpoint: EmulatedEndpoint, comfy: str, id: str = "", **environment: str) -> "Puppet":
        """Our handler, at this ComfyUI."""
        puppet = cls(endpoint, lambda input: None, id)
        bench = Bench(ComfyBackend(comfy, 5.0), Environment(environment))
        puppet._answer = Handler(lambda job: carried_out(job, bench), puppet.tell).handle
        return puppet

    def __enter__(self) -> "Puppet":
        self.endpoint.worker(self.id)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(10)
        self.endpoint.worker(self.id).asks_since = None  # else the next job is kept for it

    def die(self) -> None:
        """Its machine is taken away: nothing more is heard of it."""
        self._end.set()
        self.endpoint.lose(self.id)

    async def tell(self, job: Said, progress: Any) -> None:
        self._post(job["id"], {"status": "IN_PROGRESS", "output": progress})

    async def _live(self) -> None:
        while not self._end.is_set():
            worker = self.endpoint.worker(self.id)
            job = None if worker.is_gone else self.endpoint.take(worker)
            if job:
                await self._carried_out(job)
            else:
                await asyncio.sleep(LOOK)

    async def _carried_out(self, job: EmulatedJob) -> None:
        worker = self.endpoint.worker(self.id)
        task = asyncio.ensure_future(self._answer({"id": job.id, "input": job.input, **job.extra}))
        while not task.done():
            await asyncio.wait([task], timeout=LOOK)
            self.endpoint.worker(self.id)  # as the SDK's ping
            if job.id in worker.stops or self._end.is_set():
                worker.stops.clear()
                task.cancel()
        if task.cancelled() or self._end.is_set():
            return
        answer = task.result()
        said: Said = {"output": answer}
        if isinstance(answer, dict):
            said |= {"error": answer.pop("error")} if "error" in answer else {}
            said |= {"stopPod": True} if answer.pop("refresh_worker", None) else {}
        self._post(job.id, said)

    def _post(self, id: str, said: Said) -> None:
        if len(json.dumps(said)) > self.endpoint.largest_result:
            self.endpoint.refused.append(id)
        elif job := self.endpoint.job(id):
            self.endpoint.done(job, self.id, json.loads(json.dumps(said)))


def public(answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The public worker's manner with an order that has no workflow."""
    return lambda input: answer(input) if input.get("workflow") else {"error": "Missing 'workflow' parameter"}
