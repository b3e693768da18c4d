"""Large inputs on the Settings page: for an endpoint only, tried, kept, and their keys never shown."""

import json

import pytest
from playwright.sync_api import expect

from tests.real_comfy import free_port
from tests.window.studio import RunningStudio

NAMES = ("RUNPOD_API_KEY", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
KEY = "neverToBeSeenAgain/7777"


@pytest.fixture
def studio(tmp_path):
    running = RunningStudio(tmp_path, env=dict.fromkeys(NAMES, "")).start()
    yield running
    running.stop()


@pytest.fixture
def settings(studio, open_page):
    page = open_page(studio, "settings")
    expect(page.locator("#set-mode input:checked")).to_have_count(1)
    return page


def choose(page, mode):
    page.locator("#set-mode").get_by_label(mode, exact=True).check(force=True)


def unfolded(page):
    expect(page.locator("#set-mode input:checked")).to_have_count(1)
    choose(page, "RunPod Serverless")
    page.get_by_role("button", name="Large inputs").click()
    expect(field(page, "address")).to_be_visible()
    return page


def field(page, name):
    return page.locator(f"#set-bucket-{name} input, #set-bucket-{name} textarea")


def said(page):
    return page.locator("#set-bucket-said")


def test_it_is_there_for_an_endpoint_only_and_folded(settings):
    card = settings.get_by_role("button", name="Large inputs")
    expect(card).to_be_hidden()
    choose(settings, "RunPod Serverless")
    expect(card).to_be_visible()
    expect(field(settings, "address")).to_be_hidden()
    choose(settings, "ComfyUI")
    expect(card).to_be_hidden()


def test_a_bucket_is_entered_kept_and_shown_again(settings, studio, open_page):
    page = unfolded(settings)
    field(page, "address").fill("s3api-eu-ro-1.runpod.io")
    field(page, "bucket").fill("two words")
    page.locator("#set-bucket-save").click()
    expect(said(page)).to_contain_text("This is no bucket's name")
    field(page, "bucket").fill("abc123def4")
    page.locator("#set-bucket-save").click()
    expect(said(page)).to_have_text("Saved")
    kept = {"address": "https://s3api-eu-ro-1.runpod.io", "bucket": "abc123def4", "region": ""}
    assert json.loads((studio.data / "settings.json").read_text("utf-8"))["bucket"] == kept
    expect(field(page, "address")).to_have_value(kept["address"])

    fresh = unfolded(open_page(studio, "settings"))
    expect(field(fresh, "bucket")).to_have_value("abc123def4")
    field(fresh, "bucket").fill("xyz123def4")
    fresh.locator("#set-bucket-save").click()
    expect(field(page, "bucket")).to_have_value("xyz123def4")


def test_what_is_being_entered_stays_while_a_key_is_saved_and_no_page_shows_it(settings, studio):
    page = unfolded(settings)
    field(page, "bucket").fill("films")
    page.locator("#set-s3-secret-access-key input").fill(KEY)
    page.locator("#set-s3-secret-access-key-save").click()
    expect(page.locator("#set-s3-secret-access-key-said")).to_have_text("set: …7777")
    expect(field(page, "bucket")).to_have_value("films")
    assert KEY not in page.content() and KEY not in json.dumps(studio.facts()) + studio.said()
    page.locator("#set-bucket-test").click()
    expect(said(page)).to_contain_text("The bucket 'films' at Amazon has no keys yet.")


def test_a_service_that_does_not_answer_is_said_and_nothing_saved(settings, studio):
    page = unfolded(settings)
    for name in ("access-key-id", "secret-access-key"):
        page.locator(f"#set-s3-{name} input").fill(KEY)
        page.locator(f"#set-s3-{name}-save").click()
        expect(page.locator(f"#set-s3-{name}-said")).to_have_text("set: …7777")
    field(page, "address").fill(f"http://127.0.0.1:{free_port()}")
    field(page, "bucket").fill("films")
    page.locator("#set-bucket-test").click()
    expect(said(page)).to_contain_text("127.0.0.1 does not answer", timeout=30_000)
    assert "films" not in (studio.data / "settings.json").read_text("utf-8")
