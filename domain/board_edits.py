"""What can be done to a storyboard: each deed takes a board and returns another.

The artist's fields have names with dots, such as `motion.kind` or `tags.lighting`. Values come as
JSON has them; what cannot be meant is refused in a sentence.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain.errors import StudioError
from domain.storyboard import Motion, Sampling, Shot, Storyboard

LARGEST_SEED = 2**64 - 1
LONGEST_TEXT = 20_000
MOST_SHOTS = 10_000


def with_shot_field(board: Storyboard, shot_id: str, field: str, value: Any) -> Storyboard:
    return with_shots_field(board, [shot_id], field, value)


def with_shots_field(board: Storyboard, ids: Sequence[str], field: str, value: Any) -> Storyboard:
    """One field of several shots at once."""
    for id in ids:
        shot_of(board, id)
    changed = [_with_field(shot, field, value) if shot.id in ids else shot for shot in board.shots]
    return replace(board, shots=tuple(changed))


def with_board_field(board: Storyboard, field: str, value: Any) -> Storyboard:
    outer, _, inner = field.partition(".")
    if outer == "tags" and inner:
        return replace(board, tags=_with_tag(board.tags, inner, value))
    if field not in _BOARD:
        raise StudioError(f"A board has no field {field}.")
    return replace(board, **{field: _BOARD[field](field, value)})


def with_new_shots(
    board: Storyboard, shots: Sequence[Shot], after: str | None = None, taken: Iterable[str] = ()
) -> Storyboard:
    """The shots under new ids behind a shot, or at the end. `taken` are ids that have files already."""
    if len(board.shots) + len(shots) > MOST_SHOTS:
        raise StudioError(f"A board holds {MOST_SHOTS} shots at most.")
    ids = new_ids(board, len(shots), taken)
    fresh = [
        replace(shot, id=id, raw={**shot.raw, "shot_id": id}) for shot, id in zip(shots, ids, strict=True)
    ]
    at = len(board.shots) if after is None else _place(board, after) + 1
    return replace(board, shots=(*board.shots[:at], *fresh, *board.shots[at:]))


def without_shots(board: Storyboard, ids: Iterable[str]) -> Storyboard:
    gone = {shot_of(board, id).id for id in ids}
    return replace(board, shots=tuple(shot for shot in board.shots if shot.id not in gone))


def with_moved(board: Storyboard, ids: Sequence[str], before: str | None) -> Storyboard:
    """The shots, in the order they have, in front of another one, or at the end."""
    moving = [shot for shot in board.shots if shot.id in {shot_of(board, id).id for id in ids}]
    rest = [shot for shot in board.shots if shot not in moving]
    if before in ids:  # dropped on one of themselves: behind what stands before it
        before = next((shot.id for shot in board.shots[_place(board, str(before)) :] if shot in rest), None)
    at = len(rest) if before is None else [shot.id for shot in rest].index(shot_of(board, before).id)
    return replace(board, shots=(*rest[:at], *moving, *rest[at:]))


def shot_of(board: Storyboard, id: str) -> Shot:
    for shot in board.shots:
        if shot.id == id:
            return shot
    raise StudioError(f"There is no shot {id} any more.")


def new_ids(board: Storyboard, count: int, taken: Iterable[str] = ()) -> list[str]:
    """Numbers after the highest one there is, as wide as the others are."""
    numbers = [int(found[1]) for shot in board.shots if (found := re.search(r"(\d{1,9})$", shot.id))]
    width = max((len(shot.id) for shot in board.shots if shot.id.isdigit()), default=3)
    first = max(numbers, default=0) + 1
    taken = {shot.id for shot in board.shots} | set(taken)
    ids: list[str] = []
    while len(ids) < count:
        id = str(first).zfill(width)
        first += 1
        if id not in taken:
            ids.append(id)
    return ids


def _place(board: Storyboard, id: str) -> int:
    return board.shots.index(shot_of(board, id))


def _with_field(shot: Shot, field: str, value: Any) -> Shot:
    outer, _, inner = field.partition(".")
    if outer == "tags" and inner:
        return replace(shot, tags=_with_tag(shot.tags, inner, value))
    if field in _MOTION:
        return replace(shot, motion=replace(shot.motion, **{inner: _MOTION[field](field, value)}))
    if outer in ("keyframe", "video") and inner in _SAMPLING:
        sampling: Sampling = getattr(shot, outer)
        changed: dict[str, Any] = {outer: replace(sampling, **{inner: _SAMPLING[inner](field, value)})}
        return replace(shot, **changed)
    if field not in _SHOT:
        raise StudioError(f"A shot has no field {field}.")
    return replace(shot, **{field: _SHOT[field](field, value)})


def _with_tag(tags: Mapping[str, str], category: str, value: Any) -> dict[str, str]:
    word = _text(category, value).strip()
    rest = {name: tag for name, tag in tags.items() if name != category}
    return {**rest, category: word} if word else rest


def _text(field: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise StudioError(f"{field} should be a text.")
    if len(value) > LONGEST_TEXT:
        raise StudioError(f"{field} is longer than {LONGEST_TEXT} letters. Keep the rest in another file.")
    return value


def _texts(field: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise StudioError(f"{field} should be a list of names.")
    return tuple(dict.fromkeys(name.strip() for name in (_text(field, v) for v in value) if name.strip()))


def _path(field: str, value: Any) -> Path | None:
    if value in (None, ""):
        return None
    path = Path(_text(field, str(value)))
    if not path.is_absolute():
        raise StudioError(f"{field} needs a whole path.")
    return path


def _paths(field: str, value: Any) -> tuple[Path, ...]:
    if not isinstance(value, list | tuple):
        raise StudioError(f"{field} should be a list of pictures.")
    return tuple(dict.fromkeys(path for path in (_path(field, v) for v in value) if path))


def _number(low: float, high: float, unit: str = "") -> Callable[[str, Any], float]:
    def read(field: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise StudioError(f"{field} should be from {low:g} to {high:g}{unit}.")
        return float(value)

    return read


def _whole(low: int, high: int, unit: str = "") -> Callable[[str, Any], int]:
    def read(field: str, value: Any) -> int:
        is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not is_whole or not low <= value <= high:
            raise StudioError(f"{field} should be a whole number from {low} to {high}{unit}.")
        return int(value)

    return read


def _or_none(read: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda field, value: None if value in (None, "") else read(field, value)


_SIZE = _or_none(_whole(256, 4096, " pixels"))
_SHOT: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("prompt", "negative", "label", "description", "lora", "scene", "notes"), _text),
    "seconds": _number(0.1, 30, " seconds"),
    "width": _SIZE,
    "height": _SIZE,
    "characters": _texts,
    "references": _paths,
    "start_image": _path,
    "end_image": _path,
}
_MOTION: dict[str, Callable[[str, Any], Any]] = {
    "motion.kind": _text,
    "motion.strength": _number(0, 1),
    "motion.notes": _text,
}
_SAMPLING: dict[str, Callable[[str, Any], Any]] = {
    "seed": _or_none(_whole(0, LARGEST_SEED)),
    "steps": _or_none(_whole(1, 150)),
    "cfg": _or_none(_number(1, 30)),
}
_BOARD: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("title", "description", "notes"), _text),
    "width": _whole(256, 4096, " pixels"),
    "height": _whole(256, 4096, " pixels"),
    "fps": _or_none(_number(1, 120, " frames a second")),
    "variants": _or_none(_whole(1, 32)),
    "base_seed": _or_none(_whole(0, LARGEST_SEED)),
    "longest": _or_none(_number(0.5, 60, " seconds")),
}
assert set(_SHOT) <= set(Shot.__dataclass_fields__) and set(_BOARD) <= set(Storyboard.__dataclass_fields__)
assert {name.partition(".")[2] for name in _MOTION} <= set(Motion.__dataclass_fields__)
