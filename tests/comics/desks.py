"""The comic on the Comic page's desk: its script, what pages are told of it, and until it is drawn."""

import json
import time

from tests.run_bench import is_busy

LONGEST = 60.0
SCRIPT = """TITLE: The tram
STYLE: noir
CHARACTER Ida: thirty

PAGE 1
PANEL 1
Ida waits in the rain.
IDA: Late.
PANEL 2
An empty street.

PAGE 2
PANEL 1
Ida smiles.
"""
ONE, TWO, THREE = "ch1-p1-pan1", "ch1-p1-pan2", "ch1-p2-pan1"


def facts(studio):
    studio.comic.tell()
    return {key: json.loads(value) for key, value in studio.feed.since(0).changed.items()}


def made(studio):
    """Wait for what was asked for; the errands, none of which may have failed."""
    end = time.monotonic() + LONGEST
    while is_busy(studio.runs):
        assert time.monotonic() < end
        time.sleep(0.02)
    errands = studio.runs.errands()
    assert [errand.error for errand in errands if errand.error] == []
    return errands
