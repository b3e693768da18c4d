"""The first minute: a sample that draws itself, and three steps that can be left out at any time."""

import json
import re

import pytest
from playwright.sync_api import expect

from infrastructure.clip_probe import probe


@pytest.fixture
def studio(own_studio):
    return own_studio(introduced=False)


@pytest.fixture
def page(studio, open_page):
    page = open_page(studio)
    expect(page.locator(".intro")).to_be_visible()
    return page


def settings(studio):
    return json.loads((studio.data / "settings.json").read_text("utf-8"))


def step(page, title):
    expect(page.locator(".intro h2")).to_have_text(title)


def test_the_three_steps_lead_from_the_look_to_a_story_while_the_sample_draws(studio, page):
    expect(page.locator(".job[data-state=running]").first).to_be_visible()
    expect(page.locator(".intro .sample")).to_contain_text("The sample draws itself")
    page.get_by_role("radio", name="Light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="Next").click()
    step(page, "Who draws?")
    expect(page.get_by_role("radio", name=re.compile("None for now"))).to_have_attribute(
        "aria-checked", "true"
    )
    page.get_by_role("button", name="Next").click()
    step(page, "Where do you begin?")
    page.get_by_role("button", name=re.compile("Look around the sample")).click()
    expect(page.locator(".intro")).to_have_count(0)
    expect(page.locator(".board .card")).to_have_count(6)
    page.wait_for_function("() => Studio.core.fact('settings').introduced")
    assert settings(studio)["theme"] == "light" and settings(studio)["is_introduced"] is True
    page.reload()
    expect(page.locator(".board .card")).to_have_count(6)
    expect(page.locator(".intro")).to_have_count(0)
    studio.wait_until_done(110)
    assert probe(next((studio.data / "projects").iterdir()) / "film.mp4").frames > 24


def test_the_page_can_be_worked_on_while_the_panel_stands_there(studio, page):
    page.locator("[data-shot='002'].card").click()
    page.fill("#prompt", "Every window is open")
    expect(page.locator(".card.is-selected p")).to_have_text("Every window is open")
    page.keyboard.press("Escape")  # leaves the field, and no more
    expect(page.locator(".intro")).to_be_visible()


def test_escape_skips_everything(studio, page):
    page.keyboard.press("Escape")
    expect(page.locator(".intro")).to_have_count(0)
    page.wait_for_function("() => Studio.core.fact('settings').introduced")
    page.reload()
    expect(page.locator(".board .card")).to_have_count(6)
    expect(page.locator(".intro")).to_have_count(0)


def test_a_reload_in_the_middle_comes_back_to_the_step(studio, page):
    page.get_by_role("button", name="Next").click()
    step(page, "Who draws?")
    page.reload()
    step(page, "Who draws?")
    page.get_by_role("button", name="Back").click()
    step(page, "Make it yours")
    page.locator(".intro").get_by_role("button", name="Skip").last.click()
    expect(page.locator(".intro")).to_have_count(0)


def test_a_language_is_chosen_and_the_steps_go_on_in_it(studio, page):
    page.get_by_label("Language").select_option("de")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.locator(".intro")).to_be_visible()
    assert settings(studio)["language"] == "de"


def test_a_comfyui_is_tested_and_kept_while_the_sample_stays_sketched(studio, page):
    page.get_by_role("button", name="Next").click()
    page.get_by_role("radio", name=re.compile("^ComfyUI")).click()
    address = page.get_by_label("Address of ComfyUI")
    address.fill("ftp://nowhere")
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".intro .answer")).to_contain_text("begins with http")
    step(page, "Who draws?")
    address.fill("http://127.0.0.1:9")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.locator(".intro .answer")).to_contain_text("No ComfyUI answers at http://127.0.0.1:9")
    page.get_by_role("button", name="Next").click()
    step(page, "Where do you begin?")
    assert settings(studio)["comfy"]["url"] == "http://127.0.0.1:9"
    facts = studio.wait_until_done(110)
    assert {run["state"] for key, run in facts.items() if key.startswith("run/")} == {"done"}
    assert not facts["queue"]["paused"]


def test_a_pod_needs_an_id_that_can_be_one(studio, page):
    page.get_by_role("button", name="Next").click()
    page.get_by_role("radio", name=re.compile("A RunPod pod")).click()
    page.get_by_label("The pod's id").fill("no pod!")
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".intro .answer")).to_contain_text("is not a pod id")
    page.get_by_label("The pod's id").fill("https://abc123def456gh-8188.proxy.runpod.net/")
    page.get_by_role("button", name="Next").click()
    step(page, "Where do you begin?")
    assert settings(studio)["comfy"]["pod_id"] == "abc123def456gh"


def test_an_endpoint_is_kept_by_its_id_and_says_where_its_key_is_entered(own_studio, open_page):
    studio = own_studio(introduced=False, env={"RUNPOD_API_KEY": ""})
    page = open_page(studio)
    page.get_by_role("button", name="Next").click()
    page.get_by_role("radio", name=re.compile("RunPod Serverless")).click()
    expect(page.locator(".intro")).to_contain_text("It needs your RunPod API key. Enter it in Settings")
    entry = page.get_by_label("The endpoint's id or its address")
    entry.fill("no endpoint!")
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".intro .answer")).to_contain_text("is not an endpoint")
    entry.fill("https://api.runpod.ai/v2/zyx987wvu654ts/run")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.locator(".intro .answer")).to_contain_text("There is no API key of RunPod.")
    page.get_by_role("button", name="Next").click()
    step(page, "Where do you begin?")
    kept = settings(studio)["comfy"]
    assert (kept["mode"], kept["endpoint"], kept["pod_id"]) == ("serverless", "zyx987wvu654ts", "")


def test_an_endpoint_answers_at_once_where_the_key_is_known(runpod, own_studio, open_page):
    endpoint = runpod.add_endpoint(name="harbour-workers")
    studio = own_studio(introduced=False, env={**runpod.environment, "RUNPOD_API_KEY": runpod.key})
    page = open_page(studio)
    page.get_by_role("button", name="Next").click()
    page.get_by_role("radio", name=re.compile("RunPod Serverless")).click()
    expect(page.get_by_text("It needs your RunPod API key.")).to_be_hidden()
    page.get_by_label("The endpoint's id or its address").fill(endpoint.id)
    page.get_by_role("button", name="Test", exact=True).click()
    answer = page.locator(".intro .answer")
    expect(answer).to_have_text("harbour-workers at RunPod Serverless answers · NVIDIA GeForce RTX 4090")


@pytest.mark.parametrize("way,title", [("New storyboard", "New project"), ("Import something", "Import")])
def test_the_last_step_opens_what_was_chosen(studio, page, way, title):
    page.locator(".intro nav button").nth(2).click()
    page.get_by_role("button", name=re.compile(way)).click()
    expect(page.locator("dialog h2")).to_have_text(title)
    expect(page.locator(".intro")).to_have_count(0)
    if title == "New project":
        page.locator("dialog").get_by_label("Title").fill("Mine")
        page.keyboard.press("Enter")
        expect(page.locator("#prompt")).to_be_focused()
        expect(page.locator("#rail .project b")).to_have_text("Mine")
