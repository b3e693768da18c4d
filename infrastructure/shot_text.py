"""Shots written down as plain text, by a person or a language model."""

import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from domain.storyboard import Storyboard
from infrastructure.plain_text import read_plain
from infrastructure.shot_entries import UNIT, WORDS, Entries, column_of, seconds_of
from infrastructure.storyboard_files import MOST_SHOTS, board_of

_SHOT_WORDS = "|".join(WORDS["shot"])
_SCENE_WORDS = "|".join(WORDS["scene"])
_MARK = re.compile(
    rf"(?:[-*•]\s+)?\**(?:(?:{_SHOT_WORDS})\s*#?)?\s*(?P<id>[A-Za-z]{{0,4}}[-_]?\d{{1,4}}[A-Za-z]?"
    r"(?:[-_.]\d{1,4}[A-Za-z]?)?)\s*(?:\**[:.)\]–—-]\**(?=\s|$)|[：、．）])\s*|[-*•–]\s+",
    re.IGNORECASE,
)
_HEADING = re.compile(
    rf"(?:#{{1,6}}\s+(?P<text>.+?)[\s#]*|(?:(?:{_SCENE_WORDS})\s+(?:no\.?\s*)?(?:\d+[A-Za-z]?|[IVXLC]+|[A-Z])\b"
    r"(?:\s*[:.–—-].*)?|第\s*[\d一二三四五六七八九十百]+\s*[场幕].*|(?:场景|场次)\s*[\d一二三四五六七八九十百]+.*))",
    re.IGNORECASE,
)
_SLUG = re.compile(r"(?:INT|EXT|INT\.?/EXT|I/E|INNEN|AUSSEN|ИНТ|НАТ|ІНТ)[. ].{2,100}")  # as in a script
_RULE = re.compile(r"([-=*_~])\1{2,}")
_LENGTH = re.compile(
    rf"\s*[(\[（【]\s*((?:ca\.?|~|≈)?\s*\d+(?:[.,]\d+)?\s*(?:{UNIT})\.?|\d{{1,2}}:\d\d)\s*[)\]）】]",
    re.IGNORECASE,
)
_KEY = re.compile(r"\**([^\W\d][^:：]{1,30}?)\**\s*[:：]\**\s*(.+)")
_LONGEST_HEADING = 120


def read_text_of_shots(path: Path) -> tuple[Storyboard, list[str]]:
    """A board from a text file, and what was made of it.

    1. The file is UTF-8, UTF-16 or Windows text; how lines end does not matter.
    2. A heading opens a scene: `# …`, a line underlined with === or ---, "Scene 3: …" in any of the
       languages of config/shot_words.json, or a script's "INT. KITCHEN – NIGHT".
       The only `# …` in a text that begins with it is the film's title.
    3. A number or id before a text opens a shot and is its id: "1.", "001:", "12)", "A3 –", "Shot 7:".
       So does a bullet, which gives no id.
    4. Where the shots are numbered, everything up to the next number belongs to the shot; what stands
       before the first is left out and told. Where they are not, a paragraph is a shot, and in a text
       without empty lines a line.
    5. A length in brackets is the shot's: "(4s)", "[3.5 s]", "(2,5 сек)", "（4秒）", "(0:04)".
    6. Lines such as "Negative: …", "Camera: …", "Notes: …" within a shot go where their name says.
    """
    text, notes = read_plain(path)
    title, lines = _titled(_lines(text))
    reading = _Reading(_is_numbered(lines), _are_paragraphs(lines))
    for line in lines:
        reading.take(line)
    reading.finish()
    document, said = reading.entries.document(title or path.stem)
    board, repairs = board_of(document, path.absolute().parent)
    return board, [*notes, *reading.notes, *said, *repairs]


@dataclass(frozen=True)
class _Line:
    number: int
    kind: str  # "empty", "heading", "mark" or "text"
    text: str
    id: str = ""
    level: int = 2  # of a heading


def _lines(text: str) -> list[_Line]:
    lines: list[_Line] = []
    for number, line in enumerate(map(str.strip, text.split("\n")), 1):
        before = lines[-1] if lines else None
        if _RULE.fullmatch(line):
            if line[0] in "=-" and before and before.kind == "text" and _is_alone(lines):
                lines[-1] = _Line(before.number, "heading", before.text)
            lines.append(_Line(number, "empty", ""))
        elif not line:
            lines.append(_Line(number, "empty", ""))
        elif len(line) <= _LONGEST_HEADING and (match := _HEADING.fullmatch(line)):
            level = len(line) - len(line.lstrip("#")) or 2
            lines.append(_Line(number, "heading", match["text"] or line, level=level))
        elif _SLUG.fullmatch(line):
            lines.append(_Line(number, "heading", line))
        elif match := _MARK.match(line[:_LONGEST_HEADING]):
            lines.append(_Line(number, "mark", line[match.end() :].strip(), match["id"] or ""))
        else:
            lines.append(_Line(number, "text", line))
    return lines


def _titled(lines: list[_Line]) -> tuple[str, list[_Line]]:
    """The film's title and the lines without it."""
    top = [line for line in lines if line.level == 1]
    first = next((line for line in lines if line.kind != "empty"), None)
    if len(top) == 1 and first is top[0]:
        return first.text, [line for line in lines if line is not first]
    return "", lines


def _is_alone(lines: list[_Line]) -> bool:
    return len(lines) < 2 or lines[-2].kind in ("empty", "heading")


def _are_paragraphs(lines: list[_Line]) -> bool:
    """Whether empty lines part one text from the next, or only headings from what follows."""
    kinds = [line.kind for line in lines]
    texts = [n for n, kind in enumerate(kinds) if kind in ("text", "mark")]
    return any({*kinds[a + 1 : b]} == {"empty"} for a, b in pairwise(texts))


def _is_numbered(lines: list[_Line]) -> bool:
    """Whether marks open the shots here, rather than one or two texts begin with a number."""
    said = [line for line in lines if line.kind in ("text", "mark")]
    marks = sum(line.kind == "mark" for line in said)
    starts = sum(
        line.kind == "mark" or n == 0 or lines[n - 1].kind in ("empty", "heading")
        for n, line in enumerate(lines)
        if line.kind in ("text", "mark")
    )
    units = starts if _are_paragraphs(lines) else len(said)
    return marks > 0 and (2 * marks >= units or (marks > 1 and said[0].kind == "mark"))


@dataclass
class _Reading:
    """The state of reading one text."""

    is_numbered: bool
    are_paragraphs: bool
    entries: Entries = field(default_factory=Entries)
    notes: list[str] = field(default_factory=list)
    _scene: str = ""
    _begun: int = 0  # the line its shot began on; 0: there is none
    _id: str = ""
    _said: list[str] = field(default_factory=list)
    _left: int = 0  # shots beyond the most there may be

    def take(self, line: _Line) -> None:
        match line.kind:
            case "heading":
                self._close()
                self._scene = line.text
            case "empty":
                if not self.is_numbered:
                    self._close()
            case "mark" if self.is_numbered:
                self._open(line)
            case _:
                self._text(line)

    def finish(self) -> None:
        self._close()
        if self._left:
            self.notes.append(f"{self._left} shots were left out: {MOST_SHOTS} are the most there may be.")

    def _open(self, line: _Line) -> None:
        self._close()
        self._begun, self._id, self._said = line.number, line.id, [line.text]

    def _text(self, line: _Line) -> None:
        text = line.text if line.kind == "text" else f"{line.id}. {line.text}".lstrip(". ")
        if self._begun and (self.is_numbered or self.are_paragraphs or _key(text)):
            self._said.append(text)
        elif self.is_numbered:
            self.notes.append(f"Line {line.number} stands before the first shot and was left out.")
        else:
            self._open(_Line(line.number, "text", text))

    def _close(self) -> None:
        if not self._begun:
            return
        begun, self._begun = self._begun, 0
        values, said = _values(self._said)
        if not values.get("prompt") and not values.get("description"):
            self.notes.append(f"Line {begun} holds no shot and was left out.")
            return
        if len(self.entries.shots) == MOST_SHOTS:
            self._left += 1
            return
        values.setdefault("prompt", values.get("description", ""))
        odd = self.entries.add({"scene": self._scene, "id": self._id, **values})
        self.notes += [f"Line {begun}: {what} was not understood." for what in [*odd, *said]]


def _key(text: str) -> tuple[str, str] | None:
    """The column and value of a line such as "Camera: slow push"."""
    match = _KEY.fullmatch(text)
    column = column_of(match[1]) if match else None
    if not match or column in (None, "id", "scene") or len(match[1]) == 1:
        return None
    if column == "seconds" and seconds_of(match[2]) is None:
        return None
    return column, match[2].strip()


def _values(said: list[str]) -> tuple[dict[str, str], list[str]]:
    """What the lines of a shot say, by column."""
    values: dict[str, str] = {}
    words, twice = [], []
    for text in said:
        if (key := _key(text)) and key[0] in values:
            twice.append(f"a second {key[0]}")
        elif key:
            values[key[0]] = key[1]
        else:
            words.append(text)
    prompt = " ".join(" ".join(words).split())
    if match := _LENGTH.search(prompt):
        prompt = f"{prompt[: match.start()]}{prompt[match.end() :]}"
        values.setdefault("seconds", match[1])
    if prompt := prompt.strip():
        values["prompt"] = f"{prompt} {values['prompt']}" if "prompt" in values else prompt
    return values, twice
