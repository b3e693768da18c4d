"""Rain, snow, mist and lightning, in front of everything but the frame."""

from infrastructure.sketch.ink import mix
from infrastructure.sketch.outline import oval, ribbon
from infrastructure.sketch.stage import WET, Stage


def fall(s: Stage) -> None:
    b = s.b
    if b.indoors or b.place in ("space", "under") or b.shot == "insert":
        return
    if b.weather in WET:
        _rain(s)
    elif b.weather == "snow":
        _snow(s)
    elif b.weather == "fog":
        _mist(s)
    if b.weather == "storm":
        _lightning(s)


def _rain(s: Stage) -> None:
    d, sh = s.dice("rain"), s["fall"]
    lean = -s.side * (0.32 if s.b.weather == "storm" else 0.12)
    for _ in range(230):
        x, y, long = d.u(s.x0, s.x1), d.u(s.y0, s.y1), s.h * d.u(0.03, 0.10)
        colour = mix(s.pal["light"], s.pal["haze"], d.u(0.1, 0.6))
        sh.wire([(x, y), (x + lean * long, y + long)], (0.7 if d.yes(0.7) else 1.1) * s.unit, colour)
    sh.opacity = 0.5


def _snow(s: Stage) -> None:
    d, sh = s.dice("snow"), s["fall"]
    for _ in range(260):
        r = (0.8 + 3.2 * d.u() ** 4) * s.unit
        colour = mix(s.pal["light"], s.pal["low"], d.u(0, 0.4))
        sh.fill(oval(d.u(s.x0, s.x1), d.u(s.y0, s.y1), r, r, 8), colour)
    sh.opacity = 0.85


def _mist(s: Stage) -> None:
    d = s.dice("mist")
    for k in range(4):
        bank = oval(s.w * d.u(0.1, 0.9), s.hz + s.h * (0.10 * k - 0.06), s.w * 0.55, s.h * 0.05)
        s["air"].glaze(bank, mix(s.pal["haze"], s.pal["light"], 0.4), 0.5, s.h * 0.06, True)


def _lightning(s: Stage) -> None:
    d = s.dice("lightning")
    if d.yes(0.4):
        return
    bolt = [(s.w * (0.5 - s.side * d.u(0.12, 0.3)), s.y0)]
    while bolt[-1][1] < s.hz - 6:
        bolt.append((bolt[-1][0] + d.n(s.w * 0.022), bolt[-1][1] + s.h * d.u(0.03, 0.08)))
    s["far"].brush(bolt, 4 * s.unit, s.pal["light"], 1, 0.3)
    s["air"].glaze(ribbon(bolt, 26 * s.unit), s.pal["light"], 0.5, 9 * s.unit, True)
