"""The tables of config/sketch: words, palettes, outlines, postures and places are data."""

from functools import lru_cache
from pathlib import Path

TABLES = Path(__file__).resolve().parents[2] / "config" / "sketch"


@lru_cache(maxsize=16)
def sections(name: str) -> dict[str, list[str]]:
    """[section] -> its lines, comments and blanks dropped, indentation kept."""
    found: dict[str, list[str]] = {}
    rows: list[str] = []
    for line in (TABLES / f"{name}.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            rows = found.setdefault(line.strip("[] "), [])
        elif line.strip() and not line.lstrip().startswith("# "):
            rows.append(line)
    return found


@lru_cache(maxsize=16)
def cells(name: str) -> dict[str, list[list[str]]]:
    """[section] -> its lines, each split at blanks."""
    return {key: [row.split() for row in rows] for key, rows in sections(name).items()}


def named(name: str, section: str) -> dict[str, list[str]]:
    """One section read as `name  value value …`."""
    return {row[0]: row[1:] for row in cells(name)[section]}
