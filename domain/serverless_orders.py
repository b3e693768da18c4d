"""What is asked of a serverless worker: a workflow, the files it starts from, and how they come back.

The studio writes orders, the worker reads them, and also what clients of the public ComfyUI worker
write. What is read here comes over a line, so everything is looked at with doubt.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from domain.errors import BadFile
from domain.job import Graph

MODES = ("base64", "s3", "gcs")
LONGEST_PART, LONGEST_NAME = 200, 1000  # bytes; a disk takes 255 of one part, and a part file is longer


class BadOrder(BadFile):
    """An order that nobody can carry out as it stands."""


@dataclass(frozen=True)
class Given:
    """A file that comes with an order: what is in it, or where it lies."""

    name: str  # as the workflow has it, with "/" before each folder
    data: str = ""  # base64
    url: str = ""
    sha256: str = ""
    size: int | None = None
    volume: str = ""  # path below the volume that the worker has

    def said(self) -> dict[str, Any]:
        whole = {"name": self.name, "data": self.data, "url": self.url, "volume": self.volume}
        whole["sha256"] = self.sha256
        return {k: v for k, v in whole.items() if v} | ({} if self.size is None else {"size": self.size})


@dataclass(frozen=True)
class Order:
    workflow: Graph | None = None
    workflow_url: str = ""
    inputs: tuple[Given, ...] = ()
    output_mode: str = ""  # one of MODES; "": whatever the worker is set up for
    comfy_key: str = ""  # for nodes that comfy.org bills
    refresh_worker: bool = False
    version: str | Mapping[str, Any] = ""  # the id or the specification of an installation
    preview: bool = False
    chain: tuple[Graph, ...] = ()  # what follows, each given the last frame before it in place of LAST_FRAME

    def said(self) -> dict[str, Any]:
        said: dict[str, Any] = {"workflow": self.workflow} if self.workflow is not None else {}
        more = {
            "workflow_url": self.workflow_url,
            "inputs": [given.said() for given in self.inputs],
            "output_mode": self.output_mode,
            "comfy_org_api_key": self.comfy_key,
            "refresh_worker": self.refresh_worker,
            "version_id" if isinstance(self.version, str) else "spec": self.version,
            "preview": self.preview,
            "chain": list(self.chain),
        }
        return said | {key: value for key, value in more.items() if value}


# --- reading an order


def read_order(said: Any) -> Order:
    """An order as any client of ours or of the public worker's writes it. Raises BadOrder."""
    if isinstance(said, str):
        said = _parsed(said, "The job's input")
    if not isinstance(said, dict) or not said:
        raise BadOrder("The job's input is empty. It should hold a workflow.")
    url, mode = said.get("workflow_url") or "", said.get("output_mode") or ""
    if not isinstance(url, str) or not isinstance(mode, str) or mode not in ("", *MODES):
        raise BadOrder(f"output_mode is one of {', '.join(MODES)}, and workflow_url an address.")
    if url and not _is_address(url):
        raise BadOrder(f"workflow_url is no address of http or https: {url[:80]!r}.")
    if not said.get("workflow") and not url:
        raise BadOrder("The job has no workflow: give one as workflow, or its address as workflow_url.")
    key = said.get("comfy_org_api_key") or said.get("api_key_comfy_org") or ""
    return Order(
        workflow=read_graph(said["workflow"]) if said.get("workflow") else None,
        workflow_url=url,
        inputs=tuple(_inputs(said)),
        output_mode=mode,
        comfy_key=str(key),
        refresh_worker=said.get("refresh_worker") is True,
        version=_version(said),
        preview=said.get("preview") is True,
        chain=_chain(said.get("chain")),
    )


def read_graph(said: Any) -> Graph:
    """A workflow in ComfyUI's API format. Raises BadOrder."""
    if isinstance(said, str):
        said = _parsed(said, "The workflow")
    if isinstance(said, dict) and isinstance(said.get("nodes"), list):
        raise BadOrder("The workflow is as ComfyUI's window saves it. Export it with “Export (API)”.")
    if not isinstance(said, dict) or not said:
        raise BadOrder("The workflow is no object of nodes.")
    graph: Graph = {}
    for id, node in said.items():
        if not isinstance(node, dict) or not isinstance(node.get("class_type"), str):
            raise BadOrder(f"Node {id} of the workflow has no class_type. Is it in ComfyUI's API format?")
        if not isinstance(node.get("inputs", {}), dict):
            raise BadOrder(f"The inputs of node {id} of the workflow are no object.")
        graph[id] = {**node, "inputs": node.get("inputs", {})}
    return graph


def _version(said: Mapping[str, Any]) -> str | Mapping[str, Any]:
    id, spec = said.get("version_id") or "", said.get("spec") or {}
    if not isinstance(id, str) or not isinstance(spec, dict):
        raise BadOrder("version_id is a text, and spec an object.")
    return id or spec or ""


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _chain(said: Any) -> tuple[Graph, ...]:
    if said is None:
        return ()
    if not isinstance(said, list):
        raise BadOrder("chain is a list of the workflows that follow.")
    return tuple(read_graph(graph) for graph in said)


def checked_name(name: Any) -> str:
    """A name that stays below the folder it is put into. Raises BadOrder."""
    if not isinstance(name, str) or not name.strip():
        raise BadOrder("An input file has no name.")
    if "\\" in name or "\0" in name or ":" in name:
        raise BadOrder(
            f"The input file {name!r} has a sign in its name that no name may have; folders end with “/”."
        )
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise BadOrder(f"The input file {name!r} would leave the input folder. Name it by a relative path.")
    try:
        longest = max(len(part.encode()) for part in parts)
    except UnicodeEncodeError as error:
        raise BadOrder(f"The name of the input file {name!r} is no text.") from error
    if longest > LONGEST_PART or len(name.encode()) > LONGEST_NAME:
        raise BadOrder(f"The input file {name[:40]!r}… has a longer name than a disk takes.")
    return name


def _inputs(said: Mapping[str, Any]) -> Iterator[Given]:
    seen: set[str] = set()
    for name, item in _listed(said):
        given = _given(checked_name(name), item)
        if given.name in seen:
            raise BadOrder(f"Two input files are called {given.name!r}.")
        seen.add(given.name)
        yield given
    for name in seen:
        folders = [name[:at] for at, sign in enumerate(name) if sign == "/"]
        if inside := next((folder for folder in folders if folder in seen), None):
            raise BadOrder(f"The input file {inside!r} is a folder of {name!r} at once. Rename one of them.")


def _listed(said: Mapping[str, Any]) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    for key in ("images", "input_images", "inputs"):
        listed = said.get(key) or []
        if isinstance(listed, dict):
            listed = [{"name": name, "data": data} for name, data in listed.items()]
        if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
            raise BadOrder(f"{key!r} should be a list of objects with a name and what is in the file.")
        yield from ((item.get("name"), item) for item in listed)


def _given(name: str, item: Mapping[str, Any]) -> Given:
    data, url = item.get("data") or item.get("image") or "", item.get("url") or ""
    volume = item.get("volume") or ""
    ways = [way for way in (data, url, volume) if way]
    if len(ways) != 1 or not isinstance(ways[0], str):
        raise BadOrder(
            f"The input file {name!r} needs either its content in base64, or a url, or its path below "
            "the volume."
        )
    if volume:
        checked_name(volume)
    if url and not _is_address(url):
        raise BadOrder(f"The input file {name!r} can be fetched by http and https only, from an address.")
    size, digest = item.get("size"), item.get("sha256") or ""
    is_counted = size is None or (isinstance(size, int) and size >= 0)
    if not is_counted or not isinstance(digest, str):
        raise BadOrder(f"The size or the sha256 of the input file {name!r} is none.")
    return Given(name, data, url, digest.lower(), size, volume)


def _parsed(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadOrder(f"{what} is no JSON: {error}.") from error
