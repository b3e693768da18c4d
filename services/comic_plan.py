"""A comic's plan from what an author wrote: a script, or a plan of this or another program."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from domain.comic import STYLES, Comic
from domain.comic_rules import MOST_PAGES, Finding, findings, settled
from domain.errors import StudioError
from domain.languages import language_of
from infrastructure.comics.editor_reader import is_editors, read_editor
from infrastructure.comics.fountain_reader import read_fountain
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.plan_json import plan_json, read_plan
from infrastructure.comics.script_reader import read_script
from infrastructure.comics.script_writer import written
from infrastructure.json_files import write_json
from infrastructure.part_files import kept_aside, writing
from infrastructure.strict_json import parse_json, read_text
from services import comic_paper

SHAPE = 0.02  # of height to width: how far a canvas may be from its paper's until it is told
EXAMPLE = Path(__file__).parent.parent / "examples" / "the-last-tram.txt"


class Planned(NamedTuple):
    comic: Comic
    changed: list[Finding]  # what was not taken as it stands
    advice: list[Finding]  # what its author should look at


def read(path: Path, style: str = "", language: str = "", most: int = MOST_PAGES, paper: str = "") -> Planned:
    """A script, a screenplay in a file that ends in .fountain, or a plan or a comic editor's project in one
    that ends in .json; `style`, `language` and `paper` instead of what it says. Raises StudioError."""
    return of_text(read_text(path), path, style, language, most, paper)


def of_text(
    text: str, path: Path, style: str = "", language: str = "", most: int = MOST_PAGES, paper: str = ""
) -> Planned:
    """The same of words that need not be in a file: `path` says which kind they are."""
    if path.suffix.casefold() == ".json":
        content, changed, sides = parse_json(text, path), list[Finding](), dict[str, tuple[float, float]]()
        if is_editors(content):
            content, changed, sides = read_editor(content)
        comic = read_plan(content)
    else:
        is_fountain = path.suffix.casefold() == ".fountain"
        comic, notes = read_fountain(text) if is_fountain else read_script(text)
        changed, sides = [Finding(f"line {note.line}", note.said) for note in notes], {}
    comic = replace(
        comic,
        title=comic.title or path.stem,
        style=style or comic.style or STYLES[0],
        language=language or comic.language or language_of(_lettered(comic)),
        paper=comic_paper.paper(paper).name if paper else comic.paper,
    )
    check_style(comic.style)
    made, mended = settled(comic, layouts())
    if not made.pages:
        raise StudioError(f"{path} has nothing to draw: write what happens, page by page or in paragraphs.")
    return Planned(made, [*changed, *_about_paper(made, sides), *mended], findings(made, most))


def _about_paper(comic: Comic, sides: Mapping[str, tuple[float, float]]) -> Iterator[Finding]:
    """Another program may have papers that we have not, and canvases of any shape."""
    on = comic_paper.paper_of(comic)
    try:
        comic_paper.paper(comic.paper)
    except StudioError as error:
        yield Finding("paper", f"{error} Its pages are made on {on.name}.")
    for where, (width, height) in sides.items():
        if abs(height / width - on.height / on.width) > SHAPE:
            said = f"It is {width:g} × {height:g}, and no {on.name}; name its paper with --paper."
            yield Finding(where, said)


def check_style(style: str) -> None:
    if style not in STYLES:
        near = difflib.get_close_matches(style, STYLES, 3, 0.4)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(STYLES)}."
        raise StudioError(f"There is no style called {style}. {hint}")


def write(comic: Comic, path: Path) -> None:
    """As a script where the file ends in .txt, else as JSON. Another file that stood there is kept aside."""
    if path.exists():
        kept_aside(path, "before")
    if path.suffix.casefold() != ".txt":
        write_json(path, plan_json(comic))
        return
    with writing(path) as part:
        part.write_text(written(comic), encoding="utf-8")


def as_plan(comic: Comic) -> dict[str, Any]:
    """What stands in its file."""
    return plan_json(comic)


def as_script(comic: Comic) -> str:
    return written(comic)


def example() -> str:
    """A script to begin with."""
    return read_text(EXAMPLE)


def _lettered(comic: Comic) -> str:
    words = [word for _, panel in comic.panels for word in panel.words]
    return " ".join(words or [panel.action for _, panel in comic.panels])
