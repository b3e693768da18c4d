"""The characters of a board. Ours stand under `cast`, with words and pictures.

Older boards have a list of names at `characters`, alone or as {id, strength}. These are known by
name and bring nothing, and the list itself stays as it is: what is added to them goes to `cast`.
"""

from pathlib import Path
from typing import Any

from domain.storyboard import Character
from infrastructure.boards.fields import Fields, Report, shown
from infrastructure.boards.pictures import pictures

KEY, OLDER = "cast", "characters"


def read_cast(fields: Fields, folder: Path, report: Report) -> tuple[Character, ...]:
    """The board's characters; repaired ones take their place in `fields.clean`."""
    given = fields.clean.get(KEY)
    if given is not None and not isinstance(given, list):
        fields.mend(KEY, None, f"{KEY} {shown(given)} is not a list of characters and was left aside.")
    if not isinstance(given, list):
        return _older(fields)
    found, clean = [], list(given)
    for number, entry in enumerate(given):
        name = name_of(entry)
        if not name:
            fields.tell(f"{KEY}[{number}] names nobody and was left aside.")
            continue
        inner = Fields(_object(entry), f"Character {name}", (KEY, number), report)
        found.append(read_character(inner, folder))
        if isinstance(entry, dict):
            clean[number] = inner.clean
    fields.clean[KEY] = clean
    return tuple(found)


def read_character(fields: Fields, folder: Path) -> Character:
    problems = list[str]()
    character = Character(
        id=name_of(fields.clean),
        name=fields.text("name").strip(),
        words=fields.text("words"),
        pictures=pictures(fields, "pictures", folder, problems),
        lora=fields.text("lora").strip(),
        notes=fields.text("notes"),
        problems=tuple(problems),
        raw=fields.finished(),
    )
    for problem in problems:
        fields.tell(problem)
    return character


def _older(fields: Fields) -> tuple[Character, ...]:
    given = fields.clean.get(OLDER)
    entries = given if isinstance(given, list) else []
    raws = [_object(entry) for entry in entries if name_of(entry)]
    return tuple(Character(name_of(raw), _word(raw, "name"), raw=raw) for raw in raws)


def name_of(entry: Any) -> str:
    """What an entry is called: its id, else its name; a text is an id. Nothing where it names nobody."""
    entry = _object(entry)
    return _word(entry, "id") or _word(entry, "name")


def _object(entry: Any) -> Any:
    return {"id": entry} if isinstance(entry, str) else entry


def _word(raw: Any, key: str) -> str:
    word = raw.get(key) if isinstance(raw, dict) else None
    return word.strip() if isinstance(word, str) else ""
