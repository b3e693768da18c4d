"""A comic editor's project, read as a plan: a canvas is a page, a picture a panel, and words belong to the
panel in which their middle is.

What the editor shows counts; `plan` in an object, where there is one, fills in what it cannot show.
"""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any, NamedTuple

from domain.comic import PASSING, SPEECH
from domain.comic_editor import KINDS, NO_TAIL
from domain.comic_layouts import Layouts, Rect
from domain.comic_rules import Finding
from domain.errors import BadFile
from infrastructure.comics.layout_file import layouts

Object = dict[str, Any]
FAR = 12.0  # percent of the page: how far, at the mean, sides are from a layout's until it is told
UNSEEN = "transparent"
WORDS = ("dialogue", "narrative", "sfx")
MOST = 2000  # elements of a canvas


class Edited(NamedTuple):
    plan: Object  # as JSON; a panel's picture is its `imageUrl`
    findings: list[Finding]
    sides: dict[str, tuple[float, float]]  # width and height of each canvas


def is_editors(content: Any) -> bool:
    return isinstance(content, dict) and isinstance(content.get("canvases"), list)


def read_editor(content: Object) -> Edited:
    """Raises BadFile."""
    about, reader = _kept(content), _Reader(content)
    pages = [
        reader.page(canvas, f"canvases[{number}]")
        for number, canvas in sorted(enumerate(content["canvases"]), key=_order)
    ]
    title = content.get("title") or about.get("title") or ""
    plan = {**about, "title": title, "characters": reader.characters, "chapters": list(_chapters(pages))}
    named = content.get("paperSize")
    if isinstance(named, str) and ("paper" in about or named.casefold() != "a4"):
        plan["paper"] = named  # A4 goes without saying
    return Edited(plan, reader.findings, reader.sides)


def _order(canvas: tuple[int, Any]) -> tuple[float, int]:
    number, said = canvas
    order = said.get("order") if isinstance(said, dict) else None
    return (order if isinstance(order, int | float) else number, number)


def _chapters(pages: Sequence[Object]) -> Iterator[Object]:
    """Pages that follow each other in one chapter; those that name none go on with the one before."""
    made: Object | None = None
    for page in pages:
        about = page.pop("chapter", None)
        if made is None or (isinstance(about, dict) and about.get("id") != made.get("id")):
            if made:
                yield made
            made = {**(about if isinstance(about, dict) else {}), "pages": list[Object]()}
        made["pages"].append(page)
    if made:
        yield made


class _Word(NamedTuple):
    said: Object
    middle: tuple[float, float]


class _Reader:
    def __init__(self, content: Object):
        plan = _kept(content)
        known, self._is_rtl = plan.get("characters"), plan.get("readingDirection") == "rtl"
        self.sides = dict[str, tuple[float, float]]()
        self.characters = [one for one in known if isinstance(one, dict)] if isinstance(known, list) else []
        self.findings = list[Finding]()

    def page(self, canvas: Any, where: str) -> Object:
        if not isinstance(canvas, dict) or not isinstance(canvas.get("elements"), list):
            raise BadFile(f"{where} must be an object with a list of elements.")
        if len(canvas["elements"]) > MOST:
            raise BadFile(f"{where}.elements has more than {MOST} elements.")
        size = _number(canvas, "width", where), _number(canvas, "height", where)
        if min(size) <= 0:
            raise BadFile(f"{where} must have a width and a height.")
        self.sides[where] = size
        images, words = list[tuple[Object, Rect]](), list[_Word]()
        for element, at in self._elements(canvas, where):
            rect = Rect(*(_number(element, side, at) for side in ("x", "y", "width", "height")))
            if element["type"] == "image":
                images.append((element, rect))
            elif str(element.get("text") or "").strip():
                words.append(_Word(element, (rect.x + rect.width / 2, rect.y + rect.height / 2)))
        self._tell_shapes([image for image, _ in images], where)
        if words and not images:
            self._tell(where, "Its words are on no picture; they are one panel.")
            images = [({}, Rect(0, 0, *size))]
        plan = _kept(canvas)
        ordered, layout = self._ordered(images, size, str(plan.get("layout") or ""), where)
        panels = [_panel(image) for image, _ in ordered]
        for word in words:
            number = _nearest(word.middle, [rect for _, rect in ordered])
            self._add(panels[number], word.said, where, bool(_kept(ordered[number][0])))
        return {**plan, "layout": layout, "panels": panels}

    def _elements(self, canvas: Object, where: str) -> Iterator[tuple[Object, str]]:
        """From the lowest to the uppermost, without those of a kind that a comic has not."""
        found = []
        for number, element in enumerate(canvas["elements"]):
            at = f"{where}.elements[{number}]"
            if not isinstance(element, dict):
                raise BadFile(f"{at} must be an object.")
            if (kind := element.get("type")) in ("image", "narrative", "dialogue"):
                found.append((_number(element, "zIndex", at), number, element, at))
            else:
                self._tell(
                    at, f"A plan has no place for a {kind or 'thing without a type'}; it was left out."
                )
        for _, _, element, at in sorted(found, key=lambda one: one[:2]):
            yield element, at

    def _ordered(
        self, images: Sequence[tuple[Object, Rect]], size: tuple[float, float], own: str, where: str
    ) -> tuple[list[tuple[Object, Rect]], str]:
        """The pictures in the order of the layout that they come nearest to, and its name."""
        shares = [_share(rect, size) for _, rect in images]
        best, order, name = _fitting(shares, layouts(), own, self._is_rtl)
        if not name:
            order = tuple(sorted(range(len(images)), key=lambda n: (round(shares[n].y / 5), shares[n].x)))
        elif best > FAR:
            self._tell(where, f"Its panels stand as in no layout; {name} is nearest.")
        return [images[number] for number in order], name

    def _add(self, panel: Object, said: Object, where: str, is_ours: bool) -> None:
        """Words to their panel. Whoever speaks in one of another program's is taken to be seen there."""
        text = " ".join(str(said["text"]).split())
        if said["type"] == "narrative":
            is_sound = said.get("bgColor") == UNSEEN and not said.get("borderWidth")
            name = "sfx" if is_sound else "narrative"
            panel[name] = f"{panel[name]} {text}" if panel.get(name) else text
            return
        lines, plan = panel.setdefault("dialogue", []), _kept(said)
        if plan.pop("goesOn", False) is True and lines:
            lines[-1]["text"] += f" {text}"
            return
        style = str(said.get("bubbleStyle") or "round")
        if style not in KINDS:
            self._tell(where, f"A balloon that is {style[:40]} is round here: “{text[:40]}”.")
        kind = KINDS.get(style, SPEECH)
        who = self._speaker(str(said.get("speaker") or "").strip(), str(plan.get("characterId") or ""))
        lines.append({**plan, "characterId": who, "text": text, "kind": kind})
        if not is_ours and said.get("tailPosition") != NO_TAIL:
            shown = panel.setdefault("characters", [])
            if {"characterId": who} not in shown:
                shown.append({"characterId": who})

    def _speaker(self, name: str, id: str) -> str:
        """An id; who is new becomes a character."""
        by_id = {str(one.get("id")): str(one.get("name") or one.get("id")) for one in self.characters}
        if id and (name in ("", by_id.get(id)) or name == id):
            return id
        for known, called in by_id.items():
            if called.casefold() == name.casefold():
                return known
        if not name or name.startswith(PASSING):
            return name or f"{PASSING}somebody"
        number = len(by_id) + 1
        while f"char-{number}" in by_id:
            number += 1
        self.characters.append({"id": f"char-{number}", "name": name})
        return f"char-{number}"

    def _tell_shapes(self, images: Sequence[Object], where: str) -> None:
        shapes = {str(image.get("clipPreset")) for image in images} - {"none", "None"}
        shapes |= {"a shape of its own" for image in images if image.get("customClipPath")}
        if shapes:
            self._tell(where, f"Panels are rectangles; left out: {', '.join(sorted(shapes))}.")

    def _tell(self, where: str, said: str) -> None:
        self.findings.append(Finding(where, said))


def _kept(said: Object) -> Object:
    plan = said.get("plan")
    return dict(plan) if isinstance(plan, dict) else {}


def _panel(image: Object) -> Object:
    """Without words: they are what the editor shows."""
    kept = {name: value for name, value in _kept(image).items() if name not in WORDS}
    return {**kept, **({"imageUrl": url} if (url := image.get("imageUrl")) else {})}


def _number(said: Object, name: str, where: str) -> float:
    value = said.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e6:
        raise BadFile(f"{where}.{name} must be a number.")
    return float(value)


def _share(rect: Rect, size: tuple[float, float]) -> Rect:
    wide, high = 100 / size[0], 100 / size[1]
    return Rect(rect.x * wide, rect.y * high, rect.width * wide, rect.height * high)


def _fitting(
    shares: Sequence[Rect], known: Layouts, own: str, is_rtl: bool
) -> tuple[float, tuple[int, ...], str]:
    """How far the sides are from the nearest layout's at the mean, the order of its panels, and its name."""
    found = [
        (
            round(_apart([shares[number] for number in order], layout.rects(is_rtl=is_rtl)), 3),
            name != own,
            order,
            name,
        )
        for name, layout in known.items()
        if len(layout.panels) == len(shares)
        for order in permutations(range(len(shares)))
    ]
    best = min(found, default=(0.0, False, (), ""), key=lambda one: one[:2])
    return best[0], best[2], best[3]


def _apart(shares: Sequence[Rect], rects: Sequence[Rect]) -> float:
    sides = [
        abs(a - b) for one, other in zip(shares, rects, strict=True) for a, b in zip(one, other, strict=True)
    ]
    return sum(sides) / len(sides)


def _nearest(point: tuple[float, float], rects: Sequence[Rect]) -> int:
    """The panel that the point is in, the smallest of several, else the nearest."""

    def far(number: int) -> tuple[float, float]:
        x, y, width, height = rects[number]
        dx = max(x - point[0], 0.0, point[0] - x - width)
        dy = max(y - point[1], 0.0, point[1] - y - height)
        return dx * dx + dy * dy, width * height

    return min(range(len(rects)), key=far)
