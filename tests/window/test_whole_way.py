"""The whole way as an artist goes it, from the first start to a film: on sketches, and on a real ComfyUI."""

import json

import pytest
from playwright.sync_api import expect

from infrastructure.clip_probe import probe
from tests.graphs import template

PATIENCE = 90_000  # ms


def test_from_the_first_start_to_a_film_without_a_gpu(own_studio, open_page):
    studio = own_studio(introduced=False)
    page = open_page(studio)
    expect(page.locator(".board .card").first).to_be_visible()
    studio.ask("settings.introduced")
    studio.wait_until_done(110)
    sample = next((studio.data / "projects").iterdir())
    assert probe(sample / "film.mp4").frames > 24
    expect(page.locator(".board .card .mark.clip")).to_have_count(len(studio.facts()["order"]))


def made_by_hand(page, folder, prompt):
    """What a person does: words, pictures, one of them chosen, a clip, the film."""
    page.fill("#prompt", prompt)
    expect(page.locator(".card p")).to_have_text(prompt)
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    page.get_by_label("How many variants").fill("2")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator(".variants .take")).to_have_count(2, timeout=PATIENCE)
    page.locator(".variants .take").last.click()
    page.keyboard.press("p")
    expect(page.locator(".variants .take.is-picked.is-current")).to_have_count(1)
    page.keyboard.press("2")
    page.locator(".board .card").first.click()
    page.keyboard.press("v")
    expect(page.locator(".card .mark.clip")).to_have_count(1, timeout=PATIENCE)
    return json.loads((folder / "takes" / "001_v2.json").read_text("utf-8"))


@pytest.mark.real
def test_the_same_way_on_a_real_server(own_studio, open_page, real_comfy):
    studio = own_studio()
    flows = studio.data / "workflows"
    flows.mkdir(parents=True)
    for name in ("keyframe_sd15", "video_test"):
        graph = json.dumps(template(name).graph).replace(
            "v1-5-pruned-emaonly-fp16.safetensors", "tiny_sd15.safetensors"
        )
        (flows / f"{name}_tiny.json").write_text(graph, "utf-8")
    studio.stop()
    settings = {
        "is_introduced": True,
        "comfy": {"mode": "local", "url": real_comfy.url},
        "keyframe_workflow": "keyframe_sd15_tiny",
        "video_workflow": "video_test_tiny",
    }
    (studio.data / "settings.json").write_text(json.dumps(settings), "utf-8")
    studio.start()
    folder = studio.project("real", "A door", width=256, height=256)
    page = open_page(studio)
    recipe = made_by_hand(page, folder, "A red door, ajar")
    assert recipe["engine"] == "comfyui"
    assert "ComfyUI" in recipe["server"] or real_comfy.url in recipe["server"]
    expect(page.locator(".pill")).to_contain_text("ComfyUI", timeout=PATIENCE)
    studio.ask("film.render")
    studio.wait_until_done()
    assert probe(folder / "film.mp4").frames > 0
