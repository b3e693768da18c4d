"""An order becomes a job of the studio's: its files on disk, and paths in the graph where they belong."""

import hashlib
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from domain.errors import BackendUnreachable, BadFile, JobRejected
from domain.events import Progress
from domain.inline import bytes_of
from domain.job import LAST_FRAME, Graph, Job, changed
from domain.serverless_orders import BadOrder, Given, Order, read_graph
from infrastructure.fetching import fetch
from infrastructure.hashes import sha256
from infrastructure.json_files import read_json
from worker import installs

NAME = "output"  # stem of the files a job brings here; their own names come with them
LARGEST_WORKFLOW = 64 << 20  # bytes


def unpacked(order: Order, folder: Path, most: int) -> Generator[Progress, None, Job]:
    """The job. A file that no node names goes beside the others: nodes may look for it by themselves.
    `most`: bytes of one input file."""
    graph = order.workflow
    if graph is None:
        graph = yield from _fetched_workflow(order.workflow_url, folder)
    paths: dict[str, Path] = {}
    hashes: dict[Path, str] = {}
    for given in order.inputs:
        path = folder / "inputs" / given.name
        hashes[path] = yield from _written(given, path, most)
        paths[given.name] = path
    used: dict[str, Path] = {}
    graph = _with_paths(graph, paths, used)
    then = [_with_paths(one, {**paths, str(LAST_FRAME): LAST_FRAME}, used) for one in order.chain]
    beside = {name: path for name, path in paths.items() if name not in used}
    extra = {"api_key_comfy_org": order.comfy_key} if order.comfy_key else {}
    return Job(
        NAME,
        graph,
        folder / "outputs",
        hashes,
        keeps_names=True,
        extra=extra,
        beside=beside,
        then=tuple(then),
    )


def fetched(url: str, to: Path, most: int) -> Generator[Progress, None, str]:
    """Raises JobRejected also when nobody answers there: it is not our ComfyUI that is away."""
    try:
        return (yield from fetch(url, to, most))
    except BackendUnreachable as error:
        raise JobRejected(str(error)) from error


def _fetched_workflow(url: str, folder: Path) -> Generator[Progress, None, Graph]:
    to = folder / "workflow.json"
    yield from fetched(url, to, LARGEST_WORKFLOW)
    try:
        return read_graph(read_json(to))
    except BadOrder:
        raise
    except BadFile as error:
        raise BadOrder("What lies at workflow_url is no JSON.") from error


def _written(given: Given, path: Path, most: int) -> Generator[Progress, None, str]:
    """Put the file there, and see that it is the one that was meant; returns its sha256."""
    if given.url:
        digest = yield from fetched(given.url, path, most)
    elif given.volume:
        digest = _linked(given, path, most)
    else:
        try:
            content = bytes_of(given.data)
        except BadFile as error:
            raise BadOrder(f"The input file {given.name!r} cannot be read: {error}") from error
        if len(content) > most:
            raise BadOrder(f"{given.name!r} is larger than the {most >> 20} MB that an input may have.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
    size = path.stat().st_size
    if given.size not in (None, size):
        raise BadOrder(f"The input file {given.name!r} arrived with {size} bytes in place of {given.size}.")
    if given.sha256 not in ("", digest):
        raise BadOrder(f"The input file {given.name!r} arrived damaged: its sha256 is {digest}.")
    return digest


def _linked(given: Given, path: Path, most: int) -> str:
    """The file stays where it is on the volume; one that a link leads out of it is none."""
    places = [(volume, volume / given.volume) for volume in installs.VOLUMES]
    found = next((real for volume, place in places if (real := _inside(volume, place))), None)
    if found is None:
        tried = " and ".join(str(place) for _, place in places)
        raise BadOrder(
            f"The input file {given.name!r} is not on this worker's volume; looked for at {tried}. Has the "
            "endpoint the volume that the studio sends to?"
        )
    if found.stat().st_size > most:
        raise BadOrder(f"{given.name!r} is larger than the {most >> 20} MB that an input may have.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(found)
    return sha256(path)


def _inside(volume: Path, path: Path) -> Path | None:
    try:
        real = path.resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle, or a name that no disk has
        return None
    return real if real.is_file() and real.is_relative_to(volume.resolve()) else None


def _with_paths(graph: Graph, paths: Mapping[str, Path], used: dict[str, Path]) -> Graph:
    """The graph with each file in place of its name; those that are in it are added to `used`."""

    def placed(value: Any) -> Any:
        name = value.removesuffix(" [input]") if isinstance(value, str) else ""
        if name not in paths:
            return value
        used[name] = paths[name]
        return paths[name]

    return {id: {**node, "inputs": changed(node["inputs"], placed)} for id, node in graph.items()}
