"""Keyframes in the browser: made, chosen, compared, brought in, on the engine that needs no GPU."""

import json
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.test_carried_values import TEXT
from tests.test_media_workflows import a_png
from tests.window.studio import picture

PICKED = re.compile("is-picked")


@pytest.fixture
def folder(studio, request):
    return studio.project(request.node.name[:60], "A harbour before sunrise", "A door")


@pytest.fixture
def page(folder, studio, open_page):
    page = open_page(studio, "keyframes/001")
    expect(page.locator(".shotrow")).to_have_count(2)
    return page


def note(folder, shot="001"):
    return json.loads((folder / "keyframes" / f"{shot}.json").read_text("utf-8"))


def made(page, count):
    expect(page.locator(".variants .take")).to_have_count(count, timeout=30_000)


def test_variants_are_made_shown_and_the_first_is_the_keyframe(folder, page):
    page.get_by_label("How many variants").fill("2")
    page.get_by_role("button", name="Generate", exact=True).click()
    made(page, 2)
    expect(page.locator(".stage img")).to_be_visible()
    assert page.locator(".stage img").evaluate("img => img.decode().then(() => img.naturalWidth)") >= 320
    expect(page.locator(".variants .take.is-picked")).to_have_count(1)
    assert (folder / "keyframes" / "001.png").exists()


def test_another_take_is_picked_with_a_key_and_undo_brings_the_first_back(folder, page):
    page.keyboard.press("g")
    made(page, 2)
    first = note(folder)["take"]  # whichever was drawn first
    other = page.locator(f'.take[data-take="{"001_v1" if first == "001_v2.png" else "001_v2"}"]')
    other.click()
    page.keyboard.press("p")
    expect(other).to_have_class(PICKED)
    assert note(folder)["take"] != first
    page.keyboard.press("Control+z")
    expect(other).not_to_have_class(PICKED)
    assert note(folder)["take"] == first


def test_stars_and_rejection_stay_after_a_reload(folder, page):
    page.keyboard.press("r")
    made(page, 1)
    page.keyboard.press("s")
    page.keyboard.press("s")
    expect(page.locator(".take .stars")).to_have_text("★★")
    page.keyboard.press("x")
    expect(page.locator(".take.is-rejected")).to_have_count(1)
    page.reload()
    expect(page.locator(".take .stars")).to_have_text("★★")
    assert json.loads((folder / "marks.json").read_text("utf-8")) == {
        "001_v1": {"rejected": True, "stars": 2}
    }


def test_an_own_picture_becomes_a_take_and_the_keyframe(folder, page, tmp_path):
    own = picture(tmp_path / "my <b>photo.png", "#2060a0")
    with page.expect_file_chooser() as chooser:
        page.locator("#page-keyframes").get_by_role("button", name="Own picture").click()
    chooser.value.set_files(own)
    made(page, 1)
    assert Image.open(folder / "keyframes" / "001.png").getpixel((5, 5)) == (0x20, 0x60, 0xA0)
    expect(page.locator(".facts")).to_contain_text("my _b_photo.png")


def test_a_take_is_used_in_other_shots(folder, studio, page):
    studio.ask("shot.add", after="002")
    page.keyboard.press("r")
    made(page, 1)
    page.get_by_role("button", name="Use elsewhere").click()
    dialog = page.get_by_role("dialog", name="Use this take elsewhere")
    assert [tick.get_attribute("value") for tick in dialog.locator(".where :checked").all()] == ["002"]
    dialog.get_by_label("003", exact=False).check()
    dialog.get_by_label("References").check()
    dialog.get_by_role("button", name="Use it").click()
    expect(page.get_by_text("References of 002, 003 now.")).to_be_visible()
    shots = json.loads((folder / "storyboard.json").read_text("utf-8"))["shots"]
    assert [shot.get("references", []) for shot in shots] == [
        [],
        ["takes/001_v1.png"],
        ["takes/001_v1.png"],
    ]


def drop(page, place, file):
    page.evaluate(
        """([place, name, bytes]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(bytes)], name));
          const event = { dataTransfer: transfer, bubbles: true, cancelable: true };
          const target = document.querySelector(place);
          for (const kind of ['dragover', 'drop']) target.dispatchEvent(new DragEvent(kind, event));
        }""",
        [place, file.name, list(file.read_bytes())],
    )


def test_a_picture_dropped_on_the_recipe_gives_the_shot_its_values(folder, page, tmp_path):
    drop(page, ".keyframes .inspector", a_png(tmp_path / "found.png", parameters=TEXT))
    dialog = page.get_by_role("dialog", name="Values of this picture")
    expect(dialog).to_contain_text("a cat, (hat:1.2)")
    assert [box.is_checked() for box in dialog.get_by_role("checkbox").all()] == [True] * 3 + [False] * 4
    dialog.get_by_label("Seed").uncheck()
    dialog.get_by_role("button", name="Use for shot 001").click()
    expect(page.get_by_text("Taken over into 001.")).to_be_visible()
    shot = json.loads((folder / "storyboard.json").read_text("utf-8"))["shots"][0]
    assert shot["prompt"] == "a cat, (hat:1.2)\non a mat: red"
    assert shot["negative_prompt"] == "blurry, bad: hands"
    assert page.evaluate("() => Studio.core.shot('001').keyframe") == {
        "seed": None,
        "steps": None,
        "cfg": None,
    }
    assert not (folder / "takes").exists()
    page.locator(".notice").get_by_role("button", name="Undo").click()
    page.wait_for_function("() => Studio.core.shot('001').prompt === 'A harbour before sunrise'")


def test_a_picture_dropped_on_the_stage_is_a_take_that_shows_its_values(page, tmp_path):
    drop(page, ".keyframes .stage", a_png(tmp_path / "found.png", parameters=TEXT))
    made(page, 1)
    expect(page.locator(".facts")).to_contain_text("a cat, (hat:1.2)")
    expect(page.get_by_role("button", name="Again", exact=True)).to_have_count(0)  # nobody here made it
    page.get_by_role("button", name="Use its values").click()
    page.get_by_role("dialog").get_by_role("button", name="Use for shot 001").click()
    page.wait_for_function("() => Studio.core.shot('001').keyframe.seed === 123")


def test_a_picture_that_says_nothing_of_how_it_was_made_is_told(page, tmp_path):
    drop(page, ".keyframes .inspector", picture(tmp_path / "bare.png"))
    expect(page.get_by_text("bare.png does not say how it was made.")).to_be_visible()


def test_what_is_no_picture_is_refused_with_a_sentence(folder, page, tmp_path):
    wrong = tmp_path / "notes.png"
    wrong.write_text("no picture at all")
    with page.expect_file_chooser() as chooser:
        page.locator("#page-keyframes").get_by_role("button", name="Own picture").click()
    chooser.value.set_files(wrong)
    expect(page.get_by_text("is not a picture that can be read")).to_be_visible()
    assert not (folder / "takes").exists()


def test_two_takes_are_compared_under_one_line(page):
    page.get_by_label("How many variants").fill("2")
    page.get_by_role("button", name="Generate", exact=True).click()
    made(page, 2)
    page.keyboard.press("c")
    line = page.get_by_label("Where one picture ends")
    line.focus()
    line.press("Home")
    assert page.locator(".compare").evaluate("box => box.style.getPropertyValue('--at')") == "0%"
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_a_recipe_says_what_was_sent_and_the_seed_can_be_kept(folder, page):
    page.keyboard.press("r")
    made(page, 1)
    facts = page.locator(".facts")
    expect(facts).to_contain_text("A harbour before sunrise")
    page.get_by_role("button", name="Keep this seed").click()
    page.wait_for_function("() => Studio.core.shot('001').keyframe.seed !== null")
    seed = json.loads((folder / "takes" / "001_v1.json").read_text("utf-8"))["values"]["seed"]
    assert page.evaluate("() => Studio.core.shot('001').keyframe.seed") == seed


def test_the_light_table_shows_all_shots_and_picks_with_a_click(folder, studio, page):
    studio.ask("keyframe.generate", shots=["001", "002"], count=2)
    studio.wait_until_done()
    page.keyboard.press("l")
    expect(page.locator(".table .take")).to_have_count(4)
    page.locator(".table section").nth(1).locator(".take").nth(1).click()
    expect(page.locator(".table section").nth(1).locator(".take").nth(1)).to_have_class(PICKED)
    assert note(folder, "002")["take"] == "002_v2.png"


def test_a_take_starts_the_next_shot(folder, page):
    page.keyboard.press("r")
    made(page, 1)
    page.get_by_role("button", name="Start of next shot").click()
    page.wait_for_function("() => Studio.core.shot('002').start_image?.name === '001_v1.png'")
    shots = json.loads((folder / "storyboard.json").read_text("utf-8"))["shots"]
    assert shots[1]["start_image"] == "takes/001_v1.png"


@pytest.fixture
def two_takes(folder, studio, page):
    studio.ask("keyframe.generate", shots=["001", "002"], count=2)
    studio.wait_until_done()
    made(page, 2)


def test_enter_picks_the_take_that_has_the_focus(folder, two_takes, page):
    page.locator(".variants .take").first.click()
    page.locator(".variants .take").last.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".variants .take").last).to_have_class(PICKED)
    assert note(folder)["take"] == "001_v2.png"


def test_enter_on_the_light_table_picks_the_take_that_has_the_focus(folder, two_takes, page):
    page.keyboard.press("l")
    expect(page.locator(".table .take")).to_have_count(4)
    take = page.locator(".table section").nth(1).locator(".take").nth(1)
    take.focus()
    page.keyboard.press("Enter")
    expect(take).to_have_class(PICKED)
    assert note(folder, "002")["take"] == "002_v2.png"


def test_enter_on_a_shot_goes_there(two_takes, page):
    page.locator(".shotrow").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".shotrow").nth(1)).to_have_class(re.compile("is-selected"))
    expect(page.locator(".variants .take").first).to_have_attribute("data-take", "002_v1")


def test_as_many_variants_are_made_as_the_project_says(studio, page):
    studio.ask("board.set", field="variants", value=3)
    expect(page.get_by_label("How many variants")).to_have_attribute("placeholder", "3")
    page.keyboard.press("g")
    made(page, 3)


def test_one_more_asked_for_three_times_at_once_is_three_more(studio, page):
    studio.ask("run.pause")
    try:
        for count in (1, 2, 3):
            page.keyboard.press("r")
            page.wait_for_function(
                "n => Studio.core.runs().filter(r => r.state === 'waiting').length === n", arg=count
            )
    finally:
        studio.ask("run.resume")
    made(page, 3)


def test_what_a_take_is_stands_in_its_name(folder, studio, two_takes, page):
    studio.ask("keyframe.pick", shot="001", file="001_v1.png")
    studio.ask("take.mark", take="001_v1", stars=3, rejected=True)
    first = page.locator(".variants .take").first
    first.click()
    page.get_by_role("button", name="Hold for comparing").click()
    expect(page.get_by_role("button", name="Hold for comparing")).to_have_attribute("aria-pressed", "true")
    expect(first).to_have_attribute("aria-label", "001 v1, picked, 3 stars, rejected, held for comparing")
    expect(page.get_by_role("listbox", name="Shots")).to_have_attribute("aria-multiselectable", "true")
    page.keyboard.press("l")
    table = page.get_by_role("listbox", name="Takes of shot 001")
    expect(table.get_by_role("option", selected=True)).to_have_accessible_name(
        "001 v1, picked, 3 stars, rejected"
    )
