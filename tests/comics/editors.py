"""A comic that goes to an editor in tests, and what the editor gets of it."""

import json

from domain.comic import SHOUT, THOUGHT, WHISPER, Actor, Chapter, Character, Comic, Line, Page, Panel
from domain.comic_rules import settled
from infrastructure.comics.layout_file import layouts
from services.comic_export import FORMATS
from services.comic_paper import paper_of


def comic(is_rtl=False):
    ida, bo = Character("char-1", "Іда", "tall", seed=7), Character("char-2", "Бо")
    both = Actor("char-1", gaze="away"), Actor("char-2")
    lines = Line("char-1", "Wait here, please!", SHOUT), Line("char-2", "Why?", WHISPER)
    lines += (
        Line("anon-guard", "Nobody waits.", is_off=True, zone="top-right"),
        Line("char-1", "Hm…", THOUGHT),
    )
    meeting = Panel("", both, "They meet.", lines=lines, narrative="Night <1900>.")
    first = Page(
        "", 0, "big-left", (meeting, Panel("", sfx="BOOM"), Panel("", action="Sea.")), "Depot", "fog"
    )
    later = Panel("", both[:1], lines=lines[:1]), Panel("", narrative="Later.")
    second = Page("", 0, "two-horizontal", later)
    chapters = Chapter("", "One", (first,)), Chapter("", "Two & more", (second,))
    return settled(Comic("Rain", "noir", "uk", (ida, bo), chapters, is_rtl, {"id": "p1"}), layouts())[0]


def exported(comic, pictures, to):
    list(FORMATS["editor"](comic, pictures, paper_of(comic), to))
    return json.loads(to.read_text("utf-8"))


def elements(project, kind, canvas=0):
    return [one for one in project["canvases"][canvas]["elements"] if one["type"] == kind]
