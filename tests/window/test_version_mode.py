"""A version of ComfyUI as who draws: chosen in Settings, started for the test, ended with the studio."""

import json
import os

import pytest
from playwright.sync_api import expect

import main
from tests.versions.world import World
from tests.window.test_settings_page import choose, save


@pytest.fixture
def versions(own_studio, tmp_path, monkeypatch):
    """A studio with one version that is realized; the store is a folder of the test."""
    world = World(tmp_path / "world")
    for name, value in world.surroundings.items():
        monkeypatch.setenv(name, value)
    store = tmp_path / "store"
    studio = own_studio(env={"STUDIO_STORE": str(store)})
    world.write(studio.data / "versions")
    asked = ["--store", str(store), "--versions", str(studio.data / "versions"), "--no-probe"]
    assert main.main(["version", "realize", "film-a", *asked]) == 0
    world.close()
    yield studio, store / "builds" / "film-a"


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_version_is_chosen_tested_and_ends_with_the_studio(versions, open_page):
    studio, builds = versions
    page = open_page(studio, "settings")
    expect(page.locator("#set-mode input:checked")).to_have_count(1)
    choose(page, "ComfyUI version")
    field = page.locator("#set-version input")
    expect(page.locator("#set-version-fault")).to_contain_text("Choose a version")
    expect(page.locator("#set-save")).to_be_disabled()
    field.click()
    page.get_by_role("option", name="film-a").click()
    expect(page.locator("#set-version-fault")).to_be_empty()
    page.locator("#set-test").click()
    expect(page.locator("#set-answer")).to_contain_text("ComfyUI 0 (film-a)")
    assert not list(builds.glob("running-*.json"))  # the test is over, and nobody draws with it yet
    save(page)
    expect(page.locator(".pill b")).to_have_text("ComfyUI version")
    expect(page.locator(".pill .queue")).to_have_text("idle")
    kept = json.loads((studio.data / "settings.json").read_text("utf-8"))
    assert (kept["comfy"]["mode"], kept["comfy"]["version"]) == ("managed", "film-a")
    page.reload()
    expect(page.locator("#set-version input")).to_have_value("film-a")
    pid = json.loads(next(builds.glob("running-*.json")).read_text())["pid"]
    assert is_alive(pid)
    page.close()
    studio.stop()
    assert not is_alive(pid) and not list(builds.glob("running-*.json"))


def test_a_version_that_was_never_realized_says_what_to_do(own_studio, open_page, tmp_path):
    studio = own_studio(env={"STUDIO_STORE": str(tmp_path / "store")})
    world = World(tmp_path / "world")
    world.write(studio.data / "versions")
    world.close()
    page = open_page(studio, "settings")
    expect(page.locator("#set-mode input:checked")).to_have_count(1)
    choose(page, "ComfyUI version")
    page.locator("#set-version input").click()
    page.get_by_role("option", name="film-a").click()
    page.locator("#set-test").click()
    expect(page.locator("#set-answer")).to_contain_text("not realized on this machine yet")
