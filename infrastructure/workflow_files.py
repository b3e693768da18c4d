"""Workflows as files: the graph as ComfyUI exports it, and beside it what it is about."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain.errors import BadFile, StudioError
from domain.slot_rules.corrections import Corrections
from domain.workflow import About, Workflow
from infrastructure.strict_json import parse_json, read_text

SHIPPED = Path(__file__).parent.parent / "workflow_templates"
LARGEST = 8_000_000  # bytes; the largest of ComfyUI's own templates has a tenth of it

ABOUT = ".about.json"
_SECTION = re.compile(r"\[([a-z_]*)\]$")
_NODE = ("class_type", "inputs", "_meta")  # older programs also write what only they had a use for
_FIELDS = {"title", "purpose", "kind", "fps", "frame_step", "longest", "grid", "sizes", "models", "slots"}


class WorkflowFolder:
    """The workflows of several folders; where two have one name, the later folder's counts."""

    def __init__(self, *folders: Path):
        self._folders = folders or (SHIPPED,)

    def names(self, kind: str = "") -> list[str]:
        """All names, or those whose workflow is of a kind; files that do not read are left out then."""
        return [flow.name for flow in self.of(kind)] if kind else sorted(self._files())

    def of(self, kind: str) -> list[Workflow]:
        """Those of a kind, by name; files that do not read are left out."""
        read = [_if_it_reads(path) for _, path in sorted(self._files().items())]
        return [flow for flow in read if flow and flow.kind == kind]

    def load(self, name: str) -> Workflow:
        """By its name, or by the path of a file anywhere."""
        files = self._files()
        if path := files.get(name.removesuffix(".json")):
            return read_workflow(path)
        if (path := Path(name)).suffix == ".json" and path.is_file():
            return read_workflow(path)
        near = difflib.get_close_matches(name, files, 3, 0.4)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(files) or 'none'}."
        raise StudioError(f"There is no workflow called {name}. {hint}")

    def load_to_mend(self, name: str) -> tuple[Workflow, str]:
        """As it is kept; where the places chosen by hand are wrong, without them, and a sentence why."""
        path = self._files().get(name)
        if path is None:
            raise StudioError(f"There is no workflow called {name} any more.")
        flow = Workflow(path.stem, read_graph(path), _about(path))
        try:
            _ = flow.slots
        except StudioError as error:
            bare = replace(flow, about=replace(flow.about, slots={}))
            return bare, f"Not as it was chosen by hand: {error}"
        return flow, ""

    def _files(self) -> dict[str, Path]:
        return {path.stem: path for folder in self._folders for path in _graphs(folder)}


def read_workflow(path: Path) -> Workflow:
    """Raises BadFile, also when the places chosen by hand are not in the graph."""
    flow = Workflow(path.stem, read_graph(path), _about(path))
    try:
        _ = flow.slots if flow.about.slots else {}
    except StudioError as error:
        raise BadFile(f"{path.with_name(path.stem + ABOUT)}: {error}") from error
    return flow


def _if_it_reads(path: Path) -> Workflow | None:
    try:
        return read_workflow(path)
    except BadFile:
        return None


def _graphs(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("*.json")):
        if not path.name.endswith(ABOUT):
            yield path


def read_graph(path: Path) -> dict[str, dict[str, Any]]:
    return graph_in(parse_json(read_text(path, LARGEST), path), path)


def graph_in(content: Any, path: Path | str) -> dict[str, dict[str, Any]]:
    """The graph that a file's JSON is. Raises BadFile."""
    if not isinstance(content, dict) or not content:
        raise BadFile(f"{path} is no ComfyUI workflow: it should be an object with one entry per node.")
    if "nodes" in content and "links" in content:
        raise BadFile(
            f"{path} is a workflow for ComfyUI's window, not for running. Open it in ComfyUI, "
            "choose Workflow → Export (API), and use the file that gives you."
        )
    body = content.get("prompt")
    if isinstance(body, dict) and "class_type" not in body:  # a whole request, as some tools save it
        content = body
    check_nodes(content, f"{path} is no ComfyUI workflow")
    return {id: {key: node[key] for key in _NODE if key in node} for id, node in content.items()}


def check_nodes(graph: Mapping[str, Any], where: str) -> None:
    """Raises BadFile unless every entry is a node in ComfyUI's API format."""
    for id, node in graph.items():
        if not isinstance(node, dict) or not isinstance(node.get("class_type"), str):
            raise BadFile(f"{where}: node {id} has no class_type.")
        if not isinstance(node.get("inputs"), dict):
            raise BadFile(f"{where}: node {id} has no inputs.")
        if not isinstance(node.get("_meta", {}), dict):
            raise BadFile(f"{where}: _meta of node {id} should be an object.")


def _about(path: Path) -> About:
    beside = path.with_name(path.stem + ABOUT)
    if not beside.is_file():
        return About(models=tuple(_listed_models(path)))
    content = parse_json(read_text(beside), beside)
    if not isinstance(content, dict):
        raise BadFile(f"{beside} should be an object with title, purpose, kind …")
    try:
        return About(
            title=str(content.get("title", "")),
            purpose=str(content.get("purpose", "")),
            kind=str(content.get("kind", "")),
            fps=_number(content, "fps"),
            frame_step=_whole(content, "frame_step"),
            longest=_whole(content, "longest"),
            grid=_whole(content, "grid"),
            sizes=tuple((int(width), int(height)) for width, height in content.get("sizes", ())),
            models=tuple(dict(model) for model in content.get("models", ())),
            slots=corrections(content.get("slots", {})),
            extra={name: value for name, value in content.items() if name not in _FIELDS},
        )
    except (TypeError, ValueError) as error:
        raise BadFile(f"{beside} does not read as the description of a workflow: {error}.") from error


def corrections(content: Any) -> Corrections:
    """Places chosen by hand, as a file has them. Raises ValueError."""
    if not isinstance(content, dict):
        raise ValueError("slots should be an object such as {“prompt”: [“6.text”]}")
    for name, places in content.items():
        if not isinstance(places, list) or not all(isinstance(place, str) for place in places):
            raise ValueError(f"slots.{name} should be a list such as [“6.text”]")
    return {name: tuple(places) for name, places in content.items()}


def _number(content: dict[str, Any], name: str) -> float | None:
    value = content.get(name)
    if value is None:
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name} should be a number above 0")
    return float(value)


def _whole(content: dict[str, Any], name: str) -> int | None:
    value = _number(content, name)
    return None if value is None else int(value)


def _listed_models(path: Path) -> Iterator[dict[str, Any]]:
    """The older app's list beside a workflow: a path below models/ on each line, in sections."""
    lists = (path.with_suffix(".models"), path.with_name(path.name + ".models"))
    listed = next((file for file in lists if file.is_file()), None)
    if listed is None:
        return
    section = ""
    for line in listed.read_text("utf-8", errors="replace").splitlines():
        line = line.split("#")[0].strip()
        if match := _SECTION.match(line):
            section = match[1].replace("main", "")
        elif line and "|" not in line and "=" not in line:  # those are lists of another kind
            folder, _, file = line.replace("\\", "/").partition("/")
            yield {"folder": folder, "file": file, **({"slot": section} if section else {})}
