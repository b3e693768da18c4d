"""A comic's plan as JSON: read in the short form and in the rich one, written in the rich one.

What other programs write besides is kept and written back. Complaints name the field.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.comic import KINDS, SPEECH, ZONES, Actor, Chapter, Character, Comic, Line, Page, Panel
from domain.errors import BadFile

LONGEST = 20_000  # letters of one text


@dataclass(frozen=True)
class _Object:
    """One object of the plan; `where` is what a complaint calls it."""

    content: Mapping[str, Any]
    where: str

    def text(self, *names: str) -> str:
        """The first of these that is there; "" when none is."""
        for name in names:
            match self.content.get(name):
                case None:
                    continue
                case str(text):
                    if len(text) > LONGEST:
                        raise BadFile(f"{self.where}.{name} is longer than {LONGEST} letters.")
                    return " ".join(text.split())
                case int() | float() as number if not isinstance(number, bool):
                    return str(number)
            raise BadFile(f"{self.where}.{name} must be text.")
        return ""

    def whole(self, name: str) -> int | None:
        match self.content.get(name):
            case None:
                return None
            case int(number) if not isinstance(number, bool) and -1 <= number < 2**64:
                return None if number == -1 else number  # any, as many programs write it
        raise BadFile(f"{self.where}.{name} must be a whole number from 0 on.")

    def choice(self, name: str, allowed: tuple[str, ...], otherwise: str) -> str:
        """Another word than these is another program's, and passed over."""
        said = self.text(name)
        return said if said in allowed else otherwise

    def spot(self, name: str) -> tuple[float, float] | None:
        """Two numbers from 0 to 100; what is none of that is passed over."""
        match self.content.get(name):
            case [int() | float() as x, int() | float() as y] if 0 <= x <= 100 and 0 <= y <= 100:
                return float(x), float(y)
        return None

    def objects(self, name: str, plain: str = "") -> "Iterator[_Object]":
        """Of a list; texts in it are taken as objects whose `plain` they are."""
        found = self.content.get(name)
        if not isinstance(found, list | None):
            raise BadFile(f"{self.where}.{name} must be a list.")
        for number, item in enumerate(found or ()):
            where = f"{self.where}.{name}[{number}]".removeprefix("plan.")
            if plain and isinstance(item, str):
                item = {plain: item}
            if not isinstance(item, dict):
                raise BadFile(f"{where} must be an object.")
            yield _Object(item, where)

    def inside(self, name: str, plain: str = "") -> "_Object":
        found = self.content.get(name)
        found = {plain: found} if plain and isinstance(found, str) else found
        return _Object(found if isinstance(found, dict) else {}, f"{self.where}.{name}")

    def besides(self, *names: str) -> dict[str, Any]:
        return {name: value for name, value in self.content.items() if name not in names}


def read_plan(content: Any) -> Comic:
    """Raises BadFile. A plan may lie in an object as its `plan`."""
    if isinstance(content, dict) and isinstance(content.get("plan"), dict):
        content = content["plan"]
    if not isinstance(content, dict) or not isinstance(content.get("chapters"), list):
        raise BadFile("A plan is an object with a list of chapters.")
    plan = _Object(content, "plan")
    known = ["title", "style", "language", "characters", "chapters", "readingDirection"]
    known += ["paper"] if isinstance(content.get("paper"), str) else []  # else it is another program's
    return Comic(
        plan.text("title"),
        plan.text("style"),
        plan.text("language"),
        tuple(map(_character, plan.objects("characters"))),
        tuple(map(_chapter, plan.objects("chapters"))),
        plan.text("readingDirection") == "rtl",
        plan.besides(*known),
        plan.text("paper") if "paper" in known else "",
    )


def _character(said: _Object) -> Character:
    known = ("id", "name", "appearance", "clothing", "role", "seed")
    id = said.text("id")
    if not id:
        raise BadFile(f"{said.where}.id is missing.")
    return Character(
        id,
        said.text("name") or id,
        said.text("appearance"),
        said.text("clothing"),
        said.text("role"),
        said.whole("seed"),
        said.besides(*known),
    )


def _chapter(said: _Object) -> Chapter:
    pages = tuple(map(_page, said.objects("pages")))
    return Chapter(said.text("id"), said.text("title"), pages, said.besides("id", "title", "pages"))


def _page(said: _Object) -> Page:
    scene = said.inside("scene", "location")
    return Page(
        said.text("id"),
        said.whole("pageNumber") or 0,
        said.text("layout"),
        tuple(map(_panel, said.objects("panels"))),
        scene.text("location"),
        scene.text("weather"),
        scene.text("timeOfDay"),
        said.text("summary"),
        said.besides("id", "pageNumber", "layout", "panels", "scene", "summary"),
    )


def _panel(said: _Object) -> Panel:
    camera = said.inside("camera", "shot")
    known = ("id", "position", "characters", "action", "location", "mood", "camera", "dialogue")
    more = said.besides(*known, "narrative", "sfx", "imagePrompt")
    if focus := camera.besides("shot", "angle"):
        more["camera"] = focus
    return Panel(
        said.text("id"),
        tuple(map(_actor, said.objects("characters", "characterId"))),
        said.text("action"),
        said.text("location"),
        said.text("mood"),
        ", ".join(filter(None, (camera.text("shot"), camera.text("angle")))),
        tuple(map(_line, said.objects("dialogue"))),
        said.text("narrative"),
        said.text("sfx"),
        said.text("imagePrompt"),
        more,
    )


def _actor(said: _Object) -> Actor:
    names = ("expression", "pose", "gesture", "gazeDirection")
    expression, pose, gesture, gaze = map(said.text, names)
    return Actor(
        said.text("characterId"), expression, pose, gesture, gaze, said.besides("characterId", *names)
    )


def _line(said: _Object) -> Line:
    known = ("character", "characterId", "text", "kind", "offPanel", "placement")
    spots = {name: spot for name in ("at", "tail") if (spot := said.spot(name))}
    return Line(
        said.text("characterId", "character"),
        said.text("text"),
        said.choice("kind", KINDS, SPEECH),
        said.content.get("offPanel") is True,
        said.choice("placement", ZONES, ""),
        spots.get("at"),
        spots.get("tail"),
        said.besides(*known, *spots),
    )


def plan_json(comic: Comic) -> dict[str, Any]:
    return {
        **comic.more,
        "title": comic.title,
        "style": comic.style,
        "language": comic.language,
        "readingDirection": "rtl" if comic.is_rtl else "ltr",
        **({"paper": comic.paper} if comic.paper else {}),
        "characters": [_of_character(character) for character in comic.characters],
        "chapters": [
            {
                **chapter.more,
                "id": chapter.id,
                "title": chapter.title,
                "pages": list(map(_of_page, chapter.pages)),
            }
            for chapter in comic.chapters
        ],
    }


def _of_character(character: Character) -> dict[str, Any]:
    said = {name: getattr(character, name) for name in ("id", "name", "appearance", "clothing", "role")}
    return {**character.more, **said, **({} if character.seed is None else {"seed": character.seed})}


def _of_page(page: Page) -> dict[str, Any]:
    scene = {"location": page.location, "weather": page.weather, "timeOfDay": page.time}
    return {
        **page.more,
        "id": page.id,
        "pageNumber": page.number,
        "layout": page.layout,
        "scene": {name: text for name, text in scene.items() if text or name == "location"},
        "summary": page.summary,
        "panels": [_of_panel(panel, number) for number, panel in enumerate(page.panels, 1)],
    }


def _of_panel(panel: Panel, position: int) -> dict[str, Any]:
    shot, _, angle = panel.camera.partition(", ")
    kept = {"location": panel.location, "imagePrompt": panel.image_prompt}
    return {
        **panel.more,
        "id": panel.id,
        "position": position,
        "characters": list(map(_of_actor, panel.actors)),
        "action": panel.action,
        "mood": panel.mood,
        "camera": {**panel.more.get("camera", {}), "shot": shot, "angle": angle},
        "dialogue": list(map(_of_line, panel.lines)),
        "narrative": panel.narrative or None,
        "sfx": panel.sfx or None,
        **{name: text for name, text in kept.items() if text},
    }


def _of_actor(actor: Actor) -> dict[str, Any]:
    said = {"gesture": actor.gesture, "gazeDirection": actor.gaze}
    whole = {"characterId": actor.character, "expression": actor.expression, "pose": actor.pose}
    return {**actor.more, **whole, **{name: text for name, text in said.items() if text}}


def _of_line(line: Line) -> dict[str, Any]:
    said: dict[str, Any] = {"characterId": line.character, "text": line.text, "kind": line.kind}
    placement = {"placement": line.zone} if line.zone else {}
    spots = {name: list(spot) for name, spot in (("at", line.at), ("tail", line.tail)) if spot}
    return {**line.more, **said, **placement, **spots, **({"offPanel": True} if line.is_off else {})}
