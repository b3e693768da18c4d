"""What an artist types reaches the shot and the project it was typed for, and nothing of it is lost."""

import json
from itertools import count

import pytest
from playwright.sync_api import expect

from tests.window.studio import picture, prompts

NUMBERS = count(1)
# a page that hears of everything late, as on a machine that draws
LATE = """
const Real = window.EventSource;
window.EventSource = class extends Real {
  set onmessage(hear) {
    super.onmessage = event => setTimeout(() => hear(event), window.Studio?.ready ? 600 : 0);
  }
};
"""
READY = "() => window.Studio && Studio.ready && Studio.core.connected()"


def board(folder):
    return json.loads((folder / "storyboard.json").read_text("utf-8"))


def card(page, words):
    return page.locator(".board .card", has_text=words)


@pytest.fixture
def folder(studio):
    return studio.project(f"typing {next(NUMBERS)}", "A harbour", "A door", "A cat")


@pytest.fixture
def page(folder, page):
    expect(page.locator(".board .card")).to_have_count(3)
    return page


@pytest.fixture
def late(page):
    """The page, told of everything more than half a second after it happened."""
    page.add_init_script(LATE)
    page.reload()
    page.wait_for_function(READY)
    expect(page.locator(".board .card")).to_have_count(3)
    return page


class Held:
    """Requests of a page that stand still until they are let go."""

    def __init__(self, page, address):
        self._routes = []
        page.route(address, lambda route: self._routes.append(route))

    def let_go(self):
        for route in self._routes:
            route.continue_()
        self._routes.clear()


# --- the shot it was typed for ---------------------------------------------------------------


def test_a_shot_only_looked_at_does_not_take_the_words_of_the_next(folder, page):
    page.locator("#prompt").click()
    card(page, "A door").click()
    page.locator("#prompt").click()
    page.keyboard.press("End")
    page.keyboard.type(", ajar")
    expect(card(page, "A door").locator("p")).to_have_text("A door, ajar")
    assert prompts(folder) == ["A harbour", "A door, ajar", "A cat"]


def test_words_typed_before_the_page_heard_of_the_last_ones_are_no_conflict(folder, late):
    late.locator("#prompt").click()
    late.keyboard.press("End")
    for letter in "12":
        with late.expect_response("**/studio/do/shot.set") as answer:
            late.keyboard.type(letter)
        assert answer.value.ok
    assert prompts(folder)[0] == "A harbour12"
    late.keyboard.press("Tab")
    late.locator("#prompt").focus()
    with late.expect_response("**/studio/do/shot.set") as answer:
        late.keyboard.type("Mine")
    assert answer.value.ok
    expect(late.get_by_text("changed elsewhere")).to_be_hidden()


def test_a_field_that_was_empty_is_filled_without_a_question(folder, page):
    page.locator(".inspector details", has=page.locator("[data-field='keyframe.seed']")).locator(
        "summary"
    ).click()
    seed = page.locator(".inspector [data-field='keyframe.seed'] input")
    seed.fill("12345678901234567890")
    expect(seed).to_have_value("123456789012345")
    page.wait_for_function("() => Studio.core.shot('001').keyframe.seed === 123456789012345")
    expect(page.get_by_text("changed elsewhere")).to_be_hidden()


def test_words_for_a_new_shot_are_its_own_however_late_the_page_hears_of_it(folder, late):
    card(late, "A harbour").click()
    late.keyboard.press("n")
    expect(late.locator("#prompt")).to_be_focused()
    late.keyboard.type("A gull")
    expect(card(late, "A gull")).to_be_visible()
    assert prompts(folder) == ["A harbour", "A gull", "A door", "A cat"]


def test_pictures_dropped_on_a_shot_are_its_own_though_another_is_selected_meanwhile(page, tmp_path):
    card(page, "A cat").click()
    held = Held(page, "**/studio/upload")
    with page.expect_request("**/studio/upload"):
        chooser = page.locator(".inspector [data-field=references] input[type=file]")
        chooser.set_input_files(picture(tmp_path / "wall.png"))
    card(page, "A harbour").click()
    expect(card(page, "A harbour")).to_have_class("card is-selected")
    held.let_go()
    page.wait_for_function("() => Studio.core.shots().some(s => s.references.length)")
    assert page.evaluate("() => Studio.core.shots().map(s => s.references.length)") == [0, 0, 1]


# --- the project it was typed for ------------------------------------------------------------


def test_words_for_a_project_that_another_window_closed_change_nothing_in_the_open_one(studio, folder, page):
    page.locator("#prompt").click()
    other = studio.project(f"typing {next(NUMBERS)}", "Elsewhere")
    expect(page.locator(".board .card")).to_have_count(1)
    page.keyboard.press("End")
    page.keyboard.type(" with gulls")
    expect(page.get_by_text("Another project is open now")).to_be_visible()
    expect(page.locator("#prompt")).to_have_value("Elsewhere")
    assert (prompts(other), prompts(folder)[0]) == (["Elsewhere"], "A harbour")
    studio.ask("project.open", folder=str(folder))
    expect(card(page, "A harbour with gulls")).to_be_visible()
    assert prompts(folder)[0] == "A harbour with gulls"


def test_a_title_is_not_given_to_a_project_opened_meanwhile(studio, folder, page):
    page.keyboard.press("1")
    title = page.locator("#page-project input.title")
    title.click()
    other = studio.project(f"typing {next(NUMBERS)}", "Elsewhere")
    expect(page.locator("#rail .project b")).to_have_text(other.name)
    page.keyboard.type("Mine")
    expect(page.get_by_text("Another project is open now")).to_be_visible()
    expect(title).to_have_value(other.name)
    assert board(other)["project"] == other.name


# --- what is not taken -----------------------------------------------------------------------


def test_words_typed_while_the_studio_is_away_stay_and_are_sent_when_it_is_back(folder, page):
    page.route("**/studio/do/shot.set", lambda route: route.abort("connectionrefused"))
    page.locator("#prompt").fill("Typed in the meantime")
    page.keyboard.press("Tab")
    expect(page.get_by_text("does not answer")).to_be_visible()
    expect(page.locator("#prompt")).to_have_attribute("aria-invalid", "true")
    card(page, "A door").click()
    expect(page.locator("#prompt")).to_have_value("A door")
    card(page, "A harbour").click()
    expect(page.locator("#prompt")).to_have_value("Typed in the meantime")
    page.unroute("**/studio/do/shot.set")
    expect(card(page, "Typed in the meantime")).to_be_visible()
    expect(page.locator("#prompt")).not_to_have_attribute("aria-invalid", "true")
    assert prompts(folder)[0] == "Typed in the meantime"


def test_words_that_two_windows_wrote_stay_until_one_is_chosen(studio, folder, page):
    page.locator("#prompt").click()
    studio.ask("shot.set", shots=["001"], field="prompt", value="Theirs")
    expect(card(page, "Theirs")).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.type("Mine")
    expect(page.get_by_text("changed elsewhere")).to_be_visible()
    page.keyboard.press("Tab")
    studio.ask("shot.set", shots=["001"], field="label", value="Told")
    expect(card(page, "Told")).to_be_visible()
    expect(page.locator("#prompt")).to_have_value("Mine")
    page.get_by_role("button", name="Keep theirs").click()
    expect(page.locator("#prompt")).to_have_value("Theirs")
    assert prompts(folder)[0] == "Theirs"


def test_a_number_that_cannot_be_is_refused_in_a_sentence_and_given_up_with_escape(page):
    page.locator(".inspector details", has=page.locator("[data-field='keyframe.steps']")).locator(
        "summary"
    ).click()
    steps = page.locator(".inspector [data-field='keyframe.steps'] input")
    steps.fill("200")
    steps.press("Tab")
    expect(page.get_by_text("from 1 to 150")).to_be_visible()
    expect(steps).to_have_attribute("aria-invalid", "true")
    steps.press("Escape")
    expect(steps).to_have_value("")
    expect(steps).not_to_have_attribute("aria-invalid", "true")


def test_a_minus_alone_does_not_clear_a_number(studio, page):
    studio.ask("shot.set", shots=["001"], field="keyframe.steps", value=12)
    page.locator(".inspector details", has=page.locator("[data-field='keyframe.steps']")).locator(
        "summary"
    ).click()
    steps = page.locator(".inspector [data-field='keyframe.steps'] input")
    expect(steps).to_have_value("12")
    steps.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("-")
    page.keyboard.press("Tab")
    expect(steps).to_have_value("12")
    with page.expect_response("**/studio/do/shot.set"):
        page.locator("#prompt").fill("After it")
    assert page.evaluate("() => Studio.core.shot('001').keyframe.steps") == 12


# --- before what comes after -----------------------------------------------------------------


def test_a_keyframe_is_asked_for_after_the_words_it_is_to_show(studio, page):
    asked = []
    page.on("response", lambda answer: asked.append(answer.url.rpartition("/")[2]))
    page.on("request", lambda request: asked.append(f"? {request.url.rpartition('/')[2]}"))
    held = Held(page, "**/studio/do/shot.set")
    with page.expect_request("**/studio/do/shot.set"):
        page.locator("#prompt").fill("A harbour in fog")
    page.locator(".inspector").get_by_role("button", name="Keyframe", exact=True).click()
    page.evaluate("() => new Promise(requestAnimationFrame)")
    with page.expect_response("**/studio/do/keyframe.generate"):
        held.let_go()
    assert asked.index("shot.set") < asked.index("? keyframe.generate")
    studio.wait_until_done()


def test_words_typed_last_are_on_disk_when_the_page_is_left(folder, page):
    page.locator("#prompt").fill("The very last words")
    page.reload()
    expect(card(page, "The very last words")).to_be_visible()
    assert prompts(folder)[0] == "The very last words"


def test_words_that_wait_for_others_on_their_way_are_on_disk_as_well(folder, page):
    held = []
    page.route(
        "**/studio/do/shot.set", lambda route: route.continue_() if held else held.append(route)
    )  # the first never arrives
    page.locator("#prompt").fill("Words on their way")
    card(page, "A door").click()
    expect(page.locator("#prompt")).to_have_value("A door")
    page.locator("#prompt").fill("Words that wait")
    page.locator("#prompt").blur()
    page.reload()
    expect(card(page, "Words that wait")).to_be_visible()
    expect(card(page, "Words on their way")).to_be_visible()
    assert prompts(folder)[:2] == ["Words on their way", "Words that wait"]


# --- dialogs ---------------------------------------------------------------------------------


def test_a_question_half_answered_is_not_closed_by_a_mouse_that_slips(page):
    page.keyboard.press("1")
    page.keyboard.press("n")
    title = page.locator("dialog").get_by_label("Title")
    title.fill("A long title")
    box = title.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(10, 300)
    page.mouse.up()
    page.mouse.click(10, 300)
    expect(title).to_have_value("A long title")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_a_click_on_the_edge_of_a_dialog_leaves_it_and_one_beside_it_closes_it(page):
    page.keyboard.press("?")
    dialog = page.locator("dialog")
    box = dialog.bounding_box()
    page.mouse.click(box["x"] + 4, box["y"] + box["height"] - 4)
    expect(dialog).to_be_visible()
    page.mouse.click(box["x"] - 20, box["y"] + 20)
    expect(dialog).to_have_count(0)


def test_a_new_project_is_not_made_in_a_size_that_cannot_be(studio, page):
    page.keyboard.press("1")
    page.keyboard.press("n")
    before = studio.facts()["project"]["path"]
    dialog = page.locator("dialog")
    dialog.get_by_label("Width", exact=True).fill("100")
    dialog.get_by_label("Width", exact=True).press("Enter")
    expect(dialog.get_by_text("Each side has 256 to")).to_be_visible()
    dialog.get_by_label("Width", exact=True).press("Enter")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Width", exact=True)).to_have_value("100")
    assert studio.facts()["project"]["path"] == before


def test_a_folder_of_too_many_files_is_told_and_not_taken_in_part(page):
    said = page.evaluate(
        """async () => {
          const { dropped } = await import(document.querySelector('link[href*="js/taking.js"]').href);
          const file = n => ({ isFile: true, name: `${n}.png`, file: done => done(new File([], 'x')) });
          const some = [Array.from({ length: 5001 }, (_, n) => file(n)), []];
          const reader = { readEntries: done => done(some.shift()) };
          const folder = { isDirectory: true, name: 'takes', createReader: () => reader };
          const items = [{ webkitGetAsEntry: () => folder }];
          return dropped({ items, files: [] }).then(({ files }) => files.length, error => error.message);
        }"""
    )
    assert "more than 5,000 files" in str(said)
