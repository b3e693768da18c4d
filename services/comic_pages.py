"""The pages of a comic: pictures in their places, lettered."""

from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageOps

from domain.comic import Comic, Page, Panel
from domain.comic_layouts import Rect
from domain.comic_looks import Look
from domain.comic_rules import Finding
from domain.errors import BadFile
from domain.project import Project
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.style_file import look_of
from infrastructure.fonts import Fonts
from infrastructure.recipe_index import DONE
from infrastructure.recipes import Ledger
from infrastructure.sketch_backend import without_bars
from services.comic_paper import Paper
from services.keyframes import IMAGES
from services.lettering.painting import Pen, paint_balloons, paint_box
from services.lettering.panel import LEAST, Ground, Lettered, lettered

LINE, HAIR = 0.7, 0.4  # millimetres: a panel's border, a balloon's
NO_PICTURE = "It has no picture yet."


class Drawn(NamedTuple):
    page: Page
    image: Image.Image
    findings: list[Finding]


def pictures_of(comic: Comic, project: Project, ledger: Ledger | None = None) -> dict[str, Path]:
    """The picture of each panel that has one: the chosen one, else the newest take."""
    ledger, found = ledger or Ledger(project), dict[str, Path]()
    for _, panel in comic.panels:
        done = [entry for entry in ledger.takes_of(panel.id) if entry.state == DONE]
        takes = [project.takes / name for entry in reversed(done) for name in entry.files]
        for file in (project.keyframe(panel.id), *takes):
            if file.suffix.lower() in IMAGES and file.exists():
                found[panel.id] = file
                break
    return found


def drawn(comic: Comic, pictures: Mapping[str, Path], paper: Paper, fonts: Fonts) -> Iterator[Drawn]:
    """Page by page; `pictures` are those of panels, by their ids."""
    for page in comic.pages:
        yield _page(comic, page, pictures, paper, fonts)


class Laid(NamedTuple):
    """A panel on its page, in pixels."""

    panel: Panel
    rect: Rect
    words: Lettered


def laid(comic: Comic, page: Page, paper: Paper, fonts: Fonts) -> list[Laid]:
    """Where everything on a page stands."""
    size = paper.px(paper.width), paper.px(paper.height)
    whole = float(round(size[0])), float(round(size[1]))
    layout = layouts()[page.layout]
    rects = layout.rects(whole, paper.px(paper.margin), paper.px(paper.gutter), comic.is_rtl)
    look = look_of(comic.style)
    return [
        Laid(panel, rect, lettered(panel, Ground(rect, paper.dpi, comic.is_rtl, look), fonts))
        for rect, panel in zip(rects, page.panels, strict=True)
    ]


def _page(comic: Comic, page: Page, pictures: Mapping[str, Path], paper: Paper, fonts: Fonts) -> Drawn:
    size = round(paper.px(paper.width)), round(paper.px(paper.height))
    look = look_of(comic.style)
    image, findings, missing = Image.new("RGB", size, look.page), list[Finding](), set(fonts.missing)
    for panel, rect, words in laid(comic, page, paper, fonts):
        _picture(image, rect, pictures.get(panel.id), look.empty)
        if panel.id not in pictures:
            findings.append(Finding(panel.id, NO_PICTURE))
        findings += crowded(panel, words)
        letter(image, words, look, paper.px(HAIR), fonts)
        border = max(1, round(paper.px(LINE) * look.line))
        ImageDraw.Draw(image).rectangle(_corners(rect), outline=look.border, width=border)
    return Drawn(page, image, [*findings, *unwritten(f"page {page.number}", fonts, missing)])


def unwritten(where: str, fonts: Fonts, before: Set[str]) -> list[Finding]:
    """The letters that no font has, except those that are known `before`."""
    return [Finding(where, f"No font has “{letter}”.") for letter in fonts.missing if letter not in before]


def _picture(page: Image.Image, rect: Rect, path: Path | None, empty: str) -> None:
    """Fills its place; what is too wide or too high is cut off at both sides."""
    x0, y0, x1, y1 = _corners(rect)
    if path is None:
        ImageDraw.Draw(page).rectangle((x0, y0, x1, y1), fill=empty)
        return
    fitted = ImageOps.fit(opened(path), (x1 - x0 + 1, y1 - y0 + 1), Image.Resampling.LANCZOS)
    page.paste(fitted, (x0, y0))


def opened(path: Path) -> Image.Image:
    """A panel's picture, in RGB. Raises BadFile."""
    try:
        with Image.open(path) as found:
            return without_bars(found).convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise BadFile(f"The picture {path} cannot be read. Choose another one, or draw it anew.") from error


def letter(image: Image.Image, words: Lettered, look: Look, hair: float, fonts: Fonts) -> None:
    """All that is lettered in one panel; `hair` is the usual line around a balloon, in pixels."""
    line = hair * look.line
    for rect, text in words.boxes:
        paint_box(image, rect, text, Pen(look.box, line), fonts)
    for rect, loud in words.sounds:
        image.paste(loud, (round(rect.x), round(rect.y)), loud)
    for group in words.balloons:
        paint_balloons(image, group, Pen(look.balloon, line), fonts)


def crowded(panel: Panel, words: Lettered) -> Iterator[Finding]:
    if panel.words and words.is_small:
        yield Finding(
            panel.id, f"Its words have no room in {LEAST:g} points; they are set in {words.size:g}."
        )
    elif words.is_crowded:
        yield Finding(panel.id, "Its balloons cover much of the picture.")


def _corners(rect: Rect) -> tuple[int, int, int, int]:
    return round(rect.x), round(rect.y), round(rect.x + rect.width) - 1, round(rect.y + rect.height) - 1
