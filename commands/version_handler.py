"""version run-handler: one workflow through a version's ComfyUI, and its first file, nothing else."""

import argparse
import base64
import shlex
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from commands.terminal import Reporter
from domain.errors import BackendError, BadFile
from domain.job import Job
from domain.versions.errors import Drift
from infrastructure.managed import ManagedBackend
from infrastructure.part_files import writing
from infrastructure.workflow_files import read_graph
from services.versions.shelf import Shelf

BASE64, FILE = "base64", "file"


def handle(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Mapping[str, Any]]:
    """Raises Drift when ComfyUI does not start or the workflow breaks: it does not do what it should."""
    if asked.output == FILE and not asked.out_file:
        raise BadFile("--output file needs --out-file.")
    version, graph = shelf.version(asked.id), read_graph(asked.workflow)
    version.builds.realized(version.spec.id)  # else nothing has to be begun
    with ExitStack() as at_end:
        folder = Path(at_end.enter_context(tempfile.TemporaryDirectory()))
        words = tuple(shlex.split(asked.probe_args))
        backend = ManagedBackend(shelf.store, version.builds, version.spec.id, words)
        at_end.enter_context(closing(backend))
        try:
            files = Reporter().follow(backend.run(Job("output", graph, folder, {})))
        except BackendError as error:
            raise Drift(str(error)) from error
        if not files:
            raise Drift("The workflow ended and made no file.")
        content = files[0].read_bytes()
    told = {"version_id": version.spec.id, "size": len(content)}
    if asked.out_file:
        with writing(asked.out_file) as part:
            part.write_bytes(content)
        told["file"] = str(asked.out_file)
    if asked.output == FILE:
        return 0, told
    text = base64.b64encode(content).decode()
    return 0, {**told, "base64": text} if asked.json else {"lines": [text]}
