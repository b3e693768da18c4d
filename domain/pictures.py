"""The pictures that shots and characters refer to."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from domain.storyboard import Character, Shot, Storyboard

Moved = Callable[[Path], Path]


def pictures_of(board: Storyboard) -> list[Path]:
    """Each once."""
    ends = [path for shot in board.shots for path in (shot.start_image, shot.end_image) if path]
    listed = [path for one in board.shots for path in one.references]
    cast = [path for character in board.characters for path in character.pictures]
    return list(dict.fromkeys((*listed, *ends, *cast)))


def with_pictures(board: Storyboard, moved: Moved) -> Storyboard:
    """The board with every picture where `moved` says it is."""
    shots = tuple(shot_with_pictures(shot, moved) for shot in board.shots)
    cast = tuple(character_with_pictures(character, moved) for character in board.characters)
    return replace(board, shots=shots, characters=cast)


def shot_with_pictures(shot: Shot, moved: Moved) -> Shot:
    start, end = (moved(path) if path else None for path in (shot.start_image, shot.end_image))
    return replace(shot, references=tuple(map(moved, shot.references)), start_image=start, end_image=end)


def character_with_pictures(character: Character, moved: Moved) -> Character:
    return replace(character, pictures=tuple(map(moved, character.pictures)))
