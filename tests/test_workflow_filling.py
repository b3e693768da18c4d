"""Values go into a copy of the graph, each into its own place, and all of it can be read back."""

import copy
from pathlib import Path

import pytest

from domain.errors import StudioError
from domain.job import files_in
from domain.workflow import Change, Workflow
from tests.graphs import node, picture, sampler, template, workflow

A, B, C = Path("/p/a.png"), Path("/p/b.png"), Path("/p/c.png")


def test_values_go_into_a_copy_and_the_workflow_stays_as_it_was():
    flow = workflow()
    before = copy.deepcopy(flow.graph)
    graph = flow.with_values(prompt="a sea", negative="fog", seed=3, width=640, height=384)

    assert graph["words"]["inputs"]["text"] == "a sea"
    assert graph["unwanted"]["inputs"]["text"] == "fog"
    assert graph["sampler"]["inputs"]["seed"] == 3
    assert (graph["canvas"]["inputs"]["width"], graph["canvas"]["inputs"]["height"]) == (640, 384)
    assert flow.graph == before


def test_seed_0_and_cfg_0_are_values_and_none_is_not():
    graph = workflow().with_values(seed=0, cfg=0.0, prompt=None, steps=None)

    assert graph["sampler"]["inputs"]["seed"] == 0
    assert graph["sampler"]["inputs"]["cfg"] == 0.0
    assert graph["sampler"]["inputs"]["steps"] == 20
    assert graph["words"]["inputs"]["text"] == "a hill"


def test_the_prompt_never_lands_in_the_negative():
    zeroed = workflow(unwanted=node("ConditioningZeroOut", conditioning=["words", 0]))

    assert workflow().with_values(prompt="a sea")["unwanted"]["inputs"]["text"] == "rain"
    assert zeroed.with_values(prompt="a sea", negative="fog")["words"]["inputs"]["text"] == "a sea"


def test_links_are_followed_and_never_overwritten():
    flow = workflow(
        size=node("PrimitiveInt", value=512),
        canvas=node("EmptyLatentImage", width=["size", 0], height=512, batch_size=1),
    )
    graph = flow.with_values(width=768)

    assert graph["canvas"]["inputs"]["width"] == ["size", 0]
    assert graph["size"]["inputs"]["value"] == 768


def test_dotted_keys_are_left_untouched():
    save = node(
        "SaveVideo", images=["decode", 0], filename_prefix="out", **{"format.codec": "h264", "format.fps": 9}
    )
    graph = workflow(save=save).with_values(prefix="b", fps=30, prompt="a sea")

    assert graph["save"]["inputs"] == {**save["inputs"], "filename_prefix": "b"}


def test_every_change_can_be_read():
    _, changes = workflow(words=node("CLIPTextEncode", "Words", text="a hill")).filled(prompt="a sea")

    assert changes == [Change("words", "Words", "text", "a hill", "a sea", "the prompt of KSampler")]


def test_several_different_prompts_keep_their_own():
    flow = workflow(
        left=node("CLIPTextEncode", text="a house", clip=["model", 1]),
        all=node("ConditioningCombine", conditioning_1=["words", 0], conditioning_2=["left", 0]),
        sampler=sampler(positive=["all", 0]),
    )
    assert flow.with_values(prompt="a sea")["left"]["inputs"]["text"] == "a house"


def test_equal_prompts_are_one_prompt():
    flow = workflow(
        again=node("CLIPTextEncode", text="a hill", clip=["model", 1]),
        all=node("ConditioningCombine", conditioning_1=["words", 0], conditioning_2=["again", 0]),
        sampler=sampler(positive=["all", 0]),
    )
    assert flow.with_values(prompt="a sea")["again"]["inputs"]["text"] == "a sea"


def test_two_samplers_that_share_the_steps_go_on_sharing_them():
    graph = template("video_wan22_i2v").with_values(steps=30)
    first, second = graph["11"]["inputs"], graph["12"]["inputs"]

    assert (first["steps"], second["steps"]) == (30, 30)
    assert first["end_at_step"] == second["start_at_step"] == 15
    assert second["end_at_step"] == 10000


def test_speed_is_a_number_with_a_point_where_it_was_one():
    speed = template("video_wan22_i2v").with_values(fps=12)["14"]["inputs"]["fps"]

    assert speed == 12.0
    assert isinstance(speed, float)


def test_a_graph_that_doubles_the_size_later_starts_with_half():
    enlarged = node("LTXVLatentUpsampler", samples=["sampler", 0], vae=["model", 2])
    flow = workflow(big=enlarged, decode=node("VAEDecode", samples=["big", 0], vae=["model", 2]))
    graph = flow.with_values(width=1280, height=704)

    assert (graph["canvas"]["inputs"]["width"], graph["canvas"]["inputs"]["height"]) == (640, 352)
    assert flow.grid == 16  # twice that of the canvas


def test_a_graph_that_enlarges_to_a_set_size_gets_it_there():
    larger = node("LatentUpscale", samples=["sampler", 0], width=1024, height=1024)
    second = sampler(latent_image=["larger", 0])
    flow = workflow(
        larger=larger, second=second, decode=node("VAEDecode", samples=["second", 0], vae=["model", 2])
    )
    graph = flow.with_values(width=1280, height=704)

    assert (graph["larger"]["inputs"]["width"], graph["larger"]["inputs"]["height"]) == (1280, 704)
    assert (graph["canvas"]["inputs"]["width"], graph["canvas"]["inputs"]["height"]) == (640, 352)


def test_a_graph_that_reckons_in_seconds_gets_enough_of_them():
    flow = workflow(
        seconds=node("PrimitiveInt", "How long", value=5),
        frames=node("ComfyMathExpression", expression="a*24+1", **{"values.a": ["seconds", 0]}),
        canvas=node("EmptyHunyuanLatentVideo", width=512, height=512, length=["frames", 1], batch_size=1),
    )
    assert flow.with_values(frames=73, fps=24)["seconds"]["inputs"]["value"] == 3
    assert flow.with_values(frames=74, fps=24)["seconds"]["inputs"]["value"] == 4


@pytest.mark.parametrize("fps", [16.0, 24.0, 25.0, 29.97])
@pytest.mark.parametrize("first", [0, 1])
def test_seconds_with_a_point_never_lose_a_frame_to_rounding(fps, first):
    """The graph cuts its product off, and may or may not add the first frame to it."""
    flow = workflow(
        seconds=node("PrimitiveFloat", value=5.0),
        frames=node("ComfyMathExpression", expression=f"a*{fps}+{first}", **{"values.a": ["seconds", 0]}),
        canvas=node("EmptyLTXVLatentVideo", width=512, height=512, length=["frames", 1]),
    )
    for frames in range(9, 258, 8):
        seconds = flow.with_values(frames=frames, fps=fps)["seconds"]["inputs"]["value"]
        assert int(seconds * fps + first) in (frames, frames + first), frames


def test_a_graph_that_asks_for_a_shape_gets_the_nearest():
    flow = workflow(
        shape=node("ResolutionSelector", aspect_ratio="1:1 (Square)", megapixels=1.0, multiple=8),
        canvas=node("EmptyLatentImage", width=["shape", 0], height=["shape", 1], batch_size=1),
    )
    inputs = flow.with_values(width=1024, height=576)["shape"]["inputs"]

    assert inputs == {"aspect_ratio": "16:9 (Widescreen)", "megapixels": 0.56, "multiple": 8}


def test_references_go_in_by_their_order():
    graph = template("keyframe_qwen_edit_3ref").with_values(references=[A, B, C])

    assert [graph[id]["inputs"]["image"] for id in "678"] == [A, B, C]


def test_a_place_without_a_reference_is_unplugged_together_with_its_loader():
    graph, changes = template("keyframe_qwen_edit_3ref").filled(references=[A])

    assert files_in(graph) == [A]
    assert {node["class_type"] for node in graph.values() if "image" in node["inputs"]} == {"LoadImage"}
    assert "image2" not in graph["9"]["inputs"]
    assert any(change.old == "ref2.png" and change.new is None for change in changes)


@pytest.mark.parametrize("name", ["keyframe_flux_kontext", "keyframe_flux2_klein", "keyframe_qwen_edit_2ref"])
def test_without_any_reference_words_alone_are_left(name):
    graph = template(name).with_values(references=[])

    assert "LoadImage" not in {node["class_type"] for node in graph.values()}
    assert not _loose_links(graph)


def test_a_place_that_must_be_filled_shows_the_first_reference_again():
    stitched = node("ImageStitch", image1=["a", 0], image2=["b", 0], direction="right")
    required = node("Needs Both", image1=["a", 0], image2=["b", 0])
    loaders = {"a": node("LoadImage", image="a.png"), "b": node("LoadImage", image="b.png")}
    encoder = {"words": node("TextEncodeQwenImageEditPlus", prompt="a hill", image1=["both", 0])}

    assert "b" not in workflow(**loaders, **encoder, both=stitched).with_values(references=[A])
    kept = workflow(**loaders, **encoder, both=required).with_values(references=[A])
    assert kept["b"]["inputs"]["image"] == A


def test_a_reference_too_many_is_told():
    _, changes = template("keyframe_qwen_edit_1ref").filled(references=[A, B])

    assert [(change.new, change.why) for change in changes if change.new == B] == [
        (B, "left out: the workflow takes only 1")
    ]


def test_an_end_image_can_be_done_without():
    graph = template("video_wan22_first_last").with_values(start_image=A, unplug=["end_image"])

    assert files_in(graph) == [A]
    assert "end_image" not in graph["11"]["inputs"]
    assert not _loose_links(graph)


def test_a_value_by_a_name_that_no_slot_has_is_a_mistake_of_ours():
    with pytest.raises(TypeError, match="promt"):
        workflow().with_values(promt="a sea")


def test_what_must_arrive_and_has_no_place_is_told_with_the_way_out():
    with pytest.raises(StudioError) as error:
        workflow().require("prompt", "start_image", "fps")

    assert str(error.value) == (
        "The workflow mine has no place for a start image or fps. In ComfyUI, give the nodes that take them "
        "the titles “start image” and “fps”, and export the workflow again."
    )
    workflow().require("prompt", "seed")


def _loose_links(graph):
    values = (v for n in graph.values() for v in n["inputs"].values() if isinstance(v, list))
    return [value for value in values if value[0] not in graph]


def test_picture_graphs_are_whole_to_begin_with():
    assert not _loose_links(picture())


def test_what_is_unplugged_may_have_held_a_place_of_its_own():
    """Both pictures are fitted by a node titled “size”; that of the end leaves with its picture."""
    graph = dict(template("video_wan22_first_last").graph)
    for loader in ("9", "10"):
        graph[f"fit {loader}"] = node("ImageScale", "Size", image=[loader, 0], width=832, height=480)
    images = {"start_image": ["fit 9", 0], "end_image": ["fit 10", 0]}
    graph["11"] = {**graph["11"], "inputs": {**graph["11"]["inputs"], **images}}
    filled = Workflow("mine", graph).with_values(unplug=["end_image"], width=640, height=352)

    assert filled["fit 9"]["inputs"]["width"] == 640
    assert "fit 10" not in filled
    assert "end_image" not in filled["11"]["inputs"]
