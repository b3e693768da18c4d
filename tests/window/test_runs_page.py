"""The Runs page: runs are cancelled, tried again, put in order and found, and go on after a kill."""

import json

import pytest
from playwright.sync_api import expect

from tests.window.studio import RunningStudio

PROMPTS = [f"A harbour in weather number {n}, boats and gulls" for n in range(1, 7)]
SHOTS = [f"{n:03d}" for n in range(1, 7)]
SLOW = {"width": 1280, "height": 720}


@pytest.fixture
def folder(studio, request):
    """A project of the test's own, in a studio whose list is clear and which has nothing to do."""
    studio.ask("run.cancel_all")
    studio.wait_until_done()
    studio.ask("run.resume")
    studio.ask("run.forget")
    studio.ask("run.forget_stopped")
    yield studio.project(request.node.name[:60], *PROMPTS, **SLOW)
    studio.ask("run.cancel_all")
    studio.wait_until_done()
    studio.ask("run.resume")


@pytest.fixture
def page(folder, studio, open_page):
    return open_page(studio, "runs")


def rows(page, state=""):
    return page.locator(f"#page-runs .run{f'[data-state={state}]' if state else ''}")


def chip(page, name):
    return page.locator(f"#page-runs .chip[data-filter={name}]")


def tool(page, name):
    return page.locator("#page-runs .head").get_by_role("button", name=name)


def waiting_shots(page):
    return [text.split(" ")[0] for text in page.locator("#page-runs .waiting .what a").all_inner_texts()]


def ask_paused(studio, shots, count=1):
    """Nothing begins, so that the test decides what happens when."""
    studio.ask("run.pause")
    studio.ask("keyframe.generate", shots=shots, count=count)


def test_a_run_is_seen_from_waiting_to_done(studio, folder, page):
    studio.ask("keyframe.generate", shots=SHOTS, count=2)
    expect(rows(page, "running").first).to_be_visible()
    expect(rows(page, "waiting").first).to_be_visible()
    expect(rows(page, "running").locator(".where").first).to_contain_text("sketch engine")
    studio.wait_until_done()
    expect(rows(page, "done")).to_have_count(12)
    done = rows(page, "done").first
    expect(done.locator(".thumb img")).to_be_visible()
    expect(done.locator(".took")).to_contain_text(" s")
    expect(done.locator(".what small")).to_contain_text("_v")
    done.locator(".what a").click()
    expect(page.locator("#page-keyframes .stage img")).to_be_visible()


def test_one_that_waits_is_cancelled_and_all_can_be_and_come_back(studio, folder, page):
    ask_paused(studio, SHOTS[:3])
    expect(rows(page, "waiting")).to_have_count(3)
    rows(page, "waiting").first.get_by_role("button", name="Cancel").click()
    expect(rows(page, "cancelled")).to_have_count(1)
    tool(page, "Cancel all").click()
    expect(rows(page, "cancelled")).to_have_count(3)
    page.locator("#notices").get_by_role("button", name="Undo").click()
    expect(rows(page, "waiting")).to_have_count(2)


def test_one_that_runs_is_cancelled(studio, folder, page):
    studio.ask("keyframe.generate", shots=SHOTS, count=3)
    running = rows(page, "running").first
    name = running.get_attribute("data-run")
    page.locator(f"#page-runs .run[data-run='{name}']").get_by_role("button", name="Cancel").click()
    expect(page.locator(f"#page-runs .run[data-run='{name}']")).to_have_attribute("data-state", "cancelled")


def test_a_failed_run_says_why_and_is_tried_again(studio, folder, page):
    studio.ask("video.generate", shots=["001", "002"])
    expect(rows(page, "failed")).to_have_count(2)
    expect(rows(page, "failed").first.locator(".why")).to_contain_text("has no keyframe to start from.")
    studio.ask("keyframe.generate", shots=["001", "002"], count=1)
    studio.wait_until_done()
    rows(page, "failed").first.get_by_role("button", name="Try again").click()
    expect(rows(page, "failed")).to_have_count(1)
    with page.expect_response("**/studio/do/**"):
        tool(page, "Retry 1 failed").click()
    expect(rows(page, "failed")).to_have_count(0)
    studio.wait_until_done()
    assert sorted(path.name for path in (folder / "videos").glob("*.mp4")) == ["001.mp4", "002.mp4"]


def test_what_waits_is_dragged_into_another_order(studio, folder, page):
    ask_paused(studio, SHOTS[:4])
    expect(rows(page, "waiting")).to_have_count(4)
    box = rows(page, "waiting").first.bounding_box()
    rows(page, "waiting").nth(3).drag_to(rows(page, "waiting").first, target_position={"x": 120, "y": 3})
    expect(rows(page, "waiting").first).to_contain_text("004")
    assert waiting_shots(page) == ["004", "001", "002", "003"]
    assert box and rows(page, "waiting").first.bounding_box() == box
    rows(page, "waiting").nth(2).get_by_role("button", name="Make it next").click()
    expect(rows(page, "waiting").first).to_contain_text("002")
    order = [run["shot"] for run in in_order(studio.facts()) if run["state"] == "waiting"]
    assert order == ["002", "004", "001", "003"]


def in_order(facts):
    return [facts[f"run/{id}"] for id in facts["queue/order"] if f"run/{id}" in facts]


def test_what_waits_is_moved_by_keyboard_and_keeps_the_focus(studio, folder, page):
    ask_paused(studio, SHOTS[:4])
    expect(rows(page, "waiting")).to_have_count(4)
    rows(page, "waiting").first.focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(rows(page, "waiting").nth(1)).to_contain_text("001")
    expect(rows(page, "waiting").nth(1)).to_be_focused()
    page.keyboard.press("Alt+End")
    expect(rows(page, "waiting").nth(3)).to_contain_text("001")
    page.keyboard.press("Alt+Home")
    expect(rows(page, "waiting").first).to_contain_text("001")
    expect(page.locator("#page-runs [role=status]")).to_have_text("001 · Keyframe is number 1 of 4")
    page.keyboard.press("ArrowDown")
    expect(rows(page, "waiting").nth(1)).to_be_focused()
    page.keyboard.press("Delete")
    expect(rows(page, "waiting")).to_have_count(3)


def test_runs_are_filtered_counted_and_found(studio, folder, page):
    studio.ask("keyframe.generate", shots=["001", "002"], count=2)
    studio.wait_until_done()
    studio.ask("video.generate", shots=["003"])
    studio.wait_until_done()
    ask_paused(studio, ["004"])
    for name, count in {"all": 6, "done": 4, "failed": 1, "waiting": 1, "running": 0}.items():
        expect(chip(page, name).locator("b")).to_have_text(str(count))
        chip(page, name).click()
        expect(rows(page)).to_have_count(count)
    chip(page, "all").click()
    page.get_by_label("Shot", exact=True).select_option("002")
    expect(rows(page)).to_have_count(2)
    expect(chip(page, "done").locator("b")).to_have_text("2")
    page.get_by_label("Shot", exact=True).select_option("")
    page.get_by_label("Kind", exact=True).select_option("video")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Kind", exact=True).select_option("")
    page.get_by_label("Find a run").fill("no KEYFRAME to start")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Find a run").fill("nobody")
    expect(page.get_by_text("No run is like that")).to_be_visible()


def test_the_queue_pauses_and_goes_on(studio, folder, page):
    ask_paused(studio, SHOTS[:2])
    expect(rows(page, "waiting")).to_have_count(2)
    tool(page, "Go on").click()
    expect(rows(page, "done")).to_have_count(2)
    page.locator("#page-runs h1").click()
    page.keyboard.press("p")
    page.wait_for_function("() => Studio.core.fact('queue').paused === 'paused'")


def test_a_recipe_is_read_and_copied(studio, folder, page, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    studio.ask("keyframe.generate", shots=["001"], count=1)
    studio.wait_until_done()
    file = folder / "takes" / "001_v1.json"
    version = {
        "version": {"id": "film-a", "closure": "0123456789abcdef" * 4}
    }  # as a version that draws tells it
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **version}), "utf-8")
    rows(page, "done").first.get_by_role("button", name="Recipe").click()
    sheet = page.locator("dialog")
    expect(sheet.locator(".facts")).to_contain_text("A harbour in weather number 1")
    expect(sheet.locator(".facts")).to_contain_text("film-a · 0123456789ab")
    sheet.get_by_role("button", name="Copy the recipe").click()
    copied = json.loads(page.evaluate("() => navigator.clipboard.readText()"))
    assert copied == json.loads(file.read_text("utf-8"))


def test_a_cleared_list_stays_clear_and_what_was_made_can_be_shown(studio, folder, page):
    studio.ask("keyframe.generate", shots=["001", "002"], count=2)
    studio.wait_until_done()
    expect(rows(page, "done")).to_have_count(4)
    tool(page, "Clear finished").click()
    expect(rows(page)).to_have_count(0)
    page.reload()
    expect(page.get_by_text("The list is clear")).to_be_visible()
    page.get_by_role("button", name="Show 4 from before").click()
    expect(rows(page, "done")).to_have_count(4)
    expect(rows(page, "done").first.locator(".what small")).to_contain_text("keyframe_z_image_turbo")
    assert len(list((folder / "takes").glob("*.png"))) == 4


def test_a_job_from_before_is_listed_once_and_made_again(own_studio, open_page):
    studio: RunningStudio = own_studio()
    folder = studio.project("before", *PROMPTS)
    studio.ask("keyframe.generate", shots=["001"], count=1)
    studio.wait_until_done()
    studio.ask("run.forget")
    studio.stop()
    path = folder / "takes" / "001_v1.json"
    broken = {**json.loads(path.read_text("utf-8")), "state": "failed", "error": "out of memory", "files": []}
    path.write_text(json.dumps(broken), "utf-8")
    studio.start()
    page = open_page(studio, "runs")
    expect(rows(page, "failed").locator(".why")).to_have_text("out of memory")
    rows(page, "failed").get_by_role("button", name="Try again").click()
    expect(rows(page, "done")).to_have_count(1)
    expect(rows(page)).to_have_count(1)


def test_a_batchs_picture_from_before_is_made_again(own_studio, open_page):
    studio: RunningStudio = own_studio()
    folder = studio.project("batch", *PROMPTS)
    studio.stop()
    batch = {"shots_with_references": [{"shot_id": 7, "prompt": "A cat"}], "template": "keyframe_sdxl"}
    (folder / "batch.json").write_text(json.dumps(batch), "utf-8")
    recipe = {"name": "7_v1", "engine": "sketch", "job": "x", "state": "failed", "files": [], "values": {}}
    (folder / "takes").mkdir(exist_ok=True)
    (folder / "takes" / "7_v1.json").write_text(json.dumps(recipe), "utf-8")
    studio.start()
    page = open_page(studio, "runs")
    rows(page, "failed").get_by_role("button", name="Try again").click()
    expect(rows(page, "done")).to_have_count(1)
    assert (folder / "takes" / "7_v2.png").exists()


def test_what_a_killed_studio_left_goes_on_or_is_forgotten(own_studio, open_page):
    studio: RunningStudio = own_studio()
    folder = studio.project("killed", *PROMPTS, **SLOW)
    studio.ask("keyframe.generate", shots=SHOTS, count=3)
    page = open_page(studio, "runs")
    expect(rows(page, "running").first).to_be_visible()
    studio.kill()
    studio.start()
    page = open_page(studio, "runs")
    banner = page.locator("#page-runs .banner")
    expect(banner).to_contain_text("were not finished.")
    left = rows(page, "stopped").count()
    assert left > 3
    rows(page, "stopped").last.get_by_role("button", name="Cancel").click()
    expect(rows(page, "stopped")).to_have_count(left - 1)
    with page.expect_response("**/studio/do/**"):
        banner.get_by_role("button", name="Go on").click()
    expect(banner).to_have_count(0)
    studio.wait_until_done()
    expect(rows(page, "done")).to_have_count(17)
    expect(chip(page, "all").locator("b")).to_have_text("18")
    recipes = [json.loads(path.read_text("utf-8")) for path in (folder / "takes").glob("*.json")]
    assert len({recipe["job"] for recipe in recipes}) == len(recipes) == 17
    studio.ask("keyframe.generate", shots=SHOTS, count=3)
    expect(rows(page, "running").first).to_be_visible()
    studio.kill()
    studio.start()
    page = open_page(studio, "runs")
    page.locator("#page-runs .banner").get_by_role("button", name="Forget").click()
    expect(page.locator("#page-runs .banner")).to_have_count(0)


def test_trouble_is_told_in_full_and_tried_again(own_studio, open_page):
    studio: RunningStudio = own_studio()
    studio.data.joinpath("settings.json").write_text(
        json.dumps({"is_introduced": True, "comfy": {"mode": "local", "url": "http://127.0.0.1:9"}})
    )
    studio.restart()
    studio.project("trouble", *PROMPTS)
    page = open_page(studio, "runs")
    studio.ask("keyframe.generate", shots=SHOTS[:2], count=1)
    banner = page.locator("#page-runs .banner.bad")
    expect(banner).to_contain_text("127.0.0.1:9")
    expect(rows(page, "waiting")).to_have_count(2)
    banner.get_by_role("button", name="Try again").click()
    expect(banner).to_contain_text("127.0.0.1:9")
    expect(rows(page, "waiting")).to_have_count(2)
