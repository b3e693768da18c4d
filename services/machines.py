"""The rented machines: what the account says of them, what they cost, what is wrong with the one in use."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from domain.addresses import is_pod, parse_machine, parse_pod_id, pod_url
from domain.errand import Errand
from domain.errors import PlatformError, PlatformSilent, StudioError
from domain.job import Backend
from domain.places import Places
from domain.pods import MONTH, NewPod, Pod
from domain.settings import ComfySettings, Mode, Settings
from domain.status import Status
from infrastructure.runpod_api import RunPodAPI
from infrastructure.spending_file import SpendingFile
from services import pod_making
from services.drawing import Drawing
from services.feed import Feed
from services.pod_health import PodHealth, endpoint_trouble
from services.pod_orders import Order
from services.pod_start import PHASES
from services.pods import Platform, Pods, Seen
from services.spending import Spending, Work

log = logging.getLogger(__name__)

ACTIONS = ("start", "stop", "restart", "terminate")
TEMPLATE = "cw3nka7d08"  # RunPod's own ComfyUI


@dataclass(frozen=True)
class Around:
    """What the machines need of the studio."""

    settings: Callable[[], Settings]
    key: Callable[[], str]
    work: Work
    change: Callable[[Callable[[ComfySettings], ComfySettings]], None]  # who draws
    backend: Callable[[], Backend | None]  # whoever draws, where anybody has been asked yet
    look_again: Callable[[], None]  # at whoever draws
    lacks: Callable[[], str]  # what whoever draws lacks for the project that is open: a sentence


class Machines:
    def __init__(
        self,
        feed: Feed,
        places: Places,
        around: Around,
        connect: Callable[[str], Platform] = RunPodAPI,
    ):
        self._feed, self._around, self._connect = feed, around, connect
        self._platform: tuple[str, Platform] | None = None
        self._status: tuple[ComfySettings, Status] | None = None  # and whose it is
        self._health = PodHealth(places.pod_starts, self._last_lines)
        self._logs = 0  # how often one was asked for by the artist
        self._is_making = threading.Lock()
        self.pods = Pods(self._api, self._tell, self._tell_orders, lambda: feed.is_heard, self._ours)
        self.spending = Spending(
            SpendingFile(places.spending),
            self.pods,
            around.work,
            lambda: around.settings().limits,
            lambda money: feed.put_all({"money": money, "lanes": self._lanes()}),
        )
        self.drawing = Drawing(self.pods, around.backend, self.spending, around.key)

    def start(self) -> None:
        self.pods.start()
        self.spending.start()

    def stop(self) -> None:
        self.drawing.leave()
        self.spending.stop()
        self.pods.stop()

    # --- asking; nothing of it waits for RunPod ----------------------------------------------------

    def order(self, id: str, action: str) -> None:
        """Raises StudioError for what is no such order, or would cost beyond a limit."""
        if action not in ACTIONS:
            raise StudioError(f"A pod cannot be asked to {action}.")
        if action in ("start", "restart"):
            self.spending.allow(self._around.work.project(), time.time())
            self._health.began(id, time.time())
            self.spending.watch(id)
        self.pods.order(id, action)

    def allow(self, wanted: Sequence[Errand]) -> None:
        """Raises StudioError when a limit is reached and these would cost more."""
        if self._around.settings().comfy.is_rented:
            for project in {errand.project for errand in wanted if errand.is_drawn}:
                self.spending.allow(project, time.time())

    def allow_bench(self) -> None:
        """The same for the test bench."""
        if self._around.settings().comfy.is_rented:
            self.spending.allow("", time.time())

    def choose(self, id: str, port: int | None = None) -> None:
        """Draw on this pod from now on; of one that draws beside others, only the port is changed."""
        pod = self._pod(id)

        def chosen(kept: ComfySettings) -> ComfySettings:
            own = [one for one in kept.more if is_pod(one) and parse_pod_id(one)[0] == pod.id]
            if own and port:
                return replace(kept, more=tuple(pod_url(id, port) if m in own else m for m in kept.more))
            known = [kept.port, *pod.ports] if kept.port in pod.ports else [*pod.ports, kept.port]
            more = tuple(machine for machine in kept.more if machine not in own)
            return replace(
                kept, mode=Mode.runpod, pod_id=pod.id, port=port or known[0], pod_name=pod.name, more=more
            )

        self._around.change(chosen)
        self.pods.again()

    def make(self, wanted: NewPod, gpus: Sequence[str]) -> None:
        """Have a pod made, with the first of these GPUs that is free, and drawn on."""
        self.spending.allow(self._around.work.project(), time.time())
        if not self._is_making.acquire(blocking=False):
            raise StudioError("A pod is being made already. Wait for it.")
        try:
            self.pods.ask(lambda platform: self._made(platform, wanted, gpus))
        except StudioError:
            self._is_making.release()
            raise

    def show_offers(self, cloud: str = "SECURE") -> None:
        self.pods.ask(lambda platform: self._tell_offers(platform, cloud))

    def show_log(self, id: str) -> None:
        self._logs += 1
        number = self._logs
        self._feed.put("pod/log", {"pod": id, "number": number, "lines": None, "said": ""})
        self.pods.ask(lambda platform: self._tell_log(platform, id, number))

    def look_again(self) -> None:
        """At the account, and at whoever draws."""
        self.pods.again()
        self._around.look_again()

    def leave(self) -> Sequence[Pod]:
        """The pods that cost on when the studio is closed."""
        return list(self.pods.costing().values())

    def stop_now(self) -> list[str]:
        """Stop them while somebody waits for it; returns a sentence for each that does not stop."""
        said, names = self.pods.stop_now(), {pod.id: pod.name for pod in self.leave()}
        self.spending.stopped([id for id, trouble in said.items() if not trouble], time.time())
        return [f"{names.get(id, id)}: {trouble}" for id, trouble in said.items() if trouble]

    def saw(self, status: Status) -> None:
        """How whoever draws is now."""
        was, self._status = self._status, (self._around.settings().comfy, status)
        told = was and (was[0], was[1].is_up, was[1].symptom)
        if told != (self._status[0], status.is_up, status.symptom):
            self.pods.again()  # what is told of a start and of trouble is about another, or of another kind

    def raise_workers(self, most: int) -> None:
        """Have the endpoint that draws start so many workers at most. Raises StudioError."""
        comfy = self._around.settings().comfy
        if comfy.mode is not Mode.serverless:
            raise StudioError("No endpoint draws now. Choose one in Settings.")
        self.pods.ask(lambda _: self._raised(comfy.endpoint, most))

    def _raised(self, endpoint: str, most: int) -> None:
        try:
            self.drawing.raise_workers(endpoint, most)
        except PlatformError as error:
            self._feed.put("told", {"text": str(error), "at": time.time()})
        self._around.look_again()

    def _lanes(self) -> dict[str, Any] | None:
        """What each machine is doing, where several draw as one."""
        pool = self.drawing.pool
        return asdict(pool.view()) if pool else None

    # --- in the thread of the pods -----------------------------------------------------------------

    def _api(self) -> Platform | None:
        key = self._around.key()
        if not key:
            return None
        if self._platform is None or self._platform[0] != key:
            self._platform = key, self._connect(key)
        return self._platform[1]

    def _ours(self) -> set[str]:
        return self.spending.watched | {*self._around.settings().comfy.pods}

    def _pod(self, id: str) -> Pod:
        if pod := self.pods.seen.pods.get(id):
            return pod
        raise StudioError("The account has no such pod any more. Look again.")

    def _tell_orders(self, orders: Mapping[str, Order]) -> None:
        told = {
            id: {"action": order.action, "tries": order.tries, "said": order.said}
            for id, order in orders.items()
        }
        self._feed.put("pods/orders", told)

    def _tell(self, seen: Seen) -> None:
        ours, now = self._ours(), time.time()
        pods = [
            {
                **asdict(pod),
                "state": pod.state.value,
                "can": sorted(pod.can),
                "is_ours": id in ours,
                "since": None if pod.uptime is None else round(now - pod.uptime, -1),
                "month_stopped": round(pod.stopped_price * MONTH, 2),
                "is_mortal": pod.dies_without_credit,
            }
            for id, pod in seen.pods.items()
        ]
        for pod in pods:
            del pod["uptime"]  # it would be news at every look
        told = {"has_key": seen.has_key, "said": seen.said, "list": pods, "balance": seen.balance}
        self._feed.put("pods", told)
        self._tell_health(seen, self._around.settings().comfy)

    def _tell_health(self, seen: Seen, comfy: ComfySettings) -> None:
        starting, trouble = self._health.look(seen, comfy, self._statuses(comfy))
        if comfy.mode is Mode.serverless and self._status and self._status[0] == comfy:
            trouble = endpoint_trouble(comfy, self._status[1])
        self._feed.put_all({"pod/start": starting, "doctor": trouble})
        if starting and starting["phase"] == PHASES[-1]:
            self.pods.ask(lambda _: self._tell_lacks(starting["pod"]))
        elif starting and seen.pods[starting["pod"]].is_up:
            self._around.look_again()

    def _statuses(self, comfy: ComfySettings) -> dict[str, Status]:
        """How each pod that draws is, by its id, as far as that is known."""
        if pool := self.drawing.pool:
            seen = {parse_machine(name): status for name, status in pool.statuses.items()}
            return {parse_pod_id(machine)[0]: seen[machine] for machine in seen if is_pod(machine)}
        if self._status is None or self._status[0] != comfy:
            return {}
        return dict.fromkeys(comfy.drawn_on, self._status[1])

    def _tell_lacks(self, pod: str) -> None:
        project = self._around.work.project()
        self._feed.put("pod/lacks", {"pod": pod, "project": project, "said": self._around.lacks()})
        self._feed.put("pod/start", None)

    def _last_lines(self, pod: str, count: int) -> list[str]:
        platform = self._api()
        return platform.logs(pod, count) if platform else []

    def _tell_log(self, platform: Platform, id: str, number: int) -> None:
        told: dict[str, Any] = {"pod": id, "number": number, "lines": [], "said": ""}
        try:
            told["lines"] = platform.logs(id, 200)
        except PlatformError as error:
            told["said"] = str(error)
        if number == self._logs:
            self._feed.put("pod/log", told)

    def _tell_offers(self, platform: Platform, cloud: str) -> None:
        try:
            offers = [{**asdict(one), "is_there": one.is_there} for one in platform.offers(cloud)]
            volumes = [asdict(volume) for volume in platform.network_volumes()]
            told: dict[str, Any] = {"cloud": cloud, "list": offers, "volumes": volumes, "said": ""}
        except PlatformError as error:
            told = {"cloud": cloud, "list": [], "volumes": [], "said": str(error)}
        self._feed.put("pods/offers", told)

    def _made(self, platform: Platform, wanted: NewPod, gpus: Sequence[str]) -> None:
        """Whatever becomes of it: a pod of that name that turns up later is one of ours."""

        def tell(said: str, is_bad: bool = False) -> None:
            self._feed.put("pods/making", {"name": wanted.name, "said": said, "is_bad": is_bad})

        try:
            wanted = replace(wanted, name=pod_making.unique_name(wanted.name, platform.pods()))
            self.spending.await_pod(wanted.name)
            pod = pod_making.make(platform, wanted, gpus, tell)
            self._health.began(pod.id, time.time())
            self.spending.watch(pod.id)
            self._around.change(
                lambda kept: replace(
                    kept, mode=Mode.runpod, pod_id=pod.id, port=wanted.ports[0], pod_name=wanted.name
                )
            )
            self._feed.put("pods/making", None)
        except PlatformSilent as error:
            tell(str(error), True)
        except StudioError as error:
            self.spending.not_made(wanted.name)
            tell(str(error), True)
        finally:
            self._is_making.release()
