"""What the characters of a board bring to the shots they are in: words, pictures, a LoRA.

A shot names them by id or by name, in capitals or not. Whom the board does not know brings nothing.
"""

from pathlib import Path

from domain.storyboard import Character, Shot, Storyboard


def cast_of(shot: Shot, board: Storyboard) -> list[Character]:
    """The characters in a shot that the board knows, in the shot's order, each once."""
    known = known_by(board)
    found = (known.get(called(name)) for name in shot.characters)
    return list({c.id: c for c in found if c}.values())


def references_of(shot: Shot, board: Storyboard) -> tuple[Path, ...]:
    """The shot's own pictures, and behind them those of its characters; each once."""
    cast = (path for character in cast_of(shot, board) for path in character.pictures)
    return tuple(dict.fromkeys((*shot.references, *cast)))


def lora_of(shot: Shot, board: Storyboard) -> str:
    """The shot's own LoRA, else that of its first character who has one.

    A LoRA called like a character is that character's: older boards name them so.
    """
    loras = {c.id: c.lora for c in cast_of(shot, board) if c.lora}
    return loras.get(shot.lora, shot.lora) or next(iter(loras.values()), "")


def known_by(board: Storyboard) -> dict[str, Character]:
    """Characters by what they may be `called`; an id goes before a name, the first before the next."""
    last_first = board.characters[::-1]
    names = {called(c.name): c for c in last_first if c.name.strip()}
    return names | {called(c.id): c for c in last_first}


def called(name: str) -> str:
    """A name as it is compared with others."""
    return name.strip().casefold()
