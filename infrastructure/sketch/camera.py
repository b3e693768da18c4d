"""How the camera moves in a clip: read from the prompt's words, eased, and the same at every frame size.

At the start of a clip the camera stands where the start image was taken from: nothing is moved.
A clip that goes on from another's last frame starts at the speed with which that one ended.
"""

import math
import re
from dataclasses import dataclass, replace

from infrastructure.sketch.tables import named, sections
from infrastructure.sketch.words import plain, words_pattern

ENDING = 0.6  # of the mean speed, where clip meets clip
WHOLE = 4.0  # seconds after which a move has gone its whole way


@dataclass(frozen=True)
class View:
    """Where the camera is: shares of the frame width aside, of its height up; growth of near and all."""

    aside: float = 0.0
    up: float = 0.0
    nearer: float = 0.0
    zoom: float = 0.0
    spread: float = 0.0

    def at(self, depth: float) -> tuple[float, float, float]:
        """Scale and shift (shares of width and height) of things at a depth: 0 sky, 1 the actors."""
        scale = (1 + self.zoom) * (1 + self.nearer * (0.35 + 0.65 * depth))
        part = 1 + self.spread * (depth - 0.7)
        return scale, -self.aside * part, self.up * part


@dataclass(frozen=True)
class Move:
    kind: str
    strength: float  # 0 to 1
    sign: int  # 1: right, up, in
    seconds: float
    is_first: bool = True  # not the continuation of another clip

    def view(self, share: float) -> View:
        """At a share of the clip, 0 to 1."""
        if share <= 0 or self.kind == "static":
            return View()
        aside, up, nearer, zoom, spread, sway = (float(v) for v in named("camera", "path")[self.kind])
        whole = 2 * self.strength * min(1.0, self.seconds / WHOLE)
        way = whole * self._eased(share)
        sign = self.sign if self.kind not in ("push", "pull") else 1
        sideways, growth = way * sign, way * (sign if self.kind == "zoom" else 1)
        shake_x, shake_y = self._shake(share * self.seconds, sway * self.strength)
        return View(
            aside * sideways + shake_x, up * sideways + shake_y, nearer * growth, zoom * growth, spread
        )

    def reversed(self) -> "Move":
        """The way back, for a clip that has to arrive at an end image."""
        return replace(self, sign=-self.sign, is_first=True)

    def _eased(self, t: float) -> float:
        """From rest (or, going on, from the ending speed) to the ending speed: a Hermite curve."""
        start, end = (0.0 if self.is_first else ENDING), ENDING
        return (t**3 - 2 * t**2 + t) * start + (3 * t**2 - 2 * t**3) + (t**3 - t**2) * end

    @staticmethod
    def _shake(seconds: float, amount: float) -> tuple[float, float]:
        """A hand's unrest, zero at the start."""
        soft = amount * 0.012 * min(1.0, seconds * 2)
        x = math.sin(seconds * 3.1) + 0.5 * math.sin(seconds * 7.3) + 0.25 * math.sin(seconds * 12.7)
        y = math.sin(seconds * 2.3) + 0.5 * math.sin(seconds * 5.9) + 0.25 * math.sin(seconds * 14.1)
        return soft * x, soft * y


def read_move(prompt: str, seconds: float, is_first: bool = True) -> Move:
    text = plain(prompt)
    kind = next((name for name, p in _table("move") if _about_camera(text, p)), "drift")
    way = _way(text, kind)
    return Move(kind, _strength(text, kind), -1 if way in ("left", "down", "out") else 1, seconds, is_first)


def _table(name: str) -> list[tuple[str, re.Pattern[str]]]:
    rows = (row.split("|", 1) for row in sections("camera")[name])
    return [(key.strip(), words_pattern(words.split())) for key, words in rows]


def _about_camera(text: str, pattern: re.Pattern[str]) -> re.Match[str] | None:
    """The last mention: a story may push a door, the camera is told about at the end."""
    return next(iter(reversed(list(pattern.finditer(text)))), None)


def _way(text: str, kind: str) -> str:
    found = next((m for name, p in _table("move") if name == kind and (m := _about_camera(text, p))), None)
    near = text[found.start() : found.end() + 30] if found else ""
    options = {"zoom": ("out", "in"), "pan": ("left", "right"), "truck": ("left", "right")}
    options |= {"orbit": ("left", "right"), "tilt": ("down", "up"), "crane": ("down", "up")}
    ways = dict(_table("way"))
    return next((way for way in options.get(kind, ()) if ways[way].search(near)), "")


def _strength(text: str, kind: str) -> float:
    said = re.search(r"strength[ :=]*(\d+(?:\.\d+)?)\s*(%?)", text)
    if said:
        return min(1.0, float(said[1]) / (100 if said[2] or float(said[1]) > 1 else 1))
    found = next((m for name, p in _table("move") if name == kind and (m := _about_camera(text, p))), None)
    near = text[max(0, found.start() - 24) : found.end() + 24] if found else ""
    return next((float(amount) for amount, p in _table("strength") if p.search(near)), 0.5)
