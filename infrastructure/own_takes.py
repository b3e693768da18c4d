"""The recipes of takes that no job of ours made: pictures and clips the artist brought in."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from infrastructure.hashes import sha256
from infrastructure.json_files import write_json
from infrastructure.recipe_index import DONE, FORMAT, now

OWN = "own"  # the engine of takes that no engine made
NOTHING: Mapping[str, Any] = MappingProxyType({})


def describe_own(take: Path, brought_in: str) -> None:
    """Write beside a take that no job made it, and what the file it came from was called."""
    write_json(take.with_suffix(".json"), own_recipe(take, sha256(take), brought_in))


def own_recipe(
    take: Path, content: str, brought_in: str, carried: Mapping[str, Any] = NOTHING
) -> dict[str, Any]:
    """`content` is the file's hash, `carried` the values that it says it was made with."""
    return {
        "format": FORMAT,
        "name": take.stem,
        "job": content,
        "engine": OWN,
        "state": DONE,
        "files": [take.name],
        "error": "",
        "workflow": "",
        "values": {},
        "inputs": {},
        "brought_in": brought_in,
        **({"carried": dict(carried)} if carried else {}),
        "finished": now(),
    }
