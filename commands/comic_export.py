"""comic export: a comic as a file to print, to read, or to go on with in another program."""

import argparse

from commands import comics, setting


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    return comics.export(asked, asked.format, asked.bleed, asked.author, comics.aloud)
