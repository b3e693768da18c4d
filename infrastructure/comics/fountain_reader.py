"""A screenplay in Fountain, read into a plan: a scene is a page or more, a paragraph of action a panel, a cue
a balloon. Every line is in the plan, a remark, or in the notes.

Headings may be English, Ukrainian, Russian or German: INT. DEPOT - NIGHT, ІНТ. ДЕПО – НІЧ.
"""

import re
from string import capwords

from domain.comic import KINDS, Comic
from domain.comic_rules import BALLOONS
from infrastructure.comics.script_drafts import (
    ChapterDraft,
    Fields,
    PageDraft,
    PanelDraft,
    Person,
    Said,
    Speech,
    made,
)
from infrastructure.comics.script_reader import Note
from infrastructure.comics.script_words import words

_WHERE = r"INT|EXT|EST|ІНТ|ЕКСТ|НАТ|ИНТ|ЭКСТ|INNEN|AUSSEN|AUßEN"
_HEADING = re.compile(rf"(?:(?:{_WHERE})(?:\.?/(?:{_WHERE}))?|I/E|І/Н)(?:\.\s*|\s+)(?=\S)", re.IGNORECASE)
_NUMBERED = re.compile(r"\s*#[^#]+#\s*$")
_TIME = re.compile(r"\s+[-–—]\s+(?=[^-–—]+$)")
_CUE = re.compile(r"(?P<name>[^()]*?[^\W\d_][^()]*?)\s*(?P<more>(?:\([^()]*\)\s*)*)\^?")
_TITLE = re.compile(r"(?P<key>[^\W\d_][\w ]{0,30}):\s*(?P<text>.*)")
_REMARK = re.compile(r"/\*.*?(?:\*/|\Z)|\[\[.*?(?:\]\]|\Z)", re.DOTALL)
_EMPHASIS = re.compile(r"(?<!\\)(\*{1,3}|_)(?=\S)(.{1,400}?)(?<=\S)\1")
_LONGEST_CUE = 100  # letters
_OFF = {"v.o.", "o.s.", "o.c.", "vo", "os", "oc", "зк", "з.к.", "гзк", "поза кадром"}
_SAME = {"cont'd", "cont’d", "contd", "прод.", "продовження", "продолжение"}


def read_fountain(text: str) -> tuple[Comic, list[Note]]:
    """The plan, whose pages and panels have neither ids nor numbers yet, and what was not taken as it is."""
    plain = _REMARK.sub(lambda found: "\n" * found[0].count("\n"), text.lstrip("\ufeff"))
    reader = _Reader(plain.splitlines())
    reader.read()
    return made(reader.header, reader.people, reader.chapters), sorted(reader.notes)


class _Reader:
    def __init__(self, lines: list[str]):
        self._lines = lines
        self.notes: list[Note] = []
        self.header = Fields()
        self.people: dict[str, Person] = {}  # by name in small letters
        self.chapters: list[ChapterDraft] = []
        self._panel: PanelDraft | None = None
        self._at = 0  # the line, from 0

    def read(self) -> None:
        self._title_page()
        while self._at < len(self._lines):
            line = self._lines[self._at].strip()
            self._at += 1
            if line and not re.fullmatch(r"={3,}|-{3,}", line):
                self._line(line)

    # --- the parts

    def _title_page(self) -> None:
        """Keys and values at the very beginning, up to the first empty line."""
        first = self._lines[0] if self._lines else ""
        found = _TITLE.fullmatch(first.strip())
        if not found or _HEADING.match(first) or first.strip() == first.strip().upper():
            return
        kind, said = "", Said()
        while self._at < len(self._lines) and (line := self._lines[self._at]).strip():
            self._at += 1
            if (found := _TITLE.fullmatch(line.strip())) and not line[0].isspace():
                kind = words().header.get(found["key"].casefold(), "")
                said = self.header[kind] if kind else Said()
                said.add(_plain(found["text"]))
            else:
                said.add(_plain(line.strip()))
            if not kind:
                self._note(f"“{line.strip()[:40]}” of the title page is left out.")

    def _line(self, line: str) -> None:
        heading = line[1:].strip() if re.match(r"\.[^.]", line) else line if _HEADING.match(line) else ""
        if heading:
            self._scene(heading)
        elif line.startswith("#"):
            self._section(line)
        elif line.startswith("="):
            self._synopsis(line.lstrip("= "))
        elif line.startswith(">") and line.endswith("<"):
            self._open_panel().fields["narrative"].add(_plain(line.strip("<> ")))
        elif line.startswith(">") or (line == line.upper() and line.endswith(" TO:")):
            self._note(f"The transition “{line.strip('> ')[:40]}” is left out: a comic has none.")
        elif self._is_cue(line):
            self._dialogue(line)
        else:
            self._action(line)

    def _scene(self, heading: str) -> None:
        page = PageDraft(is_said=False)
        place, *time = _TIME.split(_plain(_NUMBERED.sub("", heading)), maxsplit=1)
        page.fields["location"].add(place)
        if time:
            page.fields["time"].add(time[0])
        self._chapter.pages.append(page)
        self._panel = None

    def _section(self, line: str) -> None:
        title = _plain(line.lstrip("# "))
        if line.startswith("##"):
            self._note(f"The section “{title[:40]}” is left out; those with one # are chapters.")
            return
        self.chapters.append(ChapterDraft(title))
        self._panel = None

    def _synopsis(self, text: str) -> None:
        if self.chapters and self._chapter.pages:
            self._chapter.pages[-1].fields["summary"].add(_plain(text))
        else:
            self._note(f"The synopsis “{text[:40]}” stands before any scene; left out.")

    def _action(self, line: str) -> None:
        """A paragraph; its lines go on until an empty one."""
        said = self._begin_panel().fields["action"]
        said.add(_plain(line.removeprefix("!")))
        while (more := self._next()) and not _HEADING.match(more):
            said.add(_plain(more.strip()))
            self._at += 1

    def _is_cue(self, line: str) -> bool:
        """In capitals, after an empty line and before what is said."""
        if line.startswith("@") and 1 < len(line) <= _LONGEST_CUE:
            return True
        found = _CUE.fullmatch(line) if len(line) <= _LONGEST_CUE else None
        above = self._lines[self._at - 2].strip() if self._at > 1 else ""
        is_capitals = found and found["name"] == found["name"].upper() and not line.startswith("!")
        return bool(is_capitals and not above and self._next())

    def _dialogue(self, line: str) -> None:
        found = _CUE.fullmatch(line.lstrip("@")[:_LONGEST_CUE])
        name = found["name"].strip() if found else line.lstrip("@ ")
        panel = self._open_panel()
        if len(panel.speeches) >= BALLOONS:
            panel = self._begin_panel()
        speech = Speech(name, Said(), line=self._at)
        for word in re.findall(r"\(([^()]*)\)", found["more"] if found else ""):
            self._manner(speech, word)
        while more := self._next():
            self._at += 1
            text = more.strip()
            if re.fullmatch(r"\(.*\)", text):
                self._manner(speech, text[1:-1])
            else:
                speech.said.add(_plain(text.lstrip("~ ")))
        if not speech.said.text:
            self.notes.append(Note(speech.line, f"{name} says nothing; left out."))
            return
        self.people.setdefault(name.casefold(), Person(capwords(name) if name.isupper() else name))
        panel.speeches.append(speech)

    def _manner(self, speech: Speech, word: str) -> None:
        plain = word.strip().casefold()
        meant = words().manners.get(plain)
        if plain in _OFF or meant == "off":
            speech.is_off = True
        elif meant in KINDS:
            speech.kind = meant
        elif plain not in _SAME:
            self._note(f"“({word.strip()[:40]})” is no way of speaking the studio knows; left out.")

    # --- places

    def _next(self) -> str:
        """The line that comes, "" where it is empty or there is none."""
        line = self._lines[self._at] if self._at < len(self._lines) else ""
        return line if line.strip() else ""

    @property
    def _chapter(self) -> ChapterDraft:
        if not self.chapters:
            self.chapters.append(ChapterDraft())
        return self.chapters[-1]

    def _begin_panel(self) -> PanelDraft:
        if not self._chapter.pages:
            self._chapter.pages.append(PageDraft(is_said=False))
        self._panel = PanelDraft(is_said=False)
        self._chapter.pages[-1].panels.append(self._panel)
        return self._panel

    def _open_panel(self) -> PanelDraft:
        return self._panel or self._begin_panel()

    def _note(self, said: str) -> None:
        self.notes.append(Note(self._at, said))


def _plain(text: str) -> str:
    """Without stars and underscores around words."""
    while (plain := _EMPHASIS.sub(r"\2", text)) != text:
        text = plain
    return re.sub(r"\\([*_])", r"\1", text).strip()
