"""A Fountain screenplay becomes a plan: scenes pages, paragraphs panels, cues balloons. No line is lost."""

import json
import re
from random import Random

import pytest

from infrastructure.comics.fountain_reader import read_fountain
from services import comic_plan

SCREENPLAY = """Title: **The last tram**
Author: Somebody

# The depot

INT. DEPOT - NIGHT #1#

= She waits.

Rain on the roof.
Nobody *anywhere*.

IDA
(whisper)
Nobody left. [[slower?]]

BO (V.O.)
Look again!

> Two minutes to midnight. <

/* cut
for length */
She turns.

IDA (CONT'D)
(frowning)
Who is there?

CUT TO:

НАТ. МІСТ – НІЧ

Сніг.

МАРТА (за кадром)
Іде!

.ON THE ROOF

@McAvoy
~Sing with me
~once more
"""


def test_a_screenplay_becomes_pages_panels_and_balloons():
    comic, _ = read_fountain(SCREENPLAY)
    assert (comic.title, [chapter.title for chapter in comic.chapters]) == ("The last tram", ["The depot"])
    places = [(page.location, page.time, page.summary) for page in comic.pages]
    assert places == [
        ("INT. DEPOT", "NIGHT", "She waits."),
        ("НАТ. МІСТ", "НІЧ", ""),
        ("ON THE ROOF", "", ""),
    ]
    first, second = comic.pages[0].panels
    assert (
        first.action == "Rain on the roof. Nobody anywhere." and first.narrative == "Two minutes to midnight."
    )
    said = [(line.text, line.kind, line.is_off) for line in first.lines]
    assert said == [("Nobody left.", "whisper", False), ("Look again!", "speech", True)]
    assert second.action == "She turns." and second.lines[0].text == "Who is there?"
    assert comic.pages[1].panels[0].lines[0].is_off
    assert comic.pages[2].panels[0].lines[0].text == "Sing with me once more"
    assert [person.name for person in comic.characters] == ["Ida", "Bo", "Марта", "McAvoy"]


def test_what_is_left_out_is_told_with_its_line():
    _, notes = read_fountain(SCREENPLAY)
    lines = SCREENPLAY.splitlines()
    told = {lines[note.line - 1] for note in notes}
    assert told == {"Author: Somebody", "(frowning)", "CUT TO:"}


@pytest.mark.parametrize(
    "heading",
    [
        "INT. X",
        "int X",
        "EXT. X",
        "INT./EXT. X",
        "I/E X",
        "ІНТ. X",
        "НАТ. X",
        "ІНТ./НАТ. X",
        "ИНТ. X",
        "INNEN X",
        ".X",
    ],
)
def test_headings_in_four_languages_begin_a_page(heading):
    comic, _ = read_fountain(f"Rain.\n\n{heading} - DAY\n\nSun.\n")
    assert len(comic.pages) == 2 and comic.pages[1].time == "DAY" and "X" in comic.pages[1].location


@pytest.mark.parametrize(
    "line", ["Interior thoughts fill her.", "Estimates vary.", "I am here.", "Натовп шумить."]
)
def test_prose_that_begins_like_a_heading_is_what_happens(line):
    comic, _ = read_fountain(f"INT. X\n\n{line}\n")
    assert len(comic.pages) == 1 and comic.pages[0].panels[0].action == line


def test_a_long_talk_goes_over_several_panels(tmp_path):
    talk = "".join(f"{'AB'[n % 2]}NNA\nLine {n}.\n\n" for n in range(8))
    (tmp_path / "talk.fountain").write_text(f"INT. ROOM\n\n{talk}", "utf-8")
    comic, changed, advice = comic_plan.read(tmp_path / "talk.fountain")
    assert [len(panel.lines) for _, panel in comic.panels] == [3, 3, 2] and changed == advice == []


@pytest.mark.parametrize("seed", range(200))
def test_every_word_is_in_the_plan_in_a_remark_or_in_the_notes(seed):
    random = Random(seed)
    more = ("", "", "(O.S.)", "> X", "#", "##  Deep", "===", "@", "!BANG", "A: b", "^")
    lines = [*SCREENPLAY.splitlines(), *more]
    text = "\n".join(random.choices(lines, k=random.randint(0, 25)))
    comic, notes = read_fountain(text)
    plan = json.dumps(
        [comic.title, comic.language, [repr(chapter) for chapter in comic.chapters], repr(comic.characters)],
        ensure_ascii=False,
    )
    told = " ".join(text.splitlines()[note.line - 1] for note in notes)
    left = re.sub(r"/\*.*?(\*/|\Z)|\[\[.*?\]\]|#1#|\(CONT'D\)|\([^()]*\)", " ", text, flags=re.DOTALL)
    for word in re.findall(r"\w{3,}", left):
        assert word.casefold() in f"{plan} {told}".casefold(), word


@pytest.mark.parametrize(
    "odd", ["*a " * 100_000, "A" * 500_000 + "\nx", "A (" * 200_000 + "\nx", "@" + "A" * 500_000]
)
def test_an_odd_line_takes_no_long_time(odd):
    read_fountain(odd)
