"""Comics as files to print, to read and to hand on: page after page, each lettered once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageOps

from domain.comic import PASSING, Comic, Page, Panel
from domain.comic_rules import Finding
from domain.errors import StudioError
from domain.project import Project
from infrastructure.comics import page_files
from infrastructure.comics.cbz import cbz
from infrastructure.comics.epub import epub
from infrastructure.comics.leaf import Bind, Leaf
from infrastructure.comics.pdf import pdf
from infrastructure.comics.style_file import look_of
from infrastructure.fonts import Fonts
from infrastructure.json_files import write_json
from infrastructure.part_files import kept_aside
from services import comic_editor, comic_webtoon
from services.comic_pages import Drawn, drawn
from services.comic_paper import Paper

MB = 1_000_000
LARGEST, EPISODE = 2 * MB, 20 * MB  # bytes that a webtoon site takes: of a slice, of all
Pictures = Mapping[str, Path]  # of panels, by their ids


class Written(NamedTuple):
    file: Path
    findings: list[Finding]
    page: int  # the last one that is done


Write = Callable[[Comic, Pictures, Paper, Path], Iterator[Written]]


def bound(bind: Bind) -> Write:
    """All pages in one file, which stands when the last one is in it. What stood there is kept aside."""

    def write(comic: Comic, pictures: Pictures, paper: Paper, out: Path) -> Iterator[Written]:
        _refuse_folder(out)
        _keep_aside(out)
        with bind(comic, out) as book:
            for page in drawn(comic, pictures, paper, Fonts()):
                book.add(_leaf(comic, page, paper))
                yield Written(out, page.findings, page.page.number)

    return write


def _refuse_folder(out: Path) -> None:
    if out.is_dir():
        raise StudioError(f"{out} is a folder. Name a file for the comic with --out.")


def _refuse_file(out: Path) -> None:
    if out.is_file():
        raise StudioError(f"{out} is a file. Name a folder for the pages with --out.")


def _keep_aside(out: Path) -> None:
    if out.exists():
        kept_aside(out, "before")


def apart(ending: str) -> Write:
    """A file for each page, in a folder. What stood there and is no page of ours is kept aside."""

    def write(comic: Comic, pictures: Pictures, paper: Paper, out: Path) -> Iterator[Written]:
        _refuse_file(out)
        for page in drawn(comic, pictures, paper, Fonts()):
            file = out / f"{page.page.number:03}.{ending}"
            page_files.save(_bled(comic, page.image, paper), file, paper.dpi)
            yield Written(file, page.findings, page.page.number)

    return write


def edited(comic: Comic, pictures: Pictures, paper: Paper, out: Path) -> Iterator[Written]:
    """A comic editor's project, on its screen's pixels whatever the paper's are."""
    _refuse_folder(out)
    made = list[comic_editor.Object]()
    for canvas in comic_editor.canvases(comic, pictures, replace(paper, dpi=paper.screen)):
        made.append(canvas.said)
        if len(made) == len(comic.pages):
            _keep_aside(out)
            write_json(out, comic_editor.project(comic, made, paper.name))
        yield Written(out, canvas.findings, len(made))


def scrolled(comic: Comic, pictures: Pictures, _paper: Paper, out: Path) -> Iterator[Written]:
    """Slices for a webtoon site, in a folder; what such a site refuses is told."""
    _refuse_file(out)
    whole, number = 0, 0
    for number, part in enumerate(comic_webtoon.slices(comic, pictures), 1):
        file, findings = out / f"{number:03}.jpg", part.findings
        size = page_files.save_within(part.image, file, Paper.screen, LARGEST)
        whole += size
        if size > LARGEST:
            findings.append(Finding(file.name, "It has more than 2 MB."))
        if part.page == len(comic.pages):
            findings += _too_much(whole, out, number)
        yield Written(file, findings, part.page)


def _too_much(whole: int, out: Path, count: int) -> Iterator[Finding]:
    if whole > EPISODE:
        yield Finding("webtoon", f"It has {whole / MB:.1f} MB, and an episode at most 20: part it.")
    for file in sorted(out.glob("*.jpg")):
        if file.stem.isdecimal() and int(file.stem) > count and page_files.is_ours(file):
            yield Finding(file.name, "It is of an earlier export, and no part of this one: delete it.")


FORMATS: Mapping[str, Write] = {
    "pdf": bound(pdf),
    "cbz": bound(cbz),
    "epub": bound(epub),
    "editor": edited,
    "webtoon": scrolled,
    "png": apart("png"),
    "jpeg": apart("jpg"),
}
FOLDERS = {"webtoon": "webtoon", "png": "pages", "jpeg": "pages"}  # what is no single file


def place_of(format: str, project: Project) -> Path:
    """Where it is written if nobody says where."""
    if format in FOLDERS:
        return project.folder / FOLDERS[format]
    ending = "editor.json" if format == "editor" else format
    return project.folder / f"{project.name}.{ending}"


def by(comic: Comic, author: str) -> Comic:
    return replace(comic, more={**comic.more, "author": author}) if author else comic


def format_of(out: Path) -> str:
    """By how the file's name ends; a folder has pages as PNG."""
    ending = out.suffix.casefold().removeprefix(".")
    return ending if ending in FORMATS and ending not in FOLDERS else "png"


def _leaf(comic: Comic, page: Drawn, paper: Paper) -> Leaf:
    begins = [chapter.title for chapter in comic.chapters if chapter.pages[:1] == (page.page,)]
    return Leaf(
        _bled(comic, page.image, paper),
        paper.width,
        paper.height,
        paper.bleed,
        said(comic, page.page),
        "".join(begins),
    )


def _bled(comic: Comic, image: Image.Image, paper: Paper) -> Image.Image:
    wide = round(paper.px(paper.bleed))
    return ImageOps.expand(image, wide, look_of(comic.style).page) if wide else image


def said(comic: Comic, page: Page) -> str:
    """What is read on a page, a line each; what happens, where there is nothing to read."""
    words = [text for panel in page.panels for text in _said(comic, panel)]
    return "\n".join(words or filter(None, (panel.action for panel in page.panels)))


def _said(comic: Comic, panel: Panel) -> Iterator[str]:
    yield from filter(None, [panel.narrative])
    for line in panel.lines:
        known = comic.character(line.character)
        yield f"{known.name if known else line.character.removeprefix(PASSING)}: {line.text}"
    yield from filter(None, [panel.sfx])
