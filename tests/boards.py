"""Boards on disk for tests, from the objects a file would hold."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.errors import BadFile
from domain.storyboard import Storyboard
from infrastructure.storyboard_files import read_storyboard

PROMPT = "A tram rolls into a vaulted depot."


def written(tmp_path: Path, document: Any) -> Path:
    path = tmp_path / "board.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document, indent=1), "utf-8")
    return path


def board_with(tmp_path: Path, *shots: Any, **fields: Any) -> tuple[Storyboard, list[str]]:
    return read_storyboard(written(tmp_path, {**fields, "shots": list(shots)}))


def shot(**fields: Any) -> dict[str, Any]:
    return {"shot_id": "001", "prompt": PROMPT, **fields}


def refusal(tmp_path: Path, document: Any) -> str:
    with pytest.raises(BadFile) as caught:
        read_storyboard(written(tmp_path, document))
    return str(caught.value)
