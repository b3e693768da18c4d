"""What a ComfyUI server's refusals and failures mean, each as one sentence for the artist.

Also what stands between us and a pod: RunPod's proxy answers in pages of HTML of its own.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import requests

from domain.addresses import is_pod
from domain.errors import BackendError, BackendUnreachable, JobFailed, JobRejected
from domain.job import Graph
from infrastructure.comfy_history import messages, status

# status of the pod's proxy -> what it means (a pod that starts passes through 502)
_PROXY = {
    404: "The pod does not open this port, or it is stopped. Check the pod in RunPod, its id and the port",
    502: "The pod is up, but ComfyUI does not answer in it yet. It may still be starting, or it has crashed",
    503: "The pod does not answer. It may still be starting",
    524: "The pod took longer than 100 seconds to answer, and the proxy gave up",
}
_PROTECTED = (
    "Something in front of ComfyUI asks for a login ({status}). Open it without one, or use another port."
)
_LACKING_BEFORE_0_11 = re.compile(r"node (\S+) does not exist")
_OUT_OF_MEMORY = ("out of memory", "allocate", "outofmemory")


class Fault(NamedTuple):
    """One thing that a server finds wrong with a graph."""

    node: str  # "" when it is not about one
    input: str
    said: str


def no_answer(url: str, why: str = "") -> str:
    if is_pod(url):
        reason = why or "nothing comes back from RunPod's proxy"
        return f"The pod at {url} is not reachable: {reason}. Is the network up and the pod running?"
    if why:
        return f"Something answers at {url}, but {why}. Is that the address of ComfyUI?"
    return f"No ComfyUI answers at {url}. Is it running?"


def complaint(reply: requests.Response, url: str) -> BackendError:
    """What an answer other than a good one means; says nothing of a refused graph."""
    status, text = reply.status_code, _text(reply)
    if status == 403 and "1010" in text:
        return BackendUnreachable(
            f"The proxy at {url} turned this program away (error 1010). Please report it.", "1010"
        )
    if status in (401, 407) or 300 <= status < 400:
        return BackendUnreachable(_PROTECTED.format(status=status), "login")
    if status == 413:
        return JobRejected("The workflow is larger than the server takes (413).")
    if is_pod(url) and status in _PROXY:
        return BackendUnreachable(f"{_PROXY[status]} ({status}, {url}).", str(status))
    if status in (502, 503, 504) or 520 <= status < 530:
        said = f"What stands before ComfyUI at {url} gets no answer from it ({status})."
        return BackendUnreachable(said, str(status))
    if status == 403:
        return BackendUnreachable(f"{url} refuses this program (403). Is that the address of ComfyUI?", "403")
    if status == 404:
        return BackendUnreachable(no_answer(url, "it does not know what ComfyUI knows (404)"), "404")
    said = f"ComfyUI could not deal with the request ({status}): {text[:200] or 'no reason given'}"
    asks_only = reply.request.method in ("GET", "HEAD")
    return (
        BackendUnreachable(said, str(status))
        if asks_only and (status >= 500 or status == 429)
        else JobRejected(said)
    )


def refused(answer: dict[str, Any], graph: Graph) -> JobRejected:
    """A graph that the server would not start, or would start only in part."""
    found = faults(answer, graph)
    reasons = dict.fromkeys(fault.said for fault in found)
    refusal = JobRejected("ComfyUI refused the workflow: " + "; ".join(reasons).rstrip(".") + ".")
    refusal.details = [_detail("rejected", fault.node, fault.said, graph) for fault in found]
    return refusal


def faults(answer: dict[str, Any], graph: Graph) -> list[Fault]:
    """All that a server finds wrong with a graph; never none for a refusal."""
    found = [
        Fault(
            id, str(_dict(error.get("extra_info")).get("input_name") or ""), _reason(id, node, error, graph)
        )
        for id, node, error in _node_errors(answer)
    ]
    error = _dict(answer.get("error"))
    info = _dict(error.get("extra_info"))
    if error.get("type") == "missing_node_type" and info.get("class_type"):
        id = str(info.get("node_id"))
        return [Fault(id, "", missing_node(str(info["class_type"]), _quoted(id, graph)))]
    if lacking := _LACKING_BEFORE_0_11.search(str(error.get("message"))):
        id = str(error.get("details")).partition("#")[2].rstrip("'")
        return [Fault(id, "", missing_node(lacking[1], _quoted(id, graph)))]
    said = f"{error.get('message', 'no reason given')} {error.get('details') or ''}".strip()
    return found or [Fault("", "", said)]


def missing_node(class_type: str, title: str) -> str:
    return (
        f"node {title} needs {class_type!r}, which this server lacks: install the custom node it comes from"
    )


def failure(history: dict[str, Any], graph: Graph) -> JobFailed | None:
    """Why a job that is over did not do what it should; None when it did."""
    for kind, data in messages(history):
        if kind == "execution_interrupted":
            stopped = JobFailed("The job was stopped in ComfyUI.")
            stopped.details = [_detail("interrupted", str(data.get("node_id") or ""), str(stopped), graph)]
            return stopped
        if kind == "execution_error":
            return _broken(data, graph)
    if status(history) == "error":
        return JobFailed("ComfyUI says the job failed, and gives no reason. Its log may have one.")
    return None


def _broken(data: dict[str, Any], graph: Graph) -> JobFailed:
    """The node in which a job broke, and why."""
    message = " ".join(str(data.get("exception_message") or "").split())
    kind = str(data.get("exception_type") or "")
    where = f"{_quoted(str(data.get('node_id')), graph)} ({data.get('node_type')})"
    is_memory = any(word in f"{message} {kind}".lower() for word in _OUT_OF_MEMORY)
    broken = JobFailed(
        f"The GPU ran out of memory in {where}. Take a smaller size, fewer frames or a lighter "
        f"model. ComfyUI says: {message[:200]}"
        if is_memory
        else f"{where} failed: {message[:400] or kind or 'no reason given'}"
    )
    detail = _detail(
        "out_of_memory" if is_memory else "failed", str(data.get("node_id") or ""), message, graph
    )
    told = {"class_type": str(data.get("node_type") or ""), "exception_type": kind}
    broken.details = [detail | {key: value for key, value in told.items() if value}]
    return broken


def _detail(kind: str, node: str, said: str, graph: Graph) -> dict[str, str]:
    """What went wrong, for programs."""
    if not node:
        return {"kind": kind, "message": said}
    class_type = str(graph.get(node, {}).get("class_type") or "")
    return {"kind": kind, "node_id": node, "class_type": class_type, "message": said}


def title(id: str, graph: Graph) -> str:
    """What the artist calls a node. One that ran inside another ("12.0.3") has the outer one's name."""
    node = graph.get(id) or graph.get(re.split("[.:]", id)[0]) or {}
    return str(node.get("_meta", {}).get("title") or node.get("class_type") or f"node {id}")


def _quoted(id: str, graph: Graph) -> str:
    return f"“{title(id, graph)}”"


def _node_errors(answer: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for id, node in _dict(answer.get("node_errors")).items():
        for error in _dict(node).get("errors") or []:
            yield id, node, _dict(error)


def _reason(id: str, node: dict[str, Any], error: dict[str, Any], graph: Graph) -> str:
    info = _dict(error.get("extra_info"))
    input, value = info.get("input_name", ""), info.get("received_value")
    where = f"{_quoted(id, graph)} ({node.get('class_type')}{f', {input}' if input else ''})"
    if error.get("type") == "value_not_in_list":
        return f"{where} asks for {value!r}, which this server does not have"
    said, details = str(error.get("message", "no reason given")), str(error.get("details") or "")
    return f"{where}: {said if details in ('', input) else f'{said}: {details}'}"[:400]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(reply: requests.Response) -> str:
    """The start of an answer's own words; nothing when it is a page."""
    try:
        text = next(reply.iter_content(2048), b"").decode("utf-8", "replace")
    except requests.RequestException:
        return ""
    is_page = "<html" in text.lower() or "<!doctype" in text.lower()
    return "1010" if is_page and "1010" in text else "" if is_page else " ".join(text.split())
