"""A plan without any model: a story's beats over its pages, to be written over. It says so itself."""

from itertools import cycle, islice

from domain.comic import Chapter, Comic, Page, Panel
from domain.comic_layouts import Layouts
from domain.comic_prompts import NO_TEXT
from domain.comic_rules import MOST_PAGES, Finding, chapters_for, findings, settled
from domain.errors import StudioError
from domain.plan_request import PlanRequest
from infrastructure.comics.layout_file import layouts
from services.comic_plan import Planned, check_style

# each with a camera that suits it
_SETUP = (
    ("Show where it begins: the place and its time of day", "extreme wide shot, eye level"),
    ("Bring in the one it is about, at what they do on any other day", "full shot, eye level"),
    ("A closer look: what do they want, or lack?", "close-up, eye level"),
    ("Something is not as it was this morning", "medium shot, tilted"),
)
_TURN = (
    ("The news, the stranger or the accident that changes everything", "wide shot, low angle"),
    ("A face that takes it in", "close-up, eye level"),
    ("The first try to mend it, and what is in the way", "medium shot, over the shoulder"),
    ("It gets worse: the price goes up", "full shot, high angle"),
    ("Doubt: somebody nearly gives up", "extreme close-up, eye level"),
)
_CLIMAX = (
    ("Both sides face each other at last", "wide shot, low angle"),
    ("The choice that cannot be taken back", "extreme close-up, eye level"),
    ("The deed itself, at its largest", "full shot, tilted"),
)
_ENDING = (
    ("After it: silence, and what is left", "wide shot, high angle"),
    ("How they have changed, seen in one gesture", "medium shot, eye level"),
    ("The last picture: an echo of the first one", "extreme wide shot, eye level"),
)
BEATS = {"Setup": _SETUP, "Turn": _TURN, "Climax": _CLIMAX, "Ending": _ENDING}
_ENDS = {"Setup": 0.25, "Turn": 0.6, "Climax": 0.85, "Ending": 1.0}  # share of the comic that is over then
_PANELS = ("big-top", "grid-2x2", "big-bottom", "three-rows")


def template(request: PlanRequest) -> Planned:
    """Raises StudioError."""
    check_style(request.style)
    idea = " ".join(request.idea.split())
    if not idea:
        raise StudioError("Say in a sentence what the comic is about.")
    if not 1 <= request.pages <= MOST_PAGES:
        raise StudioError(f"A comic is planned in 1 to {MOST_PAGES} pages.")
    table = layouts()
    pages = [_alone()] if request.pages == 1 else _pages(request.pages, table)
    count = chapters_for(len(pages))[0]
    parts = [pages[n * len(pages) // count : (n + 1) * len(pages) // count] for n in range(count)]
    titles = ("",) if count == 1 else ("Before the turn", "After it")
    chapters = tuple(Chapter("", title, tuple(part)) for title, part in zip(titles, parts, strict=True))
    title = f"Template: {idea[:80]}"
    comic, changed = settled(Comic(title, request.style, request.language, (), chapters), table)
    told = "This is a template, no story: the beats are any story's and nothing is said. Write yours over it."
    return Planned(comic, [Finding("plan", told), *changed], findings(comic, request.pages))


def _alone() -> Page:
    panels = tuple(_panel(part, *beats[0]) for part, beats in BEATS.items())
    return Page("", 1, "grid-2x2", panels, summary="Template: setup, turn, climax, ending")


def _pages(count: int, table: Layouts) -> list[Page]:
    supplies = {part: cycle(beats) for part, beats in BEATS.items()}
    pages = []
    for number in range(1, count + 1):
        part = "Ending" if number == count else _part((number - 0.5) / count)
        name = "big-bottom" if number == count else _PANELS[(number - 1) % len(_PANELS)]
        beats = islice(supplies[part], len(table[name].panels))
        panels = tuple(_panel(part, *beat) for beat in beats)
        pages.append(Page("", number, name, panels, summary=f"Template: {part.lower()}"))
    return pages


def _part(share: float) -> str:
    return next(part for part, end in _ENDS.items() if share <= end)


def _panel(part: str, action: str, camera: str) -> Panel:
    return Panel(
        "",
        action=f"{part}. {action}.",
        camera=camera,
        image_prompt=f"{action}, {camera}. {NO_TEXT.capitalize()}.",
    )
