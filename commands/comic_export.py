"""comic export: a comic as a file to print, to read, or to go on with in another program."""

import argparse

from commands import comics, setting
from services.comic_paper import paper


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    made_on = paper(asked.paper, asked.dpi, asked.bleed)
    return comics.export(asked, asked.format, made_on, asked.author, comics.aloud)
