"""What the projects of comic editors call things: where a tail is, how a balloon looks."""

from domain.comic import SHOUT, SPEECH, THOUGHT, WHISPER

STYLES = {SPEECH: "round", THOUGHT: "cloud", SHOUT: "shout", WHISPER: "whisper"}  # of balloons, by kind
KINDS = {**{style: kind for kind, style in STYLES.items()}, "square": SPEECH}
NO_TAIL = "none"
_MIDDLE = 1 / 3  # how far from the middle of a side a tail still is in its centre

Point = tuple[float, float]


def tail_towards(middle: Point, tip: Point | None, half: Point) -> str:
    """The side of a balloon whose halves are `half`, and where on it the tail is: "bottom-left"."""
    if tip is None:
        return NO_TAIL
    x, y = (tip[0] - middle[0]) / half[0], (tip[1] - middle[1]) / half[1]
    if abs(y) >= abs(x):
        side, along, names = ("bottom" if y > 0 else "top"), x / (abs(y) or 1), ("left", "right")
    else:
        side, along, names = ("right" if x > 0 else "left"), y / abs(x), ("top", "bottom")
    return f"{side}-{names[0] if along < -_MIDDLE else names[1] if along > _MIDDLE else 'center'}"
