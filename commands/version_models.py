"""version verify-models: a lock's models in a folder of somebody's own."""

import argparse
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from commands.terminal import Reporter
from domain.errors import BadFile
from domain.versions import lock
from domain.versions.lock import Lock
from infrastructure.json_files import read_json
from infrastructure.versions.store import VOLUMES
from services.versions import models
from services.versions.shelf import Shelf

FOLDER = "MODELS_DIR"


def verify(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Mapping[str, Any]]:
    """1 when one of them is not as the lock says and could not be brought."""
    wanted, folder = _lock(asked, shelf), _folder(asked)
    shelf.store.blobs.silence = asked.timeout
    found = Reporter().follow(models.verified(shelf.store, wanted, folder, asked.overwrite))
    lines = []
    for one in found:
        lines.append(f"{one.status:10} {one.target}" + (f" {one.sha256}" if asked.verbose else ""))
        if one.reason:
            print(f"error: {one.target}: {one.reason}", file=sys.stderr)
    told = {"version_id": wanted.id, "folder": str(folder), "models": list(map(asdict, found))}
    return int(any(one.status == models.ERROR for one in found)), {**told, **_shown(asked, lines)}


def _shown(asked: argparse.Namespace, lines: list[str]) -> Mapping[str, Any]:
    return {} if asked.json else {"lines": lines or ["The version has no models."]}


def _lock(asked: argparse.Namespace, shelf: Shelf) -> Lock:
    if asked.lock:
        try:
            return lock.read(read_json(asked.lock))
        except BadFile as error:
            raise BadFile(f"{asked.lock}: {error}") from error
    if not asked.id:
        raise BadFile("Say which version: its id, or --lock and the file.")
    return shelf.version(asked.id).needed_lock()


def _folder(asked: argparse.Namespace) -> Path:
    """Named, else of the surroundings, else of a volume that is mounted here."""
    if named := asked.models_dir or os.environ.get(FOLDER):
        return Path(named)
    if volume := next((path for path in VOLUMES if path.is_dir()), None):
        return volume / "models"
    raise BadFile("Say where the models are: --models-dir, or the variable MODELS_DIR.")
