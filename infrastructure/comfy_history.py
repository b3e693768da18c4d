"""What a server's history tells of a prompt: its number, its files, its words, its time.

A history comes from another program, at times from one that means no good: whatever does not
have the shape it should have is passed over.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}$")
_OURS = {".json": ".json.txt", ".part": ".part.bin"}  # suffixes that mean something in our folders


class RemoteFile(NamedTuple):
    """A file as a history names it. The names are the server's: never a path here."""

    filename: str
    subfolder: str
    type: str

    @property
    def suffix(self) -> str:
        """All of a server's name that is let into ours."""
        match = _SUFFIX.search(self.filename)
        suffix = match[0].lower() if match else ".bin"
        return _OURS.get(suffix, suffix)


def number(history: dict[str, Any]) -> float | None:
    """The server's number of the submission this is the history of."""
    match history.get("prompt"):
        case [int() | float() as number, *_]:
            return number
    return None


def files(history: dict[str, Any]) -> list[RemoteFile]:
    """The files a job saved, whatever node saved them; previews only when there is nothing else."""
    found = list(dict.fromkeys(file for _, _, file in _files(history)))
    saved = [file for file in found if file.type == "output"]
    return saved or [file for file in found if file.type == "temp"]


def sources(history: dict[str, Any], of: list[RemoteFile]) -> list[dict[str, str]]:
    """Of each of these files the node that saved it, the key it is listed under, and its names there."""
    found = {file: {"node_id": id, "kind": key, **file._asdict()} for id, key, file in _files(history)}
    return [found[file] for file in of]


def texts(history: dict[str, Any]) -> list[str]:
    """What a job said in words."""
    return [
        text
        for _, key, items in _outputs(history)
        if key == "text"
        for text in items
        if isinstance(text, str)
    ]


def seconds(history: dict[str, Any]) -> float | None:
    """How long the server itself worked, from its own clock."""
    stamps = {kind: data.get("timestamp") for kind, data in messages(history)}
    ends = (stamps.get(f"execution_{kind}") for kind in ("success", "error", "interrupted"))
    match stamps.get("execution_start"), next((end for end in ends if end), None):
        case int() | float() as start, int() | float() as end:
            return (end - start) / 1000
    return None


def messages(history: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What happened, in order: the kind of each event, and what the server says of it."""
    said = _dict(history.get("status")).get("messages")
    for message in said if isinstance(said, list) else []:
        match message:
            case [str(kind), dict(data)]:
                yield kind, data


def status(history: dict[str, Any]) -> str:
    """ "success", "error", or nothing when the server does not say."""
    return str(_dict(history.get("status")).get("status_str") or "")


def _files(history: dict[str, Any]) -> Iterator[tuple[str, str, RemoteFile]]:
    for id, key, items in _outputs(history):
        for item in items:
            match item:
                case {"filename": str(name)} if name:
                    folder, type = item.get("subfolder") or "", item.get("type") or "output"
                    yield id, key, RemoteFile(name, str(folder), str(type))


def _outputs(history: dict[str, Any]) -> Iterator[tuple[str, str, list[Any]]]:
    """Every list that a node put out: the node, its key (images, gifs, video, audio, text, 3d, files …)."""
    for id, output in _dict(history.get("outputs")).items():
        for key, items in _dict(output).items():
            if isinstance(items, list):
                yield id, key, items


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
