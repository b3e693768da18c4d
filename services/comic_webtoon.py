"""A comic as a strip that is read by scrolling: its panels one below another, in slices for a webtoon site.

Nothing is kept but what is not cut yet, so that a strip of any length takes the memory of a few panels.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageOps

from domain.comic import Comic, Page, Panel
from domain.comic_layouts import Rect
from domain.comic_rules import Finding
from domain.comic_strip import Span, cut
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.style_file import look_of
from infrastructure.fonts import Fonts
from services.comic_pages import NO_PICTURE, letter, opened, unwritten
from services.comic_paper import paper_of
from services.lettering.painting import SWELL, tail_of
from services.lettering.panel import LEAST, Ground, Lettered, lettered

WIDTH, HIGHEST = 800, 1280  # pixels, of a slice
TYPE = 24  # pixels, of the least type that is read well on a telephone
DPI = TYPE / LEAST * 72
HAIR = 2.5  # pixels, around a balloon
LAST_PUFF = 0.2  # of the size of the type: how far the end of a thought's tail is beyond its tip
BETWEEN, AFTER = 60, 140  # pixels of paper between two panels, and after a page's last one
LOWEST, TALLEST = 0.3, 4.0  # of a panel, to its width
GROWN = (1.0, 1.3, 1.7, 2.2, 2.8)  # times as high, as far as its words need it
CUT = 1.7  # from there on it is told what that costs


class Slice(NamedTuple):
    image: Image.Image
    findings: list[Finding]
    page: int  # whose panels are all in it or in those before


class _Row(NamedTuple):
    """A panel of the strip, lettered."""

    image: Image.Image
    words: list[Span]
    findings: list[Finding]


def slices(comic: Comic, pictures: Mapping[str, Path]) -> Iterator[Slice]:
    """From the top down. A finding comes with the first slice that is finished after its panel was drawn."""
    strip, fonts, findings = _Strip(look_of(comic.style).page), Fonts(), list[Finding]()
    for page in comic.pages:
        for panel, height in zip(page.panels, _heights(comic, page), strict=True):
            row = _row(comic, panel, pictures.get(panel.id), height, fonts)
            findings += row.findings
            strip.add(row, AFTER if panel is page.panels[-1] else BETWEEN)
            while strip.is_full:
                image, is_clean = strip.cut_off()
                if not is_clean:
                    findings.append(Finding(panel.id, f"Its words are higher than {HIGHEST}; they are cut."))
                yield Slice(image, findings, page.number - 1)
                findings = []
    yield Slice(strip.rest(), findings, len(comic.pages))


def _heights(comic: Comic, page: Page) -> list[float]:
    """Of the panels on paper, to their widths."""
    on = paper_of(comic)
    rects = layouts()[page.layout].rects((on.width, on.height), on.margin, on.gutter)
    return [rect.height / rect.width for rect in rects]


def _row(comic: Comic, panel: Panel, path: Path | None, height: float, fonts: Fonts) -> _Row:
    """In its picture's shape, or as much higher as its words need it."""
    before, findings, picture, look = set(fonts.missing), list[Finding](), None, look_of(comic.style)
    if path:
        picture = opened(path)
        height = picture.height / picture.width
    else:
        findings.append(Finding(panel.id, NO_PICTURE))
    usual = WIDTH * min(TALLEST, max(LOWEST, height))
    size, words, times = (WIDTH, round(usual)), Lettered(0.0), 1.0
    for times in GROWN:
        size = WIDTH, round(min(usual * times, max(usual, TALLEST * WIDTH)))
        ground = Ground(Rect(0.0, 0.0, *map(float, size)), DPI, comic.is_rtl, look)
        words = lettered(panel, ground, fonts)
        if not panel.words or not (words.is_small or words.is_crowded):
            break
    if panel.words and words.is_small:
        said = f"Its words have no room in {TYPE} pixels; they are set in {words.size / 72 * DPI:.0f}."
        findings.append(Finding(panel.id, said))
    elif times >= CUT and picture:
        findings.append(Finding(panel.id, "Its picture is cut at the sides to make room for its words."))
    image = Image.new("RGB", size, look.empty)
    if picture:
        image = ImageOps.fit(picture, size, Image.Resampling.LANCZOS)
    letter(image, words, look, HAIR, fonts)
    return _Row(
        image, list(_spans(words, HAIR * look.line)), [*findings, *unwritten(panel.id, fonts, before)]
    )


def _spans(words: Lettered, hair: float) -> Iterator[Span]:
    """The rows that each of them takes, with what belongs to it: a tail, or the balloon it goes on from."""
    for rect in (*(rect for rect, _ in words.boxes), *(rect for rect, _ in words.sounds)):
        yield Span(rect.y - hair, rect.y + rect.height + hair)
    for group in words.balloons:
        rows = [y for one in group for _, y in tail_of(one)]
        for one in group:
            far = one.balloon.b * SWELL[one.kind]
            rows += [one.at[1] - far, one.at[1] + far]
        edge = 2 * hair + LAST_PUFF * group[0].balloon.text.style.size
        yield Span(min(rows) - edge, max(rows) + edge)


class _Strip:
    """What is drawn and not cut off yet."""

    def __init__(self, paper: str) -> None:
        self._paper = paper
        self._image = Image.new("RGB", (WIDTH, 0), paper)
        self._gutters, self._words = list[Span](), list[Span]()

    @property
    def is_full(self) -> bool:
        return self._end > HIGHEST

    @property
    def _end(self) -> float:
        """Of the last panel: what is behind it is paper."""
        return self._gutters[-1].top

    def add(self, row: _Row, gap: int) -> None:
        top = self._image.height
        bottom = top + row.image.height
        longer = Image.new("RGB", (WIDTH, bottom + gap), self._paper)
        longer.paste(self._image, (0, 0))
        longer.paste(row.image, (0, top))
        self._image = longer
        self._words += [Span(top + span.top, top + span.bottom) for span in row.words]
        self._gutters.append(Span(bottom, bottom + gap))

    def cut_off(self) -> tuple[Image.Image, bool]:
        """The uppermost slice, and whether no words are cut."""
        at, is_clean = cut(HIGHEST, self._gutters, self._words)
        upper = self._image.crop((0, 0, WIDTH, at))
        self._image = self._image.crop((0, at, WIDTH, self._image.height))
        self._gutters, self._words = (
            [Span(span.top - at, span.bottom - at) for span in spans if span.bottom > at]
            for spans in (self._gutters, self._words)
        )
        return upper, is_clean

    def rest(self) -> Image.Image:
        return self._image.crop((0, 0, WIDTH, round(self._end)))
