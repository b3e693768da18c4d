"""The comic as a whole in the browser: order of pages, chapters, paper, stars, and clicks that hold."""

import json

import pytest
from playwright.sync_api import expect

from tests.window.pages import heard

SCRIPT = """TITLE: The tram
CHARACTER Ida: thirty, short dark hair
CHARACTER Bo: sixty, a beard

CHAPTER 1: The depot
PAGE 1
PANEL 1
Ida and Bo wait in the rain.
IDA: Late.
PANEL 2
An empty street.

CHAPTER 2: The bridge
PAGE 2
PANEL 1
Ida smiles.
"""
ONE, TWO = "ch1-p1-pan1", "ch1-p1-pan2"


@pytest.fixture
def folder(studio, request):
    return studio.project(f"whole-{request.node.name[5:45].strip('-_')}", "A harbour")


@pytest.fixture
def page(folder, studio, open_page):
    studio.ask("comic.begin", text=SCRIPT)
    page = open_page(studio, "comic")
    expect(page.locator(".area")).to_have_count(3)
    return page


class Held:
    """Requests to the studio that are not let through until `let_go`."""

    def __init__(self, page, deed):
        self._waiting = []
        page.route(f"**/studio/do/{deed}", self._came)

    def _came(self, route):
        if self._waiting is None:
            route.continue_()
        else:
            self._waiting.append(route)

    def let_go(self):
        waiting, self._waiting = self._waiting, None
        assert waiting, "nothing was held"
        for route in waiting:
            route.continue_()


def plan(folder):
    return json.loads((folder / "comic.json").read_text("utf-8"))


def who(page):
    return page.evaluate("id => Studio.core.fact(`panel/${id}`).who", ONE)


def test_pages_change_their_places_and_it_is_undone(page):
    pages = page.locator(".comicpage")
    earlier, later = (
        pages.nth(n).get_by_role("button", name=name) for n, name in ((0, "Page earlier"), (1, "Page later"))
    )
    expect(earlier).to_be_disabled()
    expect(later).to_be_disabled()
    pages.nth(0).get_by_role("button", name="Page later").click()
    expect(pages.nth(0)).to_have_attribute("data-page", "ch2-p2")
    expect(pages.nth(0).locator("footer b")).to_have_text("1 · The bridge")
    expect(pages.nth(1).locator("footer b")).to_have_text("2 · The bridge")
    notice = page.locator("#notices .notice", has_text="The chapter “The depot” had no other page")
    notice.get_by_role("button", name="Undo").click()
    expect(pages.nth(0)).to_have_attribute("data-page", "ch1-p1")


def test_two_quick_clicks_move_a_page_twice(page, studio):
    studio.ask("comic.add_page", after="ch2-p2")
    pages = page.locator(".comicpage")
    expect(pages).to_have_count(3)
    later = pages.nth(0).get_by_role("button", name="Page later")
    later.evaluate("button => { button.click(); button.click() }")
    expect(pages.nth(2)).to_have_attribute("data-page", "ch1-p1")


def test_a_conflict_is_told_in_words(page, studio):
    held = Held(page, "comic.panel")
    page.locator(f'.area[data-panel="{ONE}"]').click()
    page.locator(".whos input").nth(0).uncheck()
    studio.ask("comic.panel", panel=ONE, field="who", value=["char-1"])
    held.let_go()
    told = page.locator("#notices .notice", has_text="was changed elsewhere")
    expect(told).to_contain_text("Panel 1 of 3 · ")
    expect(told).to_contain_text("to “Ida”")
    studio.ask("comic.panel", panel=ONE, field="who", value=[])


def test_a_chapter_is_called_otherwise(page, folder):
    title = page.get_by_label("Chapter 1 · page 1")
    expect(title).to_have_value("The depot")
    title.fill("The yard")
    expect(page.locator(".comicpage footer b").first).to_have_text("1 · The yard")
    heard(page, "() => Studio.core.fact('comic').chapters[0].title === 'The yard'")
    assert [chapter["title"] for chapter in plan(folder)["chapters"]] == ["The yard", "The bridge"]


def test_a_comics_paper_is_chosen_and_its_pages_have_its_shape(page, folder):
    page.locator(".inspector [data-field=paper] select").select_option(label="Square")
    heard(page, "() => Studio.core.fact('comic').paper === 'Square'")
    sheet = page.locator(".comicpage .paper").first
    box = sheet.bounding_box()
    assert box["width"] == pytest.approx(box["height"], abs=1)
    is_square = "img => img.naturalWidth > 0 && img.naturalWidth === img.naturalHeight"
    heard(page, f"() => ({is_square})(document.querySelector('.comicpage .paper > img'))")
    page.get_by_role("button", name="Hand out").click()
    expect(page.locator("dialog").get_by_label("Paper", exact=True)).to_have_value("Square")
    assert plan(folder)["paper"] == "Square"


def test_it_is_handed_out_on_another_paper_except_as_a_webtoon(page, folder):
    page.get_by_role("button", name="Hand out").click()
    sheet = page.locator("dialog")
    paper = sheet.get_by_label("Paper", exact=True)
    sheet.get_by_label("Form", exact=True).select_option("webtoon")
    expect(paper).to_be_disabled()
    sheet.get_by_label("Form", exact=True).select_option("editor")
    paper.select_option(label="Letter, landscape")
    page.get_by_role("button", name="Make the pages").click()
    expect(page.locator("dialog")).to_contain_text("The pages are made.")
    (file,) = folder.glob("*.editor.json")
    assert json.loads(file.read_text("utf-8"))["paperSize"] == "Letter-landscape"


def test_a_panels_picture_is_starred(page, studio):
    area = page.locator(f'.area[data-panel="{TWO}"]')
    area.click()
    star = page.get_by_role("button", name="Give a star")
    expect(star).to_be_hidden()
    page.keyboard.press("r")
    stars = page.locator(".comictakes .take:visible .stars")
    expect(stars).to_have_count(1)
    star.click()
    expect(stars).to_have_text("★")
    page.keyboard.press("Shift+Digit3")
    expect(stars).to_have_text("★★★")


def test_a_click_holds_while_the_studio_tells_of_something_older(page, studio, folder):
    """Its answer is held back until facts that know nothing of the click have been drawn."""
    held = Held(page, "comic.panel")
    page.locator(f'.area[data-panel="{ONE}"]').click()
    ida, bo = page.locator(".whos input").nth(0), page.locator(".whos input").nth(1)
    ida.uncheck()
    for words in ("Very late.", "Very, very late."):
        studio.ask("comic.line", panel=ONE, number=0, field="text", value=words)
        heard(
            page, "([id, words]) => Studio.core.fact(`panel/${id}`).lines[0].text === words", arg=[ONE, words]
        )
        expect(ida).not_to_be_checked()
    assert who(page) == ["char-1", "char-2"], "the studio has not heard of it yet"
    bo.uncheck()
    expect(ida).not_to_be_checked()
    expect(bo).not_to_be_checked()
    held.let_go()
    heard(page, "id => !Studio.core.fact(`panel/${id}`).who.length", arg=ONE)
    assert plan(folder)["chapters"][0]["pages"][0]["panels"][0]["characters"] == []


def test_a_tick_holds_as_well(page, studio):
    held = Held(page, "comic.set")
    tick = page.get_by_label("Read from right to left")
    tick.check()
    studio.ask("comic.set", field="title", value="The last tram")
    heard(page, "() => Studio.core.fact('comic').title === 'The last tram'")
    expect(tick).to_be_checked()
    held.let_go()
    heard(page, "() => Studio.core.fact('comic').is_rtl")
    page.keyboard.press("Escape")
    page.locator(".comic .head").get_by_role("button", name="Undo").click()
    expect(tick).not_to_be_checked()


LATE = """() => {
  const Real = EventSource;
  window.EventSource = class extends Real {
    set onmessage(hear) {
      super.onmessage = event => window.late ? window.late.push(() => hear(event)) : hear(event);
    }
  };
  window.stopTime = () => { // a slow machine is not late then
    const now = Date.now(); Date.now = () => now };
}"""


def test_clicks_that_are_stored_hold_until_they_are_told_of_however_late(page, folder):
    """Both are answered before the first is told of: what is told then is no news."""
    page.add_init_script(f"({LATE})()")
    page.reload()
    page.locator(f'.area[data-panel="{ONE}"]').click()
    page.evaluate("() => { window.late = []; window.stopTime() }")
    ida, bo = page.locator(".whos input").nth(0), page.locator(".whos input").nth(1)
    for number, box in enumerate((ida, bo), 1):
        with page.expect_response("**/studio/do/comic.panel"):
            box.uncheck()
        page.wait_for_function("n => window.late.length >= n", arg=number)
    assert plan(folder)["chapters"][0]["pages"][0]["panels"][0]["characters"] == []
    seen = page.evaluate(
        """async id => {
          const seen = [];
          for (const tell of window.late.splice(0)) {
            tell();
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
            const checked = document.querySelectorAll('.whos input:checked').length;
            seen.push([Studio.core.fact(`panel/${id}`).who.length, checked]);
          }
          window.late = null;
          return seen;
        }""",
        ONE,
    )
    assert seen[0][0] == 1, "the first is told of alone"
    assert {checked for _, checked in seen} == {0}


def test_a_tick_that_is_set_and_taken_back_neither_flickers_nor_asks(page, folder):
    page.add_init_script(f"({LATE})()")
    page.reload()
    tick = page.get_by_label("Read from right to left")
    expect(tick).not_to_be_checked()
    page.evaluate("() => { window.late = []; window.stopTime() }")
    for number, deed in enumerate((tick.check, tick.uncheck), 1):
        with page.expect_response("**/studio/do/comic.set"):
            deed()
        page.wait_for_function("n => window.late.length >= n", arg=number)
    seen = page.evaluate(
        """async () => {
          const seen = [], box = document.querySelector('.comic .inspector .tick input');
          const drawn = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
          await drawn();
          for (const tell of window.late.splice(0)) {
            tell();
            await drawn();
            seen.push([Studio.core.fact('comic').is_rtl, box.checked]);
          }
          window.late = null;
          return seen;
        }"""
    )
    assert seen[0][0] is True, "the first is told of alone"
    assert not any(checked for _, checked in seen)
    with page.expect_response("**/studio/do/comic.set"):
        tick.check()
    heard(page, "() => Studio.core.fact('comic').is_rtl")
    expect(tick).to_be_checked()
    expect(page.locator("#notices .notice", has_text="elsewhere")).to_have_count(0)
