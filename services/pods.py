"""The account's pods as they are now, and what is asked of them: start, stop, restart, terminate.

RunPod takes seconds to answer and is asked from a thread of its own. An order to stop is carried out
however often it takes; it costs money until then.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from domain.errors import PlatformError, PlatformSilent, StudioError
from domain.pods import GpuOffer, NetworkVolume, NewPod, Pod, PodState

log = logging.getLogger(__name__)

EVERY, SOON = 15.0, 4.0  # seconds between two looks at the account; while a pod changes
NAP = 60.0  # … and until it is thought about again whether there is anything to look at
AGAIN, LONGEST = 2.0, 30.0  # seconds until an order is tried again: twice as long each time, at most
TRIES = 5  # of an order to start; one to restart is never given twice
NEVER = float("inf")
RICHER = 300.0  # seconds between two looks at the balance
ENDS = {"stop": (PodState.stopped, PodState.gone, PodState.broken), "terminate": (PodState.gone,)}


class Platform(Protocol):
    """Whoever rents out the pods; all raise PlatformError."""

    def pods(self) -> list[Pod]: ...

    def act(self, id: str, action: str) -> None: ...

    def create(self, wanted: NewPod) -> Pod: ...

    def offers(self, cloud: str = "SECURE") -> list[GpuOffer]: ...

    def network_volumes(self) -> list[NetworkVolume]: ...

    def logs(self, id: str, tail: int = 50) -> list[str]: ...

    def balance(self) -> float | None: ...


@dataclass(frozen=True)
class Order:
    """What is asked of a pod and not yet done."""

    action: str
    at: float  # when it is tried next
    tries: int = 0
    said: str = ""  # why it was not done yet


@dataclass(frozen=True)
class Seen:
    """The account at the last look. `said` is why there was none, or why it is an old one."""

    has_key: bool = False
    pods: Mapping[str, Pod] = field(default_factory=dict)  # by id
    said: str = ""
    balance: float | None = None


class Pods:
    """`platform` gives None as long as there is no key. `tell` is called after every look and every order,
    from the thread that did it. `is_looked_at` says whether somebody would see what changed, `ours` which
    pods the studio uses."""

    def __init__(
        self,
        platform: Callable[[], Platform | None],
        tell: Callable[[Seen, Mapping[str, Order]], None],
        is_looked_at: Callable[[], bool],
        ours: Callable[[], Collection[str]],
    ):
        self._platform, self._tell, self._is_looked_at, self._ours = platform, tell, is_looked_at, ours
        self.seen = Seen()
        self._orders: dict[str, Order] = {}  # by pod
        self._asked_for: list[Callable[[Platform], None]] = []
        self._asked = self._weighed = float("-inf")  # when the pods were last asked for, and the balance
        self._is_wanted = self._is_stopped = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="pods", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def order(self, id: str, action: str) -> None:
        """Have it done soon, instead of what was asked of this pod before."""
        with self._changed:
            self._orders[id] = Order(action, 0.0)
            self._changed.notify()
        self._told()

    def stop_costing(self) -> None:
        """Have all of ours stopped that are being paid for."""
        for id in self.costing():
            with self._changed:
                is_ordered = id in self._orders and self._orders[id].action in ENDS
            if not is_ordered:
                self.order(id, "stop")

    def stop_now(self) -> list[str]:
        """The same while somebody waits for it; returns what is said of those that do not stop."""
        platform = self._platform()
        said: list[str] = []
        for id, pod in self.costing().items():
            try:
                if platform:
                    platform.act(id, "stop")
            except PlatformError as error:
                said.append(f"{pod.name}: {error}")
        return said

    def forget(self, id: str) -> None:
        """An order that was refused has been read."""
        with self._changed:
            if (order := self._orders.get(id)) and order.at == NEVER:
                del self._orders[id]
        self._told()

    def ask(self, what: Callable[[Platform], None]) -> None:
        """Have something asked of RunPod soon, in the thread that may wait for it."""
        with self._changed:
            self._asked_for.append(what)
            self._changed.notify()

    def again(self) -> None:
        """Look now: the key changed, or somebody wants to know."""
        with self._changed:
            self._is_wanted = True
            self._changed.notify()

    def find(self, name: str) -> Pod | None:
        """A pod by its name: after a migration it has another id. None when none or several have it."""
        named = [
            pod for pod in self.seen.pods.values() if pod.name == name and pod.state is not PodState.gone
        ]
        return named[0] if len(named) == 1 else None

    def costing(self) -> dict[str, Pod]:
        """Those of ours that are being paid for."""
        ours = self._ours()
        return {id: pod for id, pod in self.seen.pods.items() if id in ours and pod.state.costs}

    def step(self, now: float) -> float:
        """Do what is due; returns the seconds until something may be due again."""
        platform = self._platform()
        if platform is None:
            self.seen, self._weighed = Seen(), float("-inf")
            self._told()
            return NAP
        for id, order in self._due(now):
            self._carry_out(platform, id, order, now)
        for what in self._taken():
            what(platform)
            self._is_wanted = True
        if self._is_due(now):
            with self._changed:
                self._is_wanted = False
            self._look(platform)
            self._weigh(platform, now)
            self._asked = now
            self._told()
        return max(0.05, self._until(now))

    # --- the thread ------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._is_stopped:
            try:
                seconds = self.step(time.monotonic())
            except StudioError as error:  # a key that cannot be read
                log.warning("%s", error)
                seconds = NAP
            with self._changed:
                is_asked = self._is_wanted or self._asked_for or self._due(time.monotonic())
                if not self._is_stopped and not is_asked:
                    self._changed.wait(seconds)

    def _due(self, now: float) -> list[tuple[str, Order]]:
        with self._changed:
            return [(id, order) for id, order in self._orders.items() if order.at <= now]

    def _taken(self) -> list[Callable[[Platform], None]]:
        with self._changed:
            taken, self._asked_for = self._asked_for, []
            return taken

    def _is_due(self, now: float) -> bool:
        return self._is_wanted or (self._is_of_interest() and now - self._asked >= self._pause())

    def _is_of_interest(self) -> bool:
        is_asked_for = any(order.at != NEVER for order in self._orders.values())
        return bool(self._is_looked_at() or is_asked_for or self.costing() or self._asked < 0)

    def _pause(self) -> float:
        states = [pod.state for id, pod in self.seen.pods.items() if id in self._ours() or id in self._orders]
        return SOON if PodState.provisioning in states or PodState.starting in states else EVERY

    def _until(self, now: float) -> float:
        orders = [order.at - now for order in self._orders.values() if order.at != NEVER]
        return min([NAP, *orders, *([self._asked + self._pause() - now] if self._is_of_interest() else [])])

    def _carry_out(self, platform: Platform, id: str, order: Order, now: float) -> None:
        try:
            platform.act(id, order.action)
        except PlatformError as error:
            log.warning("%s %s: %s", order.action, id, error)
            self._refused(platform, id, order, now, error)
        else:
            self._over(id, order)
        self._is_wanted = True  # see what came of it

    def _refused(self, platform: Platform, id: str, order: Order, now: float, error: PlatformError) -> None:
        """Whether it is done all the same; else when it is tried again, and what is told meanwhile."""
        self._look(platform)
        pod = self.seen.pods.get(id)
        if not self.seen.said and (pod is None or pod.state in ENDS.get(order.action, ())):
            self._over(id, order)
            return
        tries = order.tries + 1
        is_tried_again = order.action in ENDS or (
            order.action == "start" and isinstance(error, PlatformSilent) and tries < TRIES
        )
        wait = min(LONGEST, AGAIN * 2 ** min(order.tries, 10)) if is_tried_again else NEVER
        self._over(id, order, Order(order.action, now + wait, tries, str(error)))

    def _over(self, id: str, done: Order, instead: Order | None = None) -> None:
        """Unless something else was asked of the pod meanwhile."""
        with self._changed:
            if self._orders.get(id) is done:
                if instead:
                    self._orders[id] = instead
                else:
                    del self._orders[id]

    def _look(self, platform: Platform) -> None:
        try:
            pods = {pod.id: pod for pod in platform.pods()}
            priced = {id: self._priced(pod) for id, pod in pods.items()}
            self.seen = replace(self.seen, has_key=True, pods=priced, said="")
        except PlatformError as error:
            self.seen = replace(self.seen, has_key=True, said=str(error))

    def _weigh(self, platform: Platform, now: float) -> None:
        if not self.seen.said and now - self._weighed >= RICHER:
            self.seen, self._weighed = replace(self.seen, balance=platform.balance()), now

    def _priced(self, pod: Pod) -> Pod:
        """With the last price it had: RunPod tells none for a pod that is stopped."""
        known = self.seen.pods.get(pod.id)
        return replace(pod, price=known.price) if known and not pod.price else pod

    def _told(self) -> None:
        with self._changed:
            orders = dict(self._orders)
        self._tell(self.seen, orders)
