"""What a serverless worker tells: how far it is, what it made, what broke.

The worker writes it, the studio reads it, and also what the public ComfyUI worker answers. What is
read here comes over a line, so everything is looked at with doubt. Orders are in serverless_orders.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.doubt import LONGEST, number
from domain.errors import BadFile
from domain.events import Progress
from domain.inline import bytes_of, text_of

FRAME = "last_frame"  # kind of the picture that the next workflow of a chain begins with
INLINE = 14 << 20  # bytes of files that one answer can carry: base64 is a third more, and 20 MB are refused


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
    chain: tuple["Result", ...] = ()  # of the workflows that followed, as far as they came

    @property
    def frame(self) -> Output | None:
        """What the next workflow of a chain began with."""
        return next((output for output in self.outputs if output.kind == FRAME), None)

    def said(self) -> dict[str, Any]:
        images: list[dict[str, str]] = []
        outputs: list[dict[str, Any]] = []
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
            "chain": [result.said() for result in self.chain],
        }
        return said | {key: value for key, value in more.items() if value}


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
    if not said:
        raise BadFile("The worker handed nothing back.")
    if not isinstance(said, dict):
        raise BadFile("The studio cannot read what the worker handed back. Is it a worker for ComfyUI?")
    outputs, worker, chain = said.get("outputs"), said.get("worker"), said.get("chain")
    images = _images(said)
    found = [_output(item, images) for item in outputs] if isinstance(outputs, list) else images
    return Result(
        outputs=tuple(found),
        texts=_texts(said.get("texts")),
        errors=_texts(said.get("errors")),
        seconds=number(said.get("seconds"), LONGEST),
        server=str(said.get("server") or ""),
        worker={str(k): str(v) for k, v in worker.items()} if isinstance(worker, dict) else None,
        chain=tuple(read_result(one) for one in chain) if isinstance(chain, list) else (),
    )


def read_finished(said: Any) -> list[Result]:
    """What of a chain is done while the rest of it goes on."""
    finished = said.get("finished") if isinstance(said, dict) else None
    return [read_result(one) for one in finished] if isinstance(finished, list) else []


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
