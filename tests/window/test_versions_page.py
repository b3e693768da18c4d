"""Versions in the window: what there is, and what is made of it, on the disk of this machine."""

import re

import pytest
from playwright.sync_api import expect

from infrastructure.workflow_files import WorkflowFolder
from services.versions.probing import nodes_of
from tests.versions.world import World


@pytest.fixture
def shelf(own_studio, tmp_path):
    """A studio with two versions of a small world, nothing of them on this machine yet."""
    world = World(tmp_path / "world")
    nodes = sorted(set().union(*nodes_of(WorkflowFolder()).values()))
    more = {"STUDIO_STORE": str(tmp_path / "store"), "WORLD_NODES": " ".join(nodes)}
    studio = own_studio(env={**world.surroundings, **more})
    world.write(studio.data / "versions")
    world.write(studio.data / "versions", version_id="film-b", custom_nodes=[])
    yield studio, world
    world.close()


def row(page, name):
    return page.locator(".version", has=page.locator("b", has_text=re.compile(f"^{name}$")))


def ended(page, said):
    expect(page.locator(".work .what b")).to_have_text(said)


def test_without_a_version_the_page_says_what_one_is(own_studio, open_page, tmp_path):
    page = open_page(own_studio(env={"STUDIO_STORE": str(tmp_path / "store")}), "versions")
    expect(page.locator(".versions .empty")).to_contain_text("The same ComfyUI everywhere")
    page.keyboard.press("n")
    form = page.locator("dialog form")
    form.get_by_label("Name").fill("mine")
    form.get_by_label("Tag, branch or commit").fill("v0.30.0")
    form.get_by_role("button", name="Begin").click()
    ended(page, "mine is there. Realize it to have it on this machine.")
    expect(row(page, "mine")).to_contain_text("ComfyUI v0.30.0")
    expect(page.locator(".detail")).to_contain_text("Only its spec is there.")


def test_a_version_is_realized_checked_drawn_with_and_compared(shelf, open_page):
    studio, _ = shelf
    page = open_page(studio, "versions")
    expect(row(page, "film-a")).to_contain_text("spec only")
    row(page, "film-a").get_by_role("button", name="Realize").click()
    ended(page, "film-a is realized: it was compared with its lock, and tried.")
    expect(row(page, "film-a").locator("code")).to_have_text(re.compile(r"^[0-9a-f]{12}$"))
    expect(page.locator(".room")).to_contain_text("Models, shared1 MB")

    detail = page.locator(".detail")
    detail.get_by_role("button", name="Verify").click()
    ended(page, "film-a is what its lock says.")
    row(page, "film-a").get_by_role("button", name="Draw with it").click()
    expect(row(page, "film-a")).to_contain_text("draws")
    expect(page.locator(".pill b")).to_have_text("ComfyUI version")
    expect(page.locator(".pill .gpu")).to_have_text("no GPU")  # so says its ComfyUI
    detail.get_by_role("button", name="Log of ComfyUI").click()
    expect(page.locator("dialog pre")).to_contain_text("variable")
    page.keyboard.press("Escape")

    row(page, "film-b").locator("b").click()
    detail.get_by_role("button", name="Resolve").click()
    ended(page, "film-b is known to the byte.")
    detail.get_by_role("button", name="Compare").click()
    expect(page.locator("dialog .differences li").first).to_contain_text("node alpha")
    page.keyboard.press("Escape")
    page.reload()
    expect(row(page, "film-b")).to_contain_text("resolved")
    ended(page, "film-b is known to the byte.")


def test_what_was_changed_in_a_version_is_named_and_realizing_mends_it(shelf, open_page, tmp_path):
    studio, _ = shelf
    page = open_page(studio, "versions")
    row(page, "film-b").get_by_role("button", name="Realize").click()
    ended(page, re.compile("film-b is realized"))
    (main,) = (tmp_path / "store" / "builds" / "film-b").glob("*/ComfyUI/main.py")
    was = main.read_text("utf-8")
    main.write_text("other", "utf-8")
    row(page, "film-b").locator("b").click()
    page.locator(".detail").get_by_role("button", name="Verify").click()
    ended(page, "film-b is not what its lock says:")
    expect(page.locator(".work .wrong li")).to_have_text("ComfyUI/main.py")
    page.locator(".work").get_by_role("button", name="Realize it anew").click()
    ended(page, re.compile("film-b is realized"))
    assert main.read_text("utf-8") == was
    page.locator(".work").get_by_role("button", name="Close").click()
    expect(page.locator(".work")).to_be_hidden()


def test_a_download_goes_on_after_a_reload_and_is_cancelled(shelf, open_page):
    studio, world = shelf
    world.host.pause = 0.5
    page = open_page(studio, "versions")
    row(page, "film-b").get_by_role("button", name="Realize").click()
    expect(page.locator(".work .what small")).to_contain_text("style.safetensors")
    expect(page.locator("#rail [data-page=versions]")).to_have_attribute("data-busy", "")
    page.reload()
    page.locator(".work").get_by_role("button", name="Cancel").click()
    expect(page.locator(".work")).to_have_attribute("data-state", "cancelled")
    world.host.pause = 0.0
    row(page, "film-b").get_by_role("button", name="Realize").click()
    ended(page, re.compile("film-b is realized"))


def test_a_spec_is_edited_and_a_wrong_one_says_where(shelf, open_page):
    studio, _ = shelf
    page = open_page(studio, "versions")
    row(page, "film-b").locator("b").click()
    page.locator(".detail").get_by_role("button", name="Edit spec").click()
    text = page.locator("dialog textarea")
    was = text.input_value()
    text.fill(was.replace('"v1"', '["v1"]'))
    page.locator("dialog").get_by_role("button", name="Save").click()
    expect(page.locator("dialog .problem")).to_contain_text("comfy.ref")
    text.fill(was.replace('"v1"', '"v2"'))
    page.locator("dialog").get_by_role("button", name="Save").click()
    expect(row(page, "film-b")).to_contain_text("ComfyUI v2")
    assert (studio.data / "versions" / "film-b.json.before").read_text("utf-8") == was


def test_a_version_is_deleted_and_the_room_it_took_is_freed(shelf, open_page, tmp_path):
    studio, _ = shelf
    page = open_page(studio, "versions")
    row(page, "film-b").get_by_role("button", name="Realize").click()
    ended(page, re.compile("film-b is realized"))
    row(page, "film-b").locator("b").click()
    page.locator(".detail").get_by_role("button", name="Delete").click()
    page.locator("dialog").get_by_text("Its spec and lock as well").click()
    page.locator("dialog").get_by_role("button", name="Delete").click()
    ended(page, "film-b was deleted.")
    expect(page.locator(".version")).to_have_count(1)
    page.get_by_role("button", name="Free up space").click()
    ended(page, re.compile("is needed by no version"))
    page.locator(".work").get_by_role("button", name="Delete it").click()
    ended(page, re.compile("freed"))
    assert not list((tmp_path / "store" / "models").rglob("blob"))
