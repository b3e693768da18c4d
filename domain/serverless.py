"""What travels between whoever wants a picture and the worker beside a GPU: orders, progress, results.

The studio writes orders and reads results, the worker reads orders and writes results. Both also
read what other programs of this trade write: the input of the public ComfyUI worker and its answers.
What is read here comes over a line, so everything is looked at with doubt.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import BadFile
from domain.events import Progress
from domain.inline import bytes_of, text_of
from domain.job import Graph

MODES = ("base64", "s3", "gcs")
INLINE = 14 << 20  # bytes of files that one answer can carry: base64 is a third more, and 20 MB are refused


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

    def said(self) -> dict[str, Any]:
        whole = {"name": self.name, "data": self.data, "url": self.url, "sha256": self.sha256}
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
        }
        return said | {key: value for key, value in more.items() if value}


@dataclass(frozen=True)
class Output:
    """A file that a job saved, with what is known of it and either its bytes or where they lie."""

    filename: str
    node_id: str = ""
    kind: str = "images"  # the key ComfyUI lists it under: images, gifs, audio, 3d …
    subfolder: str = ""
    type: str = "output"
    mime: str = ""
    size: int | None = None
    sha256: str = ""
    data: str = ""  # base64
    url: str = ""

    def said(self) -> dict[str, Any]:
        whole = dict(vars(self))
        place = whole.pop("data"), whole.pop("url")
        return whole | ({"url": place[1]} if place[1] else {"data": place[0]})

    @property
    def is_compatible(self) -> bool:
        """Whether the public worker would hand it out as well."""
        return self.kind == "images" and self.type != "temp"


@dataclass(frozen=True)
class Result:
    outputs: tuple[Output, ...] = ()
    texts: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()  # what should be known although it went well
    seconds: float | None = None  # that the GPU worked
    server: str = ""  # "ComfyUI 0.30.0"
    worker: Mapping[str, str] | None = None  # its name and version; None: somebody else's

    def said(self) -> dict[str, Any]:
        images, outputs = [], []
        for output in self.outputs:
            outputs.append(output.said())
            if output.is_compatible:
                type, data = ("s3_url", output.url) if output.url else ("base64", output.data)
                if not output.url:  # its bytes travel once
                    del outputs[-1]["data"]
                    outputs[-1]["image"] = len(images)
                images.append({"filename": output.filename, "type": type, "data": data})
        said: dict[str, Any] = {"images": images, "outputs": outputs}
        more = {
            "texts": list(self.texts),
            "errors": list(self.errors),
            "seconds": self.seconds,
            "server": self.server,
            "worker": self.worker and dict(self.worker),
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
    if not isinstance(url, str) or mode not in ("", *MODES):
        raise BadOrder(f"output_mode is one of {', '.join(MODES)}, and workflow_url an address.")
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
        version=said.get("version_id") or said.get("spec") or "",
        preview=said.get("preview") is True,
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


def checked_name(name: Any) -> str:
    """A name that stays below the folder it is put into. Raises BadOrder."""
    if not isinstance(name, str) or not name.strip():
        raise BadOrder("An input file has no name.")
    if "\\" in name or "\0" in name or ":" in name:
        raise BadOrder(
            f"The input file {name!r} has a sign in its name that no name may have; folders end with “/”."
        )
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or len(name) > 240:
        raise BadOrder(f"The input file {name!r} would leave the input folder. Name it by a relative path.")
    return name


def _inputs(said: Mapping[str, Any]) -> Iterator[Given]:
    seen: set[str] = set()
    for name, item in _listed(said):
        given = _given(checked_name(name), item)
        if given.name in seen:
            raise BadOrder(f"Two input files are called {given.name!r}.")
        seen.add(given.name)
        yield given


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
    if not isinstance(data, str) or not isinstance(url, str) or bool(data) == bool(url):
        raise BadOrder(f"The input file {name!r} needs either its content in base64 or a url.")
    if url and not url.startswith(("http://", "https://")):
        raise BadOrder(f"The input file {name!r} can be fetched by http and https only.")
    size, digest = item.get("size"), item.get("sha256") or ""
    is_counted = size is None or (isinstance(size, int) and size >= 0)
    if not is_counted or not isinstance(digest, str):
        raise BadOrder(f"The size or the sha256 of the input file {name!r} is none.")
    return Given(name, data, url, digest.lower(), size)


def _parsed(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadOrder(f"{what} is no JSON: {error}.") from error


# --- progress and failure


def progress_said(progress: Progress) -> dict[str, Any]:
    said: dict[str, Any] = {"progress": round(progress.fraction, 4), "note": progress.note}
    return said | ({"preview": text_of(progress.preview)} if progress.preview else {})


def read_progress(said: Any) -> Progress | None:
    """None when it is not of a worker of ours."""
    match said:
        case {"progress": int() | float() as fraction, **more}:
            preview = more.get("preview")
            picture = bytes_of(preview) if isinstance(preview, str) else None
            return Progress(min(1.0, max(0.0, fraction)), str(more.get("note") or ""), picture)
    return None


def failure_said(sentence: str, details: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    return {"error": sentence, "details": [dict(detail) for detail in details]}


# --- reading a result


def read_result(said: Any) -> Result:
    """What ours or the public worker hands back; of its older versions as well. Raises BadFile."""
    if not isinstance(said, dict):
        raise BadFile("The worker's answer is no object.")
    outputs, worker = said.get("outputs"), said.get("worker")
    images = _images(said)
    found = [_output(item, images) for item in outputs] if isinstance(outputs, list) else images
    seconds = said.get("seconds")
    return Result(
        outputs=tuple(found),
        texts=_texts(said.get("texts")),
        errors=_texts(said.get("errors")),
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
        server=str(said.get("server") or ""),
        worker={str(k): str(v) for k, v in worker.items()} if isinstance(worker, dict) else None,
    )


def _images(said: Mapping[str, Any]) -> list[Output]:
    if isinstance(said.get("message"), str):  # public workers before 5.0
        said = {"images": [{"filename": "ComfyUI.png", "type": "base64", "data": said["message"]}]}
    images = said.get("images")
    return [_output(item, ()) for item in images] if isinstance(images, list) else []


def _output(item: Any, images: Sequence[Output]) -> Output:
    """`images`: those of the same answer, which may hold its bytes."""
    if not isinstance(item, dict):
        raise BadFile("The worker's answer lists something that is no file.")
    if isinstance(place := item.get("image"), int) and 0 <= place < len(images):
        item = {**item, "data": images[place].data}
    data, url = str(item.get("data") or ""), str(item.get("url") or "")
    if item.get("type") == "s3_url" or (data.startswith(("http://", "https://")) and not url):
        data, url = "", data
    if url and not url.startswith(("http://", "https://")):
        raise BadFile(f"The worker says {url[:80]!r} is a file's address. Are its keys for the bucket set?")
    if not data and not url:
        raise BadFile(f"The worker names {item.get('filename')!r} without what is in it.")
    size, type = item.get("size"), str(item.get("type") or "")
    return Output(
        filename=str(item.get("filename") or "output.bin"),
        node_id=str(item.get("node_id") or ""),
        kind=str(item.get("kind") or "images"),
        subfolder=str(item.get("subfolder") or ""),
        type="output" if type in ("", "base64", "s3_url") else type,
        mime=str(item.get("mime") or ""),
        size=size if isinstance(size, int) else None,
        sha256=str(item.get("sha256") or ""),
        data=data,
        url=url,
    )


def _texts(said: Any) -> tuple[str, ...]:
    return tuple(str(text) for text in said) if isinstance(said, list) else ()
