"""The video page: a player that knows its frames, a plan that is what runs, and segments made anew."""

import json
import re

import pytest
from playwright.sync_api import expect

SHOTS = [
    {"shot_id": "001", "prompt": "A harbour before sunrise", "duration": 1.0},
    {"shot_id": "002", "prompt": "A door", "duration": 0.5},
]
FPS = 24


@pytest.fixture
def folder(studio, request):
    """Two shots with keyframes, the first one with a video of three segments."""
    name = re.sub(r"\W", "_", request.node.name)[-50:]
    folder = studio.project(name, shots=SHOTS, fps=FPS, longest_segment=0.4)
    studio.ask("keyframe.generate", shots=["001", "002"], count=1)
    studio.wait_until_done()
    studio.ask("video.generate", shots=["001"])
    studio.wait_until_done()
    return folder


@pytest.fixture
def page(folder, studio, open_page):
    page = open_page(studio, "video/001")
    expect(page.locator(".counter")).to_have_text("1 / 24 · 00:00.00")
    page.locator(".videorow").first.focus()
    return page


def time_of(page):
    page.wait_for_function(
        "() => { const v = document.querySelector('.screen video'); return v.readyState > 1 && !v.seeking }"
    )
    return page.evaluate("document.querySelector('.screen video').currentTime")


def takes(folder):
    return sorted(path.stem for path in (folder / "takes").glob("001.*.mp4"))


def test_the_player_steps_one_frame(page):
    page.keyboard.press("ArrowRight")
    expect(page.locator(".counter")).to_have_text("2 / 24 · 00:00.04")
    assert int(time_of(page) * FPS) == 1
    page.keyboard.press(".")
    page.keyboard.press(".")
    page.keyboard.press(",")
    expect(page.locator(".counter")).to_have_text("3 / 24 · 00:00.08")
    assert int(time_of(page) * FPS) == 2
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".counter")).to_contain_text("24 / 24")
    assert int(time_of(page) * FPS) == 23


def test_the_player_plays_to_the_end_and_backwards(page):
    page.keyboard.press(" ")
    expect(page.locator(".counter")).to_contain_text("24 / 24")
    page.keyboard.press("u")
    expect(page.locator(".counter")).to_contain_text("1 / 24 ")


def test_joins_are_marked_where_they_are_and_lead_there(page, studio):
    joins = studio.ask("video.plan", shot="001")["clip"]["joins"]
    expect(page.locator(".join")).to_have_count(3)
    shown = page.locator(".join").evaluate_all("marks => marks.map(mark => parseFloat(mark.style.left))")
    assert [round(left / 100 * 24) for left in shown] == [0, *joins]
    page.locator(".join").nth(2).click()
    expect(page.locator(".counter")).to_contain_text(f"{joins[1] + 1} / 24")
    page.keyboard.press("[")
    expect(page.locator(".counter")).to_contain_text(f"{joins[0] + 1} / 24")


def test_only_one_clip_is_loaded_and_two_while_comparing(page, studio):
    studio.ask("video.again", shot="001", segment=3)
    expect(page.locator("[data-take='001.03_v2']")).to_have_class(re.compile("is-picked"))
    loaded = page.locator("video[src]")
    expect(loaded).to_have_count(1)
    page.keyboard.press("]")
    page.keyboard.press("]")
    page.keyboard.press("c")
    expect(page.locator("dialog video")).to_have_count(2)
    expect(loaded).to_have_count(2)
    page.get_by_role("button", name="Use this take").click()
    expect(page.locator("[data-take='001.03_v1']")).to_have_class(re.compile("is-picked"))
    expect(loaded).to_have_count(1)


def test_made_again_from_a_segment_on_only_the_later_ones_run(page, folder):
    assert takes(folder) == ["001.01_v1", "001.02_v1", "001.03_v1"]
    page.get_by_label("Segments", exact=True).get_by_role(
        "button", name=re.compile("Again from segment 2")
    ).click()
    for name in ("001.01_v1", "001.02_v2", "001.03_v2"):
        expect(page.locator(f"[data-take='{name}']")).to_have_class(re.compile("is-picked"))
    assert takes(folder) == ["001.01_v1", "001.02_v1", "001.02_v2", "001.03_v1", "001.03_v2"]
    expect(page.get_by_role("button", name="The clip is made")).to_be_disabled()


def test_a_take_is_looked_at_and_left_again(page):
    page.locator("[data-take='001.02_v1']").click()
    expect(page.locator(".screen .note")).to_have_text("001.02 v1")
    expect(page.locator(".counter")).to_contain_text("1 / 9")
    page.get_by_role("button", name="Back to the clip").click()
    expect(page.locator(".counter")).to_contain_text("1 / 24")


def test_the_last_frame_begins_a_new_shot(page, folder):
    page.keyboard.press("n")
    expect(page.locator(".videorow")).to_have_count(3)
    expect(page.locator(".videorow.is-selected b")).to_have_text("003")
    board = json.loads((folder / "storyboard.json").read_text("utf-8"))
    assert [shot["shot_id"] for shot in board["shots"]] == ["001", "003", "002"]
    assert (folder / board["shots"][1]["start_image"]).is_file()
    expect(page.locator(".videoplan [data-field=prompt] textarea")).to_be_focused()
    page.keyboard.type("Gulls come")
    expect(page.locator(".videorow.is-selected small")).to_have_text("Gulls come")
    expect(page.get_by_role("button", name="Make the clip")).to_be_enabled()


def test_a_shot_without_a_keyframe_says_so_and_makes_one(page, studio):
    id = studio.ask("shot.add", after="002", prompt="A boat")
    page.locator(f"[data-shot='{id}']").first.click()
    expect(page.locator(".lack")).to_contain_text("no keyframe")
    expect(page.get_by_role("button", name="Make the clip")).to_be_disabled()
    page.get_by_role("button", name="Make keyframe").click()
    expect(page.locator(".lack")).to_have_count(0)
    expect(page.locator(".videorow.is-selected .state")).to_have_text("ready")
    page.keyboard.press("v")
    expect(page.locator(".videorow.is-selected .state")).to_have_text("clip")


def test_a_shot_ends_on_the_next_ones_keyframe(page, folder):
    page.get_by_role("button", name="End on 002").click()
    expect(page.locator(".end span.caption", has_text="Ends on 002")).to_be_visible()
    expect(page.locator("[data-shot='001'] .move")).to_be_visible()
    expect(page.locator(".notes")).to_contain_text("has no place in Wan 2.2 5B")
    board = json.loads((folder / "storyboard.json").read_text("utf-8"))
    assert board["shots"][0]["end_image"] == "keyframes/002.png"
    page.get_by_role("button", name="No end image").click()
    expect(page.locator("[data-shot='001'] .move")).to_be_hidden()


def test_all_that_is_missing_is_made(page):
    expect(page.locator("#page-video .head .count")).to_contain_text("1 of 2 clips · 0:01")
    page.get_by_role("button", name="Make what is missing").click()
    expect(page.locator("#page-video .head .count")).to_contain_text("2 of 2 clips")


def test_motion_is_edited_here(page, folder):
    page.locator(".videoplan [data-field='motion.notes'] textarea").fill("boats rock")
    page.locator(".videoplan [data-field='motion.kind'] input").fill("push")
    page.locator(".videorow").first.click()
    expect(page.locator(".chain .state").first).to_have_text("would run")
    page.get_by_text("The prompt as it is sent").click()
    expect(page.locator(".sent")).to_contain_text("Boats rock")
    motion = json.loads((folder / "storyboard.json").read_text("utf-8"))["shots"][0]["wan_motion"]
    assert (motion["type"], motion["notes"]) == ("push", "boats rock")


@pytest.fixture
def paused(studio, folder):
    """Nothing begins until the test is over, so that what is drawn is told of runs alone."""
    studio.ask("run.pause")
    yield
    studio.ask("run.cancel_all")
    studio.ask("run.resume")


def test_a_plan_that_was_refused_is_asked_for_again(page, studio, paused):
    expect(page.locator(".chain li")).to_have_count(3)
    page.route(
        "**/studio/do/video.plan",
        lambda route: route.fulfill(status=400, json={"error": "Not just now."}),
        times=1,
    )
    page.keyboard.press("j")
    expect(page.locator(".screen .problem")).to_have_text("Not just now.")
    studio.ask("keyframe.generate", shots=["002"], count=1)
    expect(page.locator(".chain li")).to_have_count(2)
    expect(page.locator(".screen .problem")).to_be_hidden()


COUNTED = """() => {
  const ask = window.fetch;
  window.plansRead = 0;
  window.fetch = async (...asked) => {
    const answer = await ask(...asked);
    if (!String(asked[0]).endsWith('/video.plan')) return answer;
    const read = answer.json.bind(answer);
    answer.json = async () => { const plan = await read(); window.plansRead += 1; return plan };
    return answer;
  };
}"""


def test_a_plan_that_arrives_late_is_not_drawn_for_another_shot(page, paused):
    """The plan of 002 is held up on its way until the artist is back at 001."""
    late = []

    def hold_up(route):
        if route.request.post_data_json == {"shot": "002"}:
            late.append(route)
        else:
            route.continue_()

    expect(page.locator(".chain li")).to_have_count(3)
    page.evaluate(COUNTED)
    page.route("**/studio/do/video.plan", hold_up)
    with page.expect_request(lambda request: request.post_data_json == {"shot": "002"}):
        page.keyboard.press("j")
    expect(page.locator(".videoplan .id")).to_have_text("002")
    expect(page.locator(".chain li")).to_have_count(0)
    page.keyboard.press("k")
    expect(page.locator(".videoplan .id")).to_have_text("001")
    expect(page.locator(".chain li")).to_have_count(3)
    total = page.locator(".chainbox p").inner_text()
    before = page.evaluate("window.plansRead")
    (route,) = late
    route.continue_()
    page.wait_for_function("before => window.plansRead > before", arg=before)
    expect(page.locator(".videoplan .id")).to_have_text("001")
    assert page.locator(".chain li").count() == 3
    assert page.locator(".chainbox p").inner_text() == total
    expect(page.locator(".counter")).to_contain_text("1 / 24")
