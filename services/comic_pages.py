"""The pages of a comic: pictures in their places, lettered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageOps, PngImagePlugin

from domain.comic import Comic, Page, Panel
from domain.comic_layouts import Rect
from domain.comic_rules import Finding
from domain.errors import BadFile
from domain.project import Project
from infrastructure.comics.cbz import book
from infrastructure.comics.layout_file import layouts
from infrastructure.fonts import Fonts
from infrastructure.part_files import kept_aside, writing
from infrastructure.recipe_index import DONE
from infrastructure.recipes import Ledger
from infrastructure.sketch_backend import without_bars
from services.keyframes import IMAGES
from services.lettering.painting import Look, paint_balloons, paint_box
from services.lettering.panel import LEAST, Ground, Lettered, lettered

LINE, HAIR = 0.7, 0.4  # millimetres: a panel's border, a balloon's
BALLOON, BOX = ("#ffffff", "#141414"), ("#fff4cf", "#141414")
MARK = "Software", "Cindergrace Studio"  # stands in each PNG
EMPTY, BORDER, PAGE = "#d8d6d0", "#141414", "#ffffff"


@dataclass(frozen=True)
class Paper:
    """In millimetres."""

    width: float = 210.0
    height: float = 297.0
    margin: float = 9.0
    gutter: float = 4.0
    dpi: int = 150

    def px(self, length: float) -> float:
        return length / 25.4 * self.dpi


class Drawn(NamedTuple):
    page: Page
    image: Image.Image
    findings: list[Finding]


def pictures_of(comic: Comic, project: Project) -> dict[str, Path]:
    """The picture of each panel that has one: the chosen one, else the newest take."""
    ledger, found = Ledger(project), dict[str, Path]()
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


def _page(comic: Comic, page: Page, pictures: Mapping[str, Path], paper: Paper, fonts: Fonts) -> Drawn:
    size = round(paper.px(paper.width)), round(paper.px(paper.height))
    image, findings, missing = Image.new("RGB", size, PAGE), list[Finding](), set(fonts.missing)
    rects = layouts()[page.layout].rects(
        (float(size[0]), float(size[1])), paper.px(paper.margin), paper.px(paper.gutter), comic.is_rtl
    )
    for rect, panel in zip(rects, page.panels, strict=True):
        _picture(image, rect, pictures.get(panel.id))
        if panel.id not in pictures:
            findings.append(Finding(panel.id, "It has no picture yet."))
        words = lettered(panel, Ground(rect, paper.dpi, comic.is_rtl), fonts)
        findings += _crowded(panel, words)
        _letters(image, words, paper, fonts)
        border = round(paper.px(LINE))
        ImageDraw.Draw(image).rectangle(_corners(rect), outline=BORDER, width=border)
    findings += [
        Finding(f"page {page.number}", f"No font has “{letter}”.")
        for letter in fonts.missing
        if letter not in missing
    ]
    return Drawn(page, image, findings)


def _picture(page: Image.Image, rect: Rect, path: Path | None) -> None:
    """Fills its place; what is too wide or too high is cut off at both sides."""
    x0, y0, x1, y1 = _corners(rect)
    if path is None:
        ImageDraw.Draw(page).rectangle((x0, y0, x1, y1), fill=EMPTY)
        return
    try:
        with Image.open(path) as opened:
            picture = without_bars(opened).convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise BadFile(f"The picture {path} cannot be read. Choose another one, or draw it anew.") from error
    fitted = ImageOps.fit(picture, (x1 - x0 + 1, y1 - y0 + 1), Image.Resampling.LANCZOS)
    page.paste(fitted, (x0, y0))


def _letters(image: Image.Image, words: Lettered, paper: Paper, fonts: Fonts) -> None:
    hair = paper.px(HAIR)
    for rect, text in words.boxes:
        paint_box(image, rect, text, Look(*BOX, hair), fonts)
    for rect, loud in words.sounds:
        image.paste(loud, (round(rect.x), round(rect.y)), loud)
    for group in words.balloons:
        paint_balloons(image, group, Look(*BALLOON, hair), fonts)


def _crowded(panel: Panel, words: Lettered) -> Iterator[Finding]:
    if panel.words and words.is_small:
        yield Finding(
            panel.id, f"Its words have no room in {LEAST:g} points; they are set in {words.size:g}."
        )
    elif words.is_crowded:
        yield Finding(panel.id, "Its balloons cover much of the picture.")


def _corners(rect: Rect) -> tuple[int, int, int, int]:
    return round(rect.x), round(rect.y), round(rect.x + rect.width) - 1, round(rect.y + rect.height) - 1


class Written(NamedTuple):
    file: Path
    findings: list[Finding]


def write(comic: Comic, pictures: Mapping[str, Path], paper: Paper, out: Path) -> Iterator[Written]:
    """Page after page into a folder as PNG, or all into one CBZ file, as `out` ends. What stood there and is
    no page of ours is kept aside."""
    pages = drawn(comic, pictures, paper, Fonts())
    if out.suffix.casefold() == ".cbz":
        if out.exists():
            kept_aside(out, "before")
        with book(comic, out) as made:
            for page in pages:
                made.add(page.image)
                yield Written(out, page.findings)
        return
    for page in pages:
        file = out / f"{page.page.number:03}.png"
        if file.exists() and not _is_page(file):
            kept_aside(file, "before")
        about = PngImagePlugin.PngInfo()
        about.add_text(*MARK)
        with writing(file) as part:
            page.image.save(part, "PNG", dpi=(paper.dpi, paper.dpi), pnginfo=about, compress_level=3)
        yield Written(file, page.findings)


def _is_page(file: Path) -> bool:
    try:
        with Image.open(file) as image:
            return image.info.get(MARK[0]) == MARK[1]
    except (OSError, ValueError):
        return False
