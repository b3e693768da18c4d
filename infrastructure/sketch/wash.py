"""Large washes: sky, ground, water, and what wet surfaces mirror."""

import numpy as np

from infrastructure.sketch.ink import Array, mix, noise, smooth, tile
from infrastructure.sketch.outline import oval
from infrastructure.sketch.stage import WET, Stage

WHITE = (255.0, 255.0, 255.0)
COVER = {"storm": 0.95, "rain": 0.8, "overcast": 0.85, "snow": 0.7}


def sky(s: Stage, cover: str = "") -> None:
    """A graded wash, the halo of sun or moon, clouds in perspective laid in three tones, stars."""
    b, p, d = s.b, s.pal, s.dice("sky")
    x, y = s.grid()
    t = np.clip(y / max(60.0, s.hz), 0, 1) + 0.06 * noise(d, (x.shape[1], y.shape[0]), 130, 2, 3)
    away: Array = np.sqrt((x - s.sun[0]) ** 2 + ((y - s.sun[1]) * 1.25) ** 2, dtype=np.float32) / np.float32(
        s.h
    )
    clear = b.weather in ("", "wind", "snow", "fog")
    halo = (0.38 if s.dark else 0.75) * np.exp(-away * 3.4) * clear
    amount = COVER.get(b.weather, float(cover) if cover else d.pick((0.2, 0.4, 0.55)))
    dense, lit = _clouds(s, amount, away)
    shade = mix(p["mid"], p["shade"], 0.62 if amount > 0.6 else 0.42)
    bright = mix(p["low"], p["light"], 0.2 if s.dark else 0.6)
    planes = []
    for c in range(3):
        top, middle, low = p["top"][c], p["mid"][c], p["low"][c]
        upper = top + (middle - top) * np.clip(t / 0.55, 0, 1)
        lower = middle + (low - middle) * np.clip((t - 0.55) / 0.45, 0, 1)
        im = np.where(t < 0.55, upper, lower)
        im += (p["light"][c] - im) * halo
        im += (shade[c] + (bright[c] - shade[c]) * lit - im) * dense
        planes.append(im)
    s.lay("sky", planes)
    _stars(s, clear)
    if clear and b.place != "under" and b.weather != "fog":
        s["sky"].fill(oval(*s.sun, s.h * 0.047, s.h * 0.047, 40), mix(p["light"], WHITE, 0.35))


def _clouds(s: Stage, amount: float, away: Array) -> tuple[Array, Array]:
    d, (x, y) = s.dice("clouds"), s.grid()
    up = np.maximum(s.hz * 1.06 - y, 4.0)
    k, tex = 0.20 * s.h, tile(s.dice("cloud"), 4, 5, stretch=2)
    u = (((x - s.w * 0.5) * (k / (up + 0.25 * s.h))).astype(np.int32) + d.i(0, 255)) & 255
    v = np.broadcast_to((k * 2.6 * s.h / (up + 0.25 * s.h)).astype(np.int32) & 255, u.shape)
    n, lean = tex[v, u], tex[(v + 6) & 255, (u + (5 if s.sun[0] > s.w / 2 else -5)) & 255]
    dense = smooth(0.55 - 1.1 * amount, 1.05 - 1.1 * amount, n) * (amount > 0)
    dense = (0.55 * dense + 0.45 * np.floor(dense * 3.99) / 3) * np.clip(up / (0.2 * s.h), 0.1, 0.8)
    lit = smooth(-0.25, 0.4, n - lean) * (1 - 0.5 * np.clip(away - 0.2, 0, 1))
    return np.asarray(dense, np.float32), np.asarray(lit, np.float32)


def _stars(s: Stage, clear: bool) -> None:
    deep, d = s.b.place == "space", s.dice("stars")
    for _ in range(300 if deep else 110 if s.dark and clear else 0):
        x, y, q = d.u(s.x0, s.x1), d.u(s.y0, s.h if deep else s.hz * 0.9), d.u() ** 3
        r = (0.4 + q) * s.unit
        s["sky"].fill(oval(x, y, r, r, 6), mix(s.pal["mid"], s.pal["light"], 0.35 + 0.6 * q))


def ground(s: Stage, near: str, far: str, texture: str, across: str, along: str) -> None:
    """A plane of one tone that lifts into the haze, lit under the sun."""
    x, y = s.grid()
    drop = (y - s.hz) / s.h
    snowy = s.b.weather == "snow" or s.b.variant == "snow"
    c0, c1 = s.tone(far, 300), s.t(0.62) if snowy else s.tone(near)
    a = np.exp(-s.f * s.eye / np.maximum(y - s.hz, 1.0) / (s.seen * 0.35))
    a = np.clip(a * np.clip(0.45 + drop * 1.1, 0, 1) * 1.25, 0, 1)
    n = s.plane("ground", float(across), float(along))
    beam = 0.3 * np.exp(-(((x - s.sun[0]) / (s.w * 0.3)) ** 2)) * np.clip(1 - drop / 0.45, 0, 1)
    beam = beam * (0.7 + 0.5 * n)
    planes = []
    for c in range(3):
        im = (c0[c] + (c1[c] - c0[c]) * a) * (1 + float(texture) * n)
        planes.append(im + (s.pal["light"][c] - im) * beam)
    s.lay("ground", planes, s.hz)


def water(s: Stage, tone: str, chop: str) -> None:
    """The sky upside down, darker towards us, broken by ripples, with the light's road on it."""
    p, (x, y), eye = s.pal, s.grid(), max(0.6, s.eye)
    ripple, swell = s.plane("ripple", 9, 150 / eye), s.plane("swell", 3, 40 / eye)
    up, wave = np.clip((y - s.hz) / (s.h - s.hz), 0, 1), (0.65 * ripple + 0.5 * swell) * float(chop)
    v = float(tone) * (0.85 if s.dark else 1)
    far, middle = mix(p["low"], p["haze"], 0.5), mix(p["mid"], p["shade"], 0.45)
    near, trough, crest = s.t(v * 0.62), s.t(v * 0.35), mix(p["low"], p["light"], 0.45)
    width = 14 * s.unit + np.maximum(y - s.hz, 0) * 0.42
    road = np.exp(-(((x - s.sun[0]) / width) ** 2)) * (s.b.weather not in ("overcast", *WET))
    spark = 0.8 * np.clip((ripple * 1.1 + 0.35 * road) * 2.2, 0, 1) * road
    planes = []
    for c in range(3):
        upper, lower = (
            far[c] + (middle[c] - far[c]) * up / 0.4,
            middle[c] + (near[c] - middle[c]) * (up - 0.4) / 0.6,
        )
        im = np.where(up < 0.4, upper, lower)
        im = im + (trough[c] - im) * np.clip(wave * 0.55, 0, 0.5)
        im = im + (crest[c] - im) * np.clip(-wave * 0.42 - 0.06, 0, 0.4)
        planes.append(im + (p["light"][c] - im) * spark)
    s.lay("ground", planes, s.hz)
    mirror(s, ripple, 0.5, 0.10, 0.92)


def wet(s: Stage) -> None:
    mirror(s, s.plane("wet", 40, 60), 0.5, 0.035, 0.85)


def mirror(s: Stage, ripple: Array, strength: float, shake: float, squash: float) -> None:
    """Later, when all is painted: what stands behind, upside down, shaken sideways by the ripples."""

    def reflect(ground: Array, behind: Array) -> Array:
        h, w = ground.shape[1:]
        top = max(1, int(s.hz + s.margin[1]))
        n = np.arange(h - top)
        rows = np.clip(top - (n * squash).astype(int) - 1, 0, h - 1)[:, None]
        wobble = s.full(ripple)[top:]
        shift = (wobble * (1.2 * s.unit + n[:, None] * shake)).astype(int)
        cols = np.clip(np.arange(w)[None, :] + shift, 0, w - 1)
        keep = np.clip(strength + 0.3 * wobble - n[:, None] / s.h * 0.4, 0.08, 0.8)
        for c in range(3):
            below = ground[c, top:]
            below += (behind[c][rows, cols] * 0.85 - below) * keep
        return ground

    s.reflect = reflect
