"""The test bench in the browser: on sketches, on a fake ComfyUI and on a real one."""

import json
import re

import pytest
from playwright.sync_api import expect

from infrastructure.workflow_files import SHIPPED
from tests import graphs
from tests.comfy_jobs import until
from tests.commands.typing import nobody
from tests.graphs import node
from tests.window.studio import RunningStudio
from tests.window.test_accessible import AXE, JUDGE

LONGEST = 60_000  # milliseconds for a bench
SIZES = "all => Promise.all(all.map(img => img.decode().then(() => [img.naturalWidth, img.naturalHeight])))"


def tiny(checkpoint="tiny.safetensors"):
    """A workflow with a model, steps and a size."""
    save = node("SaveImage", "Save keyframe", images=["decode", 0], filename_prefix="out")
    return graphs.picture(
        model=node("CheckpointLoaderSimple", ckpt_name=checkpoint), sampler=graphs.sampler(steps=3), save=save
    )


@pytest.fixture
def studio_on(tmp_path):
    """Starts a studio that draws at a URL, keyframes with a workflow of its own."""
    made = []

    def start(url, graph, about=None):
        running = RunningStudio(tmp_path)
        made.append(running)
        own = running.data / "workflows"
        own.mkdir()
        (own / "keyframe_mine.json").write_text(json.dumps(graph), "utf-8")
        (own / "keyframe_mine.about.json").write_text(json.dumps(about or {"kind": "keyframe"}), "utf-8")
        settings = {
            "is_introduced": True,
            "comfy": {"mode": "local", "url": url},
            "keyframe_workflow": "keyframe_mine",
            "video_workflow": "video_test",
        }
        (running.data / "settings.json").write_text(json.dumps(settings), "utf-8")
        return running.start()

    yield start
    for running in made:
        running.stop()


def stage(page, name):
    return page.locator(f".stages [data-stage={name}]")


def run(page):
    page.get_by_role("button", name="Run the bench").click()


def is_over(page, sentence):
    expect(page.locator(".verdict h2")).to_have_text(re.compile(sentence), timeout=LONGEST)


def states(page):
    return page.locator(".stages > li").evaluate_all("rows => rows.map(row => row.dataset.state)")


def test_the_sketch_engine_is_benched_and_what_it_made_is_shown(studio, open_page):
    page = open_page(studio, "testbench")
    expect(page.locator(".who")).to_contain_text("Sketch engine")
    expect(page.locator(".stages > li")).to_have_count(10)
    page.get_by_label("Pictures", exact=True).fill("3")
    page.get_by_label("First seed").fill("7")
    run(page)
    is_over(page, r"^All good in .+: 4 tried, 6 have nothing to try$")
    expect(page.locator(".results .pictures img")).to_have_count(3)
    assert (
        page.locator(".results img").evaluate_all(
            "all => Promise.all(all.map(img => img.decode().then(() => img.naturalWidth > 100)))"
        )
        == [True] * 4
    )
    page.wait_for_function("() => document.querySelector('.results video').duration > 0.2")
    expect(page.locator(".verdict small")).to_contain_text("3 pictures, seeds from 7")
    expect(stage(page, "images").locator("output")).to_have_text(re.compile(" (s|ms)$"))
    page.get_by_role("button", name="Picture 2, seed 8").click()
    expect(page.locator("dialog img")).to_be_visible()


def test_the_report_is_copied_and_saved_as_it_stands(studio, open_page, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = open_page(studio, "testbench")
    run(page)
    is_over(page, "^All good in")
    page.get_by_role("button", name="Copy report").click()
    expect(page.get_by_text("The report is on the clipboard.")).to_be_visible()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith("Studio:   Cindergrace Studio")
    assert copied == studio.facts()["bench"]["text"]
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as file").click()
    assert download.value.suggested_filename.startswith("cindergrace-testbench-2")
    assert download.value.path().read_text("utf-8") == copied


def test_a_bench_goes_on_through_a_reload_and_in_a_second_window(studio_on, fake, open_page):
    studio = studio_on(fake.url, tiny())
    page = open_page(studio, "testbench")
    fake.gate.clear()
    run(page)
    expect(stage(page, "images")).to_have_attribute("data-state", "running")
    expect(page.locator("#rail [data-page=testbench]")).to_have_attribute("data-busy", "")
    page.reload()
    second = open_page(studio, "testbench")
    for window in (page, second):
        expect(stage(window, "images")).to_have_attribute("data-state", "running")
        expect(window.get_by_role("button", name="Run the bench")).to_be_hidden()
    fake.gate.set()
    for window in (page, second):
        is_over(window, "^All 10 good in ")
        expect(window.locator(".results .pictures img")).to_have_count(2)
        assert states(window) == ["ok"] * 10


def test_reports_are_there_after_a_restart_to_compare_and_to_look_at_again(studio_on, fake, open_page):
    studio = studio_on(fake.url, tiny())
    page = open_page(studio, "testbench")
    for images in ("1", "2"):
        page.get_by_label("Pictures", exact=True).fill(images)
        run(page)
        is_over(page, "^All 10 good in ")
        expect(page.locator(".reports tbody tr")).to_have_count(int(images))
    studio.restart()
    page = open_page(studio, "testbench")
    rows = page.locator(".reports tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("ComfyUI 0.33.0 · Fake GPU")
    assert all(float(cell) > 0 for cell in rows.first.locator("td.number").all_inner_texts())
    expect(page.locator(".results .pictures img")).to_have_count(2)
    rows.last.get_by_role("button").click()
    expect(page.locator(".results .pictures img")).to_have_count(1)
    page.get_by_role("button", name="Back to the newest").click()
    expect(page.locator(".results .pictures img")).to_have_count(2)


def test_a_cancelled_bench_says_how_far_it_came(studio_on, fake, open_page):
    page = open_page(studio_on(fake.url, tiny()), "testbench")
    fake.gate.clear()
    run(page)
    until(lambda: fake.running, "the first picture")
    page.get_by_role("button", name="Cancel").click()
    is_over(page, "^Cancelled$")
    assert states(page) == [*["ok"] * 5, "cancelled", *["waiting"] * 4]
    assert not fake.running and not fake.pending
    expect(page.get_by_role("button", name="Run the bench")).to_be_visible()


def test_a_missing_model_is_named_with_its_folder_and_leads_to_the_settings(studio_on, fake, open_page):
    page = open_page(studio_on(fake.url, tiny("huge.safetensors")), "testbench")
    run(page)
    is_over(page, "^1 failed: Models$")
    expect(stage(page, "models").locator("code")).to_have_text("models/checkpoints/huge.safetensors")
    expect(stage(page, "images")).to_contain_text("keyframe_test in place of keyframe_mine")
    stage(page, "models").get_by_role("button", name="Choose another workflow").click()
    page.wait_for_function("() => location.hash === '#settings'")


def test_where_nobody_answers_the_first_stage_says_so_and_the_rest_is_not_tried(studio_on, open_page):
    address = nobody()
    page = open_page(studio_on(address, tiny()), "testbench")
    expect(page.locator(".who")).to_have_attribute("data-state", "down")
    run(page)
    is_over(page, "^1 failed: Connect$")
    assert states(page) == ["failed", *["skipped"] * 9]
    expect(stage(page, "connect")).to_contain_text(f"No ComfyUI answers at {address}. Is it running?")
    expect(stage(page, "connect").get_by_role("button")).to_have_text("Change where pictures are made")


@pytest.mark.parametrize("look", ["dark", "light"])
def test_a_page_full_of_reports_and_failures_is_clean(studio_on, fake, open_page, look):
    page = open_page(studio_on(fake.url, tiny("huge.safetensors")), "testbench")
    page.evaluate("look => { document.documentElement.dataset.theme = look }", look)
    run(page)
    is_over(page, "^1 failed: Models$")
    expect(page.locator(".reports tbody tr")).to_have_count(1)
    page.mouse.move(5, 5)  # off the button
    page.evaluate(AXE)
    found = page.evaluate(JUDGE)
    assert not found, "\n".join(found)


@pytest.mark.real
def test_a_real_comfyui_is_good_from_the_first_hello_to_the_last_frame(studio_on, real_comfy, open_page):
    graph = json.loads((SHIPPED / "keyframe_sd15.json").read_text("utf-8"))
    [loader] = [n for n in graph.values() if n["class_type"] == "CheckpointLoaderSimple"]
    loader["inputs"]["ckpt_name"] = "tiny_sd15.safetensors"
    studio = studio_on(real_comfy.url, graph, {"kind": "keyframe", "grid": 8, "sizes": [[128, 96]]})
    page = open_page(studio, "testbench")
    expect(page.locator(".who")).to_contain_text("ComfyUI 0.30.0")
    run(page)
    expect(page.locator(".results figure img")).to_be_visible(timeout=LONGEST)  # a preview
    is_over(page, "^All 10 good in ")
    assert states(page) == ["ok"] * 10
    assert page.locator(".results .pictures img").evaluate_all(SIZES) == [[128, 96]] * 2
    page.wait_for_function("() => document.querySelector('.results video').duration > 0.5")
    expect(stage(page, "preview")).to_contain_text("the first after")
