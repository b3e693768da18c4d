"""Workers of an emulated endpoint that answer as a test tells them to."""

import base64
import hashlib
import threading
import time

from domain.events import Fact
from domain.serverless import Output, Result
from tests.fake_comfy_nodes import png
from tests.serverless.conftest import Hand

LONGEST = 60.0
PNG = png()


def result(*contents, **more):
    """What a worker of ours answers."""
    outputs = [
        Output(
            f"ComfyUI_{n:05}_.png",
            "3",
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            data=base64.b64encode(content).decode(),
        )
        for n, content in enumerate(contents, 1)
    ]
    told = {"server": "ComfyUI 0.30.0", "worker": {"name": "cindergrace", "version": "1"}, **more}
    return {"output": Result(tuple(outputs), **told).said()}


class Hands:
    """A worker that answers each order it is given with the next of these: what it says of it, or a list of
    such and of what it does before."""

    def __init__(self, hand, *answers):
        self.orders = []
        self._hand, self._answers = hand, list(answers)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self):
        end = time.monotonic() + LONGEST
        while self._answers and time.monotonic() < end:
            job = self._hand.take()
            if isinstance(job, dict):
                self.orders.append(job["input"])
                answer = self._answers.pop(0)
                for said in answer if isinstance(answer, list) else [answer]:
                    if callable(said):
                        said()
                    else:
                        self._hand.says(job, said)

    @classmethod
    def of(cls, runpod, endpoint, id, *answers):
        return cls(Hand(runpod.worker_environment(endpoint, id)), *answers)

    def join(self):
        self._thread.join(LONGEST)
        assert not self._thread.is_alive()


def heard(run):
    """Everything a run says, and the files it made."""
    said = []
    while True:
        try:
            said.append(next(run))
        except StopIteration as end:
            return said, end.value


def facts(said):
    return {event.key: event.value for event in said if isinstance(event, Fact)}
