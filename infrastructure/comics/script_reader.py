"""A comic's script in plain text, read into a plan. Every line is in the plan or in the notes.

    TITLE: The last tram
    CHARACTER Marta (driver): thirty, short dark hair
    PAGE 1 [big-top]
    PANEL 1
    Rain on the depot's roof.
    @camera: wide shot, high angle
    CAPTION: Two minutes to midnight.
    MARTA (whisper): Nobody left.
    SFX: KLANG

The words may be English, Ukrainian, German or Russian (config/comic_words.json). An indented line goes on
with what the line before it said. Without PANEL each paragraph is one; without PAGE the panels fill pages.
"""

import re
from string import capwords
from typing import NamedTuple

from domain.comic import KINDS, PASSING, ZONES, Actor, Comic
from infrastructure.comics import script_words
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
from infrastructure.comics.script_words import words

_LAYOUT = re.compile(r"\[([\w-]+)\]")
_REMARK = re.compile(r"//.*|---+|===+|\[\[[^\[\]]*\]\]")
_PAPER = re.compile(r"[\w-]+(?: landscape)?")
_BOLD = re.compile(r"^\*\*(.+?)\*\*")


_OF = {  # fields, by what they are said of
    "character": ("name", "clothing", "seed"),
    "page": ("location", "weather", "time", "summary"),
    "panel": ("camera", "location", "mood", "image_prompt"),
}


class Note(NamedTuple):
    """What was not taken as it stands."""

    line: int  # from 1
    said: str


def read_script(text: str) -> tuple[Comic, list[Note]]:
    """The plan, whose pages and panels have neither ids nor numbers yet, and what was not taken as it is."""
    reader = _Reader()
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        reader.read(number, line)
    reader.finish()
    return made(reader.header, reader.people, reader.chapters), reader.notes


class _Reader:
    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.header = Fields()
        self.people: dict[str, Person] = {}  # by name in small letters
        self.chapters: list[ChapterDraft] = []
        self._about = ""  # a key of _OF: what the lines are about now
        self._fields = Fields()  # … and what is said of it
        self._panel: PanelDraft | None = None
        self._last: Said | None = None  # what an indented line goes on with
        self._speech: Speech | None = None  # the last one, which may say nothing yet
        self._number, self._is_new_paragraph, self._is_header = 0, True, True

    # --- lines

    def read(self, number: int, line: str) -> None:
        self._number = number
        plain = " ".join(line.split())
        if not plain:
            self._is_new_paragraph, self._last = True, None
            return
        if _REMARK.fullmatch(plain):
            return
        if line[0].isspace() and self._last is not None and not self._is_own(plain):
            self._last.add(plain)
            return
        plain = _BOLD.sub(r"\1", plain.lstrip("#").strip())
        if not plain:
            return
        if found := words().block(plain):
            self._begin(*found)
        elif plain.startswith("@"):
            self._field(plain)
        else:
            self._words(plain)
        self._is_new_paragraph = False

    def _is_own(self, line: str) -> bool:
        """Whether an indented line begins something, in a script that is indented throughout."""
        found = script_words.SPEECH.fullmatch(line)
        is_said = found and (found["name"].casefold() in words().texts or self._is_speaker(found["name"]))
        return bool(is_said or line.startswith("@") or words().block(line))

    def _begin(self, kind: str, rest: str) -> None:
        self._last = None
        self._is_header = self._is_header and kind == "character"
        match kind:
            case "character":
                self._introduce(rest)
            case "chapter":
                self.chapters.append(ChapterDraft(rest))
                self._panel = None
            case "page":
                self._begin_page(rest)
            case "panel":
                self._begin_panel(rest)

    def _introduce(self, rest: str) -> None:
        found = script_words.SPEECH.fullmatch(rest)
        name, _, looks = rest.partition(":")
        name, role, looks = found.groups("") if found else (name, "", looks)
        if not name.strip():
            self._note("A character needs a name; left out.")
            return
        person = self._person(name.strip())
        roles = dict.fromkeys(filter(None, (person.role, role.strip())))
        person.name, person.role = name.strip(), ", ".join(roles)
        self._last = person.fields["appearance"]
        self._last.add(looks.strip())
        self._about, self._fields = "character", person.fields

    def _begin_page(self, rest: str) -> None:
        found = _LAYOUT.search(rest)
        page = PageDraft(found[1].casefold() if found else "")
        self._chapter.pages.append(page)
        self._about, self._fields, self._panel = "page", page.fields, None
        if more := _LAYOUT.sub("", rest, count=1).strip():
            page.fields["summary"] = self._last = Said(more)

    def _begin_panel(self, rest: str, is_said: bool = True) -> PanelDraft:
        if not self._chapter.pages:
            self._chapter.pages.append(PageDraft(is_said=False))
        self._panel = PanelDraft(is_said)
        self._chapter.pages[-1].panels.append(self._panel)
        self._about, self._fields = "panel", self._panel.fields
        if camera := re.match(r"\(([^()]*)\)\s*[.:—–-]?\s*", rest):
            self._fields["camera"] = Said(camera[1].strip())
            rest = rest[camera.end() :]
        if rest:
            self._fields["action"] = self._last = Said(rest)
        return self._panel

    def _field(self, line: str) -> None:
        found = words().field(line)
        if found is None:
            self._note(f"“{line[:40]}” is no field the studio knows; it stands in the action.")
            self._act(line)
            return
        name, text = found
        if name == "who":
            self._who(text)
        elif name == "action":
            self._act(text)
        elif name not in _OF.get(self._about, ()):
            of = " or ".join(kind for kind, fields in _OF.items() if name in fields)
            self._note(f"“{line[:40]}” is said of a {of}, and left out here.")
        elif name == "seed" and not _is_seed(text):
            self._note(f"A seed is a whole number below 2^64, not “{text[:30]}”; left out.")
        else:
            self._last = self._fields[name]
            self._last.add(text)

    def _who(self, text: str) -> None:
        panel = self._open_panel()
        panel.who = panel.who or []
        if "|" in text:
            name, expression, pose, gesture, gaze, *_ = (*_parts(text), *[""] * 4)
            panel.who.append(Actor(name, expression, pose, gesture, gaze))
        else:
            panel.who.extend(Actor(name.strip()) for name in text.split(",") if name.strip(" -—–"))
        self._last = None

    def _words(self, line: str) -> None:
        """A line of the header, of somebody's, or of what happens."""
        found = script_words.SPEECH.fullmatch(line)
        name, text = (found["name"].casefold(), found["text"]) if found else ("", "")
        kind = words().header.get(name)
        if kind == "paper" and (self.chapters or not _PAPER.fullmatch(text)):
            kind = None  # somebody may be called so
        if found and kind and self._is_header:
            if kind == "reading" and text.casefold() not in {*words().rtl, *words().ltr}:
                self._note(f"“{text[:30]}” is no direction: from left to right, or right to left.")
            self._last = self.header[kind]
            self._last.add(text)
            self._last = None if kind == "reading" else self._last
        elif found and (kind := words().texts.get(name)):
            panel = self._open_panel()
            self._last = panel.fields[kind]
            self._last.add(text)
        elif found and self._is_speaker(found["name"]):
            self._say(found["name"], found["manner"] or "", text)
        else:
            if found and found["name"].istitle() and found["name"].count(" ") < 2:
                self._note(
                    f"“{found['name']}:” is taken as what happens. If it speaks, write it in capitals."
                )
            self._act(line)

    def _say(self, name: str, manner: str, text: str) -> None:
        self._end_speech()
        speech = Speech(name, Said(text), line=self._number)
        for word in filter(None, re.split(r"\s*[,;]\s*", manner.strip().casefold())):
            meant = words().manners.get(word)
            if word in ZONES:
                speech.zone = word
            elif meant in KINDS:
                speech.kind = meant
            elif meant == "off":
                speech.is_off = True
            else:
                self._note(f"“({word})” is no way of speaking the studio knows; left out.")
        if not name.casefold().startswith(PASSING):
            self._person(capwords(name) if name.isupper() else name)
        self._open_panel().speeches.append(speech)
        self._last, self._speech = speech.said, speech

    def _act(self, text: str) -> None:
        """What happens; a new paragraph is a panel of its own where no panels are told apart."""
        if self._panel and not self._panel.is_said and self._is_new_paragraph:
            self._panel = None
        if self._speech and self._last is self._speech.said and not self._last.text:
            self._last.add(text)  # what is said may stand below who says it
            return
        self._last = self._open_panel().fields["action"]
        self._last.add(text)

    def finish(self) -> None:
        self._end_speech()
        self.notes.sort()

    def _end_speech(self) -> None:
        if self._speech and not self._speech.said.text:
            self.notes.append(Note(self._speech.line, f"{self._speech.name} says nothing; left out."))

    # --- places

    @property
    def _chapter(self) -> ChapterDraft:
        if not self.chapters:
            self.chapters.append(ChapterDraft())
        return self.chapters[-1]

    def _open_panel(self) -> PanelDraft:
        return self._panel or self._begin_panel("", is_said=False)

    def _person(self, name: str) -> Person:
        return self.people.setdefault(name.casefold(), Person(name))

    def _is_speaker(self, name: str) -> bool:
        is_capitals = any(map(str.isalpha, name)) and name == name.upper() and len(name.split()) <= 4
        return is_capitals or name.casefold() in self.people or name.casefold().startswith(PASSING)

    def _note(self, said: str) -> None:
        self.notes.append(Note(self._number, said))


def _is_seed(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) < 2**64


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.rstrip(" |").split("|", 4)]
