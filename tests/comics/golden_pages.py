"""Three lettered pages on grey pictures, a style each, kept as they should look in tests/comics/golden.

python -m tests.comics.golden_pages        writes them anew; look at each before you commit it
"""

import tempfile
from pathlib import Path

from PIL import Image

from domain.comic import SHOUT, THOUGHT, WHISPER, Actor, Chapter, Character, Comic, Line, Page, Panel
from domain.comic_rules import settled
from infrastructure.comics.layout_file import layouts
from infrastructure.fonts import Fonts
from services.comic_pages import drawn
from services.comic_paper import Paper

FOLDER = Path(__file__).parent / "golden"
PAPER = Paper(dpi=72)
GREY = "#9a9a9a"
ANN, BEN = "char-1", "char-2"
BOTH = Actor(ANN), Actor(BEN)
LONG = """The bridge is closed from six to six, except on Sundays, when it is closed from six to six as well.
    Whoever crosses it all the same does so as nobody, and nobody has ever complained about it to me."""


def page(layout: str, *panels: Panel) -> Page:
    return Page("", 0, layout, panels)


EVERY_KIND = page(
    "grid-2x2",
    Panel(
        "", BOTH, lines=(Line(ANN, "Is it far?"), Line(BEN, "Only as far as it looks.")), narrative="Noon."
    ),
    Panel("", BOTH, lines=(Line(ANN, "Further than that.", THOUGHT), Line(BEN, "Not so loud.", WHISPER))),
    Panel("", (Actor(ANN),), lines=(Line(ANN, "Then run!", SHOUT),), sfx="Krakk"),
    Panel("", lines=(Line(BEN, "I am not here.", is_off=True), Line(ANN, "Nor am I.", zone="bottom-right"))),
)
LINKED = page(
    "action",
    Panel("", BOTH, lines=(Line(ANN, "May I?"), Line(BEN, "There are rules."))),
    Panel("", (Actor(ANN),), narrative="He had a list."),
    Panel("", (Actor(BEN),), lines=(Line(BEN, " ".join(LONG.split())),)),
    Panel("", sfx="Tick"),
    Panel("", BOTH, lines=(Line(ANN, "And nobody else?"), Line(BEN, "Nobody at all.", WHISPER))),
)
CYRILLIC = page(
    "three-rows",
    Panel("", sfx="Ґуп!", narrative="Щойно з'їхав з моста останній трамвай. Далі — пішки."),
    Panel("", BOTH, lines=(Line(ANN, "Їдьмо ще раз?"), Line(BEN, "Ще не їхали й разу.", THOUGHT))),
    Panel("", BOTH, lines=(Line(BEN, "Тримайся!", SHOUT), Line(ANN, "За що?"), Line(BEN, "За мене."))),
)
PAGES = {  # their style, and whether they are read from right to left
    "every_kind": (EVERY_KIND, "american-classic", False),
    "linked_right_to_left": (LINKED, "manga", True),
    "cyrillic": (CYRILLIC, "cyberpunk", False),
}


def rendered(name: str, folder: Path) -> Image.Image:
    """A page as it is lettered now; its grey picture is kept in the folder."""
    only, style, is_rtl = PAGES[name]
    people = Character(ANN, "Ann"), Character(BEN, "Ben")
    comic, _ = settled(Comic(name, style, "en", people, (Chapter("", "", (only,)),), is_rtl), layouts())
    picture = folder / "grey.png"
    Image.new("RGB", (64, 64), GREY).save(picture)
    (made,) = drawn(comic, {one.id: picture for _, one in comic.panels}, PAPER, Fonts(others=[]))
    assert made.findings == [], made.findings
    return made.image


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in PAGES:
            file = FOLDER / f"{name}.png"
            rendered(name, Path(folder)).save(file, optimize=True)
            print(f"{file}: {file.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
