"""Plans of comics for tests."""

from random import Random

from domain.comic import KINDS, STYLES, ZONES, Actor, Chapter, Character, Comic, Line, Page, Panel
from domain.comic_rules import settled
from infrastructure.comics.layout_file import layouts
from services.comic_paper import names

WORDS = ["Дощ", "рейка", "ніч", "Ґанок", "їжак", "STOP:", "(off)", "Straße", "PAGE", "7", "@camera:", "don’t"]
WORDS += [
    "Ёж",
    "«так»",
    "—",
    "//",
    "#",
    "[single]",
    "a|b",
    "ПАНЕЛЬ",
    "1",
    "**loud**",
    "CAPTION:",
    "😀",
    "SFX",
]
NAMES = ("Марта", "Остап", "O'Brien", "Мар'яна", "Van der Berg", "Bob & Al", "Nr. 5", "Page", "Марта")


def text(random, most=9, least=0):
    return " ".join(random.choices(WORDS, k=random.randint(least, most)))


def role(random):
    return " ".join(text(random, 2).replace("(", "").replace(")", "").split())  # a script puts it in brackets


def any_plan(seed):
    """A settled plan in which anything may be said."""
    random = Random(seed)
    people = tuple(
        Character(f"char-{n}", name, text(random), text(random), role(random), random.choice((None, n)))
        for n, name in enumerate(random.sample(NAMES, random.randint(0, 5)), 1)
    )
    ids = [*(person.id for person in people), "anon-guard"]
    chapters = tuple(
        Chapter("", text(random, 3), tuple(_page(random, ids) for _ in range(random.randint(1, 3))))
        for _ in range(random.randint(1, 3))
    )
    title, style = text(random, 3), random.choice(STYLES)
    paper = random.choice(["", *names()])
    comic = Comic(title, style, "uk", people, chapters, random.random() < 0.3, paper=paper)
    return settled(comic, layouts())[0]


def _page(random, ids):
    layout = random.choice(list(layouts().values()))
    panels = tuple(_panel(random, ids) for _ in layout.panels)
    return Page("", 0, layout.name, panels, text(random), text(random, 2), text(random, 2), text(random))


def _panel(random, ids):
    shown = random.sample(ids, random.randint(0, min(3, len(ids))))
    actors = tuple(Actor(id, *(text(random, 2).replace("|", "/") for _ in range(4))) for id in shown)
    lines = tuple(
        Line(random.choice(ids), text(random, 6, 1), random.choice(KINDS), False, random.choice(("", *ZONES)))
        for _ in range(random.randint(0, 3))
    )
    texts = [text(random) for _ in range(7)]
    return Panel("", actors, *texts[:4], lines, *texts[4:])
