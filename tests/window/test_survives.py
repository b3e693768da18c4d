"""What the window survives: reloads, second windows, a studio that is killed, a page that comes late."""

import json
import os
import re
import signal
import socket
import time
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.run_bench import until
from tests.window.line import Line
from tests.window.studio import prompts

MANY = [f"A harbour in weather number {n}, boats and gulls" for n in range(6)]
SLOW = {"width": 1024, "height": 576}
LOADED = "() => [...document.querySelectorAll('.card img')].every(img => img.complete && img.naturalWidth)"


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
    expect(page.locator(".card img:not([hidden])")).to_have_count(2)
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


# --- a network that goes away -----------------------------------------------------------------


@pytest.fixture
def line(studio):
    line = Line(studio.address)
    yield line
    line.close()


@pytest.fixture
def asked(context):
    """What pages wait for, streams aside."""
    waited_for = set()

    def ask(request):
        if not re.search("studio/events|heartbeat|queue/data", request.url):
            waited_for.add(request)

    def hear(request):
        waited_for.discard(request)

    listeners = {"request": ask, "requestfinished": hear, "requestfailed": hear}
    for event, listener in listeners.items():
        context.on(event, listener)
    yield waited_for
    for event, listener in listeners.items():
        context.remove_listener(event, listener)


@pytest.fixture
def in_the_midst(studio, line, open_page, asked):
    """Opens a page in the midst of a run that goes on only when `run.resume` says so."""

    def start(name):
        folder = studio.project(name, *MANY[:4], **SLOW)
        studio.ask("keyframe.generate", shots=["001", "002", "003", "004"], count=1)
        studio.ask("run.pause")
        page = open_page(line)
        expect(page.locator(".job[data-state=waiting]").first).to_be_visible()
        end = time.monotonic() + 60
        while asked and time.monotonic() < end:  # nobody could take back what Gradio still waits for, and all
            page.wait_for_timeout(20)  # of a browser's connections might be kept by that
        assert not asked
        return folder, page

    yield start
    studio.ask("run.resume")


def ends(studio):
    studio.ask("run.resume")
    studio.wait_until_done()


def shows_what_is_true(page, folder, words):
    expect(page.locator("#dock .summary")).to_have_text("Nothing is being made")
    expect(page.locator(".card img:not([hidden])")).to_have_count(4)
    page.wait_for_function(LOADED)
    expect(page.locator(".card p").first).to_have_text(words)
    expect(page.locator("#prompt")).to_have_value(words)
    expect(page.locator("html")).not_to_have_class("is-offline")
    assert prompts(folder)[0] == words


def test_what_happened_without_a_network_is_shown_once_it_is_back(studio, line, context, in_the_midst):
    folder, page = in_the_midst("no network")
    line.cut()  # what is open stays open otherwise
    context.set_offline(True)
    page.fill("#prompt", "Typed without a network")
    ends(studio)
    expect(page.locator(".job[data-state=waiting]").first).to_be_visible()  # the page cannot know
    assert prompts(folder)[0] == MANY[0]
    line.come_back()
    context.set_offline(False)
    shows_what_is_true(page, folder, "Typed without a network")


def test_a_studio_that_falls_silent_without_a_word_is_missed_and_found_again(studio, line, in_the_midst):
    folder, page = in_the_midst("silence")
    line.fall_silent()
    with page.expect_request("**/studio/do/shot.set"):
        page.fill("#prompt", "Typed into the silence")
    ends(studio)
    expect(page.locator("html")).to_have_class("is-offline")
    line.come_back()
    shows_what_is_true(page, folder, "Typed into the silence")


@contextmanager
def asleep(browser):
    """The browser's pages stand still, as on a machine that sleeps: no script, no timer."""
    told = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    pages = [process["id"] for process in told if process["type"] == "renderer"]
    for pid in pages:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pages:
            os.kill(pid, signal.SIGCONT)


def test_a_page_that_slept_while_the_network_was_lost_shows_what_is_true_when_it_wakes(
    studio, line, browser, in_the_midst
):
    folder, page = in_the_midst("asleep")
    page.locator("#prompt").press_sequentially(".")  # and asleep before it is sent
    with asleep(browser):
        line.fall_silent()
        ends(studio)
        line.come_back()
    page.locator("#prompt").press("End")
    page.keyboard.type(" Awake")
    shows_what_is_true(page, folder, f"{MANY[0]}. Awake")


def test_a_page_that_slept_beside_its_studio_goes_on_with_the_line_it_has(studio, line, open_page):
    studio.project("both asleep", "A door")
    page = open_page(line)
    opened = []
    page.on("request", lambda request: opened.append(request.url) if "events" in request.url else None)
    page.evaluate(
        """() => { const now = Date.now; Date.now = () => now() + 3_600_000;  // it slept for an hour
                   window.looks = 0; setInterval(() => looks++, 1000) }"""
    )
    page.wait_for_function("() => looks > 4")  # more than it gives the studio to be heard
    assert not opened
