"""How a style letters its pages: the colours of paper, balloons, boxes and sounds, and how heavy lines are.

Whatever is not said is as on a page of no known style.
"""

from collections.abc import Mapping
from typing import NamedTuple

INK = "#141414"


class Colours(NamedTuple):
    paper: str = "#ffffff"
    words: str = INK
    edge: str = INK


class Sound(NamedTuple):
    fill: str = "#ffd23f"
    edge: str = INK


class Look(NamedTuple):
    page: str = "#ffffff"  # the paper: margins, and what is between panels
    empty: str = "#d8d6d0"  # a panel that has no picture yet
    border: str = INK  # of a panel
    line: float = 1.0  # how heavy the lines around panels and words are, to the usual
    balloon: Colours = Colours()
    box: Colours = Colours(paper="#fff4cf")  # the narrator's
    sound: Sound = Sound()
    voice: str = "comic"  # the type of balloons: a face of `infrastructure.fonts`
    narrator: str = "comic"  # … of boxes


Looks = Mapping[str, Look]
USUAL = Look()
