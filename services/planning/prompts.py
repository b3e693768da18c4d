"""What a model is asked: who is in it, what happens page by page, each panel, and to look it all over."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from domain.comic import Character, Comic, Page, Panel
from domain.comic_layouts import Layout
from domain.comic_prompts import NO_TEXT, looks
from domain.comic_rules import ALONE, BALLOONS, WORDS, chapters_for
from domain.languages import NAMES, code_of
from domain.plan_request import PlanRequest
from infrastructure.chat import Question
from services.planning import schemas

_PLANNER = (
    "You plan comics for an artist who will draw them. You think in pictures: what is seen comes before "
    "what is said, every panel shows one moment, and nothing is told twice. You answer in the JSON form that "
    "is asked for."
)
_REVIEWER = (
    "You are the editor of a comic that has just been planned. You look for what a reader would stumble "
    "over, and for nothing else; a sound plan gets an empty list. You answer in the JSON form that is asked "
    "for."
)


def characters(request: PlanRequest) -> Question:
    text = f"""{_story(request)}

Who is in it? Name the two to five people or creatures whom the story cannot do without (one, if it is \
about one).
For each:
- name: as it is written in {language(request)}; a name that the idea gives is kept as it is.
- role: what they are to the story, in a few words of {language(request)}.
- appearance: in English, for an image model that must draw the same person every time: age, build, skin, \
hair, \
face, one thing nobody else has. No clothes, no mood, no deeds.
- clothing: in English, what they wear all through, with colours."""
    return Question("characters", _PLANNER, text, schemas.characters())


def outline(
    request: PlanRequest,
    people: Sequence[Character],
    layouts: Mapping[str, Layout],
    complaints: Iterable[str] = (),
) -> Question:
    least, most = chapters_for(request.pages)
    chapters = f"{least} chapter" if least == most else f"{least} to {most} chapters"
    pages = f"{request.pages} page" + "s" * (request.pages > 1)
    few = f"\nIt is a single page: one to {ALONE} panels." if request.pages == 1 else ""
    text = f"""{_story(request)}

Who is in it:
{_people(people)}

Divide it into {chapters} with exactly {pages} in all.{few} Begin late, end early; let each page turn on \
one thing \
and end on a reason to read on, and let the last one bring the story to rest.

For each page:
- layout: one of these; its number of panels is the number you write.
{_layouts(layouts)}
  Choose by what the page has to do: equal panels for talk and steady time, a large one for an arrival, a \
view or a \
blow. Never the same layout on three pages running. The last page has best the layout single or big-bottom.
- location, weather, timeOfDay: where and when, in English, a few words each.
- charactersInScene: the ids of those who are there.
- summary: one sentence of {language(request)}.
- panels: for each panel in reading order one sentence of {language(request)}: the one thing that happens \
in it. No \
two of them alike.

Titles of the comic and its chapters are in {language(request)}.{_again(complaints)}"""
    return Question("outline", _PLANNER, text, schemas.outline(layouts, people))


def panel(
    request: PlanRequest, comic: Comic, page: Page, wanted: Panel, complaints: Iterable[str] = ()
) -> Question:
    position = page.panels.index(wanted) + 1
    others = "\n".join(
        f"{n}. {one.action}{' (this one)' * (one is wanted)}" for n, one in enumerate(page.panels, 1)
    )
    scene = ", ".join(filter(None, (page.location, page.weather, page.time)))
    text = f"""{_story(request)}

Who is in it:
{_people(comic.characters)}

{"".join(_before(comic, page))}This page, number {page.number} of {len(comic.pages)}: {page.summary}
Where: {scene or "as the story has it"}
There: {_there(page)}
Its panels:
{others}

Write panel {position} of {len(page.panels)}.
- action: what is seen in this moment, one or two sentences of {language(request)}.
- mood: one or two words of English.
- shot, angle: the camera; another than the panel before has, if the moment allows.
- characters: who is seen, by id, with expression and pose in English. Somebody passing is one of the \
anon- ids.
- dialogue: what is said, in {language(request)}: at most {BALLOONS} balloons of at most {WORDS} words, \
better \
fewer and shorter, often none. Who speaks without being seen has offPanel true.
- narrative: the narrator's words in {language(request)}, only for what no picture shows; else empty.
- sfx: a sound to be lettered, in {language(request)}; else empty.
- imagePrompt: in English, Latin letters only, for an image model that knows nothing of the story: \
framing, who by their \
looks and clothes instead of their names, what they do, the place, the light. It ends with: \
{NO_TEXT}.{_again(complaints)}"""
    return Question("panel", _PLANNER, text, schemas.panel(comic.characters))


def review(request: PlanRequest, comic: Comic) -> Question:
    text = f"""{_story(request)}

Who is in it:
{_people(comic.characters)}

The plan:
{"".join(_told(comic))}
Which panels need another try? Name only what is plainly wrong:
- repetition: it shows or says what another panel does.
- language: its words are not in {language(request)}, or not as people speak it.
- continuity: it cannot follow the panel before.
- character: somebody acts or looks unlike themselves.
- scene-mismatch: it is not where its page is.
- other: a reader would not understand it.
For each: panelId, type, description in one sentence, and fix: what the panel should show or say instead. \
No more \
than one a panel. If nothing is wrong, the list is empty."""
    return Question("review", _REVIEWER, text, schemas.review([one.id for _, one in comic.panels]), 0.2)


def language(request: PlanRequest) -> str:
    return NAMES.get(code_of(request.language), request.language)


def _story(request: PlanRequest) -> str:
    told = f"The style of the drawing: {request.style}. The reader reads {language(request)}."
    return f"The idea:\n{request.idea}\n\n{told}"


def _people(people: Iterable[Character]) -> str:
    told = [f"- {one.id}: {looks(one)}" + (f" ({one.role})" if one.role else "") for one in people]
    return "\n".join(told) or "- nobody in particular"


def _layouts(layouts: Mapping[str, Layout]) -> str:
    return "\n".join(f"  - {name}: {len(one.panels)} panels; {shape(one)}" for name, one in layouts.items())


def shape(layout: Layout) -> str:
    """A layout in words, from its geometry: each panel's share of the page, in reading order."""
    parts = []
    for number, (column, row, wide, tall) in enumerate(layout.panels, 1):
        across = _part(column, wide, layout.columns, ("left", "middle", "right"), "full width")
        down = _part(row, tall, layout.rows, ("top", "middle", "bottom"), "full height")
        share = round(100 * wide * tall / (layout.columns * layout.rows))
        parts.append(f"{number} {down}, {across} ({share} %)")
    return "; ".join(parts)


def _part(start: int, span: int, whole: int, names: tuple[str, str, str], all: str) -> str:
    if span == whole:
        return all
    return names[0] if start == 0 else names[2] if start + span == whole else names[1]


def _there(page: Page) -> str:
    ids = page.more.get("charactersInScene")
    return ", ".join(map(str, ids)) if isinstance(ids, list) and ids else "as the story has it"


def _before(comic: Comic, page: Page) -> Iterator[str]:
    """The page before as it is planned, and in a sentence each what else is told before and after."""
    for other in comic.pages:
        if other.number == page.number - 1:
            yield f"The page before, number {other.number}:\n"
            yield from (f"- {_panel(one)}\n" for one in other.panels)
        elif other.number != page.number:
            yield f"Page {other.number}: {other.summary}\n"
    yield "\n"


def _told(comic: Comic) -> Iterator[str]:
    for page in comic.pages:
        yield f"Page {page.number}, {page.location}: {page.summary}\n"
        yield from (f"- {one.id}: {_panel(one)}\n" for one in page.panels)


def _panel(panel: Panel) -> str:
    said = [f"{line.character}: “{line.text}”" for line in panel.lines]
    seen = f"seen: {', '.join(actor.character for actor in panel.actors)}" if panel.actors else ""
    told = f"narrator: “{panel.narrative}”" if panel.narrative else ""
    return " | ".join(filter(None, (panel.action, seen, told, *said)))


def _again(complaints: Iterable[str]) -> str:
    listed = "".join(f"\n- {complaint}" for complaint in complaints)
    return f"\n\nYour answer before could not be used as it was. Heed this:{listed}" if listed else ""
