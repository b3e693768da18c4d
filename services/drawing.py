"""Who draws, with what its jobs cost where that is known."""

import time
from collections.abc import Callable, Generator
from pathlib import Path

from domain.addresses import parse_pod_id
from domain.errors import StudioError
from domain.events import Fact, Progress
from domain.job import Backend, Job
from domain.serverless_about import About
from domain.settings import ComfySettings, Mode
from domain.spending import Spent
from infrastructure.backends import changed
from infrastructure.pool import Pool
from infrastructure.priced import Priced
from infrastructure.runpod_backend import USUAL_MOST, RunPodBackend
from services.bills import Bills
from services.pods import Pods
from services.spending import Spending


class Drawing:
    """`now` gives whoever draws, where anybody has been asked yet; `spending` hears what a job cost that is
    not paid for by time, `key` gives the account's."""

    def __init__(
        self,
        pods: Pods,
        now: Callable[[], Backend | None],
        spending: Spending,
        key: Callable[[], str],
    ):
        self._pods, self._now, self._spending, self._key = pods, now, spending, key
        self._bills = Bills(spending, key)
        self._asked: dict[str, RunPodBackend] = {}  # endpoints that were asked and did not draw yet
        self._endpoints: list[RunPodBackend] = []  # also those that drew before: they may have jobs

    def backend(
        self, before: Backend | None, comfy: ComfySettings, connect: Callable[[ComfySettings], Backend]
    ) -> Backend:
        """Whoever draws with these settings; the one before, where it became that."""
        if isinstance(before, Priced) and changed(before.inner, comfy):
            return before
        made = connect(comfy)
        if isinstance(made, RunPodBackend):
            self._endpoints.append(made)
            if asked := self._asked.pop(made.endpoint, None):
                made.heed(asked)
            return self._billed(made, str)
        return made if comfy.mode in (Mode.sketch, Mode.managed) else Priced(made, self._price_at)

    def leave(self) -> None:
        """The studio ends: what endpoints are at goes on without it, and is asked for at the next start."""
        for endpoint in self._endpoints:
            endpoint.is_left = True
        self._bills.stop()

    def left(self) -> None:
        """The studio has ended: what follows on what is home has no recipe: nobody asks for it."""
        for endpoint in self._endpoints:
            endpoint.give_up()

    @property
    def pool(self) -> Pool | None:
        return self._inner if isinstance(self._inner, Pool) else None

    @property
    def endpoint(self) -> RunPodBackend | None:
        return self._inner if isinstance(self._inner, RunPodBackend) else None

    def raise_workers(self, id: str, most: int = USUAL_MOST) -> None:
        """Have an endpoint, also one that does not draw, start so many workers at most; takes seconds.

        Raises PlatformError."""
        self._endpoint(id).account.raise_workers(most)

    def ask(self, id: str) -> Generator[Progress | Fact, None, About]:
        """What a worker of an endpoint is and has, of one that does not draw as well. It may have to start,
        which costs and is booked for no project. Raises StudioError, also when a limit is reached."""
        self._spending.allow("", time.time())
        endpoint = self._endpoint(id)
        if endpoint is not self.endpoint:
            self._asked[id] = endpoint
        nothing = Job("about", {}, Path(), {})
        return (yield from self._billed(endpoint, lambda _: "").billed(nothing, endpoint.ask()))

    def told(self, id: str) -> About | None:
        """What a worker of an endpoint said when it was asked last; nobody is asked."""
        endpoint = self._asked.get(id) or self._endpoint(id)
        return endpoint.told

    def _endpoint(self, id: str) -> RunPodBackend:
        drawing = self.endpoint
        return drawing if drawing and drawing.endpoint == id else RunPodBackend(id, self._key)

    def _billed(self, endpoint: RunPodBackend, project: Callable[[Path], str]) -> Priced:
        def drew(folder: Path, cost: float, seconds: float, _: str) -> None:
            self._spending.drew(Spent(project(folder), cost, time.time(), endpoint.endpoint, seconds))

        self._bills.start()
        return Priced(endpoint, lambda _: endpoint.price(), drew)

    @property
    def _inner(self) -> Backend | None:
        now = self._now()
        return now.inner if isinstance(now, Priced) else now

    def _price_at(self, url: str) -> float:
        try:
            pod = self._pods.seen.pods.get(parse_pod_id(url)[0])
        except StudioError:
            return 0.0  # no pod's address
        return pod.price if pod else 0.0
