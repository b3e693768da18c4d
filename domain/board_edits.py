"""What can be done to a storyboard: each deed takes a board and returns another.

The artist's fields have names with dots, such as `motion.kind` or `tags.lighting`. Values come as
JSON has them; what cannot be meant is refused in a sentence.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.errors import StudioError
from domain.field_values import number, or_none, path, paths, text, texts, whole
from domain.storyboard import Motion, Sampling, Shot, Storyboard

LARGEST_SEED = 2**64 - 1
MOST_SHOTS = 10_000


def with_shot_field(board: Storyboard, shot_id: str, field: str, value: Any) -> Storyboard:
    return with_shots_field(board, [shot_id], field, value)


def with_shots_field(board: Storyboard, ids: Sequence[str], field: str, value: Any) -> Storyboard:
    """One field of several shots at once."""
    return with_each(board, ids, lambda shot: _with_field(shot, field, value))


def with_each(board: Storyboard, ids: Iterable[str], edit: Callable[[Shot], Shot]) -> Storyboard:
    """Some of the shots changed, each by itself."""
    wanted = dict.fromkeys(ids)
    there = {shot.id for shot in board.shots}
    if lost := next((id for id in wanted if id not in there), None):
        raise no_shot(lost)
    return replace(board, shots=tuple(edit(s) if s.id in wanted else s for s in board.shots))


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


def with_moved(
    board: Storyboard, ids: Sequence[str], before: str | None, scene: str | None = None
) -> Storyboard:
    """The shots, in the order they have, in front of another one, or at the end; with `scene`, into it."""
    if scene is not None:
        board = with_shots_field(board, ids, "scene", scene)
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
    raise no_shot(id)


def no_shot(id: str) -> StudioError:
    return StudioError(f"There is no shot {id} any more.")


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
    word = text(category, value).strip()
    rest = {name: tag for name, tag in tags.items() if name != category}
    return {**rest, category: word} if word else rest


_SIZE = or_none(whole(256, 4096, " pixels"))
_SHOT: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("prompt", "negative", "label", "description", "notes", "lora"), text),
    "scene": lambda field, value: text(field, value).strip(),
    "seconds": number(0.1, 30, " seconds"),
    "width": _SIZE,
    "height": _SIZE,
    "characters": texts,
    "references": paths,
    "start_image": path,
    "end_image": path,
}
_MOTION: dict[str, Callable[[str, Any], Any]] = {
    "motion.kind": text,
    "motion.strength": number(0, 1),
    "motion.notes": text,
}
_SAMPLING: dict[str, Callable[[str, Any], Any]] = {
    "seed": or_none(whole(0, LARGEST_SEED)),
    "steps": or_none(whole(1, 150)),
    "cfg": or_none(number(1, 30)),
}
_BOARD: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("title", "description", "notes"), text),
    "width": whole(256, 4096, " pixels"),
    "height": whole(256, 4096, " pixels"),
    "fps": or_none(number(1, 120, " frames a second")),
    "variants": or_none(whole(1, 32)),
    "base_seed": or_none(whole(0, LARGEST_SEED)),
    "longest": or_none(number(0.5, 60, " seconds")),
}
assert set(_SHOT) <= set(Shot.__dataclass_fields__) and set(_BOARD) <= set(Storyboard.__dataclass_fields__)
assert {name.partition(".")[2] for name in _MOTION} <= set(Motion.__dataclass_fields__)
