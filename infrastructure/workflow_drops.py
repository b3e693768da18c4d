"""What an artist drops: a graph, a workflow of ComfyUI's window, a picture or clip that carries one,
or the recipe of a take. Found by what the file holds, whatever it is called."""

import codecs
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from domain.errors import BadFile
from domain.job import Graph
from infrastructure.media_workflows import carried, is_media
from infrastructure.strict_json import parse_json, read_text
from infrastructure.ui_reading import is_ui_export
from infrastructure.workflow_files import LARGEST, graph_in

EXPORT, WINDOW, MEDIA, RECIPE = "api", "window", "media", "recipe"
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Drop:
    name: str  # what the workflow may be called
    origin: str  # EXPORT, WINDOW, MEDIA or RECIPE
    graph: Graph | None
    window: Any  # when there is no graph: what the window saved, not yet read


def read_drop(path: Path, name: str = "") -> Drop:
    """`name` is what the artist's file is called, where `path` is a copy of it. Raises BadFile."""
    name = PurePosixPath((name or path.name).replace("\\", "/")).name or "workflow"
    stem, start = PurePosixPath(name).stem, _start(path, name)
    if is_media(start):
        found = carried(path, name)
        return _drop(stem, MEDIA, found.graph, found.window, name)
    if not start.startswith(_WIDE) and not start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
        raise BadFile(f"{name} is neither a workflow in JSON nor a picture or clip that can carry one.")
    content = parse_json(_text(path, name), name)
    if is_ui_export(content):
        return Drop(stem, WINDOW, None, content)
    if isinstance(content, dict) and "job" in content and "graph" in content:
        called = content.get("workflow")
        stem = called if isinstance(called, str) and called else stem
        return _drop(stem, RECIPE, content["graph"], None, name)
    if isinstance(content, dict) and is_ui_export(content.get("workflow")):  # both, as some sites give it
        return _drop(stem, EXPORT, content.get("prompt"), content["workflow"], name)
    return Drop(stem, EXPORT, _tidy(graph_in(content, name)), None)


def _drop(stem: str, origin: str, graph: Any, window: Any, name: str) -> Drop:
    """The graph, which is what ran; only without one the window's form of it."""
    if graph or window is None:
        return Drop(stem, origin, _tidy(graph_in(graph, f"The graph in {name}")), None)
    return Drop(stem, origin, None, window)


def _tidy(graph: Graph) -> Graph:
    """A graph without what servers note in it while it runs."""
    return {id: {k: n[k] for k in ("class_type", "inputs", "_meta") if k in n} for id, n in graph.items()}


def _start(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(16)
    except FileNotFoundError as error:
        raise BadFile(f"There is no file {name}.") from error
    except OSError as error:
        raise BadFile(f"{name} cannot be read: {error.strerror}.") from error


def _text(path: Path, name: str) -> str:
    try:
        return read_text(path, LARGEST)
    except BadFile as error:
        raise BadFile(str(error).replace(str(path), name)) from error
