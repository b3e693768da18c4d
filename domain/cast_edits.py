"""What can be done to the characters of a board, and to who is in a shot."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from domain.board_edits import with_each
from domain.cast import called, known_by
from domain.errors import StudioError
from domain.field_values import paths, text
from domain.safe_names import folder_name
from domain.storyboard import Character, Shot, Storyboard

MOST_CHARACTERS = 500


def with_new_character(board: Storyboard, name: str, shots: Sequence[str] = ()) -> Storyboard:
    """A character with an id of its own at the end of the cast, and in these shots."""
    if not (name := text("name", name).strip()):
        raise StudioError("A character needs a name.")
    if len(board.characters) >= MOST_CHARACTERS:
        raise StudioError(f"A board has {MOST_CHARACTERS} characters at most.")
    fresh = Character(_new_id(board, name), name)
    return with_called(replace(board, characters=(*board.characters, fresh)), shots, [fresh.id])


def with_character_field(board: Storyboard, id: str, field: str, value: Any) -> Storyboard:
    """Shots that call a character by its name go on having it when the name changes."""
    if field not in _CHARACTER:
        raise StudioError(f"A character has no field {field}.")
    before = character_of(board, id)
    after = replace(before, **{field: _CHARACTER[field](field, value)})
    if before.name != after.name:
        board = _with_ids_for(board, before)
    return replace(board, characters=tuple(after if c is before else c for c in board.characters))


def without_character(board: Storyboard, id: str) -> Storyboard:
    """The character leaves the cast and the shots it is in."""
    gone = character_of(board, id)
    left = without_called(board, [shot.id for shot in board.shots], [gone.id])
    return replace(left, characters=tuple(c for c in left.characters if c is not gone))


def with_called(board: Storyboard, shots: Iterable[str], names: Sequence[str]) -> Storyboard:
    """Characters, or names the board does not know, put into shots, each once."""
    who = _who(board)

    def put(shot: Shot) -> Shot:
        there = {who(name) for name in shot.characters}
        fresh = {who(name): name.strip() for name in names if name.strip() and who(name) not in there}
        return replace(shot, characters=(*shot.characters, *fresh.values())) if fresh else shot

    return with_each(board, shots, put)


def without_called(board: Storyboard, shots: Iterable[str], names: Sequence[str]) -> Storyboard:
    """Whoever is meant by the names is taken out of shots, whatever they call them."""
    who = _who(board)
    gone = {who(name) for name in names}

    def take(shot: Shot) -> Shot:
        left = tuple(name for name in shot.characters if who(name) not in gone)
        return shot if left == shot.characters else replace(shot, characters=left)

    return with_each(board, shots, take)


def character_of(board: Storyboard, id: str) -> Character:
    for character in board.characters:
        if character.id == id:
            return character
    raise StudioError(f"There is no character {id} any more.")


def _with_ids_for(board: Storyboard, character: Character) -> Storyboard:
    """Shots that call a character by name call it by its id."""
    who = _who(board)

    def renamed(shot: Shot) -> Shot:
        names = tuple(character.id if who(name) == character.id else name for name in shot.characters)
        return shot if names == shot.characters else replace(shot, characters=names)

    return with_each(board, [shot.id for shot in board.shots], renamed)


def _who(board: Storyboard) -> Callable[[str], str]:
    """Whom a name means: the id of a character, or the name itself when the board does not know it."""
    known = known_by(board)
    return lambda name: known[called(name)].id if called(name) in known else called(name)


def _new_id(board: Storyboard, name: str) -> str:
    """The name as an id, that nobody else is called by."""
    wanted = folder_name(name, "character").lower()
    taken = known_by(board)
    if called(wanted) not in taken:
        return wanted
    return next(id for n in range(2, len(taken) + 3) if called(id := f"{wanted}-{n}") not in taken)


_CHARACTER: dict[str, Callable[[str, Any], Any]] = {
    "name": lambda field, value: text(field, value).strip(),
    "lora": lambda field, value: text(field, value).strip(),
    "words": text,
    "notes": text,
    "pictures": paths,
}
assert set(_CHARACTER) <= set(Character.__dataclass_fields__)
