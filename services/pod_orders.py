"""What is asked of pods and not yet done. Orders come from pages and from the meter, and are carried out in
another thread."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from domain.pods import Pod, PodState

AGAIN, LONGEST = 2.0, 30.0  # seconds until an order is tried again: twice as long each time, at most
TRIES = 5  # of an order to start; one to restart is never given twice
SETTLING = 15.0  # seconds after which an order that was taken should be seen to be done
NEVER = float("inf")
COSTS_ON = ("stop", "terminate")  # until they are done, money goes out: tried for ever


@dataclass(frozen=True)
class Order:
    action: str
    at: float = 0.0  # when it is tried next
    tries: int = 0
    said: str = ""  # why it was not done yet
    is_taken: bool = False  # RunPod said yes; it is not seen yet
    state: PodState | None = None  # of the pod when it was refused for good


class Orders:
    def __init__(self) -> None:
        self._all: dict[str, Order] = {}  # by pod
        self._lock = threading.Lock()

    def give(self, id: str, action: str) -> None:
        """Instead of what was asked of this pod before."""
        with self._lock:
            self._all[id] = Order(action)

    def give_unless_ordered(self, id: str, action: str) -> bool:
        """Unless it is asked to stop already; whether it was given."""
        with self._lock:
            if id in self._all and self._all[id].action in COSTS_ON:
                return False
            self._all[id] = Order(action)
            return True

    def read(self, id: str) -> None:
        """One that was refused for good has been read."""
        with self._lock:
            if (order := self._all.get(id)) and order.at == NEVER:
                del self._all[id]

    def all(self) -> Mapping[str, Order]:
        with self._lock:
            return dict(self._all)

    def due(self, now: float) -> list[tuple[str, Order]]:
        return [(id, order) for id, order in self.all().items() if order.at <= now]

    def until(self, now: float) -> float:
        """Seconds until the next is due; NEVER when none is."""
        return min([NEVER, *(order.at - now for order in self.all().values())])

    def taken(self, id: str, order: Order, now: float) -> None:
        """RunPod will do it."""
        self._become(id, order, Order(order.action, now + SETTLING, order.tries, is_taken=True))

    def refused(
        self, id: str, order: Order, now: float, said: str, is_passing: bool, pod: Pod | None
    ) -> None:
        """It was not done; `is_passing` when the same may be done soon."""
        is_tried = order.action in COSTS_ON or (
            order.action == "start" and is_passing and order.tries + 1 < TRIES
        )
        wait = min(LONGEST, AGAIN * 2 ** min(order.tries, 10)) if is_tried else NEVER
        then = Order(order.action, now + wait, order.tries + 1, said, state=pod.state if pod else None)
        self._become(id, order, then)

    def seen(self, pods: Mapping[str, Pod]) -> None:
        """Those that are done, and those whose refusal is of no more interest, are over."""
        for id, order in self.all().items():
            pod = pods.get(id)
            moved_on = order.at == NEVER and pod is not None and pod.state is not order.state
            if is_done(order.action, pod, order.is_taken) or moved_on:
                self._become(id, order, None)

    def _become(self, id: str, order: Order, then: Order | None) -> None:
        """Unless something else was asked of the pod meanwhile."""
        with self._lock:
            if self._all.get(id) is order:
                if then:
                    self._all[id] = then
                else:
                    del self._all[id]


def is_done(action: str, pod: Pod | None, is_taken: bool) -> bool:
    """Whether the pod is as it was asked to be."""
    if pod is None or pod.state is PodState.gone:
        return action in COSTS_ON or is_taken
    if action == "stop":
        return not pod.costs
    if action == "start":
        return pod.costs
    return action == "restart" and is_taken
