"""The comic in the browser: begun of a script, edited on its pages, drawn, read and handed out."""

import json

import pytest
from playwright.sync_api import expect

from tests.comics.storytellers import Storyteller
from tests.fake_chat import FakeChat
from tests.window.pages import heard

SCRIPT = """TITLE: The tram
CHARACTER Ida: thirty, short dark hair

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


@pytest.fixture
def folder(studio, request):
    return studio.project(f"comic-{request.node.name[5:45].strip('-_')}", "A harbour")


@pytest.fixture
def page(folder, studio, open_page):
    studio.ask("comic.begin", text=SCRIPT)
    page = open_page(studio, "comic")
    expect(page.locator(".area")).to_have_count(3)
    return page


def panels(folder):
    plan = json.loads((folder / "comic.json").read_text("utf-8"))
    return {
        panel["id"]: panel
        for chapter in plan["chapters"]
        for page in chapter["pages"]
        for panel in page["panels"]
    }


def order(page):
    return page.locator(".area").evaluate_all("all => all.map(one => one.dataset.panel)")


def area(page, panel):
    return page.locator(f'.area[data-panel="{panel}"]')


def picture_of(page, number=0):
    return page.locator(".comicpage .paper > img").nth(number).get_attribute("src")


def test_a_comic_begins_with_a_script(folder, studio, open_page):
    page = open_page(studio, "comic")
    page.get_by_role("button", name="Plan the pages").click()
    expect(page.locator(".beginning .problem")).to_contain_text("nothing to plan")
    page.locator(".beginning textarea").fill(SCRIPT)
    page.locator(".beginning select").select_option("manga")
    page.get_by_role("button", name="Plan the pages").click()
    expect(page.locator(".area")).to_have_count(3)
    expect(page.locator(".comic .head")).to_contain_text("2 pages · 3 panels")
    expect(page.locator(".beginning")).to_be_hidden()
    assert page.evaluate("() => Studio.core.fact('comic').style") == "manga"


def test_the_example_and_a_file_begin_one_as_well(folder, studio, open_page, tmp_path):
    page = open_page(studio, "comic")
    page.get_by_role("button", name="Show an example").click()
    page.wait_for_function("() => document.querySelector('.beginning textarea').value.includes('ПАНЕЛЬ')")
    script = tmp_path / "own.txt"
    script.write_text(SCRIPT, "utf-8")
    page.locator(".beginning input[type=file]").set_input_files(script)
    expect(page.locator(".area")).to_have_count(3)


def test_an_idea_is_planned_by_a_model_or_becomes_a_template(folder, studio, open_page):
    page = open_page(studio, "comic")
    page.get_by_role("button", name="Idea", exact=True).click()
    page.get_by_role("button", name="Plan with the model").click()
    expect(page.locator(".beginning .problem")).to_contain_text("Name the model")
    page.locator("textarea.idea").fill("A lighthouse keeper finds a letter to himself.")
    page.get_by_role("spinbutton", name="Pages").fill("2")
    with FakeChat(Storyteller("en")) as server:
        page.get_by_label("Server").fill(server.url)
        page.get_by_label("Model", exact=True).fill("tiny")
        page.get_by_role("button", name="Plan with the model").click()
        expect(page.locator(".comicpage")).to_have_count(2)
    page.keyboard.press("Control+z")
    page.get_by_role("spinbutton", name="Pages").fill("3")
    page.get_by_role("button", name="Template of beats").click()
    expect(page.locator("dialog")).to_contain_text("This is a template")
    expect(page.locator(".comicpage")).to_have_count(3)


def test_words_are_edited_beside_the_page_which_shows_them(page, folder):
    area(page, ONE).click()
    before = picture_of(page)
    page.locator(".line textarea").fill("Very late, again.")
    page.wait_for_function(
        "src => document.querySelector('.comicpage .paper > img').getAttribute('src') !== src", arg=before
    )
    assert panels(folder)[ONE]["dialogue"][0]["text"] == "Very late, again."
    page.get_by_label("What happens").fill("Ida waits in the snow.")
    page.locator(".line select").nth(1).select_option("shout")
    page.locator(".whos input").first.uncheck()
    heard(
        page,
        "id => { const is = Studio.core.fact(`panel/${id}`); return !is.who.length && is.lines[0].is_off }",
        arg=ONE,
    )
    expect(page.locator(".line input[type=checkbox]")).to_be_checked()
    stored = panels(folder)[ONE]
    assert (stored["action"], stored["dialogue"][0]["kind"]) == ("Ida waits in the snow.", "shout")
    page.keyboard.press("Escape")
    page.locator(".comic .head").get_by_role("button", name="Undo").click()
    heard(page, "id => Studio.core.fact(`panel/${id}`).who.length === 1", arg=ONE)


def test_balloons_come_and_go(page, folder):
    area(page, TWO).click()
    page.get_by_role("button", name="A balloon").click()
    page.locator(".line textarea").fill("Hello?")
    heard(page, "id => Studio.core.fact(`panel/${id}`).lines[0]?.text === 'Hello?'", arg=TWO)
    page.get_by_role("button", name="Delete the balloon").click()
    expect(page.locator(".line")).to_have_count(0)
    page.locator("#notices").get_by_role("button", name="Undo").click()
    expect(page.locator(".line textarea")).to_have_value("Hello?")


def test_a_balloon_and_its_tail_are_dragged_and_put_back(page, folder):
    area(page, ONE).click()
    for part, field in (("at", "at"), ("tail", "tail")):
        handle = page.locator(f".handle.{part}")
        box = handle.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 30, y + 40, steps=4)
        page.mouse.up()
        wait = f"id => Studio.core.fact(`panel/${{id}}`).lines[0].{field}"
        heard(page, wait, arg=ONE)
        assert field in panels(folder)[ONE]["dialogue"][0]
    was = panels(folder)[ONE]["dialogue"][0]["at"]
    page.locator(".handle.at").focus()
    page.keyboard.press("ArrowRight")
    heard(page, "([id, x]) => Studio.core.fact(`panel/${id}`).lines[0].at[0] > x + 1", arg=[ONE, was[0]])
    page.locator(".handle.at").dblclick()
    heard(page, "id => !Studio.core.fact(`panel/${id}`).lines[0].at", arg=ONE)


def test_panels_are_added_doubled_deleted_and_moved(page, folder):
    area(page, ONE).click()
    page.keyboard.press("n")
    expect(page.locator(".area")).to_have_count(4)
    expect(page.locator(".area.is-selected")).not_to_have_attribute("data-panel", ONE)
    page.keyboard.press("Delete")
    expect(page.locator(".area")).to_have_count(3)
    area(page, TWO).click()
    page.keyboard.press("d")
    expect(page.locator(".area")).to_have_count(4)
    page.keyboard.press("Control+z")
    expect(page.locator(".area")).to_have_count(3)
    area(page, TWO).drag_to(area(page, ONE))
    heard(page, "id => Studio.core.fact('comic').pages[0].panels[0] === id", arg=TWO)
    assert order(page) == [TWO, ONE, THREE]


def test_a_layout_is_chosen_by_its_picture(page, folder):
    layouts = page.locator(".comicpage").first.locator(".layouts button")
    expect(layouts).to_have_count(2)
    now = (
        page.locator(".comicpage").first.locator(".layouts button[aria-pressed=true]").get_attribute("title")
    )
    other = {"two-horizontal": "two-vertical", "two-vertical": "two-horizontal"}[now]
    page.locator(".comicpage").first.get_by_role("button", name=f"Layout: {other}").click()
    heard(page, "name => Studio.core.fact('comic').pages[0].layout === name", arg=other)
    box, paper = area(page, TWO).bounding_box(), page.locator(".paper").first.bounding_box()
    is_beside = box["x"] > paper["x"] + paper["width"] / 2
    assert is_beside == (other == "two-vertical")


def test_what_is_missing_is_drawn_and_a_panel_shows_another_picture(page, studio):
    page.get_by_role("button", name="Draw what is missing").click()
    studio.wait_until_done()
    expect(page.locator(".area.is-bare")).to_have_count(0)
    page.get_by_role("button", name="Draw what is missing").click()
    expect(page.locator("#notices")).to_contain_text("Every panel has its picture")
    area(page, TWO).click()
    expect(page.locator(".comictakes .take:visible")).to_have_count(1)
    page.keyboard.press("r")
    expect(page.locator(".comictakes .take:visible")).to_have_count(2)
    before = picture_of(page)
    page.locator(".comictakes .take:visible").first.click()
    expect(page.locator(".comictakes .take.is-picked:visible")).to_have_count(1)
    page.wait_for_function(
        "src => document.querySelector('.comicpage .paper > img').getAttribute('src') !== src", arg=before
    )


def test_people_are_edited_and_drawn(page, studio):
    page.locator(".person summary").click()
    page.locator(".person").get_by_label("Looks").fill("forty, grey hair")
    heard(page, "() => Studio.core.fact('comic').people[0].appearance === 'forty, grey hair'")
    page.get_by_role("button", name="Draw a portrait").click()
    expect(page.locator(".person .take")).to_have_count(1)
    page.get_by_role("button", name="A character").click()
    expect(page.locator(".person")).to_have_count(2)


def test_it_is_read_page_by_page(page):
    page.locator(".comic .head").get_by_role("button", name="Read").click()
    reader = page.locator("dialog.reader")
    expect(reader).to_contain_text("1 / 2")
    page.keyboard.press("ArrowRight")
    expect(reader).to_contain_text("2 / 2")
    page.keyboard.press("ArrowRight")
    expect(reader).to_contain_text("2 / 2")
    page.keyboard.press("Escape")
    expect(reader).to_have_count(0)


def test_it_is_handed_out_as_a_file(page, folder):
    page.get_by_role("button", name="Hand out").click()
    page.get_by_label("Form").select_option("epub")
    page.get_by_role("button", name="Make the pages").click()
    with page.expect_download() as download:
        page.locator("dialog .links a", has_text="Download").click()
    assert download.value.suggested_filename == f"{folder.name}.epub"
    expect(page.locator("dialog")).to_contain_text("It has no picture yet.")


def test_the_whole_of_it_is_written_on_as_a_script(page, folder):
    page.get_by_role("button", name="Script").click()
    text = page.locator("textarea.script")
    text.fill(text.input_value().replace("An empty street.", "A street full of people."))
    page.get_by_role("button", name="Take it over").click()
    expect(page.locator("dialog")).to_have_count(0)
    assert panels(folder)[TWO]["action"] == "A street full of people."


def test_a_second_window_and_a_reload_show_the_same(page, folder, studio, open_page):
    second = open_page(studio, "comic")
    area(page, ONE).click()
    page.get_by_label("What happens").fill("Ida runs.")
    heard(second, "id => Studio.core.fact(`panel/${id}`).action === 'Ida runs.'", arg=ONE)
    page.reload()
    expect(area(page, ONE)).to_have_attribute("title", "Ida runs.")


def test_a_plan_that_does_not_read_is_told_and_left(page, folder, studio):
    (folder / "comic.json").write_text("{half", "utf-8")
    expect(page.locator(".comic .trouble")).to_contain_text("comic.json")
    area(page, ONE).click()
    page.get_by_label("What happens").fill("Lost?")
    expect(page.locator("#notices")).to_contain_text("comic.json")
    assert (folder / "comic.json").read_text("utf-8") == "{half"


@pytest.mark.parametrize("width", [390, 820])
def test_it_works_in_a_narrow_window(page, width):
    page.set_viewport_size({"width": width, "height": 844})
    area(page, ONE).click()
    box = page.locator(".comic .inspector").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width + 1 and box["width"] > 240
    expect(page.get_by_label("What happens")).to_be_visible()
    paper = page.locator(".paper").first.bounding_box()
    assert paper["width"] > 180
