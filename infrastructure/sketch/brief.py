"""What a prompt asks for: place, light, framing, who, doing what, with which things."""

import re
import zlib
from dataclasses import dataclass, field

from infrastructure.sketch.tables import named
from infrastructure.sketch.words import about_things, found, in_order, mentions, number_before, plain

INDOORS = {"room", "hall", "cave"}
PLURALS = {"children", "men", "women", "people", "kids", "kinder", "männer", "frauen", "lovers", "twins"}
LIGHT = re.compile(r"[- ](hour|evening|light|lights|shadow|shadows|dusk|sky|sea|water|leaves|hills)")
SINGULAR_S = ("ss", "us", "boss")
ACTIVE = {"run", "ride", "fight", "dance", "kneel", "lie", "climb", "wave", "point", "walk", "sit"}
PAIRS = {
    ("desert/dunes", "road/open"): "desert/road",
    ("forest/trees", "road/open"): "forest/road",
    ("mountain/snow", "room/sofa"): "mountain/snow",
    ("field/graves", "hall/columns"): "field/graves",
    ("village/farm", "field/wheat"): "field/wheat",
}  # two words that mean one place
PAIRS = {  # two words that mean one place
    ("desert/dunes", "road/open"): "desert/road",
    ("forest/trees", "road/open"): "forest/road",
    ("mountain/snow", "room/sofa"): "mountain/snow",
    ("village/farm", "field/wheat"): "field/wheat",
}
SAILS = {"boat", "sail", "ship", "raft", "rowing"}
STILL_LIFE = {"leaf", "wheel", "rope", "lamp", "skull", "flower"}  # seen close though nobody can hold them so
MOST = 9  # figures drawn one by one


@dataclass
class Brief:
    text: str
    place: str = "field"
    variant: str = "grass"
    outside: str = ""  # a second place, seen through the window
    time: str = "day"
    weather: str = ""
    mood: str = ""
    shot: str = "wide"
    angle: str = ""
    people: list[str] = field(default_factory=list)  # a role for each figure
    crowd: bool = False
    pose: str = ""
    animals: list[str] = field(default_factory=list)
    vehicles: list[str] = field(default_factory=list)
    props: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)  # the props somebody can hold
    colour: str = ""
    coloured: str = ""  # what has it: a thing, "clothes", or nothing in particular
    hands: bool = False  # an insert shows them at work
    facts: frozenset[str] = frozenset()  # everything a scene script may ask for

    @property
    def indoors(self) -> bool:
        return self.place in INDOORS

    @property
    def set(self) -> str:
        return f"{self.place}/{self.variant}"

    def in_words(self) -> str:
        """The reading in a few plain words: for a prompt that the slate's letters cannot write."""
        who = f"{len(self.people)} {self.people[0]}" if self.people else ""
        return " / ".join(t for t in (self.shot, self.variant, self.time, self.weather, self.mood, who) if t)


def read(prompt: str) -> Brief:
    text = about_things(plain(prompt))
    chance = zlib.crc32(text.encode("utf-8", "replace"))
    b = Brief(" ".join(prompt.split()))
    b.mood, b.angle = _first("mood", text), _first("angle", text)
    b.colour, b.coloured = _colour(text)
    b.animals, b.vehicles, b.props = found("animal", text), found("vehicle", text), found("prop", text)
    if "sail" in b.vehicles:
        b.vehicles = [v for v in b.vehicles if v != "ship"]
    if "balloonair" in b.vehicles:
        b.props = [p for p in b.props if p != "balloon"]
    holdable = named("things", "held")
    b.held = [p for p in b.props if p in holdable]
    b.weather = next(iter(in_order("weather", text)), "")
    b.pose = next(iter(in_order("pose", text)), "")
    b.people = _people(text)
    b.crowd = "crowd" in found("flag", text)
    _settle_place(b, text, chance)
    _settle_time(b, text, chance)
    _settle_cast(b, text, chance)
    _settle_shot(b, found("shot", text))
    _settle_hands(b, text)
    words = re.findall(r"[\w']+", text)
    b.facts = frozenset(
        {*words, b.weather, b.mood, b.time, b.shot, b.variant, *b.props, *b.vehicles, *b.animals}
    )
    return b


def _first(table: str, text: str) -> str:
    return next(iter(found(table, text)), "")


def _colour(text: str) -> tuple[str, str]:
    """The first colour said of a thing, and that thing: the red of "a red umbrella"."""
    said = [m for m in mentions("colour", text) if not LIGHT.match(text, m[2] + len(m[1]))]
    for name, word, place in said:
        after = text[place + len(word) : place + len(word) + 26]
        near = re.split(r"[,.;:]| and ", after)[0]
        things = [*found("prop", near), *found("vehicle", near)]
        worn = re.search(r"\bin $", text[:place]) or re.match(r" (shirt|jacket|sweater|suit|uniform)", after)
        if things or worn or re.match(r" (hair|scarf)", after):
            return name, things[0] if things else "clothes" if worn else ""
    return (said[0][0], "") if said else ("", "")


def _people(text: str) -> list[str]:
    """A role for every figure mentioned; the same role said twice is the same figure."""
    counts: dict[str, int] = {}
    for role, word, place in mentions("role", text):
        many = word in PLURALS or (word.endswith("s") and not word.endswith(SINGULAR_S))
        said = number_before(text, place) or (2 if word in ("couple", "friends", "lovers", "twins") else 0)
        said = (
            said
            or (4 if word == "family" else 0)
            or (3 if many and role in ("child", "boy", "girl", "soldier") else 2 if many else 1)
        )
        counts[role] = max(counts.get(role, 0), said)
    if len(counts) > 1 and re.search(r"\b(lovers|couple|twins|silhouettes?)\b", text):
        counts.pop("man", None)
    for role, word, _ in mentions("pronoun", text) if not counts else ():
        counts.setdefault(role, 1)
        if word:
            break
    people = [role for role, n in counts.items() for _ in range(n)]
    if re.search(r"\b(couple|lovers|married|husband and wife|paar)\b", text) and people == ["man", "man"]:
        people = ["man", "woman"]
    if people == ["man"] * 4 and "family" in text:
        people = ["man", "woman", "girl", "boy"]
    old = bool(found("old", text))
    if old and len(counts) == 1:
        people = [{"man": "oldman", "woman": "oldwoman"}.get(p, p) for p in people]
    return people[:MOST]


def _settle_place(b: Brief, text: str, chance: int) -> None:
    flags, places = found("flag", text), found("place", text) or found("backdrop", text)
    if "train" in b.vehicles:  # a train upon a bridge is its own place, and so is its inside
        places = ["rail/bridge" if p == "bridge/span" else p for p in places]
        if not {"rail/bridge", "rail/station", "hall/carriage"} & set(places):
            places = [p for p in places if p.startswith(("room", "mountain/castle"))] or ["rail/track"]
    if "inside" in flags and not any(p.split("/")[0] in INDOORS for p in places):
        places = ["room/sofa", *places]
    elif "outside" in flags:
        places = [p for p in places if p.split("/")[0] not in INDOORS] or places
    homes = named("things", "homes")
    clues = [*b.vehicles, *b.animals, *b.people, *b.props]
    places = [v for pair, v in PAIRS.items() if set(pair) <= set(places)] or places
    if not places:
        anywhere = homes["anywhere"]
        places = [next((homes[c][0] for c in clues if c in homes), anywhere[chance % len(anywhere)])]
    if re.search(r"\bthrough the window\b", text) and places[0].split("/")[0] not in INDOORS:
        places = ["room/sofa", *places]
    if places[0] in ("sea/open", "sea/lake") and b.people and not SAILS & {*b.vehicles, *text.split()}:
        places[0] = "sea/beach" if places[0] == "sea/open" else "sea/bank"
    b.place, b.variant = places[0].split("/")
    b.outside = next((p for p in places[1:] if p.split("/")[0] not in INDOORS), "")
    if b.indoors:
        b.vehicles = [v for v in b.vehicles if v in ("car", "truck", "bike", "moto") and b.variant == "works"]


def _settle_time(b: Brief, text: str, chance: int) -> None:
    said = found("time", text)
    lit = b.place in ("cave", "space") or bool({"lantern", "candle", "fire", "streetlamp"} & set(b.props))
    dark = lit or b.mood in ("neon", "horror") or b.variant in ("bar", "stage")
    b.time = said[0] if said else "night" if dark else ("day", "golden", "dusk", "dawn")[chance // 8 % 4]
    if "night" in said and b.time in ("golden", "day") and "golden" not in text.split("night")[0]:
        b.time = "night"


def _settle_cast(b: Brief, text: str, chance: int) -> None:
    flags = found("flag", text)
    if not (b.people or b.animals or b.vehicles or b.crowd):
        name = re.search(r"[^.!?:\s]\s+[A-Z][a-zäöü]{2,}", b.text) and not re.search("[äöüß]", text)
        nothing = not (b.props or re.search(r"\b(hands?|fingers|thumb)\b", text))
        if b.pose in ACTIVE - {"lie"} or name or ("close" in found("shot", text) and nothing):
            b.people = ["woman" if chance % 2 else "man"]
    if {"dancer"} == set(b.people) and not b.pose:
        b.pose = "dance"
    if b.pose == "lie" and re.search(r"\b(chair|armchair|bench|seat)\b", text):
        b.pose = "sit"
    if "rider" in text.split() or (b.pose == "ride" and "cowboy" in b.people):
        b.animals = b.animals or ["horse"]
    near = {"close", "insert"} & set(found("shot", text))
    if not b.people and not near and ("bike" in b.vehicles or ("moto" in b.vehicles and b.pose == "ride")):
        b.people = ["woman" if chance % 2 else "man"]
    if "nobody" in flags or ("empty" in flags and not mentions("role", text)):
        b.people, b.crowd = [], False


def _settle_shot(b: Brief, shots: list[str]) -> None:
    if shots:
        near = bool({"close", "insert"} & set(shots))
        thing = near and b.held and not b.people
        b.shot = "close" if near and b.people and "insert" not in shots else "insert" if thing else shots[0]
    elif b.people and not b.crowd and not b.vehicles and b.pose not in ACTIVE:
        small = any(named("things", "held")[thing][1] == "small" for thing in b.held)
        handy = small or b.pose in ("read", "write", "eat", "talk", "hug")
        b.shot = "medium" if handy and len(b.people) < 3 else "wide"
    elif b.place in ("mountain", "desert", "space", "sky") and not b.people:
        b.shot = "ews" if not b.people else "wide"
    elif b.held and not b.people and b.place == "room":
        b.shot = "insert"
    if (b.shot == "insert" and not b.held) or (b.shot == "close" and not b.people):
        b.shot = "medium" if b.people else "wide"
    if b.angle == "ots" and b.people and b.shot not in ("close", "insert"):
        b.shot = "medium"
    if b.shot in ("close", "medium") and not b.people and not b.animals:
        b.shot = "wide"


def _settle_hands(b: Brief, text: str) -> None:
    """A close look at hands, or at a thing, is an insert."""
    b.hands = bool(re.search(r"\b(hands?|fingers|thumb)\b", text))
    is_near = bool({"close", "insert"} & set(found("shot", text)))
    faces = re.search(r"\b(face|eyes|portrait|looks?|smil\w*)\b", text)
    if is_near and ((b.hands and not faces) or (not b.people and set(b.props) & STILL_LIFE)):
        b.shot = "insert"
