"""The keyboard: what a key reaches, on whatever layout, and what it leaves alone."""

from itertools import count

import pytest
from playwright.sync_api import expect

from tests.window.studio import prompts
from tests.window.test_typing import Held

NUMBERS = count(1)
PRESS = """key => document.activeElement.dispatchEvent(
  new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...key }))"""


def card(page, words):
    return page.locator(".board .card", has_text=words)


@pytest.fixture
def folder(studio):
    return studio.project(f"keys {next(NUMBERS)}", "A harbour", "A door", "A cat")


@pytest.fixture
def page(folder, page):
    expect(page.locator(".board .card")).to_have_count(3)
    return page


def test_keys_work_on_a_cyrillic_layout(studio, page):
    studio.ask("shot.set", shots=["001"], field="prompt", value="A quay")
    expect(card(page, "A quay")).to_be_visible()
    page.evaluate(PRESS, {"key": "я", "code": "KeyZ", "ctrlKey": True})
    expect(card(page, "A harbour")).to_be_visible()
    page.evaluate(PRESS, {"key": "о", "code": "KeyJ"})
    expect(card(page, "A door")).to_have_class("card is-selected")


def test_what_a_layout_writes_with_altgr_is_the_sign_and_no_shortcut(page):
    page.evaluate(
        """async () => {
          const { offer } = await import(document.querySelector('link[href*="js/keys.js"]').href);
          window.pressed = [];
          const press = key => ({ run: () => pressed.push(key) });
          offer('storyboard', { '[': press('['), 'ctrl+[': press('ctrl') });
        }"""
    )
    key = {"key": "[", "code": "Digit8", "ctrlKey": True, "altKey": True, "modifierAltGraph": True}
    page.evaluate(PRESS, key)
    assert page.evaluate("() => pressed") == ["["]


def test_deleting_all_shots_that_were_found_leaves_the_others(folder, page):
    page.keyboard.press("f")
    page.keyboard.type("a door")
    expect(page.locator(".board .card")).to_have_count(1)
    card(page, "A door").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    expect(page.locator(".board .card")).to_have_count(0)
    expect(page.get_by_text("Shot deleted")).to_be_visible()
    assert prompts(folder) == ["A harbour", "A cat"]


def test_a_range_of_found_shots_has_none_that_is_not_seen(studio, page):
    studio.ask("shot.set", shots=["001", "003"], field="label", value="Outside")
    expect(card(page, "Outside")).to_have_count(2)
    page.locator(".head input[type=search]").fill("outside")
    expect(page.locator(".board .card")).to_have_count(2)
    card(page, "A harbour").click()
    card(page, "A cat").click(modifiers=["Shift"])
    expect(page.get_by_text("2 shots selected")).to_be_visible()


def test_where_no_shots_are_everything_is_selected_as_text(page):
    page.keyboard.press("7")
    expect(page.locator("#page-runs h1")).to_be_visible()
    page.keyboard.press("Control+a")
    assert page.evaluate("() => Studio.where.selection().length") == 1
    assert page.evaluate("() => String(getSelection()).length") > 0


def test_copying_selected_words_copies_the_words(page):
    card(page, "A cat").click()
    expect(page.locator(".sent .said")).to_contain_text("A cat")
    page.evaluate("() => getSelection().selectAllChildren(document.querySelector('.sent .said'))")
    prevented = page.evaluate(f"key => !({PRESS})(key)", {"key": "c", "code": "KeyC", "ctrlKey": True})
    assert not prevented


def test_a_cut_takes_the_shots_it_copied_though_another_is_selected_meanwhile(folder, page):
    card(page, "A cat").click()
    held = Held(page, "**/studio/do/shot.copy")
    with page.expect_request("**/studio/do/shot.copy"):
        page.keyboard.press("Control+x")
    card(page, "A harbour").click()
    held.let_go()
    expect(page.locator(".board .card")).to_have_count(2)
    assert prompts(folder) == ["A harbour", "A door"]


def test_the_undo_of_a_notice_takes_back_what_it_tells_of_and_nothing_done_since(folder, page):
    card(page, "A cat").click()
    page.keyboard.press("Delete")
    expect(page.locator(".board .card")).to_have_count(2)
    page.locator("#prompt").fill("A door, ajar")
    expect(card(page, "A door, ajar")).to_be_visible()
    page.locator("#notices").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Something else was done since")).to_be_visible()
    assert prompts(folder) == ["A harbour", "A door, ajar"]


def test_a_deletion_that_was_refused_is_not_told_as_done(page):
    page.route("**/studio/do/shot.remove", lambda route: route.abort("connectionrefused"))
    page.keyboard.press("Delete")
    expect(page.get_by_text("does not answer")).to_be_visible()
    assert page.locator("#notices .notice").count() == 1
    expect(page.locator(".board .card")).to_have_count(3)


def test_delete_on_a_button_of_the_inspector_deletes_no_shot(studio, page):
    studio.ask("shot.put_in", shots=["001"], field="characters", values=["Anna"])
    off = page.locator(".inspector .chip .off")
    off.focus()
    page.keyboard.press("Delete")
    page.keyboard.press("j")  # answered after it
    expect(card(page, "A door")).to_have_class("card is-selected")
    assert len(studio.facts()["order"]) == 3


def test_shift_and_a_digit_give_a_take_its_stars(studio, page):
    studio.ask("keyframe.generate", shots=["001"], count=1)
    studio.wait_until_done()
    page.keyboard.press("3")
    expect(page.locator("#page-keyframes .take").first).to_be_visible()
    page.keyboard.press("Shift+Digit4")
    page.wait_for_function("() => Studio.core.shot('001').takes[0].stars === 4")


def test_nothing_is_asked_of_an_empty_board(studio, open_page):
    studio.project(f"keys {next(NUMBERS)}")
    page = open_page(studio)
    page.wait_for_function("() => Studio.core.fact('order')?.length === 0")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/do/" in request.url else None)
    for key in ("d", "Delete", "Control+c"):
        page.keyboard.press(key)
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert asked == []
    expect(page.locator("#notices .notice")).to_have_count(0)


def test_a_step_taken_back_where_it_is_not_seen_is_told(studio, page):
    studio.ask("shot.set", shots=["001"], field="prompt", value="A quay")
    page.keyboard.press("7")
    expect(page.locator("#page-runs h1")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.get_by_text("Taken back: edit 001")).to_be_visible()


def test_every_page_has_a_key_the_last_one_zero(page):
    for key, where in (("6", "comic"), ("0", "testbench"), ("1", "project")):
        page.keyboard.press(key)
        expect(page.locator(f"#page-{where} h1").first).to_be_visible()
