"""Characters, scenes and the prompt as sent, as an artist meets them in the browser."""

import json

import pytest
from playwright.sync_api import expect

from tests.window.pages import heard
from tests.window.studio import picture
from tests.window.test_accessible import AXE, JUDGE

HOSTILE = "<img src=x onerror=alert(1)> ${1+1} \"'"


def board(folder):
    return json.loads((folder / "storyboard.json").read_text("utf-8"))


def card(page, words):
    return page.locator(".board .card", has_text=words)


@pytest.fixture
def folder(studio, request):
    return studio.project(
        f"cast {request.node.name[:50]}", "A harbour before sunrise", "A door", "A cat on a wall"
    )


@pytest.fixture
def page(folder, page):
    expect(page.locator(".board .card")).to_have_count(3)
    return page


def create(page, name, words=""):
    page.locator(".head").get_by_role("button", name="Cast").click()
    page.locator(".cast > header").get_by_role("button", name="New character").click()
    page.get_by_label("Name of the new character").fill(name)
    page.keyboard.press("Enter")
    expect(page.locator(".person.is-open [data-field=words] textarea")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Tab")


def test_a_character_with_words_and_a_picture_reaches_the_prompt_and_the_recipe(
    studio, folder, page, tmp_path
):
    card(page, "A door").click()
    create(page, "Anna Berg", "a woman of sixty in a red knitted cap")
    page.locator(".person input[type=file]").set_input_files(picture(tmp_path / "anna.png"))
    expect(page.locator(".person .face img")).to_be_visible()
    page.get_by_role("button", name="Anna Berg: Put into 002").click()
    expect(page.locator(".chip", has_text="Anna Berg")).to_be_visible()
    expect(page.locator(".card.is-selected .people img")).to_be_visible()
    phrase = page.locator("[data-origin='character:anna-berg']")
    expect(phrase).to_have_text("A woman of sixty in a red knitted cap.")
    expect(page.locator(".sent .beside")).to_have_text("with 1 reference")
    said = page.locator(".sent .said").text_content()
    page.locator(".inspector").get_by_role("button", name="Keyframe", exact=True).click()
    page.wait_for_function("() => Studio.core.shot('002').key")
    studio.wait_until_done()
    recipe = studio.ask("take.recipe", take="002_v1")
    assert recipe["values"]["prompt"] == said
    assert [path.startswith("references/anna-") for path in recipe["values"]["references"]] == [True]
    assert board(folder)["cast"][0]["name"] == "Anna Berg"


def test_new_words_make_stale_what_was_drawn_with_the_old_ones(studio, folder, page):
    who = studio.ask("cast.add", name="Anna", shots=["001"])
    studio.ask("keyframe.generate", shots=["001", "002"], count=1)
    studio.wait_until_done()
    expect(card(page, "A harbour").locator(".mark.stale")).to_have_count(0)
    studio.ask("cast.set", who=who, field="words", value="a woman of sixty")
    expect(card(page, "A harbour").locator(".mark.stale")).to_have_count(1)
    expect(card(page, "A door").locator(".mark.stale")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(card(page, "A harbour").locator(".mark.stale")).to_have_count(0)


def test_a_renamed_character_is_renamed_everywhere_and_undo_takes_it_back(folder, page):
    create(page, "Anna")
    page.get_by_role("button", name="Anna: Put into 001").click()
    page.locator(".person [data-field=name] input").fill("Eva")
    expect(page.locator(".chip", has_text="Eva")).to_be_visible()
    expect(page.locator(".person .face b")).to_have_text("Eva")
    page.locator(".board .card").first.click()
    page.keyboard.press("Control+z")
    expect(page.locator(".chip", has_text="Anna")).to_be_visible()


def test_a_deleted_character_leaves_its_shots_and_comes_back_with_undo(folder, page):
    create(page, "Anna")
    page.get_by_role("button", name="Anna: Put into 001").click()
    page.locator(".person").get_by_role("button", name="Delete").click()
    expect(page.locator(".person")).to_have_count(0)
    expect(page.locator(".inspector .chip")).to_have_count(1)  # the one that adds
    page.locator("#notices").get_by_role("button", name="Undo").click()
    expect(page.locator(".inspector .chip", has_text="Anna")).to_be_visible()


def test_the_menu_puts_in_one_of_the_cast_or_a_free_name_of_which_a_character_can_be_made(
    studio, folder, page
):
    studio.ask("cast.add", name="Anna")
    heard(page, "() => Studio.core.fact('cast').who.some(one => one.name === 'Anna')")
    add = page.get_by_role("button", name="Put somebody in")
    add.click()
    page.keyboard.type("ann")
    page.keyboard.press("Enter")
    expect(page.locator(".chip", has_text="Anna")).to_be_visible()
    add.click()
    page.keyboard.type("Gull")
    page.locator(".menu").get_by_role("button", name="by name only").click()
    stranger = page.locator(".chip.is-stranger", has_text="Gull")
    expect(stranger).to_be_visible()
    assert board(folder)["shots"][0]["characters"] == ["anna", "Gull"]
    stranger.get_by_role("button", name="Gull is not in the cast").click()
    expect(page.locator(".person.is-open .face b")).to_have_text("Gull")
    expect(page.locator(".inspector .chip.is-stranger")).to_have_count(0)


def test_a_character_dragged_onto_a_card_is_in_its_shot(studio, folder, page):
    studio.ask("cast.add", name="Anna")
    page.keyboard.press("m")
    page.locator(".person").drag_to(card(page, "A cat"))
    page.wait_for_function("() => Studio.core.shot('003').characters.includes('anna')")


def test_pasted_shots_bring_their_characters_along(studio, folder, page):
    who = studio.ask("cast.add", name="Anna", shots=["001"])
    studio.ask("cast.set", who=who, field="words", value="a woman of sixty")
    card(page, "A harbour").click()
    page.keyboard.press("Control+c")
    expect(page.get_by_text("1 shot copied")).to_be_visible()
    other = studio.project(f"{folder.name[:40]} other", "Elsewhere")
    expect(page.locator(".board .card")).to_have_count(1)
    page.keyboard.press("Control+v")
    expect(page.locator(".board .card")).to_have_count(2)
    expect(page.locator("[data-origin='character:anna']")).to_have_text("A woman of sixty.")
    assert board(other)["cast"][0]["words"] == "a woman of sixty"


def test_a_phrase_leads_to_the_field_it_comes_from_and_what_is_said_already_is_left_out(studio, folder, page):
    studio.ask("shot.set", shots=["001"], field="prompt", value="A harbour in golden hour light")
    studio.ask("shot.set", shots=["001"], field="tags.lighting", value="golden_hour")
    studio.ask("shot.set", shots=["001"], field="tags.mood", value="peaceful")
    page.locator(".sent [data-origin=mood]").click()
    expect(page.locator(".inspector").get_by_label("Mood", exact=True)).to_be_focused()
    expect(page.locator(".sent .out")).to_contain_text("Golden hour")
    expect(page.locator(".sent .out")).to_contain_text("already")
    studio.ask("shot.set", shots=["001"], field="motion.notes", value="gulls cross the picture")
    page.get_by_role("tab", name="Clip").click()
    page.locator(".sent [data-origin=motion]", has_text="Gulls").press("Enter")
    expect(page.locator(".inspector").get_by_label("How it moves")).to_be_focused()


def test_scenes_have_headings_that_fold_and_rename_all_their_shots(studio, folder, page):
    studio.ask("shot.set", shots=["001", "002"], field="scene", value="Dawn")
    heads = page.locator(".scene-head")
    expect(heads).to_have_count(2)
    expect(heads.first).to_contain_text("2 shots")
    heads.first.get_by_role("textbox").fill("Before dawn")
    page.keyboard.press("Enter")
    page.wait_for_function("() => Studio.core.shot('002').scene === 'Before dawn'")
    heads.first.get_by_role("button", name="Fold Before dawn").click()
    expect(page.locator(".board .card")).to_have_count(1)
    card(page, "A cat").click()
    page.keyboard.press("k")
    expect(card(page, "A door")).to_have_class("card is-selected")
    assert [shot.get("scene") for shot in board(folder)["shots"]] == ["Before dawn", "Before dawn", None]


def test_a_shot_dragged_into_a_scene_belongs_to_it(studio, folder, page):
    studio.ask("shot.set", shots=["001", "002"], field="scene", value="Dawn")
    card(page, "A cat").drag_to(card(page, "A door"), target_position={"x": 10, "y": 40})
    page.wait_for_function("() => Studio.core.shot('003').scene === 'Dawn'")
    expect(page.locator(".scene-head")).to_have_count(1)
    assert [shot["shot_id"] for shot in board(folder)["shots"]] == ["001", "003", "002"]


def test_a_new_shot_is_in_the_scene_of_the_one_before(studio, folder, page):
    studio.ask("shot.set", shots=["001", "002"], field="scene", value="Dawn")
    card(page, "A harbour").click()
    page.keyboard.press("n")
    expect(page.locator(".board .card")).to_have_count(4)
    expect(page.locator(".scene-head")).to_have_count(2)
    expect(page.locator(".inspector").get_by_label("Scene", exact=True)).to_have_value("Dawn")


def test_the_cast_works_by_keyboard_alone(studio, folder, page):
    studio.ask("cast.add", name="Anna", shots=["001"])
    expect(page.locator(".chip", has_text="Anna")).to_be_visible()
    page.keyboard.press("m")
    expect(page.locator(".person .face")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".person [data-field=words] textarea")).to_be_visible()
    page.keyboard.press("Delete")
    expect(page.locator(".person")).to_have_count(0)
    expect(page.locator(".board .card")).to_have_count(3)
    page.locator(".cast > header").get_by_role("button", name="Close").press("Enter")
    expect(page.locator(".cast")).to_be_hidden()


def test_what_differs_between_selected_shots_says_several_until_an_edit_reaches_all(studio, folder, page):
    studio.ask("shot.put_in", shots=["001"], field="characters", values=["Anna"])
    card(page, "A harbour").click()
    card(page, "A cat").click(modifiers=["Control"])
    prompt = page.locator("#prompt")
    expect(prompt).to_have_value("")
    expect(prompt).to_have_attribute("placeholder", "several")
    expect(page.locator(".inspector").get_by_label("Length")).to_have_value("0.5")
    prompt.fill("The same")
    page.wait_for_function("() => Studio.core.shot('003').prompt === 'The same'")
    page.locator(".chip.is-part").get_by_role("button", name="Put into all").click()
    page.wait_for_function("() => Studio.core.shot('003').characters.join() === 'Anna'")
    assert [shot["prompt"] for shot in board(folder)["shots"]] == ["The same", "A door", "The same"]


def test_hostile_names_are_only_names(studio, folder, page):
    create(page, HOSTILE, HOSTILE)
    page.locator(".person .join").click()
    studio.ask("shot.set", shots=["001"], field="scene", value=HOSTILE)
    expect(page.locator(".inspector .chip .main span:last-child")).to_have_text(HOSTILE)
    expect(page.locator(".scene-head input").first).to_have_value(HOSTILE)
    expect(page.locator(".sent .said")).to_contain_text("onerror=alert(1)")
    page.reload()
    expect(page.locator(".inspector .chip .main span:last-child")).to_have_text(HOSTILE)
    assert page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("look", ["dark", "light"])
def test_all_of_it_is_clean_as_axe_judges_it(studio, folder, page, look):
    studio.ask("cast.add", name="Anna", shots=["001", "002"])
    studio.ask("shot.put_in", shots=["001"], field="characters", values=["a gull"])
    studio.ask("shot.set", shots=["001", "002"], field="scene", value="Dawn")
    studio.ask("shot.set", shots=["001"], field="tags.lighting", value="neon")
    studio.ask("shot.set", shots=["001"], field="negative", value="text")
    page.evaluate("look => { document.documentElement.dataset.theme = look }", look)
    page.keyboard.press("m")
    page.locator(".person .face").click()
    page.get_by_role("button", name="Put somebody in").click()
    expect(page.locator(".sent [data-origin=lighting]")).to_be_visible()
    page.evaluate(AXE)
    found = page.evaluate(JUDGE)
    assert not found, "\n".join(found)
