"""Another project is opened while a page is open: nothing of the one before is shown or done by it."""

import json
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.window.pages import heard
from tests.window.studio import picture

RED, BLUE = (0xC0, 0x40, 0x20), (0x20, 0x60, 0xA0)
COLOUR = """img => img.decode().then(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d');
  canvas.drawImage(img, 0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3) })"""


def with_takes(studio, name, colour, *seeds):
    """A project of three shots, with takes of one colour for the first."""
    folder = studio.data / "projects" / name
    for n, seed in enumerate(seeds, 1):
        take = picture(folder / "takes" / f"001_v{n}.png", "#{:02x}{:02x}{:02x}".format(*colour))
        recipe = {"format": 1, "name": take.stem, "job": f"{name}{n}", "engine": "sketch", "state": "done"}
        recipe |= {"files": [take.name], "error": "", "workflow": "", "values": {"seed": seed}, "inputs": {}}
        take.with_suffix(".json").write_text(json.dumps(recipe), "utf-8")
    shots = [{"shot_id": f"{n:03d}", "prompt": f"{name} {n}", "duration": 0.5} for n in (1, 2, 3)]
    board = {"project": name, "width": 320, "height": 192, "fps": 12, "shots": shots}
    (folder / "storyboard.json").write_text(json.dumps(board), "utf-8")
    studio.ask("project.open", folder=str(folder))
    return folder


@pytest.fixture
def first(studio, request):
    return with_takes(studio, f"a_{request.node.name[:50]}", RED, 11, 12)


@pytest.fixture
def second(first, studio, request):
    folder = with_takes(studio, f"b_{request.node.name[:50]}", BLUE, 21, 22)
    studio.ask("project.open", folder=str(first))
    return folder


def is_open(page, folder):
    heard(page, "path => Studio.core.fact('project').path === path", str(folder))


def colours(page, places):
    return [tuple(img.evaluate(COLOUR)) for img in page.locator(places).all()]


def near(found, wanted):
    return found and all(abs(a - b) < 6 for one in found for a, b in zip(one, wanted, strict=True))


def test_takes_of_the_same_name_are_those_of_the_open_project(studio, first, second, open_page):
    page = open_page(studio, "keyframes/001")
    expect(page.locator(".variants .take")).to_have_count(2)
    assert near(colours(page, ".variants .take img"), RED)
    studio.ask("project.open", folder=str(second))
    is_open(page, second)
    expect(page.locator(".variants .take")).to_have_count(2)
    assert near(colours(page, ".variants .take img"), BLUE)
    page.reload()
    expect(page.locator(".variants .take")).to_have_count(2)
    assert near(colours(page, ".variants .take img"), BLUE)
    page.keyboard.press("l")
    expect(page.locator(".table .take")).to_have_count(2)
    assert near(colours(page, ".table .take img"), BLUE)


def test_a_take_whose_file_was_replaced_is_shown_as_it_is_now(studio, first, second, open_page):
    page = open_page(studio, "keyframes/001")
    expect(page.locator(".variants .take")).to_have_count(2)
    assert near(colours(page, ".variants .take img"), RED)
    Image.new("RGB", (320, 200), BLUE).save(first / "takes" / "001_v1.png")
    for folder in (second, first):
        studio.ask("project.open", folder=str(folder))
    page.reload()
    expect(page.locator(".variants .take")).to_have_count(2)
    assert near(colours(page, ".variants .take:first-child img"), BLUE)


def test_a_recipe_of_the_project_before_is_not_shown_under_a_take_of_the_same_name(
    studio, first, second, open_page
):
    page = open_page(studio, "keyframes/001")
    expect(page.locator(".keyframes .facts")).to_contain_text("12")
    studio.ask("project.open", folder=str(second))
    expect(page.locator(".keyframes .facts")).to_contain_text("22")


def test_shots_chosen_in_one_project_are_not_chosen_in_the_next(studio, first, second, open_page):
    page = open_page(studio, "storyboard/001")
    expect(page.locator(".board .card")).to_have_count(3)
    page.keyboard.press("Control+a")
    expect(page.locator(".board .card.is-selected")).to_have_count(3)
    studio.ask("project.open", folder=str(second))
    is_open(page, second)
    expect(page.locator(".board .card.is-selected")).to_have_count(1)


def test_a_shot_sought_among_the_runs_is_not_sought_in_the_next_project(studio, first, second, open_page):
    page = open_page(studio, "runs")
    expect(page.locator('#page-runs .run[data-run="take/001_v2"]')).to_have_count(1)
    page.get_by_label("Shot", exact=True).select_option("001")
    studio.ask("project.open", folder=str(second))
    is_open(page, second)
    expect(page.get_by_label("Shot", exact=True)).to_have_value("")
    studio.ask("run.pause")
    try:
        studio.ask("keyframe.generate", shots=["002"], count=1)
        expect(page.locator("#page-runs .run[data-state=waiting]")).to_have_count(1)
    finally:
        studio.ask("run.cancel_all")
        studio.ask("run.resume")


def test_what_another_project_makes_is_not_shown_on_this_ones_shots(studio, first, second, open_page):
    studio.ask("run.pause")
    try:
        studio.ask("keyframe.generate", shots=["002"], count=1)
        page = open_page(studio, "storyboard/001")
        expect(page.locator(".board .mark.queued")).to_have_count(1)
        studio.ask("project.open", folder=str(second))
        is_open(page, second)
        expect(page.locator(".board .mark.queued")).to_have_count(0)
        expect(page.locator("#dock .job[data-state=waiting]")).to_have_count(1)
    finally:
        studio.ask("run.cancel_all")
        studio.ask("run.resume")


def test_a_picture_asked_for_by_the_project_before_is_refused(studio, first, second, open_page):
    page = open_page(studio, "keyframes/001")
    expect(page.locator(".variants .take")).to_have_count(2)
    url = page.locator(".variants .take img").first.get_attribute("src")
    assert re.search(r"[?&]p=\w+", url)
    studio.ask("project.open", folder=str(second))
    assert page.evaluate("url => fetch(url, { cache: 'no-store' }).then(answer => answer.status)", url) == 409
