"""What a role wears: one costume of config/sketch/figures.txt, its colours and hat chosen by the dice."""

from dataclasses import dataclass

from infrastructure.sketch.ink import Colour, Dice, mix
from infrastructure.sketch.skeleton import Build, build
from infrastructure.sketch.stage import Stage
from infrastructure.sketch.tables import named

HATS_SAID = {"hat": "fedora", "cap": "cap", "beanie": "beanie"}
BARE_HEADS = {"man", "woman", "oldman", "oldwoman", "child", "boy", "girl", "worker", "suit", "musician"}


@dataclass(frozen=True)
class Dress:
    role: str
    build: Build
    top: Colour
    legs: Colour
    skin: Colour
    dim: Colour  # skin in shadow
    hair: Colour
    hat: str
    collar: str
    long: tuple[float, float]  # coat or skirt below the hips: length and flare; 0 is none
    is_skirt: bool
    bare_arms: bool
    gear: frozenset[str]
    bulk: float
    style: str  # of the hair
    is_old: bool
    bearded: bool

    @property
    def is_machine(self) -> bool:
        return "machine" in self.gear


def dress(s: Stage, role: str, d: Dice, z: float, lead: bool) -> Dress:
    """The figure the prompt is about wears the colour that the prompt names."""
    kind, *costumes = named("figures", "role")[role]
    worn = _wish(s, role, costumes) or d.pick(costumes)
    words = named("figures", "costume")[worn]
    values = dict(w.split("=", 1) for w in words if "=" in w)
    flags = {w for w in words if "=" not in w}
    top = s.cloth(d.pick(values["top"].split(",")), z)
    if lead and s.b.coloured in ("coat", "dress", "clothes"):
        top = mix(s.pal["accent"], s.pal["shade"], 0.1)
    elif s.b.mood == "neon" and d.yes(0.3):
        top = mix(top, s.pal["glow"], 0.25)
    long = values.get("skirt") or values.get("coat") or "0:0"
    length, flare = (float(v) for v in long.split(":"))
    hats = values["hats"].split(",")
    hat = next(
        (HATS_SAID[p] for p in s.b.props if p in HATS_SAID and lead and role in BARE_HEADS), d.pick(hats)
    )
    skin, dim, hair = complexion(s, role, d)
    legs = s.cloth(d.pick(values["legs"].split(",")), z)
    return Dress(
        role=role,
        build=build(kind),
        top=top,
        legs=legs if legs != top else mix(top, s.pal["ink"], 0.25),
        skin=skin,
        dim=dim,
        hair=hair,
        hat=hat,
        collar=values.get("collar", ""),
        long=(length, flare),
        is_skirt="skirt" in values,
        bare_arms=values.get("sleeves") == "bare",
        gear=frozenset({*values.get("gear", "").split(","), *flags} - {""}),
        bulk=float(values.get("bulk", "1")) * build(kind).bulk,
        style=_hair_style(kind, role, d),
        is_old=role in ("oldman", "oldwoman", "king"),
        bearded=_bearded(s, role, d),
    )


def complexion(s: Stage, role: str, d: Dice) -> tuple[Colour, Colour, Colour]:
    """Skin, skin in shadow and hair, in the panel's own light."""
    skin, dim = s.t(0.7 if s.dark else 0.82), s.t(0.3)
    if s.b.mood != "noir":
        warm = mix((226.0, 172.0, 132.0), (112.0, 72.0, 50.0), d.u(0, 0.75) ** 1.3)
        own = mix(warm, s.pal["shade"], 0.28 if s.dark else 0.0)
        skin, dim = mix(skin, own, 0.62), mix(mix(own, s.pal["shade"], 0.5), s.pal["ink"], 0.18)
    hairs = ("1d1815", "2a211c", "4a3222", "6e4a2a", "a5793f", "7a3a22")
    grey = ("c9c6c0", "a8a49c", "dedbd4")
    old = role in ("oldman", "oldwoman", "king") or (role == "keeper" and d.yes(0.4))
    return skin, dim, s.cloth(d.pick(grey if old else hairs))


def _wish(s: Stage, role: str, costumes: list[str]) -> str:
    """A garment the prompt names."""
    wishes = {"dress": ("longdress", "dress"), "coat": ("coat", "raincoat", "oldcoat", "trench")}
    weather = ("coat", "anorak", "raincoat", "oldcoat") if s.b.weather in ("snow", "rain", "storm") else ()
    for word, options in wishes.items():
        if word in s.b.props:
            return next((o for o in options if o in costumes), "")
    return next((o for o in weather if o in costumes and not s.b.indoors), "")


def _hair_style(kind: str, role: str, d: Dice) -> str:
    styles = {"woman": ("woman", "woman2", "woman3"), "child": ("child", "child2"), "oldwoman": ("woman2",)}
    if role == "dancer":
        return "woman2"
    if role in ("boy", "girl"):
        return "child" if role == "boy" else "child2"
    if kind == "old":
        return d.pick(("man2", "man3"))
    return d.pick(styles.get(kind, ("man", "man3", "man", "man4")))


def _bearded(s: Stage, role: str, d: Dice) -> bool:
    if "beard" in s.b.props and role not in ("woman", "child", "boy", "girl", "oldwoman", "queen"):
        return True
    chance = {
        "keeper": 0.8,
        "oldman": 0.5,
        "king": 1.0,
        "climber": 0.4,
        "robed": 0.6,
        "man": 0.25,
        "cowboy": 0.4,
    }
    return d.yes(chance.get(role, 0.0))
