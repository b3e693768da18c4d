"""The storyboard in the browser: what an artist does to shots, and that none of it is lost."""

import json

import pytest
from playwright.sync_api import expect


def board(folder):
    return json.loads((folder / "storyboard.json").read_text("utf-8"))


def ids(page):
    return page.locator(".board .card").evaluate_all("cards => cards.map(card => card.dataset.shot)")


@pytest.fixture
def folder(studio, request):
    return studio.project(request.node.name[:60], "A harbour before sunrise", "A door", "A cat on a wall")


@pytest.fixture
def page(folder, page):
    expect(page.locator(".board .card")).to_have_count(3)
    return page


def test_what_is_typed_is_in_the_file_and_on_the_card(folder, page):
    page.locator(".card", has_text="A door").click()
    page.fill("#prompt", "A red door, ajar")
    expect(page.locator(".card.is-selected p")).to_have_text("A red door, ajar")
    assert board(folder)["shots"][1]["prompt"] == "A red door, ajar"


def test_typing_is_one_step_that_undo_takes_back(folder, page):
    page.locator("#prompt").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" with gulls", delay=20)
    expect(page.locator(".card.is-selected p")).to_have_text("A harbour before sunrise with gulls")
    page.locator(".board .card").first.click()
    page.keyboard.press("Control+z")
    expect(page.locator(".card.is-selected p")).to_have_text("A harbour before sunrise")
    assert board(folder)["shots"][0]["prompt"] == "A harbour before sunrise"
    page.keyboard.press("Control+y")
    expect(page.locator(".card.is-selected p")).to_have_text("A harbour before sunrise with gulls")


def test_a_new_shot_stands_behind_the_one_selected_and_takes_the_words(folder, page):
    page.locator(".card", has_text="A harbour").click()
    page.keyboard.press("n")
    expect(page.locator("#prompt")).to_be_focused()
    page.keyboard.type("A gull")
    expect(page.locator(".card p", has_text="A gull")).to_be_visible()
    assert [shot["prompt"] for shot in board(folder)["shots"]][:2] == ["A harbour before sunrise", "A gull"]


def test_deleted_shots_come_back_with_undo(folder, page):
    page.locator(".card", has_text="A harbour").click()
    page.locator(".card", has_text="A cat").click(modifiers=["Shift"])
    page.keyboard.press("Delete")
    expect(page.locator(".board .card")).to_have_count(0)
    page.locator("#notices").get_by_role("button", name="Undo").click()
    expect(page.locator(".board .card")).to_have_count(3)


def test_a_shot_is_dragged_to_another_place(folder, page):
    page.locator(".card", has_text="A cat").drag_to(
        page.locator(".card", has_text="A harbour"), target_position={"x": 10, "y": 40}
    )
    expect(page.locator(".board .card").first).to_contain_text("A cat")
    assert [shot["shot_id"] for shot in board(folder)["shots"]] == ["003", "001", "002"]


def test_a_change_reaches_all_selected_shots(folder, page):
    page.locator(".card", has_text="A harbour").click()
    page.locator(".card", has_text="A cat").click(modifiers=["Control"])
    page.locator(".inspector").get_by_label("Light", exact=True).fill("Neon")
    page.locator(".inspector").get_by_label("Light", exact=True).press("Tab")
    expect(page.get_by_text("2 shots selected")).to_be_visible()
    page.wait_for_function("() => Studio.core.shot('003').tags.lighting === 'neon'")
    assert [shot.get("presets", {}).get("lighting") for shot in board(folder)["shots"]] == [
        "neon",
        None,
        "neon",
    ]


def test_copied_shots_are_pasted_into_another_project(studio, folder, page):
    page.locator(".card", has_text="A cat").click()
    page.keyboard.press("Control+c")
    expect(page.get_by_text("1 shot copied")).to_be_visible()
    other = studio.project(f"{folder.name[:50]}-other", "Elsewhere")
    expect(page.locator(".board .card")).to_have_count(1)
    page.keyboard.press("Control+v")
    expect(page.locator(".board .card")).to_have_count(2)
    assert [shot["prompt"] for shot in board(other)["shots"]] == ["Elsewhere", "A cat on a wall"]


def test_an_edit_from_outside_is_taken_in_and_can_be_undone(folder, page):
    content = board(folder)
    content["shots"][1]["prompt"] = "A door, painted by another program"
    (folder / "storyboard.json").write_text(json.dumps(content), "utf-8")
    expect(page.locator(".card p", has_text="painted by another program")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.locator(".card p", has_text="A door").first).to_have_text("A door")


def test_two_windows_show_the_same_and_ask_when_both_change_one_field(studio, folder, page, open_page):
    second = open_page(studio)
    expect(second.locator(".board .card")).to_have_count(3)
    page.locator("#prompt").click()
    second.locator("#prompt").fill("Theirs")
    expect(page.locator(".card p", has_text="Theirs")).to_be_visible()
    page.locator("#prompt").fill("Mine")
    expect(page.get_by_text("changed elsewhere")).to_be_visible()
    assert board(folder)["shots"][0]["prompt"] == "Theirs"
    page.get_by_role("button", name="Use mine").click()
    expect(second.locator(".card p", has_text="Mine")).to_be_visible()


def test_a_reload_shows_the_same_page_and_shot(page):
    page.locator(".card", has_text="A cat").click()
    page.wait_for_function("() => location.hash === '#storyboard/003'")
    page.reload()
    expect(page.locator(".card.is-selected")).to_contain_text("A cat")


def test_finding_leaves_only_what_fits(page):
    page.keyboard.press("f")
    page.keyboard.type("door")
    expect(page.locator(".board .card")).to_have_count(1)


@pytest.mark.parametrize(
    "text", ["<img src=x onerror=alert(1)>", "${1+1} {{x}} `", "\\u{zz} C:\\users", "אבג‮ test"]
)
def test_hostile_words_are_only_words(folder, page, text):
    for field in ("#prompt", "[data-field=label] input"):
        page.locator(field).fill(text)
    expect(page.locator(".card.is-selected p")).to_have_text(text)
    page.reload()
    expect(page.locator(".card.is-selected p")).to_have_text(text)
    assert page.locator(".board img[src=x]").count() == 0
    assert board(folder)["shots"][0]["prompt"] == text
