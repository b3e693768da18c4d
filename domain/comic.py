"""A comic as it is planned: who is in it, and page by page what each panel shows and says.

Everything is kept in reading order. What a plan of another program says besides is in `more`, by the name it
has there, so that it is written back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SPEECH, THOUGHT, SHOUT, WHISPER = "speech", "thought", "shout", "whisper"
KINDS = (SPEECH, THOUGHT, SHOUT, WHISPER)
ZONES = tuple(
    f"{row}-{column}" for row in ("top", "middle", "bottom") for column in ("left", "center", "right")
)
STYLES = (
    *("american-classic", "noir", "manga", "euro-bd", "watercolor", "retro", "cyberpunk", "whimsical"),
    *("horror", "minimalist", "ukiyo-e", "pop-art", "sketch", "cel-shaded", "pulp", "woodcut", "art-nouveau"),
    *("graffiti", "chibi", "soviet-poster"),
)
PASSING = "anon-"  # begins the id of somebody who is no character of the comic: a guard, a voice

More = Mapping[str, Any]


@dataclass(frozen=True)
class Character:
    id: str  # "char-1"
    name: str
    appearance: str = ""
    clothing: str = ""
    role: str = ""
    seed: int | None = None
    more: More = field(default_factory=dict)


@dataclass(frozen=True)
class Actor:
    """Somebody whom a panel shows."""

    character: str  # an id
    expression: str = ""
    pose: str = ""
    gesture: str = ""
    gaze: str = ""
    more: More = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """What somebody says, in one balloon."""

    character: str  # an id
    text: str
    kind: str = SPEECH
    is_off: bool = False  # the speaker is not in the picture
    zone: str = ""  # where the balloon goes, if anybody said
    at: tuple[float, float] | None = None  # its middle, put there by hand, in percent of the panel
    tail: tuple[float, float] | None = None  # where its tail ends, likewise
    more: More = field(default_factory=dict)


@dataclass(frozen=True)
class Panel:
    id: str  # "ch1-p1-pan1"
    actors: tuple[Actor, ...] = ()
    action: str = ""
    location: str = ""  # where it is another than the page's
    mood: str = ""
    camera: str = ""  # shot and angle: "close-up, low angle"
    lines: tuple[Line, ...] = ()
    narrative: str = ""
    sfx: str = ""
    image_prompt: str = ""
    more: More = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """All that is lettered."""
        return [text for text in (self.narrative, *(line.text for line in self.lines), self.sfx) if text]


@dataclass(frozen=True)
class Page:
    id: str  # "ch1-p1"
    number: int  # from 1, through all chapters
    layout: str
    panels: tuple[Panel, ...]
    location: str = ""
    weather: str = ""
    time: str = ""  # of day
    summary: str = ""
    more: More = field(default_factory=dict)
    is_filled: bool = False  # nobody said where it ends: its panels are all that follow


@dataclass(frozen=True)
class Chapter:
    id: str  # "ch1"
    title: str
    pages: tuple[Page, ...]
    more: More = field(default_factory=dict)


@dataclass(frozen=True)
class Comic:
    title: str
    style: str
    language: str  # of what is lettered: "uk"
    characters: tuple[Character, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    is_rtl: bool = False  # read from right to left
    more: More = field(default_factory=dict)
    paper: str = ""  # what its pages are made on, and its panels shaped for; "" when nobody said: A4

    @property
    def pages(self) -> list[Page]:
        return [page for chapter in self.chapters for page in chapter.pages]

    @property
    def panels(self) -> Iterator[tuple[Page, Panel]]:
        return ((page, panel) for page in self.pages for panel in page.panels)

    def character(self, id: str) -> Character | None:
        return next((character for character in self.characters if character.id == id), None)
