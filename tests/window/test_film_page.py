"""The film in the browser: played as it is cut, cut by mouse and keyboard, rendered, and its versions."""

import json
import re
import shutil
from dataclasses import replace
from fractions import Fraction

import pytest
from playwright.sync_api import expect

from tests.film_corpus import KINDS, make
from tests.window.pages import heard
from tests.window.studio import picture

FRAMES = 24  # of each clip; the film has 12 a second
ON = "() => Studio.film.seen().map(one => one.shot)"
READY = "() => window.Studio?.film?.line.frames && Studio.film.shown?.every(layer => layer.isReady)"


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Three clips whose frames say who they are."""
    folder = tmp_path_factory.mktemp("clips")
    kind = replace(KINDS["h264"], frames=FRAMES, fps=Fraction(12))
    return [make(kind, number, folder / str(number)) for number in range(1, 4)]


@pytest.fixture
def folder(studio, clips, request):
    """Shots 001 to 003 with clips of two seconds, 004 with a keyframe only, 005 with nothing."""
    name = re.sub(r"\W+", "-", request.node.name)[:60]
    shots = [{"shot_id": f"{n:03d}", "prompt": f"A door, {n}", "duration": 1.0} for n in range(1, 6)]
    folder = studio.project(name, shots=shots)
    (folder / "videos").mkdir()
    for number, clip in enumerate(clips, 1):
        shutil.copy(clip, folder / "videos" / f"{number:03d}.mp4")
    picture(folder / "keyframes" / "004.png")
    studio.ask("project.open", folder=str(folder))
    return folder


@pytest.fixture
def page(folder, studio, open_page):
    page = open_page(studio, "film")
    page.wait_for_function(READY)
    expect(page.locator(".clip")).to_have_count(5)
    return page


def entry(folder, shot="001"):
    entries = json.loads((folder / "film.json").read_text("utf-8"))["tracks"][0]["entries"]
    return next(entry for entry in entries if entry["shot"] == shot)


def length(page):
    return page.evaluate("() => Studio.film.line.frames")


def clip(page, shot):
    return page.locator(f'.clip[data-shot="{shot}"]')


def at(page, frame):
    """Stand on a frame; what is seen once it is there."""
    page.evaluate("frame => Studio.film.seek(frame)", frame)
    page.wait_for_function(READY)
    return page.evaluate("() => Studio.film.seen()")


# --- playing --------------------------------------------------------------------------------------


def test_the_film_plays_at_once_with_the_right_shot_on_at_every_time(page):
    page.keyboard.press("Space")
    found = page.evaluate(
        """async () => {
          const film = Studio.film, found = [], end = performance.now() + 20000;
          film.drift = 0;
          while (film.isPlaying && performance.now() < end) {
            await new Promise(requestAnimationFrame);
            const videos = document.querySelectorAll('video[src]').length;
            found.push({frame: film.frame, shots: film.seen().map(one => one.shot), videos});
          }
          return {found, drift: film.drift};
        }"""
    )
    seen = found["found"]
    for one in seen:
        number = 5 if one["frame"] >= 84 else min(one["frame"] // FRAMES, 3) + 1
        assert one["shots"] == [f"{number:03d}"], one
        assert one["videos"] <= 2
    assert len({one["frame"] for one in seen}) > 60, "frame after frame was on"
    assert seen[-1]["frame"] == 95
    assert found["drift"] < 1.5, "frames a video was ever off the clock"


def test_every_frame_stands_where_it_was_asked_for(page):
    for frame in (0, 1, 23, 24, 40, 71):
        shown = at(page, frame)
        assert shown == [
            {
                "shot": f"{frame // FRAMES + 1:03d}",
                "kind": "video",
                "opacity": 1,
                "frame": frame % FRAMES,
                "due": frame % FRAMES,
            }
        ]
    assert at(page, 72)[0]["kind"] == "still"
    assert page.locator(".layer[data-kind=still] img").evaluate("img => img.naturalWidth") == 320
    assert at(page, 95)[0]["kind"] == "missing"
    expect(page.locator(".layer[data-kind=missing] .gap")).to_contain_text("005no picture yet")


def test_steps_jumps_and_the_clock(page):
    clock = page.locator(".transport .clock")
    expect(clock).to_have_text("00:00.00 / 00:08.00")
    for _ in range(3):
        page.keyboard.press(".")
    page.keyboard.press(",")
    expect(clock).to_have_text("00:00.02 / 00:08.00")
    page.keyboard.press("ArrowRight")
    expect(clock).to_have_text("00:02.00 / 00:08.00")
    page.keyboard.press("End")
    expect(clock).to_have_text("00:07.11 / 00:08.00")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(clock).to_have_text("00:06.00 / 00:08.00")
    box = page.locator(".ruler").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + 6)
    assert abs(page.evaluate("() => Studio.film.frame") - 38) <= 2


def test_again_and_again_begins_anew(page):
    page.keyboard.press("l")
    page.evaluate("() => Studio.film.seek(90)")
    page.keyboard.press("Space")
    page.wait_for_function("() => Studio.film.isPlaying && Studio.film.frame > 3 && Studio.film.frame < 60")


# --- cutting --------------------------------------------------------------------------------------


def test_in_and_out_are_set_at_the_playhead_and_stay(page, folder):
    at(page, 6)
    page.keyboard.press("i")
    page.wait_for_function("() => Studio.film.line.frames === 90")
    at(page, 10)
    page.keyboard.press("o")
    page.wait_for_function("() => Studio.film.line.frames === 83")
    assert (entry(folder)["trim_in"], entry(folder)["trim_out"]) == (6, 7)
    page.reload()
    page.wait_for_function(READY)
    assert length(page) == 83
    assert at(page, 10)[0]["frame"] == 16
    assert at(page, 11)[0]["shot"] == "002"
    page.keyboard.press("Control+z")
    page.wait_for_function("() => Studio.film.line.frames === 90")
    page.keyboard.press("Control+z")
    page.wait_for_function("() => Studio.film.line.frames === 96")


def test_whoever_moves_on_before_the_studio_has_answered_stays_there(page, folder):
    held = []
    page.route("**/studio/do/film.cut", lambda route: held.append((route, route.fetch())))
    at(page, 6)
    page.keyboard.press("i")
    page.wait_for_function("() => Studio.film.line.frames === 90")
    at(page, 10)
    with page.expect_response("**/studio/do/film.cut"):
        for route, answer in held:
            route.fulfill(response=answer)
    page.wait_for_function(READY)
    assert page.evaluate("() => Studio.film.frame") == 10


def test_an_edge_is_dragged_and_shows_the_frame_it_stands_at(page, folder):
    clip(page, "002").click()
    grip = clip(page, "002").locator("[data-edit=trim_in]")
    box = grip.bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 8, steps=6)
    expect(page.locator(".tip")).to_contain_text("Trim in")
    shown = page.locator(".tip").inner_text()
    page.mouse.up()
    expect(page.locator(".tip")).to_be_hidden()
    page.wait_for_function("() => Studio.film.line.frames < 96")
    frames = entry(folder, "002")["trim_in"]
    assert f"Trim in {frames} " in shown and 3 < frames < 12
    assert length(page) == 96 - frames


def test_fields_take_frames_and_say_beside_them_what_does_not_fit(page, folder):
    clip(page, "001").click()
    page.get_by_label("Hold last picture").fill("12")
    page.wait_for_function("() => Studio.film.line.frames === 108")
    expect(page.locator(".cut output").nth(2)).to_have_text("1.00 s")
    page.get_by_label("Trim in").fill("40")
    expect(page.locator("#cut-trim_in-why")).to_contain_text("trims of 40 and 0 leave nothing of it")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Trim in")).to_have_value("0")
    assert entry(folder) == {"shot": "001", "hold": 12}
    page.get_by_role("button", name="Uncut").click()
    page.wait_for_function("() => Studio.film.line.frames === 96")


def test_a_dissolve_shows_both_shots_and_a_fade_goes_to_black(page, studio):
    studio.ask("film.cut", shot="001", edits={"dissolve": 9, "fade_in": 6})
    page.wait_for_function("() => Studio.film.line.frames === 87")
    shown = at(page, 19)
    assert [(one["shot"], one["opacity"], one["frame"]) for one in shown] == [
        ("001", 1, 19),
        ("002", 0.5, 4),
    ]
    at(page, 0)
    assert page.evaluate("() => Studio.film.shown[0].black.style.opacity") == "1"
    at(page, 3)
    assert page.evaluate("() => Studio.film.shown[0].black.style.opacity") == "0.5"
    page.evaluate("() => { Studio.film.seek(10); Studio.film.play() }")
    page.wait_for_function("() => Studio.film.seen().length === 2 && Studio.film.isPlaying")
    page.wait_for_function("() => Studio.film.seen().length === 1 && Studio.film.seen()[0].shot === '002'")
    expect(clip(page, "002").locator(".mix")).not_to_have_css("width", "0px")


def test_a_shot_is_dragged_to_another_place_which_is_the_boards(page, folder):
    box = clip(page, "001").bounding_box()
    clip(page, "003").drag_to(
        clip(page, "001"), source_position={"x": 60, "y": 12}, target_position={"x": 8, "y": 12}
    )
    heard(page, "() => Studio.film.line.spans[0].shot === '003'")
    board = json.loads((folder / "storyboard.json").read_text("utf-8"))
    assert [shot["shot_id"] for shot in board["shots"]][:3] == ["003", "001", "002"]
    assert abs(clip(page, "003").bounding_box()["x"] - box["x"]) < 2
    at(page, 0)
    page.keyboard.press(">")
    page.wait_for_function("() => Studio.film.line.spans[0].shot === '001'")


def test_a_broken_film_json_is_told_and_not_written_over(page, folder):
    (folder / "film.json").write_text("{ half", "utf-8")
    expect(page.locator(".film .trouble")).to_contain_text("film.json is not valid JSON")
    page.keyboard.press("i")
    page.get_by_label("Hold last picture").fill("5")
    expect(page.locator("#cut-hold-why")).to_contain_text("not valid JSON")
    assert (folder / "film.json").read_text("utf-8") == "{ half"
    (folder / "film.json").unlink()
    expect(page.locator(".film .trouble")).to_be_hidden()


# --- rendering and versions -----------------------------------------------------------------------


def test_the_film_is_rendered_without_what_is_missing_and_its_version_plays(page, folder):
    page.locator(".film .head").get_by_role("button", name="Render").click()
    page.get_by_role("menuitem", name="H.264 The film").click()
    dialog = page.locator("dialog")
    expect(dialog).to_contain_text("2 shots have no clip yet")
    expect(dialog).to_contain_text("004, 005")
    dialog.get_by_role("button", name="Render without them").click()
    play = page.locator("#notices").get_by_role("button", name="Play", exact=True)
    play.click(timeout=40_000)
    expect(page.locator(".showing")).to_contain_text("Version 1, H.264")
    page.wait_for_function("() => Studio.film.line.version === 1 && Studio.film.frame > 8")
    page.keyboard.press("Space")
    assert page.evaluate("() => Studio.film.line.frames") == 72
    page.keyboard.press("Escape")
    expect(page.locator(".showing")).to_be_hidden()
    assert length(page) == 96
    with page.expect_download() as download:
        page.locator(".version").hover()
        page.locator(".version").get_by_role("button", name="Download").click()
    assert download.value.suggested_filename.endswith("_v001.mp4")
    assert next((folder / "films").glob("*.mp4")).stat().st_size > 1000


def test_two_versions_stand_side_by_side_and_say_what_differs(page, studio):
    studio.ask("film.render", preset="h264")
    studio.wait_until_done()
    studio.ask("film.cut", shot="002", edits={"trim_in": 8})
    studio.ask("film.render", preset="h264")
    studio.wait_until_done()
    expect(page.locator(".version")).to_have_count(2)
    page.get_by_role("button", name="Compare versions").click()
    expect(page.locator(".differences")).to_have_text("Shot 002 is cut otherwise.")
    page.locator(".differences button").click()
    page.wait_for_function("() => Studio.comparing.every(one => one.frame === 24 && one.shown[0].isReady)")
    videos = page.locator("video[src]")
    expect(videos).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    page.wait_for_function(READY)


def test_a_version_is_thrown_away_and_comes_back(page, studio):
    studio.ask("film.render", preset="gif")
    studio.wait_until_done()
    page.locator(".version").hover()
    page.locator(".version").get_by_role("button", name="Throw away").click()
    expect(page.locator(".version")).to_have_count(0)
    page.locator("#notices").get_by_role("button", name="Undo").click()
    expect(page.locator(".version")).to_have_count(1)


def test_small_videos_are_made_by_themselves_and_only_once(page, studio, folder):
    page.wait_for_function("() => Studio.film.line.spans.slice(0, 3).every(span => span.small)")
    assert len(list((folder / "cache" / "proxies").glob("*.mp4"))) == 3
    page.reload()
    page.wait_for_function(READY)
    facts = studio.wait_until_done()
    mine = [f for k, f in facts.items() if k.startswith("run/") and f["project"] == folder.name]
    assert [run["deed"] for run in mine] == ["proxies"]
    assert all(
        "/proxies/" in url for url in page.locator("video[src]").evaluate_all("all => all.map(v => v.src)")
    )


def test_a_film_without_pictures_says_what_comes_next(studio, open_page):
    studio.project("film-bare", "A door", "A cat")
    page = open_page(studio, "film")
    expect(page.get_by_text("Nothing to show yet")).to_be_visible()
    page.get_by_role("button", name="Make all pictures and clips").click()
    page.wait_for_function(
        "() => Studio.film.line.spans?.every(span => span.kind === 'video')", timeout=60_000
    )
    studio.wait_until_done()


def test_two_hundred_shots_are_laid_out_once_whatever_is_sought_and_zoomed(studio, open_page):
    studio.project("film-many", *[f"A door, {n}" for n in range(200)])
    page = open_page(studio, "film")
    expect(page.locator(".clip")).to_have_count(200)
    made_anew, moved = page.evaluate(
        """async () => {
          const clips = document.querySelector('.clips'), zoom = document.querySelector('.zoom');
          const anew = [], looks = new Set();
          new MutationObserver(all => anew.push(...all)).observe(clips, {childList: true, subtree: true});
          for (let n = 0; n < 40; n++) {
            Studio.film.seek(n * 29);
            zoom.value = n / 40;
            zoom.dispatchEvent(new Event('input'));
            looks.add(clips.scrollWidth);
            await new Promise(requestAnimationFrame);
          }
          return [anew.length, looks.size];
        }"""
    )
    assert moved > 20, "it was zoomed"
    assert made_anew == 0
    studio.ask("film.cut", shot="100", edits={"hold": 6})
    page.wait_for_function("() => Studio.core.fact('film').cut['100']?.hold === 6")


def test_keys_cut_nothing_while_the_menu_is_open_which_closes_when_it_is_left(page, folder):
    at(page, 30)
    page.keyboard.press("i")
    page.wait_for_function("() => Studio.film.line.frames < 96")
    trimmed = entry(folder, "002")["trim_in"]
    page.keyboard.press("r")
    menu = page.get_by_role("menu", name="Render")
    expect(menu).to_be_visible()
    page.keyboard.press("x")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    expect(menu).to_be_hidden()
    assert entry(folder, "002")["trim_in"] == trimmed


def test_an_edge_that_is_dragged_stays_under_the_hand_when_something_is_told(page, studio):
    clip(page, "002").click()
    box = clip(page, "002").locator("[data-edit=trim_in]").bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 8, steps=6)
    width = clip(page, "002").evaluate("node => node.style.width")
    studio.ask("shot.set", shots=["003"], field="label", value="Another")
    expect(clip(page, "003")).to_have_attribute("title", "003 Another")
    assert clip(page, "002").evaluate("node => node.style.width") == width
    page.mouse.up()
    page.wait_for_function("() => Studio.film.line.frames < 96")


def test_the_way_back_to_the_cut_is_pressed_while_something_is_told(page, studio):
    studio.ask("film.render", preset="h264")
    studio.wait_until_done()
    page.locator(".version .thumb").click(timeout=30_000)
    box = page.get_by_role("button", name="Back to the cut").bounding_box()
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    studio.ask("shot.set", shots=["003"], field="label", value="Another")
    expect(clip(page, "003")).to_have_attribute("title", "003 Another")
    page.mouse.up()
    expect(page.locator(".showing")).to_be_hidden()
