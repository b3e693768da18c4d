"""The life of an emulated serverless endpoint: jobs, queue and workers, by a clock that tests may set.

Built from documentation; proves nothing about the platform; not verified against the live service.
Documented: the statuses, delayTime and executionTime in milliseconds, policy.ttl (which counts from
the submission, and deletes even a running job) and policy.executionTimeout, how long results are
kept, that `output` is the last progress while a job runs, that /retry takes only what failed and
keeps the id. Assumed where the documents are silent: a job goes to the worker that has asked for the
longest time; only the first `workers.max` workers get any; a worker that says nothing for `SILENCE`
seconds is lost and its job goes back to the queue, three times at most; one that calls itself unhealthy
gets no job and is gone; `output` is told of a job
that failed; what a worker posts of a job that is over is taken with 200 and changes nothing.
"""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT")
EXECUTION_TIMEOUT, TTL = 600.0, 24 * 3600.0  # seconds, when a job's policy does not say
KEPT, KEPT_SYNC = 30 * 60.0, 60.0  # seconds that a result can be asked for
SILENCE = 60.0
RETRIES = 3
LOOK = 0.02  # seconds between two looks whether something changed


@dataclass(eq=False)
class EmulatedJob:
    id: str
    input: Any
    created: float
    policy: dict[str, Any] = field(default_factory=dict)
    is_sync: bool = False
    status: str = "IN_QUEUE"
    worker: str = ""
    taken: float | None = None
    ended: float | None = None
    output: Any = None
    error: str | None = None
    retries: int = 0
    stream: list[Any] = field(default_factory=list)
    progress: list[Any] = field(default_factory=list)  # all that was told of it, for tests
    extra: dict[str, Any] = field(default_factory=dict)  # s3Config and the like, passed on to the worker

    @property
    def is_over(self) -> bool:
        return self.status in ENDED

    @property
    def deadline(self) -> float:
        """By the clock, of its execution."""
        if self.taken is None:
            return float("inf")
        return self.taken + _seconds(self.policy, "executionTimeout", EXECUTION_TIMEOUT)

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = {"id": self.id, "status": self.status}
        if self.taken is not None:
            told |= {"delayTime": _ms(self.taken - self.created), "workerId": self.worker}
            if self.ended is not None:
                told["executionTime"] = _ms(self.ended - self.taken)
        told |= {"output": self.output} if self.output is not None else {}
        told |= {"error": self.error} if self.error is not None else {}
        return told | ({"retries": self.retries} if self.retries else {})

    def put_back(self, now: float) -> None:
        self.status, self.worker, self.taken, self.ended = "IN_QUEUE", "", None, None
        self.output, self.error, self.created = None, None, now


@dataclass(eq=False)
class EmulatedWorker:
    id: str
    seen: float  # when it last said anything
    asks_since: float | None = None  # for a job
    stops: list[str] = field(default_factory=list)  # ids of jobs it has still to be told to stop
    is_gone: bool = False


class EmulatedEndpoint:
    """Every attribute may be set at any time; whoever reads first settles what the clock has brought."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, id: str = "", name: str = "cindergrace"):
        self.clock, self.id, self.name = clock, id or uuid.uuid4().hex[:14], name
        self.jobs: dict[str, EmulatedJob] = {}
        self.workers: dict[str, EmulatedWorker] = {}
        self.workers_min, self.workers_max, self.idle_timeout = 0, 3, 5
        self.gpu = "NVIDIA GeForce RTX 4090"
        self.price = 0.00031  # USD per second of execution
        self.bill: dict[str, float] = {}  # USD by the hour's beginning, such as 2026-11-27T10:00:00Z
        self.pause = 5.0  # seconds of real time that a worker's question is held
        self.largest_run, self.largest_sync, self.largest_result = 10 << 20, 20 << 20, 20 << 20
        self.rates: dict[str, int] = {}  # requests per ten seconds before 429, by operation
        self.initializing = self.throttled = self.unhealthy = 0  # workers that /health tells of besides
        self.reopens = (
            False  # progress that comes after the end makes a job IN_PROGRESS again (runpod-python#250)
        )
        self.late: list[tuple[str, dict[str, Any]]] = []  # what workers posted of jobs that were over
        self.unfit: list[tuple[str, str]] = []  # check and reason of workers that called themselves unhealthy
        self.refused: list[str] = []  # ids of jobs whose results were too large
        self.retried = 0
        self.changed = threading.Condition(threading.RLock())

    # --- the public side

    def add(self, body: dict[str, Any], is_sync: bool = False) -> EmulatedJob:
        extra = {key: value for key, value in body.items() if key not in ("input", "policy")}
        with self.changed:
            job = EmulatedJob(f"{uuid.uuid4()}-u1", body["input"], self.clock(), body.get("policy") or {})
            job.is_sync, job.extra = is_sync, extra
            self.jobs[job.id] = job
            self.changed.notify_all()
        return job

    def job(self, id: str) -> EmulatedJob | None:
        self.settle()
        return self.jobs.get(id)

    def cancel(self, job: EmulatedJob) -> None:
        with self.changed:
            if not job.is_over:
                self._end(job, "CANCELLED")

    def retry(self, job: EmulatedJob) -> bool:
        with self.changed:
            if job.status not in ("FAILED", "TIMED_OUT"):
                return False
            job.put_back(self.clock())
            job.retries += 1
            self.retried += 1
            self.changed.notify_all()
        return True

    def purge(self) -> int:
        with self.changed:
            waiting = self._with_status("IN_QUEUE")
            for job in waiting:
                del self.jobs[job.id]
        return len(waiting)

    def health(self) -> dict[str, Any]:
        self.settle()
        with self.changed:
            counted = {
                status: len(self._with_status(status)) for status in (*ENDED, "IN_QUEUE", "IN_PROGRESS")
            }
            there = [worker for worker in self.workers.values() if not worker.is_gone]
            busy = {job.worker for job in self._with_status("IN_PROGRESS")}
            running = sum(worker.id in busy for worker in there)
        failed = counted["FAILED"] + counted["TIMED_OUT"]
        jobs = {"completed": counted["COMPLETED"], "failed": failed, "inProgress": counted["IN_PROGRESS"]}
        jobs |= {"inQueue": counted["IN_QUEUE"], "retried": self.retried}
        workers = {"idle": len(there) - running, "ready": len(there), "running": running}
        workers |= {"initializing": self.initializing, "throttled": self.throttled}
        return {"jobs": jobs, "workers": workers | {"unhealthy": self.unhealthy}}

    # --- the workers' side

    def worker(self, id: str) -> EmulatedWorker:
        """The worker of this id, which has just said something."""
        with self.changed:
            worker = self.workers.setdefault(id, EmulatedWorker(id, self.clock()))
            worker.seen = self.clock()
            return worker

    def take(self, worker: EmulatedWorker) -> EmulatedJob | None:
        """The next job, when it is this worker's turn; without waiting."""
        self.settle()
        with self.changed:
            worker.asks_since = self.clock() if worker.asks_since is None else worker.asks_since
            waiting = self._with_status("IN_QUEUE")
            if not waiting or worker not in self._admitted() or worker is not self._next():
                return None
            job, worker.asks_since = waiting[0], None
            job.status, job.worker, job.taken = "IN_PROGRESS", worker.id, self.clock()
            self.changed.notify_all()
            return job

    def done(self, job: EmulatedJob, worker: str, said: dict[str, Any]) -> None:
        """What a worker posts of a job: progress, or its end."""
        with self.changed:
            if job.status != "IN_PROGRESS" or job.worker != worker:
                self.late.append((job.id, said))
                if self.reopens and job.is_over and said.get("status") == "IN_PROGRESS":
                    job.status, job.ended, job.output = "IN_PROGRESS", None, said.get("output")
                return
            if said.get("status") == "IN_PROGRESS":
                job.output = said.get("output")
                job.progress.append(job.output)
                return
            job.output, job.error = said.get("output"), said.get("error")
            self._end(job, "FAILED" if job.error is not None else "COMPLETED")
            if said.get("stopPod"):
                self.workers[worker].is_gone = True

    def lose(self, id: str) -> None:
        """A worker is gone, and what it had in hand goes back to the queue."""
        with self.changed:
            self.workers[id].is_gone = True
            for job in self._with_status("IN_PROGRESS"):
                if job.worker == id and job.retries >= RETRIES:
                    job.error = f"job timed out after {RETRIES} retries"
                    self._end(job, "FAILED")
                elif job.worker == id:
                    created = job.created
                    job.put_back(created)
                    job.retries += 1
                    self.retried += 1
            self.changed.notify_all()

    def is_unfit(self, worker: EmulatedWorker, check: str, reason: str) -> None:
        with self.changed:
            worker.is_gone = True
            self.unhealthy += 1
            self.unfit.append((check, reason))
            self.changed.notify_all()

    # --- time

    def settle(self) -> None:
        """What the clock has brought about since somebody looked."""
        with self.changed:
            now = self.clock()
            for job in list(self.jobs.values()):
                kept = KEPT_SYNC if job.is_sync else KEPT
                if job.ended is not None and now - job.ended > kept:
                    del self.jobs[job.id]
                elif not job.is_over and now - job.created > _seconds(job.policy, "ttl", TTL):
                    self._stop(job)
                    del self.jobs[job.id]
                elif job.ended is None and now > job.deadline:
                    job.error = "job timed out"
                    self._end(job, "TIMED_OUT")
            for worker in list(self.workers.values()):
                if not worker.is_gone and now - worker.seen > SILENCE:
                    self.lose(worker.id)

    def wait(self, is_so: Callable[[], bool], seconds: float) -> bool:
        """Until it is so, at most so many seconds of real time."""
        end = time.monotonic() + seconds
        with self.changed:
            while not is_so():
                if time.monotonic() > end:
                    return False
                self.changed.wait(LOOK)
        return True

    def _end(self, job: EmulatedJob, status: str) -> None:
        if status in ("CANCELLED", "TIMED_OUT"):
            self._stop(job)
        job.status, job.ended = status, self.clock()
        self.changed.notify_all()

    def _stop(self, job: EmulatedJob) -> None:
        if job.status == "IN_PROGRESS" and job.worker in self.workers:
            self.workers[job.worker].stops.append(job.id)
            self.changed.notify_all()

    def _with_status(self, status: str) -> list[EmulatedJob]:
        return [job for job in self.jobs.values() if job.status == status]

    def _admitted(self) -> list[EmulatedWorker]:
        return [worker for worker in self.workers.values() if not worker.is_gone][: self.workers_max]

    def _next(self) -> EmulatedWorker | None:
        asking = [worker for worker in self._admitted() if worker.asks_since is not None]
        return min(asking, key=lambda worker: worker.asks_since or 0.0, default=None)

    # --- what the account's interface says of it

    def described(self) -> dict[str, Any]:
        workers = {"min": self.workers_min, "max": self.workers_max, "idleTimeout": self.idle_timeout}
        scaling = {"type": "QUEUE_DELAY", "queueDelay": 4}
        more = {"gpu": {"id": self.gpu, "count": 1}, "timeout": 0, "flashboot": "OFF"}
        return {"id": self.id, "name": self.name, "workers": workers, "scaling": scaling, **more}

    @property
    def spent(self) -> float:
        """USD for execution alone."""
        ran = [(job.ended or self.clock()) - job.taken for job in self.jobs.values() if job.taken is not None]
        return sum(ran) * self.price


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _seconds(policy: dict[str, Any], name: str, otherwise: float) -> float:
    value = policy.get(name)
    return value / 1000 if isinstance(value, int | float) else otherwise
