"""How the pods that draw are: how far the start of one is, or what is wrong with one and what helps."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

from domain.errors import PlatformError
from domain.pods import Pod
from domain.settings import ComfySettings, Mode
from domain.status import Status
from services import doctor
from services.pod_start import PHASES, PodStart
from services.pods import Seen

log = logging.getLogger(__name__)

LOGS_EVERY = 60.0  # seconds between two looks into the log of a pod in trouble

Told = dict[str, Any] | None


def endpoint_trouble(comfy: ComfySettings, status: Status) -> Told:
    """What is wrong with the endpoint that draws."""
    found = None if status.is_up else asdict(doctor.diagnose_endpoint(status))
    return found and {"pod": "", "endpoint": comfy.endpoint, **found}


class PodHealth:
    """`logs` gives a pod's last lines, so many of them, and takes seconds."""

    def __init__(self, starts: Path, logs: Callable[[str, int], list[str]]):
        self._starts, self._logs = PodStart(starts), logs
        self._log: dict[str, tuple[float, list[str]]] = {}  # by pod: when it was asked for, and its lines

    def began(self, pod: str, now: float) -> None:
        """It was just asked to start."""
        self._starts.began(pod, now)

    def look(self, seen: Seen, comfy: ComfySettings, statuses: Mapping[str, Status]) -> tuple[Told, Told]:
        """What pages are told of a start and of trouble, each of one pod: of a start that is over, which is
        told once, and of trouble that can be mended, else of the first."""
        if not seen.is_known or seen.said:
            return None, None
        now = time.time()
        looks = [
            self._starts.look(seen.pods[id], statuses.get(id), now)
            for id in comfy.drawn_on
            if id in seen.pods
        ]
        starts = [start for start in looks if start]
        ills = [
            self._trouble(seen, comfy, id, statuses[id])
            for id in comfy.drawn_on
            if id in statuses and not statuses[id].is_up
        ]
        over = (start for start in starts if start["phase"] == PHASES[-1])
        return next(chain(over, starts), None), next(
            chain((ill for ill in ills if ill["remedy"]), ills), None
        )

    def _trouble(self, seen: Seen, comfy: ComfySettings, id: str, status: Status) -> dict[str, Any]:
        pod, moved = seen.pods.get(id), None
        if pod is None and comfy.mode is Mode.runpod and id == comfy.pod_id and comfy.pod_name:
            moved = seen.named(comfy.pod_name)
        logs = self._last_lines(pod) if pod and doctor.needs_logs(pod, status) else []
        return {"pod": id, **asdict(doctor.diagnose(status, pod, comfy.port_of(id), moved, logs))}

    def _last_lines(self, pod: Pod) -> list[str]:
        at, lines = self._log.get(pod.id, (float("-inf"), list[str]()))
        if time.monotonic() - at < LOGS_EVERY:
            return lines
        try:
            lines = self._logs(pod.id, 40)
        except PlatformError as error:
            log.info("no log of %s: %s", pod.name, error)
            lines = []
        self._log[pod.id] = time.monotonic(), lines
        return lines
