"""A figure ready to be drawn: where its joints are, what it wears, how large it is, where it looks."""

from dataclasses import dataclass

from infrastructure.sketch.costume import Dress
from infrastructure.sketch.ink import Dice
from infrastructure.sketch.skeleton import Joints


@dataclass(frozen=True)
class Figure:
    sheet: str
    j: Joints
    dress: Dress
    size: float  # pixels of the stature
    face: int  # 1 looks right
    d: Dice
    from_behind: bool = False
    grip: str = "open"  # how the near hand is closed
    sway: float = 0.0  # how far cloth swings back, in statures
