"""Shots as words under names people give to columns, made into the objects a board file holds.

The names, in five languages, stand in config/shot_words.json. Used for tables and for texts.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.safe_names import is_shot_id
from infrastructure.boards.fields import read_number, shown
from infrastructure.json_files import read_json

WORDS: dict[str, Any] = read_json(Path(__file__).parent.parent / "config" / "shot_words.json")
COLUMNS = {name: column for column, names in WORDS["columns"].items() for name in names}
TAGS = ("camera", "composition", "lighting", "mood", "style", "time_of_day")
UNIT = "|".join(sorted(map(re.escape, WORDS["seconds"]), key=len, reverse=True))

_TEXTS = {"prompt": "prompt", "negative": "negative_prompt", "description": "description"}
_TEXTS |= {"notes": "notes", "scene": "scene"}
_LENGTH = re.compile(rf"(?:ca\.?|~|≈)?\s*(\d+(?:[.,]\d+)?|[.,]\d+)\s*(?:{UNIT}|\"|″)?\.?", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d+)?)")


@dataclass
class Entries:
    """The shots of a list, as objects of a board."""

    shots: list[dict[str, Any]] = field(default_factory=list)

    def add(self, values: Mapping[str, str], unknown: Mapping[str, str] | None = None) -> list[str]:
        """Take a shot over; returns what of it could not be used."""
        shot, odd = _shot(values)
        if unknown:
            shot["columns"] = dict(unknown)
        self.shots.append(shot)
        return odd

    def document(self, title: str) -> tuple[dict[str, Any], list[str]]:
        """The whole as a board, with ids where there were none."""
        notes = self._tell_scenes_apart()
        if not any("shot_id" in shot for shot in self.shots):
            for number, shot in enumerate(self.shots, 1):
                shot["shot_id"] = f"{number:03d}"
        return {"project": title, "shots": self.shots}, notes

    def _tell_scenes_apart(self) -> list[str]:
        """Where the shots of every scene are counted from 1, the scene becomes part of the id."""
        ids = Counter(shot["shot_id"].lower() for shot in self.shots if "shot_id" in shot)
        if max(ids.values(), default=1) == 1:
            return []
        both = [(shot, f"{_code(shot)}-{shot.get('shot_id', '')}") for shot in self.shots]
        if not all(_code(shot) and is_shot_id(id) for shot, id in both):
            return []
        if len({id.lower() for _, id in both}) < len(both):
            return []
        for shot, id in both:
            shot["shot_id"] = id
        return ["The shots are counted anew in every scene, so the scene is part of their ids."]


def column_of(name: str) -> str | None:
    """What a column's name means, in any of the languages; nothing for an unknown one."""
    plain = " ".join(re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", name).casefold()).split())
    if not plain:
        return "id" if name.strip() == "#" else None
    return COLUMNS.get(plain) or COLUMNS.get(re.sub(rf" (?:in )?(?:{UNIT})$", "", plain))


def seconds_of(text: str) -> float | None:
    """ "4", "4,5 Sek.", "3 с", "4秒", "0:04": a length in seconds."""
    if match := _LENGTH.fullmatch(text.strip()):
        return read_number(match[1].replace(",", "."), "seconds")
    if match := _CLOCK.fullmatch(text.strip()):
        hours, minutes, seconds = match[1] or 0, match[2], match[3].replace(",", ".")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return None


def id_of(text: str) -> str:
    """Short numbers get zeros in front, so that files stand in order."""
    plain = re.sub(r"\.0+$", "", text.strip())  # what a spreadsheet makes of 1
    return plain.zfill(3) if plain.isascii() and plain.isdigit() else text.strip()


def _shot(values: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    shot: dict[str, Any] = {}
    odd: list[str] = []
    if values.get("id"):
        shot["shot_id"] = id_of(values["id"])
    shot |= {key: values[column] for column, key in _TEXTS.items() if values.get(column)}
    shot.setdefault("prompt", "")
    _put_number(shot, "duration", values.get("seconds", ""), seconds_of, odd)
    for key in ("width", "height"):
        _put_number(shot, key, values.get(key, ""), lambda text: read_number(text, "pixels"), odd)
    seed = values.get("seed", "")
    if seed.isascii() and seed.isdigit() and len(seed) < 20:
        shot["keyframe"] = {"seed": int(seed)}
    elif seed not in ("", "-1"):
        odd.append(f"seed {shown(seed)}")
    if names := [
        name.strip() for name in re.split(r"[,;/、，]", values.get("characters", "")) if name.strip()
    ]:
        shot["characters"] = names
    if tags := {column: values[column] for column in TAGS if values.get(column)}:
        shot["presets"] = tags
    return shot, odd


def _put_number(shot: dict[str, Any], key: str, text: str, read: Any, odd: list[str]) -> None:
    if not text:
        return
    value = read(text)
    if value is None:
        odd.append(f"{key} {shown(text)}")
    else:
        shot[key] = int(value) if value == int(value) else value


def _code(shot: Mapping[str, Any]) -> str:
    """A scene's name as the beginning of an id, where it is short enough for that."""
    scene = str(shot.get("scene", "")).strip().replace(" ", "_")
    return scene if len(scene) <= 12 and is_shot_id(scene) else ""
