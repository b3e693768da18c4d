"""How far a pod is on its way from being started to drawing: which phase, since when, and how long it takes
as a rule."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from domain.errors import BadFile, CannotWrite
from domain.pods import Pod, PodState
from domain.status import Status
from infrastructure.json_files import aside_if_broken, read_json, write_json

PHASES = ("machine", "container", "proxy", "comfyui", "models")
REMEMBERED = 7  # starts of a pod
BOOTING = 600.0  # seconds after which a pod that nobody here started is not starting any more
SEEN_DOWN = 60.0  # seconds in which a pod that is started again should be seen to be down
LONGEST = 1800.0  # seconds; a pod that takes longer is not starting any more, but in trouble


@dataclass
class _Start:
    pod: str
    began: float
    was_down: bool = False  # what answered before it, as at a restart, is not what it comes to


class PodStart:
    def __init__(self, file: Path):
        self._file = file
        self._took = _read(file)  # seconds, by pod
        self._starts: dict[str, _Start] = {}

    def began(self, pod: str, now: float) -> None:
        """It was just asked to start."""
        self._starts[pod] = _Start(pod, now)

    def look(self, pod: Pod, status: Status | None, now: float) -> dict[str, Any] | None:
        """What pages are told; None while it does not start. The last phase is that it answers: what it lacks
        is looked at then, and the next look finds nothing that starts."""
        start, phase = self._starts.get(pod.id), _phase(pod, status)
        if start is None and (pod.uptime or 0.0) > BOOTING:
            phase = ""  # it was up long ago: that it is down is no start
        if start and phase:
            start.was_down = True
        if not phase and start and status and status.is_up and start.was_down:
            phase = PHASES[-1]
        if not phase:
            if start and now - start.began >= SEEN_DOWN:  # else it may still be what was there before
                del self._starts[pod.id]
            return None
        start = self._starts.setdefault(pod.id, start or _Start(pod.id, now - (pod.uptime or 0.0), True))
        if now - start.began > LONGEST:
            return None
        if phase == PHASES[-1]:
            del self._starts[pod.id]
            self._remember(pod, now - start.began)
        return self._told(pod, phase, start)

    def _told(self, pod: Pod, phase: str, start: _Start) -> dict[str, Any]:
        took = self._took.get(pod.id) or [seconds for known in self._took.values() for seconds in known]
        return {
            "pod": pod.id,
            "name": pod.name,
            "phase": phase,
            "since": round(start.began),
            "usual": round(median(took)) if took else None,
        }

    def _remember(self, pod: Pod, seconds: float) -> None:
        """How long it took, for the next time."""
        self._took[pod.id] = [*self._took.get(pod.id, []), round(seconds, 1)][-REMEMBERED:]
        try:
            aside_if_broken(self._file, dict)
            write_json(self._file, self._took)
        except CannotWrite:
            return  # the next start is guessed from fewer


def _phase(pod: Pod, status: Status | None) -> str:
    """Which of PHASES; "" when it is not starting."""
    if pod.state is PodState.provisioning:
        return PHASES[0]
    if pod.state is PodState.starting:
        return PHASES[1]
    if pod.state is not PodState.running or status is None or status.is_up:
        return ""
    if not pod.is_up:
        return PHASES[1]
    return PHASES[3] if status.symptom == "502" else PHASES[2]


def _read(file: Path) -> dict[str, list[float]]:
    try:
        content = read_json(file)
    except BadFile:
        return {}
    entries = content.items() if isinstance(content, dict) else ()
    return {
        pod: [float(one) for one in took if isinstance(one, int | float)]
        for pod, took in entries
        if isinstance(took, list)
    }
