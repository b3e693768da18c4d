"""What the window survives: reloads, second windows, a studio that is killed, a page that comes late."""

import json
import socket

import pytest
from playwright.sync_api import expect

from tests.run_bench import until

MANY = [f"A harbour in weather number {n}, boats and gulls" for n in range(6)]
SLOW = {"width": 1024, "height": 576}


def test_a_run_goes_on_through_a_reload_and_in_a_second_window(studio, open_page):
    studio.project("reload", *MANY, **SLOW)
    page = open_page(studio)
    studio.ask("keyframe.generate", shots=[f"{n:03d}" for n in range(1, 7)], count=2)
    expect(page.locator(".job[data-state=running]").first).to_be_visible()
    page.reload()
    expect(page.locator(".job").first).to_be_visible()
    second = open_page(studio)
    expect(second.locator(".job").first).to_be_visible()
    facts = studio.wait_until_done()
    done = [fact for key, fact in facts.items() if key.startswith("run/") and fact["state"] == "done"]
    assert len({(run["shot"], run["files"][0]) for run in done if run["project"] == "reload"}) == 12
    for window in (page, second):
        expect(window.locator(".card img:not([hidden])")).to_have_count(6)


def test_what_a_killed_studio_left_is_shown_and_goes_on_when_told_to(own_studio, open_page):
    studio = own_studio()
    folder = studio.project("killed", *MANY, **SLOW)
    studio.ask("keyframe.generate", shots=[f"{n:03d}" for n in range(1, 7)], count=2)
    page = open_page(studio)
    expect(page.locator(".job[data-state=running]").first).to_be_visible()
    studio.kill()
    studio.start()
    page = open_page(studio)
    expect(page.locator("#dock .summary")).to_contain_text("not finished")
    with page.expect_response("**/studio/do/**"):
        page.locator("#dock").get_by_role("button", name="Go on").click()
    studio.wait_until_done()
    pictures = sorted(path.name for path in (folder / "takes").glob("*.png"))
    assert len(pictures) == 12
    recipes = [json.loads(path.read_text("utf-8")) for path in (folder / "takes").glob("*.json")]
    assert {recipe["state"] for recipe in recipes} == {"done"}
    assert len({recipe["job"] for recipe in recipes}) == 12
    until(
        lambda: not list(folder.rglob("*.part")), "something stays half written"
    )  # but for thumbnails to come


def test_an_open_page_finds_the_studio_again_after_it_was_started_anew(own_studio, open_page):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    studio = own_studio("--port", str(port))
    studio.project("again", "A door")
    page = open_page(studio)
    studio.stop()
    expect(page.locator("html")).to_have_class("is-offline")
    studio.start()
    expect(page.locator("html")).not_to_have_class("is-offline", timeout=30_000)
    page.fill("#prompt", "A door that opens")
    expect(page.locator(".card p", has_text="that opens")).to_be_visible()


def test_a_page_opened_later_shows_everything_at_once(studio, open_page):
    folder = studio.project("late", "A door", "A cat")
    studio.ask("keyframe.generate", shots=["001", "002"], count=1)
    studio.wait_until_done()
    page = open_page(studio)
    expect(page.locator(".card img:not([hidden])")).to_have_count(2, timeout=2_000)
    assert sorted(path.name for path in (folder / "keyframes").glob("*.png")) == ["001.png", "002.png"]


def test_ten_windows_can_be_open_at_once(studio, open_page):
    studio.project("ten", "A door")
    pages = []
    for _ in range(10):
        page = open_page(studio)
        page.evaluate(  # a window in front of it hides it
            """() => { Object.defineProperty(document, 'hidden', {value: true, configurable: true});
                       document.dispatchEvent(new Event('visibilitychange')); }"""
        )
        pages.append(page)
    expect(pages[-1].locator(".board .card")).to_have_count(1)


@pytest.mark.parametrize("content", ["{", '{"shots": 3}', ""])
def test_a_board_broken_from_outside_is_told_and_nothing_is_lost(studio, open_page, content):
    folder = studio.project(f"broken{len(content)}", "A door")
    page = open_page(studio)
    expect(page.locator(".board .card")).to_have_count(1)
    (folder / "storyboard.json").write_text(content, "utf-8")
    expect(page.locator("#dock .summary")).to_contain_text("storyboard.json")
    expect(page.locator(".card p")).to_have_text("A door")
    assert (folder / "storyboard.json").read_text("utf-8") == content
