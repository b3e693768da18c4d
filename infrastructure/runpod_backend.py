"""Carries out jobs at a serverless endpoint of RunPod: a queue before as many workers as it starts."""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from domain.errors import (
    BackendError,
    BackendUnreachable,
    BadFile,
    JobFailed,
    StudioError,
)
from domain.events import Fact, Progress
from domain.job import Graph, Job, JobRun, Probe, files_in
from domain.pods import Endpoint
from domain.serverless import Result, read_finished, read_result
from domain.serverless_about import About
from domain.status import AtEndpoint, Status
from infrastructure.hashes import sha256
from infrastructure.serverless_account import Described
from infrastructure.serverless_api import (
    CANCELLED,
    DONE,
    FAILED,
    LATE,
    RUNNING,
    Health,
    RemoteJob,
    ServerlessAPI,
)
from infrastructure.serverless_asking import WAIT, Meeting, Word, answered, read
from infrastructure.serverless_chains import Chains, Link, noted
from infrastructure.serverless_execution import Pace, ServerlessExecution, Steps, take_back
from infrastructure.serverless_inputs import Inputs, Store
from infrastructure.serverless_orders import excess, packed, refuse_dropped
from infrastructure.serverless_probe import ServerlessProbe
from infrastructure.serverless_results import brought_home

USUAL_MOST = 3  # workers that an endpoint may start, where that is not told
EACH = 4  # jobs handed over for each worker, so that none waits for us between two of its jobs
MOST = 60  # jobs handed over at once
RUN = 1800.0  # seconds that a job may run at least; more where jobs took longer
LONGER = 5.0  # … so many times the longest that was seen
LETTERS = 40  # of what a worker calls itself that are kept
_NO_KEY = "There is no API key of RunPod. Enter it on the Settings page."
_NO_WORKERS = (
    "The endpoint {name} may start no workers: RunPod sets that after a week without jobs. Raise it again."
)
QUEUE = 6 * 3600.0  # seconds that a job may wait for a worker


class RunPodBackend:
    """`key` gives the account's, as it is now, and `store` where inputs go that are too large for a job.
    `is_left` is set when the studio ends: jobs whose runs are closed from then on are not cancelled, and what
    became of them is asked for at the next start."""

    engine = "comfyui"

    def __init__(
        self, endpoint: str, key: Callable[[], str], store: Callable[[], Store | None] = lambda: None
    ):
        self.endpoint, self.is_left = endpoint, False
        self._key = key
        self._api = ServerlessAPI(endpoint, key)
        self.account = Described(endpoint, key)
        self._pace, self._chains = Pace(), Chains(self.take_back)
        self._worker: Mapping[str, str] | None = None  # what the one that answered last says of itself
        self._meeting, self._word = Meeting(), Word()
        self._inputs, self._longest = Inputs(store), 0.0  # seconds that a job took
        self._taken_back = set[str]()  # numbers of jobs; their recipes may say so only later

    @property
    def lanes(self) -> int:
        known = self.account.last
        return min(
            MOST, EACH * max(1, known.workers_max if known and known.workers_max is not None else USUAL_MOST)
        )

    def status(self) -> Status:
        name, address = "RunPod Serverless", self._api.url
        if not self._key():
            return Status(False, name, address, said=_NO_KEY, symptom="401", serverless=self._seen())
        try:
            health = self._api.health()
        except BackendError as error:
            said, symptom = str(error), getattr(error, "symptom", "")
            return Status(False, name, address, said=said, symptom=symptom, serverless=self._seen())
        known = self.account.now()
        is_closed = known is not None and known.workers_max == 0
        return Status(
            is_up=not is_closed,
            name=f"{known.name} at {name}" if known and known.name else name,
            address=address,
            gpu=known.gpu if known else "",
            running=health.running,
            waiting=health.waiting,
            said=_NO_WORKERS.format(name=known.name or self.endpoint) if known and is_closed else "",
            symptom="workers" if is_closed else "",
            serverless=self._seen(health),
        )

    def check(self, *graphs: Graph) -> str:
        status = self.status()
        if not status.is_up:
            raise BackendUnreachable(status.said, status.symptom)
        for graph in graphs:
            hashes = {path: sha256(path) for path in files_in(graph)}
            self._refuse(Job("", graph, Path(), hashes))
        known = self.account.now()
        most = f", at most {known.workers_max} workers" if known and known.workers_max else ""
        return f"{status.name}{f' on {status.gpu}' if status.gpu else ''}{most}"

    def run(self, job: Job) -> JobRun:
        link = self._chains.claimed(job.id) or noted(job.earlier, self.endpoint) or Link()
        yield from self._told(link)
        while True:
            end, link = yield from self._end(job, link)
            if end.state in (FAILED, CANCELLED) and end.ran is not None and not link.step:
                yield Fact("gpu_seconds", end.ran)  # it was paid for all the same
            is_taken_back = end.state == CANCELLED and link.number in self._taken_back
            if not is_taken_back and (result := self._result(end, link)):
                break
            link = Link()  # it, or the chain, was cut short: what is missing is asked for by itself
        try:
            yield from self._facts(end, link, result)
            files = yield from brought_home(result, job)
        except BackendUnreachable:
            raise  # it is asked for again
        except (GeneratorExit, KeyboardInterrupt, StudioError):
            if link.end is None:
                self._give_up(link.number)  # what follows goes on, and nobody will ask for it
            raise
        self._chains.expect(job, link, result)
        return files

    def _told(self, link: Link) -> Iterator[Fact]:
        """Where it is, if it is somewhere; closed already here, it is taken back all the same."""
        there = {"endpoint": self.endpoint, "job": link.number, "step": link.step}
        try:
            yield Fact("url", self._api.url)
            if link.is_ours:
                yield Fact("serverless", there, is_urgent=True)
        except (GeneratorExit, KeyboardInterrupt):
            if link.number and link.end is None:
                self._give_up(link.number)
            raise

    def _end(self, job: Job, link: Link) -> Generator[Progress | Fact, None, tuple[RemoteJob, Link]]:
        if link.end:
            return link.end, link
        execution = ServerlessExecution(
            self._api, self.endpoint, self._pace, lambda: self.is_left, len(job.then)
        )
        return (yield from execution.carried_out(lambda: self._body(job), link, lambda: self._ready(job)))

    def probe(self) -> Probe:
        return ServerlessProbe(self)

    def ask(self, wait: float = WAIT) -> Generator[Progress | Fact, None, About]:
        """What a worker is and has, within so many seconds; it may have to start for that. Closing it takes
        the question back."""
        yield Fact("url", self._api.url)
        execution = ServerlessExecution(self._api, self.endpoint, Pace(), lambda: False)
        end = yield from answered(execution, wait)
        if end.ran is not None:
            yield Fact("gpu_seconds", end.ran)
        about = read(end)
        self._worker = dict(about.worker)
        self._word.keep(about, self.account.now())
        return about

    @property
    def told(self) -> About | None:
        """What a worker said when it was asked last."""
        return self._word.about

    def heed(self, other: "RunPodBackend") -> None:
        """What a worker said to another one that asked for the same endpoint."""
        self._word, self._worker = other._word, other._worker

    def price(self) -> float:
        """USD for an hour that one worker works; 0 where that is not told. Start and idling come on top."""
        return self.account.price()

    def knows(self, number: str) -> bool:
        """Whether a job of this number is there, or its result. Raises BackendError."""
        return self._api.status(number) is not None

    def take_back(self, number: str) -> bool:
        """Cancel a job over there, however long that takes; returns whether that ended it. Whoever wants the
        same after all, though no recipe says yet that it ended, has it handed over anew."""
        self._taken_back.add(number)  # first: its end may be seen before this is answered
        return take_back(self._api, number)

    def _seen(self, health: Health | None = None) -> AtEndpoint:
        """Without asking anybody."""
        known = self.account.last or Endpoint(self.endpoint, "", "")
        about = self._word.about
        workers = dict(health.workers) if health else None
        return AtEndpoint(known, workers, self._worker, about.brief() if about else None)

    def has_begun(self, job_id: str) -> bool:
        """Whether a job is under way or done, handed over with the one that it follows on."""
        return self._chains.holds(job_id)

    def give_up(self) -> None:
        """Cancel what follows on jobs that are home, and will: nobody asks for it any more."""
        self._chains.give_up()

    def _give_up(self, number: str) -> None:
        """The rest of a chain that nobody asks for."""
        if not self.is_left:
            self.take_back(number)

    def _refuse(self, job: Job) -> None:
        """Raises JobRejected for what is known to come to nothing, before anything is sent."""
        is_public = self._worker == {}
        if is_public:
            refuse_dropped(job.graph)
        self._word.refuse(job, self.account.last)
        self._inputs.refuse(job, is_public)

    def _ready(self, job: Job) -> Steps[None]:
        self._refuse(job)
        yield from self._inputs.bring(job)
        if self._worker is None and excess(job):  # large inputs only ours takes
            yield from self._meeting.met(lambda: self._worker is not None, lambda: self.ask(QUEUE))
            self._refuse(job)

    def _body(self, job: Job) -> bytes:
        seconds = max(RUN, LONGER * self._longest) * (1 + len(job.then))
        return packed(job, seconds, QUEUE, self._inputs.given(job, seconds + QUEUE))

    def _result(self, end: RemoteJob, link: Link) -> Result | None:
        """Of the workflow that is meant; None when the worker did not come so far. Raises JobFailed, which
        says why."""
        if end.state == CANCELLED:
            raise JobFailed("The job was cancelled at RunPod.")
        if end.state == LATE:
            self._longest = max(self._longest, end.ran or 0.0)  # it may take longer the next time
            raise JobFailed(f"RunPod ended it after {(end.ran or 0) / 60:.0f} minutes, twice. Ask for less.")
        if end.state not in (DONE, RUNNING):
            raise JobFailed(end.why)
        try:
            whole = None if end.state == RUNNING else read_result(end.output)
            results = read_finished(end.output) if whole is None else [whole, *whole.chain]
        except BadFile as error:
            raise JobFailed(str(error)) from error
        about = results[0].worker
        words = () if about is None else ("name", "version")
        self._worker = {word: (about or {}).get(word, "")[:LETTERS] for word in words}
        if link.step >= len(results):
            return None
        if link.is_anew:
            made = sum(one.seconds or 0.0 for one in results[: link.step + 1])
            return replace(results[link.step], seconds=made)
        return results[link.step]

    def _facts(self, end: RemoteJob, link: Link, result: Result) -> Iterator[Fact]:
        """A job's seconds are what is paid for; of one workflow of several, what the GPU was at it."""
        is_alone = not link.step and not result.chain and end.state == DONE
        seconds = end.ran if is_alone else result.seconds
        if link.is_ours:
            yield Fact("sent", {"times": 1})  # with the one it follows on, and made meanwhile
        if seconds is not None:
            self._longest = max(self._longest, seconds)
            yield Fact("gpu_seconds", seconds)
        yield Fact("server", result.server or "RunPod Serverless")
        if end.worker:
            yield Fact("machine", end.worker)
        if result.texts:
            yield Fact("texts", list(result.texts))
        if result.errors:
            yield Fact("remarks", list(result.errors))
