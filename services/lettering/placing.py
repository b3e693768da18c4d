"""Where balloons, boxes and sounds stand in a panel.

Never over each other, never out of the panel, and read in order: a later one is never wholly above an
earlier one, nor before it where both are at one height. Among the rest, where they hide least and are nearest
to whoever speaks. Of several partial placements the best few are carried on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from domain.comic import ZONES
from domain.comic_layouts import Rect

GRID = 13  # candidates each way
KEPT = 60  # partial placements carried on, shared by all pieces
TRIED = 30  # places tried for each piece
Point = tuple[float, float]


@dataclass(frozen=True)
class Piece:
    """Something to place, by its outer width and height."""

    width: float
    height: float
    is_read: bool = True  # in order with the others; a sound is not
    zone: str = ""  # where somebody wants it
    mouth: Point | None = None  # whoever says it
    wishes: Point = (0.5, 0.0)  # where it would stand if nothing else counted, as a share of the panel
    spot: Point | None = None  # its middle, where somebody put it: it stands there whatever is there


@dataclass(frozen=True)
class Room:
    inside: Rect
    gap: float  # between two
    faces: tuple[Rect, ...] = ()
    is_rtl: bool = False


@dataclass(frozen=True)
class _Partial:
    cost: float = 0.0
    rects: tuple[Rect, ...] = ()


def placed(pieces: Sequence[Piece], room: Room) -> list[Rect] | None:
    """A place for each, in their order; None when there is not room for all."""
    partials, kept = [_Partial()], max(2, KEPT // max(1, len(pieces)))
    fixed = {n: _put(piece, room.inside) for n, piece in enumerate(pieces) if piece.spot}
    for number, piece in enumerate(pieces):
        if number in fixed:
            partials = [_Partial(one.cost, (*one.rects, fixed[number])) for one in partials]
            continue
        later = [rect for n, rect in fixed.items() if n > number]
        further = [
            _Partial(partial.cost + cost, (*partial.rects, rect))
            for partial in partials
            for cost, rect in _best(piece, room, partial, (pieces[:number], later))
        ]
        partials = sorted(further, key=lambda one: one.cost)[:kept]
        if not partials:
            return None
    return list(partials[0].rects)


def overlap(one: Rect, other: Rect) -> float:
    """The area that two have in common."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(0.0, width) * max(0.0, height)


def is_before(one: Rect, other: Rect, is_rtl: bool = False) -> bool:
    """Whether `other`, which is read later, may stand there."""
    if other.y + other.height <= one.y:
        return False  # wholly above
    is_beside = min(one.y + one.height, other.y + other.height) > max(one.y, other.y)
    middle, later = one.x + one.width / 2, other.x + other.width / 2
    is_left = later > middle if is_rtl else later < middle
    is_apart = other.x + other.width <= one.x or one.x + one.width <= other.x
    return not (is_beside and is_apart and is_left)


def _put(piece: Piece, inside: Rect) -> Rect:
    """Where somebody put it, as far as it stays in the panel."""
    x, y = piece.spot or (0.0, 0.0)
    left = min(max(x - piece.width / 2, inside.x), inside.x + inside.width - piece.width)
    top = min(max(y - piece.height / 2, inside.y), inside.y + inside.height - piece.height)
    return Rect(max(left, inside.x), max(top, inside.y), piece.width, piece.height)


def _best(
    piece: Piece, room: Room, partial: _Partial, others: tuple[Sequence[Piece], Sequence[Rect]]
) -> list[tuple[float, Rect]]:
    """`others` are the pieces before it, and the places of later ones that are put by hand."""
    fitting, gap, (before, later) = [], room.gap, others
    pairs = zip(partial.rects, before, strict=True)
    order = [rect for rect, earlier in pairs if earlier.is_read and not earlier.spot]
    for rect in _candidates(piece, room.inside):
        wide = Rect(rect.x - gap, rect.y - gap, rect.width + 2 * gap, rect.height + 2 * gap)
        if any(overlap(wide, other) > 0 for other in (*partial.rects, *later)):
            continue
        if not piece.is_read or all(is_before(other, rect, room.is_rtl) for other in order):
            fitting.append((_cost(piece, rect, room.inside, room.faces), rect))
    return sorted(fitting, key=lambda one: one[0])[:TRIED]


def _candidates(piece: Piece, inside: Rect) -> Iterator[Rect]:
    room_x, room_y = inside.width - piece.width, inside.height - piece.height
    if room_x < 0 or room_y < 0:
        return
    for row in range(GRID):
        for column in range(GRID):
            x = inside.x + room_x * column / (GRID - 1)
            yield Rect(x, inside.y + room_y * row / (GRID - 1), piece.width, piece.height)


def _cost(piece: Piece, rect: Rect, inside: Rect, faces: Sequence[Rect]) -> float:
    """In shares of the panel's sides."""
    x = (rect.x + rect.width / 2 - inside.x) / inside.width
    y = (rect.y + rect.height / 2 - inside.y) / inside.height
    if piece.zone in ZONES:
        row, column = divmod(ZONES.index(piece.zone), 3)
        return 3 * (abs(x - (1 + 2 * column) / 6) + abs(y - (1 + 2 * row) / 6))
    hidden = sum(overlap(rect, face) / (face.width * face.height) for face in faces)
    cost = 4 * hidden + 0.5 * abs(x - piece.wishes[0]) + 0.8 * abs(y - piece.wishes[1])
    if piece.mouth:
        mouth_x = (piece.mouth[0] - inside.x) / inside.width
        mouth_y = (piece.mouth[1] - inside.y) / inside.height
        cost += 0.8 * abs(x - mouth_x) + (1.0 if y > mouth_y else 0.0)
    return cost
