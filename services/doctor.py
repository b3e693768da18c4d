"""What is wrong with a pod's ComfyUI, from all that can be seen: one sentence, one thing to do about it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from domain.pods import Pod, PodState
from domain.status import Status
from services.pod_start import BOOTING

START, LOGS, RESTART, PORT, FIND, CHOOSE, GPU, AGAIN, WORKERS, SETTINGS = (
    *("start", "logs", "restart", "port", "find", "choose", "gpu", "again", "workers", "settings"),
)
_IN_LOGS = (  # what a log's last lines say -> what it means, and what helps
    (
        re.compile(
            r"no (?:cuda|nvidia)[\w -]*(?:gpus?|driver|device)|torch not compiled with cuda|libcuda", re.I
        ),
        "The pod was started without a working GPU",
        GPU,
    ),
    (re.compile(r"no space left on device", re.I), "The pod's disk is full, so ComfyUI does not start", LOGS),
    (re.compile(r"out of memory|\bkilled\b", re.I), "ComfyUI ran out of memory and ended", RESTART),
    (re.compile(r"address already in use", re.I), "Something else holds ComfyUI's port in the pod", RESTART),
    (
        re.compile(r"No module named|ModuleNotFoundError|ImportError", re.I),
        "ComfyUI lacks a Python module",
        LOGS,
    ),
)


@dataclass(frozen=True)
class Diagnosis:
    """`remedy` is one of the words above, nothing where only waiting helps; `target` its port or pod."""

    said: str
    remedy: str = ""
    target: str = ""


def needs_logs(pod: Pod | None, status: Status) -> bool:
    """Whether the pod's last lines would tell more; asking for them takes seconds."""
    if pod is None:
        return False
    return pod.state is PodState.broken or (status.symptom in ("502", "503") and not _is_booting(pod))


def diagnose(
    status: Status, pod: Pod | None, port: int, moved: Pod | None = None, logs: Sequence[str] = ()
) -> Diagnosis:
    """Of a pod's ComfyUI that is not up. `pod` is what the account says of it, None when it has none of
    that id; `moved` is another pod of its name; `port` is where ComfyUI was asked."""
    if pod is None or pod.state is PodState.gone:
        return _lost(moved)
    match pod.state:
        case PodState.stopped:
            return Diagnosis(f"The pod {pod.name} is stopped.", START)
        case PodState.provisioning:
            return Diagnosis(f"RunPod looks for a machine for {pod.name}.")
        case PodState.starting:
            return Diagnosis(f"The pod {pod.name} is starting.")
        case PodState.broken:
            return _from(logs) or Diagnosis(f"RunPod says that the pod {pod.name} broke.", LOGS)
    return _running(status, pod, port, logs)


def diagnose_endpoint(status: Status) -> Diagnosis:
    """Of a serverless endpoint that is not up."""
    remedies = {"workers": WORKERS, "401": SETTINGS, "404": SETTINGS, "1010": ""}
    return Diagnosis(status.said, remedies.get(status.symptom, AGAIN))


def _running(status: Status, pod: Pod, port: int, logs: Sequence[str]) -> Diagnosis:
    others = [open for open in pod.ports if open != port]
    match status.symptom:
        case "404" if others and port not in pod.ports:
            return Diagnosis(f"The pod {pod.name} does not open port {port}.", PORT, str(others[0]))
        case "404" if port not in pod.ports:
            return Diagnosis(f"The pod {pod.name} opens no port for ComfyUI. Make a new pod that does.", GPU)
        case "404" | "502" | "503" if _is_booting(pod):
            return Diagnosis(f"ComfyUI is starting in {pod.name}. A first start takes about 4 minutes.")
        case "502" | "503":
            crashed = Diagnosis(
                f"The pod {pod.name} runs, but ComfyUI does not answer in it: it crashed.", LOGS
            )
            return _from(logs) or crashed
        case "524":
            return Diagnosis(f"ComfyUI in {pod.name} took more than 100 seconds to answer.", LOGS)
        case "1010":
            return Diagnosis("RunPod's proxy turned this program away (error 1010). Please report it.")
        case "login" if others:
            said = f"Port {port} of {pod.name} asks for a login."
            return Diagnosis(said, PORT, str(others[0]))
        case "login":
            return Diagnosis(
                f"Port {port} of {pod.name} asks for a login. Switch that off in its template.", LOGS
            )
        case "stranger":
            said = f"Something answers on port {port} of {pod.name} that is not ComfyUI."
            return Diagnosis(said, PORT, str(others[0])) if others else Diagnosis(said, LOGS)
        case "silence":
            return Diagnosis("RunPod's proxy does not answer. Is the network up?", AGAIN)
    return Diagnosis(status.said, LOGS)


def _lost(moved: Pod | None) -> Diagnosis:
    if moved:
        return Diagnosis(f"The pod {moved.name} has another id now: RunPod moved it.", FIND, moved.id)
    return Diagnosis(
        "The account has no pod of this id: it was terminated, or belongs to another key.", CHOOSE
    )


def _from(logs: Sequence[str]) -> Diagnosis | None:
    """What the newest telling line means."""
    for line in reversed(logs):
        for pattern, means, remedy in _IN_LOGS:
            if pattern.search(line):
                return Diagnosis(f"{means}. Its log says: {' '.join(line.split())[:160]}", remedy)
    return None


def _is_booting(pod: Pod) -> bool:
    return pod.uptime is None or pod.uptime < BOOTING
