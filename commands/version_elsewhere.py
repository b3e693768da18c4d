"""version export, import and create --from-…: versions to and from what is elsewhere."""

import argparse
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from commands.terminal import Reporter
from domain.versions import spec
from domain.versions.spec import Spec
from infrastructure.part_files import writing
from services.versions import keeping, taking_over
from services.versions.exporting import Image, exported
from services.versions.shelf import Shelf

Result = Mapping[str, Any]


def export(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    version = shelf.version(asked.id)
    text = exported(version, asked.form, Image(asked.base, asked.bake_models))
    told = {"version_id": version.spec.id, "as": asked.form}
    if asked.output:
        _write(asked.output, text, is_script=text.startswith("#!"))
        return 0, {**told, "file": str(asked.output)}
    return 0, {**told, "text": text} if asked.json else {"lines": text.splitlines()}


def take_over(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    id = spec.checked_id(asked.id or _as_id(asked.file.stem), "--id")
    work = taking_over.from_file(asked.file, id, asked.repo or "", asked.pips)
    wanted = Reporter().follow(work)
    return 0, {"version_id": id, "spec": str(shelf.keep(wanted, asked.output, asked.force))}


def begun(asked: argparse.Namespace) -> Spec:
    """What a new version begins with: said in words, and seen where one is there already."""
    id, repo = spec.checked_id(asked.id, "ID"), asked.repo or ""
    said = keeping.new(id, repo, asked.nodes, asked.models)
    if asked.from_folder:
        work = taking_over.from_folder(asked.from_folder, id, repo, asked.models_root)
    elif asked.from_running:
        work = taking_over.from_server(asked.from_running, id, repo)
    else:
        return said
    seen = Reporter().follow(work)
    both = replace(seen, nodes=seen.nodes + said.nodes, models=seen.models + said.models)
    return spec.read(spec.as_json(both))  # two of one name are none


def _as_id(name: str) -> str:
    return re.sub("[^A-Za-z0-9._-]+", "-", name).strip("-._")[:64]


def _write(to: Path, text: str, is_script: bool) -> None:
    with writing(to) as part:
        part.write_text(text, "utf-8", newline="\n")
        if is_script:
            part.chmod(0o755)
