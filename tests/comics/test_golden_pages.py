"""Lettering looks as it did: three pages beside those that are kept, however letters are drawn here."""

import pytest
from PIL import Image, ImageChops

from tests.comics.golden_pages import FOLDER, PAGES, rendered

BLOCK = 4  # pixels that are looked at together, so that a letter's edge may be drawn a little otherwise
FAR, MOST = 40, 0.002  # of 255, in any colour; the share of blocks that may be so far apart
RENEW = "Is it better? Then: python -m tests.comics.golden_pages"


def apart(one, other):
    """The share of two pictures in which they look different."""
    difference = ImageChops.difference(one.reduce(BLOCK), other.reduce(BLOCK))
    blocks = list(zip(*(band.tobytes() for band in difference.split()), strict=True))
    return sum(max(block) > FAR for block in blocks) / len(blocks)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_lettered_as_it_was(tmp_path, name):
    made, kept = rendered(name, tmp_path), Image.open(FOLDER / f"{name}.png").convert("RGB")
    made.save(tmp_path / f"{name}.png")
    assert made.size == kept.size
    share = apart(made, kept)
    assert share <= MOST, f"{share:.2%} of {tmp_path / name}.png is not as in {FOLDER}. {RENEW}"


def test_a_balloon_that_has_moved_by_a_millimetre_is_noticed():
    kept = Image.open(FOLDER / "every_kind.png").convert("RGB")
    moved = kept.copy()
    moved.paste(kept.crop((0, 0, 297, 200)), (3, 0))
    assert apart(kept, moved) > MOST


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_that_are_kept_are_small(name):
    assert (FOLDER / f"{name}.png").stat().st_size <= 60_000
