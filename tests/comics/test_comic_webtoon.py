"""Comics as strips that are read by scrolling."""

import random

import pytest
from PIL import Image, ImageChops, ImageColor

from domain.comic import Chapter, Comic, Line, Page, Panel
from domain.comic_rules import settled
from domain.comic_strip import Span, cut
from infrastructure.comics import page_files
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.style_file import look_of
from services import comic_export, comic_webtoon
from services.comic_export import FORMATS
from services.comic_paper import Paper
from tests.comics.plans import any_plan


def comic(*panels):
    chapter = Chapter("", "", (Page("", 0, "", panels),))
    return settled(Comic("Rain", "noir", "en", (), (chapter,)), layouts())[0]


def made(comic, pictures, out):
    return list(FORMATS["webtoon"](comic, pictures, Paper(), out))


@pytest.mark.parametrize(
    ("gutters", "words", "at"),
    [
        ([(600, 660), (1200, 1260), (1300, 1360)], [], (1230, True)),
        ([(100, 160)], [], (1280, True)),
        ([], [(1200, 1300)], (1200, True)),
        ([], [(1200, 1300), (1100, 1210), (300, 900)], (1100, True)),
        ([], [(-5, 1300)], (1280, False)),
        ([(1270, 1330)], [(1000, 1290)], (1000, True)),
    ],
)
def test_a_strip_is_cut_between_panels_else_beside_words(gutters, words, at):
    assert cut(1280, [Span(*span) for span in gutters], [Span(*span) for span in words]) == at


@pytest.mark.parametrize(("seed", "highest"), [(1, 1280), (2, 1280), (2, 760)])
def test_slices_are_the_whole_strip_and_no_cut_goes_through_words(monkeypatch, seed, highest):
    comic = any_plan(seed)
    look = look_of(comic.style)
    monkeypatch.setattr(comic_webtoon, "HIGHEST", highest)
    slices = [part.image for part in comic_webtoon.slices(comic, {})]
    monkeypatch.setattr(comic_webtoon, "HIGHEST", 10**6)
    (whole,) = [part.image for part in comic_webtoon.slices(comic, {})]
    assert len(slices) > 2 and max(image.height for image in slices) <= highest
    assert {image.width for image in slices} == {800}
    joined, top = Image.new("RGB", whole.size), 0
    for image in slices:
        joined.paste(image, (0, top))
        top += image.height
        row = whole.crop((0, min(top, whole.height) - 1, 800, min(top, whole.height)))
        blank = {ImageColor.getrgb(colour) for colour in (look.page, look.empty)}
        assert len(row.getcolors()) == 1 and row.getpixel((0, 0)) in blank, "no words"
    assert top == whole.height and not ImageChops.difference(joined, whole).getbbox()


def test_a_panel_has_its_pictures_shape_and_more_height_only_for_its_words(tmp_path):
    Image.new("RGB", (400, 200), "#204060").save(tmp_path / "a.png")
    said = Line("anon-a", "Wait for me! " * 12, is_off=True)
    quiet, loud = Panel("", action="Sea."), Panel("", lines=(said,) * 3)
    pictures = {"ch1-p1-pan1": tmp_path / "a.png"}
    (image,) = [part.image for part in comic_webtoon.slices(comic(quiet), pictures)]
    assert image.size == (800, 400)
    slices = list(comic_webtoon.slices(comic(loud), pictures))
    assert sum(part.image.height for part in slices) > 1.6 * 400
    assert [
        (found.where, "cut at the sides" in found.said) for part in slices for found in part.findings
    ] == [("ch1-p1-pan1", True)]


def test_words_that_are_too_many_for_a_telephone_are_told_by_panel(monkeypatch):
    monkeypatch.setattr(comic_webtoon, "GROWN", (1.0,))
    much = Panel("", lines=(Line("anon-a", "so " * 60, is_off=True),) * 16)
    slices = comic_webtoon.slices(comic(Panel("", action="Sea."), much), {})
    told = [found for part in slices for found in part.findings]
    assert ("ch1-p1-pan2", True) in [(found.where, "no room in 24 pixels" in found.said) for found in told]
    assert pytest.approx(24) == comic_webtoon.DPI * comic_webtoon.LEAST / 72


def test_a_slice_that_is_too_large_is_made_poorer_and_only_that(tmp_path):
    noise = Image.frombytes("RGB", (400, 400), random.Random(1).randbytes(400 * 400 * 3))
    full = page_files.save_within(noise, tmp_path / "a.jpg", 96, 10**7)
    assert page_files.save_within(noise, tmp_path / "b.jpg", 96, full) == full
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()
    assert page_files.save_within(noise, tmp_path / "b.jpg", 96, full // 2) <= full // 2
    assert (tmp_path / "b.jpg").stat().st_size <= full // 2


def test_what_a_site_refuses_and_slices_of_an_earlier_export_are_told(tmp_path, monkeypatch):
    panels = [Panel("", action=f"{n}") for n in range(4)]
    files = [written.file.name for written in made(comic(*panels), {}, tmp_path)]
    assert files == [f"{n:03}.jpg" for n in range(1, len(files) + 1)] and len(files) > 1
    (tmp_path / "099.jpg").write_bytes(b"my own")
    (tmp_path / "001.jpg").write_bytes(b"my own")
    monkeypatch.setattr(comic_export, "EPISODE", 10)
    *_, last = made(comic(*panels[:1]), {}, tmp_path)
    assert (tmp_path / "001.jpg.before").read_bytes() == b"my own"
    assert last.page == 1
    told = {found.where: found.said for found in last.findings}
    assert "at most 20" in told["webtoon"] and "earlier export" in told[files[-1]] and "099.jpg" not in told
