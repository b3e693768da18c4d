"""The player of scene scripts: config/sketch/sets*.txt tells a place as a list of deeds, back to front.

a~b  any number between     a:b  from a to b     @v  mirrored to the actors' side     X  the actors' x
&v   on each side in turn (both)     vz  times the depth of the march     vd  counted from the back wall
Screen deeds: x from the middle in widths, y from the horizon in heights (vf: from the top edge).
World deeds: metres, x y z; z away from the lens.
?word  only if prompt or palette say so (dark, wet, a prop, ...); ?.5 by chance; !word not so.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from infrastructure.sketch.ink import Dice
from infrastructure.sketch.shapes import Spot, stamp
from infrastructure.sketch.stage import WET, Stage
from infrastructure.sketch.tables import sections

FILES = ("sets", "sets_inside")
Verb = Callable[..., Any]


@lru_cache(maxsize=1)
def places() -> dict[str, list[str]]:
    return {name: rows for file in FILES for name, rows in sections(file).items()}


class Script:
    """One place being played; `z` is the depth of the march, `deep` where the back wall stands."""

    def __init__(self, s: Stage, verbs: dict[str, Verb]) -> None:
        self.s, self.d, self.verbs = s, Dice(*s.key, "set"), verbs
        self.z, self.side, self.deep = 1.0, 1, 5.0
        b = s.b
        truths = {
            "dark": s.dark,
            "vehicles": bool(b.vehicles),
            "people": bool(b.people or b.crowd),
            "crowd": b.crowd,
            "wet": b.weather in WET or (b.mood in ("noir", "neon") and not b.indoors),
        }
        self.facts = b.facts | {name for name, holds in truths.items() if holds}

    def run(self, name: str) -> None:
        self._rows(places()[name])

    def _rows(self, rows: list[str]) -> None:
        k = 0
        while k < len(rows):
            row, inner = rows[k], []
            depth = len(row) - len(row.lstrip())
            k += 1
            while k < len(rows) and len(rows[k]) - len(rows[k].lstrip()) > depth:
                inner.append(rows[k])
                k += 1
            self._play(row.split(), inner)

    def _play(self, words: list[str], inner: list[str]) -> None:
        while words[0][0] in "?!":
            if self._holds(words[0][1:]) == (words[0][0] == "!"):
                return
            words = words[1:]
        verb, *args = words
        if verb == "march":
            self._march(args, inner)
        elif verb == "both":
            for self.side in (-1, 1):
                self._rows(inner)
        elif verb == "when":
            self._rows(inner)
        elif verb == "use":
            self.run(args[0])
        else:
            self.verbs[verb](self, *args)

    def _holds(self, test: str) -> bool:
        return self.d.yes(float(test)) if test[0] == "." else test in self.facts

    def _march(self, args: list[str], inner: list[str]) -> None:
        """The same deeds again and again, each nearer than the last."""
        first, ratio, n = (self.num(a) for a in args)
        kept = self.z
        for step in range(int(n) - 1, -1, -1):
            self.z = first * ratio**step
            self._rows(inner)
        self.z = kept

    # --- numbers ---------------------------------------------------------------------------------

    def num(self, token: str) -> float:
        if token == "X":
            return self.s.fx / self.s.w - 0.5
        sign = {"@": self.s.side, "&": self.side}.get(token[0], 1)
        tail = token[-1] if token[-1] in "zd" else ""
        low, _, high = (part.strip("@&zd") for part in token.partition("~"))
        value = sign * (self.d.u(float(low), float(high)) if high else float(low))
        return value * self.z if tail == "z" else self.deep + value if tail == "d" else value

    def pair(self, token: str) -> tuple[float, float]:
        a, _, b = token.partition(":")
        return self.num(a), self.num(b or a)

    def x(self, token: str) -> float:
        return self.s.w * (0.5 + self.num(token))

    def y(self, token: str) -> float:
        value = self.s.h * self.num(token.replace("f", ""))
        return value if "f" in token else self.s.hz + value


def horizon(c: Script, y: str) -> None:
    c.s.hz = c.s.h * c.num(y)
    c.s.keep_feet_in()


def sun(c: Script, x: str, y: str) -> None:
    c.s.sun = (c.x(x), c.y(y))


def at(c: Script, x: str) -> None:
    c.s.fx = c.x(x)


def foot(c: Script, y: str) -> None:
    """The line on which the actors stand."""
    c.s.foot = c.y(y)


def put(c: Script, *args: str) -> None:
    """sheet shape x y size z: a shape on the screen."""
    sheet, shape, x, y, size, z = args
    depth = c.num(z)
    spot = Spot(c.x(x), c.y(y), c.s.h * c.num(size), c.s.side, depth, c.s.t(0.14, depth))
    stamp(c.s, sheet, shape, spot)


def put3(c: Script, *args: str) -> None:
    """sheet shape x y z size: a shape in the world."""
    sheet, shape, x, y, z, size = args
    depth = c.num(z)
    px, py = c.s.p(c.num(x), c.num(y), depth)
    unit = c.s.f / depth * c.num(size)
    stamp(c.s, sheet, shape, Spot(px, py, unit, c.s.side, depth, c.s.t(0.14, depth)))


def stand(c: Script, *args: str) -> None:
    """sheet shape x z size: a shape on the ground of the world."""
    sheet, shape, x, z, size = args
    put3(c, sheet, shape, x, "0", z, size)


VERBS: dict[str, Verb] = {
    "horizon": horizon,
    "sun": sun,
    "at": at,
    "foot": foot,
    "put": put,
    "put3": put3,
    "stand": stand,
}
