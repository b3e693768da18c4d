"""comic export: a comic as a file to print, to read, or to go on with in another program."""

import argparse

from commands import comics, setting
from services.comic_pages import Paper


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    paper = Paper(dpi=asked.dpi, bleed=asked.bleed)
    return comics.export(asked, asked.format, paper, asked.author, comics.aloud)
