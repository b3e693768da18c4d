"""version run-handler: one workflow through a version's ComfyUI, and its first file, nothing else."""

import argparse
import base64
import hashlib
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from commands.terminal import Reporter
from domain.errors import BackendError, BadFile
from domain.job import Job
from domain.versions.derived.model_paths import models_at
from domain.versions.errors import Drift
from infrastructure.google_bucket import GoogleBucket
from infrastructure.managed import ManagedBackend
from infrastructure.part_files import writing
from infrastructure.versions import running
from infrastructure.versions.builds import Build
from infrastructure.workflow_files import read_graph
from services.versions.shelf import Shelf, Version

BASE64, FILE, GCS = "base64", "file", "gcs"
PREFIX = "comfy/outputs"


def handle(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Mapping[str, Any]]:
    """Raises Drift when ComfyUI does not start or the workflow breaks: it does not do what it should."""
    output, bucket = _output(asked), _bucket(asked)
    version, graph = shelf.version(_id(asked)), read_graph(asked.workflow)
    build = version.builds.realized(version.spec.id)  # else nothing has to be begun
    name, content = _made(asked, shelf, version, build, graph)
    told: dict[str, Any] = {"version_id": version.spec.id, "size": len(content)}
    if asked.out_file:
        with writing(asked.out_file) as part:
            part.write_bytes(content)
        told["file"] = str(asked.out_file)
    if output == FILE:
        return 0, told
    if bucket:
        prefix = (asked.gcs_prefix or os.environ.get("GCS_PREFIX") or PREFIX).strip("/")
        digest = hashlib.sha256(content).hexdigest()[:16]  # the same picture is there once
        told["gcs_url"] = bucket.put(content, f"{prefix}/{version.spec.id}_{digest}{Path(name).suffix}")
        return 0, told if asked.json else {"lines": [told["gcs_url"]]}
    text = base64.b64encode(content).decode()
    return 0, {**told, "base64": text} if asked.json else {"lines": [text]}


def _made(
    asked: argparse.Namespace, shelf: Shelf, version: Version, build: Build, graph: dict[str, Any]
) -> tuple[str, bytes]:
    with ExitStack() as at_end:
        folder = Path(at_end.enter_context(tempfile.TemporaryDirectory()))
        words = (*_models(asked, build, folder), *shlex.split(asked.probe_args))
        backend = ManagedBackend(shelf.store, version.builds, version.spec.id, words)
        at_end.enter_context(closing(backend))
        try:
            files = Reporter().follow(backend.run(Job("output", graph, folder, {})))
        except BackendError as error:
            raise Drift(str(error)) from error
        finally:
            if asked.verbose:
                print("\n".join(running.log_of(build)), file=sys.stderr)
        if not files:
            raise Drift("The workflow ended and made no file.")
        return files[0].name, files[0].read_bytes()


def _models(asked: argparse.Namespace, build: Build, folder: Path) -> Iterator[str]:
    """More of ComfyUI's command line. One that runs already has its own, and is not ended for this."""
    if asked.models_dir is None:
        return
    if not asked.models_dir.is_dir():
        raise BadFile(f"{asked.models_dir} is no folder. Say where the models are: --models-dir.")
    if running.found(build):
        raise BadFile("Its ComfyUI runs already, with other models. End it, or leave --models-dir out.")
    file = folder / "models.yaml"
    file.write_text(models_at(build.lock(), str(asked.models_dir.absolute())), "utf-8")
    yield from ("--extra-model-paths-config", str(file))


def _id(asked: argparse.Namespace) -> str:
    said = [str(one) for one in (asked.id, asked.version_id, asked.spec) if one]
    if len(said) == 1:
        return said[0] if not asked.spec else str(asked.spec.absolute())
    raise BadFile("Say which version, once: its id, or --spec and the file.")


def _output(asked: argparse.Namespace) -> str:
    output = asked.output or os.environ.get("OUTPUT_MODE") or BASE64
    if output not in (BASE64, FILE, GCS):
        raise BadFile(f"OUTPUT_MODE is {output}, and what comes out is one of {BASE64}, {FILE}, {GCS}.")
    if output == FILE and not asked.out_file:
        raise BadFile("--output file needs --out-file.")
    return output


def _bucket(asked: argparse.Namespace) -> GoogleBucket | None:
    if _output(asked) != GCS:
        return None
    if not (name := asked.gcs_bucket or os.environ.get("GCS_BUCKET")):
        raise BadFile("--output gcs needs a bucket: --gcs-bucket, or the variable GCS_BUCKET.")
    return GoogleBucket(
        name,
        int(_number("GCS_RETRIES", GoogleBucket.tries)),
        _number("GCS_RETRY_BASE_SLEEP", GoogleBucket.pause),
    )


def _number(name: str, usual: float) -> float:
    text = os.environ.get(name, "").strip()
    try:
        return float(text) if text else usual
    except ValueError as error:
        raise BadFile(f"{name} must be a number, not {text}.") from error
