"""What changed makes what was made from it stale, which is shown; one button makes exactly that anew."""

from playwright.sync_api import expect


def test_changed_words_are_shown_as_stale_and_one_button_renders_exactly_that(studio, open_page):
    folder = studio.project("stale", "A harbour before sunrise", "A door")
    studio.ask("keyframe.generate", shots=["001", "002"], count=2)
    studio.wait_until_done()
    studio.ask("video.generate", shots=["001"])
    studio.wait_until_done()
    page = open_page(studio, "storyboard/001")
    expect(page.locator(".card .mark.clip")).to_have_count(1)
    page.fill("#prompt", "A harbour after sunset")
    expect(page.locator(".card .mark.stale")).to_have_count(1)
    before = {path.name for path in (folder / "takes").iterdir()}

    with page.expect_response("**/studio/do/stale.render"):
        page.get_by_role("button", name="2 stale").click()
    facts = studio.wait_until_done()
    expect(page.locator(".card .mark.stale")).to_have_count(0)
    made = {path.name for path in (folder / "takes").iterdir()} - before
    assert {name for name in made if not name.endswith("_last.png")} == {
        "001_v3.png",
        "001_v3.json",
        "001.01_v2.mp4",
        "001.01_v2.json",
    }
    assert facts["shot/001"]["picked"] == "001_v3.png"
    assert before <= {path.name for path in (folder / "takes").iterdir()}, "nothing is deleted"


def test_words_changed_back_are_fresh_again_without_rendering(studio, open_page):
    studio.project("back", "A harbour before sunrise")
    studio.ask("keyframe.generate", shots=["001"], count=1)
    studio.wait_until_done()
    page = open_page(studio, "storyboard/001")
    page.fill("#prompt", "A harbour after sunset")
    expect(page.locator(".card .mark.stale")).to_have_count(1)
    page.fill("#prompt", "A harbour before sunrise")
    expect(page.locator(".card .mark.stale")).to_have_count(0)
