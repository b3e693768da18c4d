"""Heads: planes on a turned egg, one half lit, with hair and hat. heads.txt has them in three dimensions."""

import math
from dataclasses import dataclass

from infrastructure.sketch.costume import Dress
from infrastructure.sketch.ink import Colour, mix
from infrastructure.sketch.outline import Point, oval
from infrastructure.sketch.shapes import Spot, shapes, stamp
from infrastructure.sketch.stage import Stage

COVERING = {"hood", "furhood", "helm", "space", "robot", "cowl", "steel"}  # no hair is seen under these


@dataclass(frozen=True)
class Head:
    x: float
    y: float
    r: float  # half its height
    yaw: float
    seed: int
    from_behind: bool = False

    def turned(self, px: float, py: float, pz: float) -> Point:
        turn = px * math.cos(self.yaw) + pz * math.sin(self.yaw)
        return self.x + turn * self.r, self.y - py * self.r


def draw_head(s: Stage, sheet: str, head: Head, dress: Dress, behind: bool = False) -> None:
    kept = {k: s.pal.get(k, (0.0, 0.0, 0.0)) for k in ("skin", "dim", "hair")}
    s.pal.update(skin=dress.skin, dim=dress.dim, hair=dress.hair)
    hat_colour = _hat_colour(s, dress)
    for part in _behind(dress) if behind else _before(s, head, dress):
        if part in shapes():
            body = hat_colour if part.startswith("hat") else dress.top
            stamp(s, sheet, part, Spot(head.x, head.y, head.r, 1, 0.0, body, head.turned, 3))
    s.pal.update(kept)
    if not behind and head.from_behind:
        _nape(s, sheet, head, dress, hat_colour)


def _behind(dress: Dress) -> list[str]:
    return [f"back {dress.hat}"] if dress.hat in COVERING else [f"back {dress.style}", f"back {dress.hat}"]


def _before(s: Stage, head: Head, dress: Dress) -> list[str]:
    if head.from_behind:
        return []
    hat = [f"hat {dress.hat}"] if dress.hat else []
    if dress.hat in ("robot", "helm"):
        return hat
    soft = dress.role in ("woman", "child", "dancer", "queen", "witch", "nurse") or dress.style.startswith(
        "woman"
    )
    parts = [f"face {'child' if dress.build.head > 0.08 else 'woman' if soft else 'man'}"]
    if head.r > 7 * s.unit:
        parts += ["features child" if dress.build.head > 0.08 else "features woman" if soft else "features"]
        parts += ["wrinkles"] * dress.is_old + _mood(s)
    parts += ["beard"] * dress.bearded
    if dress.hat not in COVERING:
        parts.append(f"hair {dress.style}")
    return parts + ["glasses"] * ("glasses" in s.b.props) + hat


def _mood(s: Stage) -> list[str]:
    return [f"mood {m}" for m in ("smile", "sad", "angry", "tears") if m in s.b.props]


def _nape(s: Stage, sheet: str, head: Head, dress: Dress, hat: Colour) -> None:
    """The head from behind: hair, ears, and whatever is on it."""
    sh, x, y, r = s[sheet], head.x, head.y, head.r
    hair = hat if dress.hat in COVERING else dress.hair
    for e in (-1, 1):
        sh.fill(oval(x + e * r * 0.8, y, r * 0.12, r * 0.22, 10), dress.dim)
    sh.fill(oval(x, y - r * 0.08, r * 0.84, r * 1.04, 26), hair)
    sh.fill(oval(x - s.lit(x) * r * 0.3, y, r * 0.5, r * 0.9, 20), mix(hair, s.pal["ink"], 0.4))
    if dress.style.startswith("woman") and dress.hat not in COVERING:
        sh.fill(oval(x, y + r * 0.6, r * 0.78, r * 1.0, 20), hair)
    if dress.hat and dress.hat not in COVERING and f"hat {dress.hat}" in shapes():
        back = Head(x, y, r, 0.0, head.seed)
        stamp(s, sheet, f"hat {dress.hat}", Spot(x, y, r, 1, 0.0, hat, back.turned, 3))


def _hat_colour(s: Stage, dress: Dress) -> Colour:
    own = {"fedora": 0.5, "beanie": 0.0, "hood": 0.12, "cowl": 0.3, "kerchief": 0.1}
    fixed = {"hardhat": "d9a52f", "chef": "e6e2d8", "crown": "d0a23a", "tiara": "d9cda0", "steel": "55593f"}
    fixed |= {
        "cowboy": "7a5a3a",
        "space": "dcdcd6",
        "southwester": "b88a2a",
        "robot": "8d959c",
        "helm": "858d95",
    }
    if dress.hat in fixed:
        return s.cloth(fixed[dress.hat])
    if dress.hat == "beanie" or s.b.coloured in ("hat", "cap"):
        return mix(s.pal["accent"], s.pal["ink"], 0.15)
    return mix(dress.top, s.pal["ink"], own.get(dress.hat, 0.45))
