"""The account's pods as they are now, and what is asked of them: start, stop, restart, terminate.

RunPod takes seconds to answer and is asked from a thread of its own. An order to stop is carried out
however often it takes; it costs money until then. What takes longer still has a thread that ends with it.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from domain.errors import PlatformError, PlatformSilent, StudioError
from domain.pods import GpuOffer, NetworkVolume, NewPod, Pod, PodState
from services.pod_orders import NEVER, Order, Orders, is_done

log = logging.getLogger(__name__)

EVERY, SOON = 15.0, 4.0  # seconds between two looks at the account; while a pod changes
NAP = 60.0  # … and until it is thought about again whether there is anything to look at
RICHER = 300.0  # seconds between two looks at the balance
ODD = (StudioError, OSError, ValueError, RuntimeError, LookupError, TypeError)  # none may end the thread


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
class Seen:
    """The account at the last look. `said` is why there was none, or why it is an old one."""

    has_key: bool = False
    is_known: bool = False  # there was a look that was answered
    pods: Mapping[str, Pod] = field(default_factory=dict)  # by id
    said: str = ""
    balance: float | None = None

    def named(self, name: str) -> Pod | None:
        """A pod by its name: after a migration it has another id. None when none or several have it."""
        named = [pod for pod in self.pods.values() if pod.name == name and pod.state is not PodState.gone]
        return named[0] if len(named) == 1 else None


class Pods:
    """`platform` gives None as long as there is no key. `tell` is called after every look, in the thread of
    the pods; `tell_orders` at once from whatever thread. `is_looked_at` says whether somebody would see what
    changed, `ours` which pods the studio uses."""

    def __init__(
        self,
        platform: Callable[[], Platform | None],
        tell: Callable[[Seen], None],
        tell_orders: Callable[[Mapping[str, Order]], None],
        is_looked_at: Callable[[], bool],
        ours: Callable[[], Collection[str]],
    ):
        self._platform, self._tell, self._tell_orders = platform, tell, tell_orders
        self._is_looked_at, self._ours = is_looked_at, ours
        self.seen = Seen()
        self.orders = Orders()
        self._last: Platform | None = None
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
        self.orders.give(id, action)
        self._ordered()

    def stop_soon(self, ids: Collection[str]) -> list[str]:
        """Have these stopped, unless they are asked to already; returns which were not."""
        given = [id for id in ids if self.orders.give_unless_ordered(id, "stop")]
        if given:
            self._ordered()
        return given

    def stop_now(self) -> dict[str, str]:
        """Stop all that cost while somebody waits for it: what is said of each, "" of those that stop."""
        platform, said = self._platform(), dict[str, str]()
        for id in self.costing():
            try:
                if platform is None:
                    raise PlatformError("There is no API key any more.")
                platform.act(id, "stop")
                said[id] = ""
            except PlatformError as error:
                said[id] = str(error)
        return said

    def forget(self, id: str) -> None:
        """An order that was refused has been read."""
        self.orders.read(id)
        self._tell_orders(self.orders.all())

    def ask(self, what: Callable[[Platform], None]) -> None:
        """Have something asked of RunPod that may take long, while orders are carried out."""
        platform = self._platform()
        if platform is None:
            raise StudioError("There is no RunPod API key. Enter one in Settings.")
        threading.Thread(target=self._answered, args=(what, platform), name="ask", daemon=True).start()

    def again(self) -> None:
        """Look now: the key changed, or somebody wants to know."""
        with self._changed:
            self._is_wanted = True
            self._changed.notify()

    def costing(self) -> dict[str, Pod]:
        """Those of ours that are being paid for."""
        ours = self._ours()
        return {id: pod for id, pod in self.seen.pods.items() if id in ours and pod.costs}

    def step(self, now: float) -> float:
        """Do what is due; returns the seconds until something may be due again."""
        platform = self._platform()
        if platform is not self._last:  # another key is another account
            self.seen, self._weighed, self._last = Seen(has_key=platform is not None), float("-inf"), platform
        if platform is None:
            with self._changed:
                self._is_wanted = False
            self._tell(self.seen)
            return NAP
        for id, order in self.orders.due(now):
            self._carry_out(platform, id, order, now)
        if self._is_due(now):
            with self._changed:
                self._is_wanted = False
            self._look(platform)
            self._weigh(platform, now)
            self._asked = now
            self._tell(self.seen)
        return max(0.05, self._until(now))

    # --- the thread ------------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._is_stopped:
            try:
                seconds = self.step(time.monotonic())
            except ODD:
                log.exception("the account could not be looked at")
                with self._changed:
                    self._is_wanted = False
                    self._changed.wait(SOON)  # whatever is due: it would only fail again
                continue
            with self._changed:
                is_due = self._is_wanted or (
                    self._last is not None and self.orders.until(time.monotonic()) <= 0
                )
                if not self._is_stopped and not is_due:
                    self._changed.wait(seconds)

    def _ordered(self) -> None:
        self._tell_orders(self.orders.all())
        with self._changed:
            self._changed.notify()

    def _answered(self, what: Callable[[Platform], None], platform: Platform) -> None:
        try:
            what(platform)
        except ODD:
            log.exception("a question to RunPod was lost")
        self.again()

    def _is_due(self, now: float) -> bool:
        return self._is_wanted or (self._is_of_interest() and now - self._asked >= self._pause())

    def _is_of_interest(self) -> bool:
        is_ordered = any(order.at != NEVER for order in self.orders.all().values())
        return bool(self._is_looked_at() or is_ordered or self.costing() or not self.seen.is_known)

    def _pause(self) -> float:
        watched = {*self._ours(), *self.orders.all()}
        states = [pod.state for id, pod in self.seen.pods.items() if id in watched]
        is_changing = PodState.provisioning in states or PodState.starting in states
        return SOON if is_changing or any(order.is_taken for order in self.orders.all().values()) else EVERY

    def _until(self, now: float) -> float:
        look = self._asked + self._pause() - now if self._is_of_interest() else NAP
        return min(NAP, look, self.orders.until(now))

    def _carry_out(self, platform: Platform, id: str, order: Order, now: float) -> None:
        try:
            platform.act(id, order.action)
        except PlatformError as error:
            log.warning("%s %s: %s", order.action, id, error)
            self._look(platform)
            pod = self.seen.pods.get(id)
            if self.seen.said or not is_done(order.action, pod, False):
                self.orders.refused(id, order, now, str(error), isinstance(error, PlatformSilent), pod)
        else:
            self.orders.taken(id, order, now)
        with self._changed:
            self._is_wanted = True  # see what came of it

    def _look(self, platform: Platform) -> None:
        try:
            pods = {pod.id: pod for pod in platform.pods()}
            priced = {id: self._priced(pod) for id, pod in pods.items()}
            self.seen = replace(self.seen, has_key=True, is_known=True, pods=priced, said="")
        except PlatformError as error:
            self.seen = replace(self.seen, has_key=True, said=str(error))
            return
        self.orders.seen(priced)
        self._tell_orders(self.orders.all())

    def _weigh(self, platform: Platform, now: float) -> None:
        if not self.seen.said and now - self._weighed >= RICHER:
            self.seen, self._weighed = replace(self.seen, balance=platform.balance()), now

    def _priced(self, pod: Pod) -> Pod:
        """With the last price it had: RunPod tells none for a pod that is stopped."""
        known = self.seen.pods.get(pod.id)
        return replace(pod, price=known.price) if known and not pod.price else pod
