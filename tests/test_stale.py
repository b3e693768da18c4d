"""What is stale: shown with its reason, never deleted, and gone when what it asks for is there."""

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from domain.project import Project
from domain.storyboard import Character, Motion, Sampling
from infrastructure.hashes import sha256
from infrastructure.recipe_facts import recipe_of
from infrastructure.recipes import Ledger
from infrastructure.storyboard_files import read_storyboard, write_storyboard
from services import keyframes, picks, stale
from services.debounced import Debounced
from services.stale import ShotState, Today
from tests.fakes import FakeBackend
from tests.graphs import node
from tests.renders import (
    PRESETS,
    Rendered,
    a_board,
    a_shot,
    copy_of,
    finished_project,
    keyframe_workflow,
    stamps,
    video_workflow,
)
from tests.run_bench import dying_threads, until

ANNA = Character("anna", words="a woman in a red cap")
ONE = a_shot("001", characters=("anna",))
TWO = a_shot("002", seconds=1.0, characters=("Anna",))  # two segments
THREE = a_shot("003")
BOARD = a_board(ONE, TWO, THREE, characters=(ANNA,))
FRESH = ShotState("fresh", (), "fresh", ())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return finished_project(tmp_path_factory.mktemp("finished"), BOARD)


@pytest.fixture
def folder(finished, tmp_path):
    return copy_of(finished, tmp_path)


def rendered(folder, board=BOARD, **fields):
    made = Rendered(FakeBackend(), folder, board, **{"variants": 2, **fields})
    assert made.error is None and not made.failed
    return made


def today(folder, board=BOARD, keyframe=None, video=None):
    return Today(Project(folder), board, keyframe or keyframe_workflow(), video or video_workflow(), PRESETS)


def needed(today):
    return stale.stale_shots(today.board, stale.of_board(today))


def whys(folder, board=BOARD, **workflows):
    """What is stale, and why: {"001 video": ("seconds",)}."""
    found = {}
    for id, state in stale.of_board(today(folder, board, **workflows)).items():
        found |= {f"{id} keyframe": state.keyframe_why} if state.keyframe == "stale" else {}
        found |= {f"{id} video": state.video_why} if state.video == "stale" else {}
    return found


def state(folder, id, board=BOARD):
    return stale.of_board(today(folder, board))[id]


def with_shot(id, **fields):
    return replace(BOARD, shots=tuple(replace(s, **fields) if s.id == id else s for s in BOARD.shots))


def both(why, *ids):
    return {f"{id} {what}": (why,) for id in ids for what in ("keyframe", "video")}


def a_picture(path, colour):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (192, 128), colour).save(path)
    return path


def with_references(count):
    loaders = {f"load{n}": node("LoadImage", image=f"{n}.png") for n in range(1, count + 1)}
    images = {f"image{n}": [f"load{n}", 0] for n in range(1, count + 1)}
    words = node(
        "TextEncodeQwenImageEditPlus", prompt="a hill", clip=["model", 1], vae=["model", 2], **images
    )
    return keyframe_workflow(**loaders, words=words)


def with_end_image():
    canvas = dict(video_workflow().graph["canvas"]["inputs"], end_image=["end", 0])
    return video_workflow(
        end=node("LoadImage", image="end.png"), canvas=node("WanFirstLastFrameToVideo", **canvas)
    )


# --- what makes stale -----------------------------------------------------------------------------


def test_what_was_just_rendered_is_fresh(folder):
    assert stale.of_board(today(folder)) == {"001": FRESH, "002": FRESH, "003": FRESH}
    assert needed(today(folder)) == []


def test_nothing_that_was_not_made_is_stale(tmp_path):
    assert state(tmp_path / "new", "001") == ShotState("missing", (), "missing", ())
    assert needed(today(tmp_path / "new")) == []


def test_another_prompt_makes_keyframe_and_video_stale_and_the_old_one_makes_them_fresh_again(folder):
    before = stamps(folder)
    changed = with_shot("002", prompt="The lamp goes out.")
    assert whys(folder, changed) == both("prompt", "002")
    assert whys(folder) == {}
    assert stamps(folder) == before


@pytest.mark.parametrize(
    "board",
    [
        with_shot("001", label="lamp", description="She waits.", raw={"mine": 1}),
        replace(BOARD, title="Other", description="New.", notes="Slow.", raw={"mine": 1}),
        replace(BOARD, characters=(replace(ANNA, name="Anna Berg", notes="Never laughs."),)),
        replace(BOARD, characters=(ANNA, Character("tom", words="a boy"))),
        replace(BOARD, shots=BOARD.shots[::-1]),
        with_shot("001", characters=("ANNA", "nobody known")),
    ],
)
def test_what_is_never_sent_makes_nothing_stale(folder, board):
    assert whys(folder, board) == {}


@pytest.mark.parametrize(
    "board",
    [
        replace(BOARD, base_seed=99, variants=7),
        with_shot("001", keyframe=Sampling(seed=0), video=Sampling(seed=0)),
    ],
)
def test_another_seed_or_number_of_variants_makes_nothing_stale(folder, board):
    assert whys(folder, board) == {}


def test_a_characters_words_make_every_shot_it_is_in_stale(folder):
    board = replace(BOARD, characters=(replace(ANNA, words="a woman in a green cap"),))
    assert whys(folder, board) == both("prompt", "001", "002")


def test_a_characters_words_changed_in_the_boards_file_do_so_too(folder):
    path = folder / "storyboard.json"
    write_storyboard(path, replace(BOARD, width=256, height=256))  # no file may say less
    rendered(folder, read_storyboard(path)[0], variants=1)
    assert whys(folder, read_storyboard(path)[0]) == {}
    path.write_text(path.read_text("utf-8").replace("red cap", "green cap"), "utf-8")
    assert whys(folder, read_storyboard(path)[0]) == both("prompt", "001", "002")


def test_the_boards_style_makes_all_stale(folder):
    assert whys(folder, replace(BOARD, tags={"style": "noir"})) == both("prompt", "001", "002", "003")


def test_negative_words_make_keyframe_and_video_stale(folder):
    assert whys(folder, with_shot("001", negative="fog")) == both("negative", "001")


def test_what_only_the_clip_is_told_makes_only_the_video_stale(folder):
    assert whys(folder, with_shot("001", motion=Motion("pan", 1.0))) == {"001 video": ("prompt",)}
    assert whys(folder, with_shot("001", tags={"composition": "close_up"})) == {"001 keyframe": ("prompt",)}


@pytest.mark.parametrize(("id", "seconds"), [("001", 0.4), ("001", 0.8), ("002", 1.5), ("002", 0.3)])
def test_other_seconds_make_only_the_video_stale(folder, id, seconds):
    assert whys(folder, with_shot(id, seconds=seconds)) == {f"{id} video": ("seconds",)}


def test_shorter_segments_make_the_video_stale(folder):
    assert whys(folder, replace(BOARD, longest=0.35)) == {
        "001 video": ("length",),
        "002 video": ("length",),
        "003 video": ("length",),
    }


def test_longer_segments_make_the_video_stale(tmp_path):
    rendered(tmp_path, a_board(ONE, longest=0.35))
    assert whys(tmp_path, a_board(ONE, longest=0.35)) == {}
    assert whys(tmp_path, a_board(ONE)) == {"001 video": ("length",)}


def test_settings_make_stale_what_was_made_with_them(folder):
    assert whys(folder, with_shot("001", keyframe=Sampling(steps=5))) == {"001 keyframe": ("steps",)}
    assert whys(folder, with_shot("002", video=Sampling(cfg=0.0))) == {"002 video": ("cfg",)}
    assert whys(folder, with_shot("003", width=320)) == both("size", "003")


# --- pictures -------------------------------------------------------------------------------------


def test_another_pick_makes_only_the_video_stale_and_the_first_makes_it_fresh_again(folder):
    project = Project(folder)
    picks.choose(project, "001", project.takes / "001_v2.png")
    assert state(folder, "001") == ShotState("fresh", (), "stale", ("keyframe",))
    picks.choose(project, "001", project.takes / "001_v1.png")
    assert state(folder, "001") == FRESH


def test_a_keyframe_painted_over_is_the_artists_own_and_its_video_is_stale(folder):
    a_picture(Project(folder).keyframe("001"), "green")
    assert state(folder, "001") == ShotState("own", (), "stale", ("keyframe",))
    assert state(folder, "001", with_shot("001", prompt="Else.")) == ShotState(
        "own", (), "stale", ("keyframe", "prompt")
    )


def test_a_picture_chosen_from_elsewhere_is_the_artists_own(folder, tmp_path):
    for name in ("mine.png", "001_v2.png"):  # the second is called like a take
        picks.choose(Project(folder), "001", a_picture(tmp_path / name, "green"))
        assert state(folder, "001", with_shot("001", prompt="Else.")).keyframe == "own"


@pytest.mark.parametrize("by", [picks.ARTIST, picks.STUDIO])
def test_a_take_that_was_brought_in_is_the_artists_own(folder, tmp_path, by):
    project = Project(folder)
    take = Ledger(project).bring_in("001", a_picture(tmp_path / "mine.png", "green"))
    picks.choose(project, "001", take, by)
    assert state(folder, "001", with_shot("001", prompt="Else.")).keyframe == "own"


def test_a_take_the_artist_chose_goes_stale_like_any_other(folder):
    picks.choose(Project(folder), "001", folder / "takes" / "001_v2.png")
    assert state(folder, "001", with_shot("001", prompt="Else.")).keyframe_why == ("prompt",)


def test_a_start_image_makes_the_drawn_keyframe_stale_and_so_does_taking_it_away(folder, tmp_path):
    board = with_shot("003", start_image=a_picture(tmp_path / "start.png", "green"))
    assert whys(folder, board) == {"003 keyframe": ("start image",)}
    rendered(folder, board)
    assert whys(folder, board) == {}
    assert whys(folder) == {"003 keyframe": ("start image",)}


def test_a_start_image_is_what_is_in_it_and_not_where_it_lies(folder, tmp_path):
    start = a_picture(tmp_path / "start.png", "green")
    rendered(folder, with_shot("003", start_image=start))
    moved = shutil.copy(start, tmp_path / "moved.png")
    assert whys(folder, with_shot("003", start_image=Path(moved))) == {}
    a_picture(start, "blue")
    assert whys(folder, with_shot("003", start_image=start)) == {"003 keyframe": ("start image",)}
    start.unlink()
    assert whys(folder, with_shot("003", start_image=start)) == {"003 keyframe": ("start image",)}


def test_references_are_compared_by_what_is_in_them_and_in_their_order(tmp_path):
    folder, workflow = tmp_path / "film", with_references(2)
    red, blue = a_picture(tmp_path / "red.png", "red"), a_picture(tmp_path / "blue.png", "blue")
    board = a_board(a_shot("001", references=(red, blue)))
    rendered(folder, board, keyframe_workflow=workflow)

    def why(*references):
        return whys(folder, a_board(a_shot("001", references=references)), keyframe=workflow)

    moved = Path(shutil.copy(red, tmp_path / "moved.png"))
    third = a_picture(tmp_path / "third.png", "white")
    assert why(red, blue) == why(moved, blue) == why(red, blue, third) == {}
    assert why(blue, red) == why(red) == why() == {"001 keyframe": ("references",)}
    a_picture(red, "green")
    assert why(red, blue) == {"001 keyframe": ("references",)}


def test_a_characters_pictures_make_its_shots_stale_where_they_are_sent(tmp_path, folder):
    picture = a_picture(tmp_path / "anna.png", "red")
    board = replace(BOARD, characters=(replace(ANNA, pictures=(picture,)),))
    assert whys(folder, board) == {}  # the workflow has no place for them
    rendered(folder, board, keyframe_workflow=with_references(1), variants=1)
    assert whys(folder, board, keyframe=with_references(1)) == {}
    a_picture(picture, "blue")
    assert whys(folder, board, keyframe=with_references(1)) == {
        "001 keyframe": ("references",),
        "002 keyframe": ("references",),
    }


def test_another_end_image_makes_the_video_stale(tmp_path):
    folder, end = tmp_path / "film", a_picture(tmp_path / "end.png", "green")
    board = a_board(replace(TWO, end_image=end))
    rendered(folder, board, video_workflow=with_end_image())
    moved = Path(shutil.copy(end, tmp_path / "moved.png"))
    assert whys(folder, board, video=with_end_image()) == {}
    assert whys(folder, a_board(replace(TWO, end_image=moved)), video=with_end_image()) == {}
    stale_now = {"002 video": ("end image",)}
    assert whys(folder, a_board(TWO), video=with_end_image()) == stale_now
    a_picture(end, "blue")
    assert whys(folder, board, video=with_end_image()) == stale_now


# --- workflows ------------------------------------------------------------------------------------


def test_another_workflow_alone_makes_nothing_stale(folder):
    others = {
        "keyframe": replace(with_references(2), name="keyframe_other"),
        "video": replace(video_workflow(fps=24, step=8, longest=25), name="video_other"),
    }
    assert whys(folder, **others) == {}
    set_anew = with_shot("001", keyframe=Sampling(steps=5), video=Sampling(cfg=2.0), width=320)
    assert whys(folder, set_anew, **others) == {}
    assert whys(folder, with_shot("001", prompt="Else."), **others) == both("prompt", "001")


def test_a_workflow_with_fewer_places_for_references_makes_nothing_stale(tmp_path):
    folder, workflow = tmp_path / "film", with_references(2)
    pictures = tuple(a_picture(tmp_path / f"{colour}.png", colour) for colour in ("red", "blue"))
    board = a_board(a_shot("001", references=pictures))
    rendered(folder, board, keyframe_workflow=workflow)
    assert whys(folder, board, keyframe=replace(with_references(1), name="keyframe_one")) == {}
    rendered(tmp_path / "one", board, keyframe_workflow=with_references(1))
    assert whys(tmp_path / "one", board, keyframe=replace(workflow, name="keyframe_two")) == {}


def test_words_a_workflow_has_no_place_for_make_nothing_stale(tmp_path):
    folder = tmp_path / "film"
    zeroed = keyframe_workflow(unwanted=node("ConditioningZeroOut", conditioning=["words", 0]))
    rendered(folder, a_board(ONE), keyframe_workflow=zeroed)
    changed = a_board(replace(ONE, negative="fog", lora="cg_mara"))
    assert whys(folder, changed, keyframe=zeroed) == {"001 video": ("negative",)}
    changed = a_board(replace(ONE, negative="fog", lora="cg_mara", prompt="Else."))
    assert whys(folder, changed, keyframe=zeroed)["001 keyframe"] == ("prompt",)


def test_a_place_that_another_workflow_has_for_the_same_picture_makes_nothing_stale(tmp_path):
    board = a_board(replace(ONE, end_image=a_picture(tmp_path / "end.png", "green")))
    rendered(tmp_path / "film", board)
    assert whys(tmp_path / "film", board, video=replace(with_end_image(), name="video_other")) == {}


def test_a_value_the_workflow_rounds_to_the_same_makes_nothing_stale(tmp_path):
    """Such a take would be found and not made anew, and be stale for ever."""
    shape = node("ResolutionSelector", aspect_ratio="1:1 (Square)", megapixels=1.0)
    canvas = node("EmptyLatentImage", width=["shape", 0], height=["shape", 1], batch_size=1)
    workflow = keyframe_workflow(shape=shape, canvas=canvas)
    workflow.graph["sampler"]["inputs"]["latent_image"] = ["canvas", 0]
    assert workflow.takes("aspect_ratio") and not workflow.takes("width")
    board = a_board(ONE)
    (variant,) = keyframes.plan(workflow, board, 1, 5, PRESETS)
    rendered(tmp_path, board, keyframe_workflow=workflow, variants=1)
    near, far = (a_board(replace(ONE, width=width)) for width in (208, 1024))
    assert keyframes.plan(workflow, near, 1, 5, PRESETS)[0].wanted.job.id == variant.wanted.job.id
    assert "001 keyframe" not in whys(tmp_path, near, keyframe=workflow)
    assert whys(tmp_path, far, keyframe=workflow)["001 keyframe"] == ("size",)


# --- a single take --------------------------------------------------------------------------------


def test_of_a_take_is_said_what_differs_in_the_order_of_its_weight(folder, tmp_path):
    recipe, workflow = recipe_of(folder / "takes", "001_v1"), keyframe_workflow()
    values = keyframes.values_of(workflow, BOARD, ONE, PRESETS)
    assert stale.of_take(recipe, workflow, values) == []
    other = {**values, "cfg": 2.0, "steps": 3, "width": 512, "negative": "fog", "prompt": "Else."}
    assert stale.of_take(recipe, workflow, other) == ["prompt", "negative", "size", "steps", "cfg"]


def test_of_a_segment_is_said_that_it_begins_with_another_picture(folder, tmp_path):
    recipe, workflow = recipe_of(folder / "takes", "001.01_v1"), video_workflow()
    began = folder / "keyframes" / "001.png"
    assert stale.of_take(recipe, workflow, {"start_image": began}) == []
    other = {"start_image": a_picture(tmp_path / "x.png", "red"), "frames": 5}
    assert stale.of_take(recipe, workflow, other) == ["start image", "length"]


# --- what nothing is known of ---------------------------------------------------------------------


def test_a_video_without_a_note_is_unknown_until_the_next_render_which_runs_nothing(folder):
    for path in (folder / "videos").glob("*.json"):
        path.unlink()
    changed = with_shot("001", prompt="Else.", seconds=3.0)
    assert state(folder, "001", changed) == ShotState("stale", ("prompt",), "unknown", ())
    assert rendered(folder).ran == []
    assert state(folder, "001") == FRESH


@pytest.mark.parametrize("note", ["", "[]", "{}", "{broken", '{"takes": 7}', "null"])
def test_a_damaged_note_is_none(folder, note):
    (folder / "videos" / "001.json").write_text(note)
    assert state(folder, "001").video == "unknown"


def test_a_video_put_there_by_hand_is_unknown(folder):
    shutil.copy(folder / "videos" / "002.mp4", folder / "videos" / "001.mp4")
    assert state(folder, "001", with_shot("001", seconds=3.0)).video == "unknown"


def test_a_project_that_was_copied_without_its_times_is_still_known(folder, tmp_path):
    copied = tmp_path / "copied"
    shutil.copytree(folder, copied, copy_function=shutil.copyfile)
    assert whys(copied) == {}
    assert state(copied, "002") == FRESH
    assert whys(copied, with_shot("002", seconds=0.9)) == {"002 video": ("seconds",)}


def test_takes_whose_recipes_are_gone_are_never_stale(folder):
    for path in (folder / "takes").glob("*.json"):
        path.unlink()
    assert state(folder, "001", with_shot("001", prompt="Else.")) == ShotState("fresh", (), "unknown", ())
    assert state(folder, "001", with_shot("001", seconds=3.0)).video_why == ("seconds",)


def test_a_choice_that_was_cut_off_is_stale(folder):
    """A killed studio had noted the new take and left the old one standing."""
    keyframe, project = folder / "keyframes" / "001.png", Project(folder)
    before = keyframe.read_bytes()
    picks.choose(project, "001", folder / "takes" / "001_v2.png")
    keyframe.write_bytes(before)
    assert state(folder, "001").keyframe_why == ("pick",)


# --- what one button renders ----------------------------------------------------------------------


def test_a_stale_keyframe_brings_its_video_along_and_a_stale_video_comes_alone(folder):
    board = with_shot("001", tags={"composition": "close_up"})
    assert whys(folder, board) == {"001 keyframe": ("prompt",)}
    assert needed(today(folder, board)) == [("001", "keyframe"), ("001", "video")]
    assert needed(today(folder, with_shot("002", seconds=0.9))) == [("002", "video")]
    (folder / "videos" / "001.mp4").unlink()
    assert needed(today(folder, board)) == [("001", "keyframe")]


def test_what_cannot_be_rendered_is_not_asked_for(folder):
    board = with_shot("001", prompt=" ")
    assert state(folder, "001", board).keyframe == "stale"
    assert needed(today(folder, board)) == []


def test_rendering_what_is_stale_makes_it_fresh_and_runs_nothing_else(folder):
    board = replace(BOARD, characters=(replace(ANNA, words="a woman in a green cap"),))
    ids = {id for id, _ in needed(today(folder, board))}
    ran = {name.partition("_")[0].partition(".")[0] for name in rendered(folder, board).ran}
    assert ran == ids == {"001", "002"}
    assert needed(today(folder, board)) == []


# --- the note beside a video ----------------------------------------------------------------------


def test_the_note_says_what_the_video_was_joined_from_and_what_it_began_with(folder):
    note = json.loads((folder / "videos" / "002.json").read_text("utf-8"))
    assert note["takes"] == ["002.01_v1", "002.02_v1"]
    assert note["keyframe"] == sha256(folder / "keyframes" / "002.png")
    assert note["sha256"] == sha256(folder / "videos" / "002.mp4")
    assert note["seconds"] == 1.0


def test_the_note_is_of_the_picture_that_was_sent_and_not_of_one_painted_meanwhile(tmp_path):
    class Painter(FakeBackend):
        def run(self, job):
            made = yield from super().run(job)
            if job.name == "001.01_v1":
                a_picture(tmp_path / "keyframes" / "001.png", "green")
            return made

    assert not Rendered(Painter(), tmp_path, a_board(ONE)).failed
    assert state(tmp_path, "001", a_board(ONE)) == ShotState("own", (), "stale", ("keyframe",))


@pytest.mark.parametrize(
    "odd",
    [
        {"values": {"references": 5}},
        {"values": {"references": [[]]}},
        {"values": {"start_image": 3}},
        {"values": {"seed": "x"}},
        {"inputs": {"a.png": ["b"]}},
        {"files": [3]},
    ],
)
def test_a_recipe_that_somebody_wrote_by_hand_stops_nothing(folder, odd):
    path = folder / "takes" / "001_v1.json"
    content = json.loads(path.read_text("utf-8"))
    for key, value in odd.items():
        content[key] = {**content[key], **value} if isinstance(value, dict) else value
    path.write_text(json.dumps(content), "utf-8")
    assert recipe_of(folder / "takes", "001_v1") is None
    assert stale.of_board(today(folder))["002"] == FRESH


def test_what_is_looked_at_again_and_again_survives_an_unforeseen_error():
    looked, broken = threading.Semaphore(0), [TypeError("unforeseen"), None, None]

    def look():
        looked.release()
        if error := broken.pop(0):
            raise error

    soon = Debounced("a look", look, 0.001)
    soon.start()
    with dying_threads() as traces:
        for _ in range(3):
            soon.again()
            assert looked.acquire(timeout=30)
            until(lambda: not soon._wanted.is_set())
        soon.stop()
    assert [str(trace) for trace in traces] == ["unforeseen"]
