"""Graphs with nodes nobody knows, and graphs that are not sound."""

import pytest

from domain.node_types import by_input
from domain.workflow import Workflow
from tests.graphs import node, picture, places, sampler, workflow


def test_custom_nodes_are_read_by_the_names_of_their_inputs():
    flow = Workflow(
        "mine",
        {
            "1": node("My Encoder", text="a hill"),
            "2": node("My Encoder", text="rain"),
            "3": node("My Mixer", positive=["1", 0], negative=["2", 0]),
            "4": node("My Canvas", width=640, height=360, num_frames=49),
            "5": node(
                "My Sampler", positive=["3", 0], negative=["3", 1], latent_image=["4", 0], seed=1, steps=9
            ),
            "6": node("VHS_VideoCombine", images=["5", 0], frame_rate=12, filename_prefix="out"),
        },
    )
    assert places(flow, "prompt") == ["1.text"]
    assert places(flow, "negative") == ["2.text"]
    assert places(flow, "width") == ["4.width"]
    assert places(flow, "frames") == ["4.num_frames"]
    assert places(flow, "fps") == ["6.frame_rate"]
    assert flow.kind == "video"


def test_a_node_that_holds_both_texts_beside_its_model_is_understood():
    """As in a popular pack: one loader with the texts, one sampler."""
    flow = Workflow(
        "mine",
        {
            "1": node("Efficient Loader", ckpt_name="a.safetensors", positive="a hill", negative="rain"),
            "2": node(
                "KSampler (Efficient)",
                positive=["1", 1],
                negative=["1", 2],
                latent_image=["1", 3],
                seed=1,
                cfg=7,
            ),
            "3": node("SaveImage", images=["2", 5], filename_prefix="out"),
        },
    )
    assert places(flow, "prompt") == ["1.positive"]
    assert places(flow, "negative") == ["1.negative"]


def test_a_video_wrapper_with_its_own_kinds_of_links_is_understood():
    """As in a popular pack: words and pictures reach the sampler as embeds."""
    flow = Workflow(
        "mine",
        {
            "1": node("WanVideoTextEncode", positive_prompt="a hill", negative_prompt="rain"),
            "2": node("LoadImage", image="a.png"),
            "3": node(
                "WanVideoImageToVideoEncode", start_image=["2", 0], width=832, height=480, num_frames=81
            ),
            "4": node(
                "WanVideoSampler", text_embeds=["1", 0], image_embeds=["3", 0], seed=1, steps=20, cfg=6.0
            ),
            "5": node("WanVideoDecode", samples=["4", 0]),
            "6": node("VHS_VideoCombine", images=["5", 0], frame_rate=16, filename_prefix="out"),
        },
    )
    assert places(flow, "prompt") == ["1.positive_prompt"]
    assert places(flow, "negative") == ["1.negative_prompt"]
    assert places(flow, "width") == ["3.width"]
    assert places(flow, "height") == ["3.height"]
    assert places(flow, "frames") == ["3.num_frames"]
    assert places(flow, "start_image") == ["2.image"]
    assert places(flow, "seed") == ["4.seed"]


def test_an_encoder_nobody_knows_is_read_by_whatever_is_called_text():
    encoder = node("ImpactWildcardEncode", wildcard_text="a hill", clip=["model", 1])

    assert places(workflow(words=encoder), "prompt") == ["words.wildcard_text"]


def test_what_a_server_says_of_its_nodes_is_used():
    graph = picture(
        pair=node("My Pair", a=["words", 0], b=["unwanted", 0]),
        sampler=sampler(positive=["pair", 1], negative=["pair", 2]),
    )
    kinds = {"required": {"a": ["CONDITIONING"], "b": ["CONDITIONING"]}}
    outputs = ["MODEL", "CONDITIONING", "CONDITIONING"]
    info = {"My Pair": {"input": kinds, "output": outputs, "output_node": False}}
    flow = Workflow("mine", graph).with_types(info)

    assert "negative" not in Workflow("mine", graph).slots
    assert places(flow, "prompt") == ["words.text"]
    assert places(flow, "negative") == ["unwanted.text"]


def test_what_a_server_calls_any_type_is_judged_by_where_it_goes():
    """A resizing node takes pictures and masks alike, and its numbers stand before its picture."""
    graph = picture(
        load=node("LoadImage", image="a.png"),
        width=node("PrimitiveInt", value=640),
        resize=node("My Resize", width=["width", 0], height=360, input=["load", 0]),
        canvas=node("VAEEncode", pixels=["resize", 0], vae=["model", 2]),
    )
    info = {
        "My Resize": {"input": {}, "output": ["COMFY_MATCHTYPE_V3"], "output_node": False},
        "PrimitiveInt": {"input": {}, "output": ["INT"], "output_node": False},
    }
    assert places(Workflow("mine", graph).with_types(info), "width") == ["width.value"]


def test_a_reroute_that_takes_anything_is_followed():
    info = {"My Reroute": {"input": {}, "output": ["*"], "output_node": False}}
    graph = picture(
        through=node("My Reroute", anything=["words", 0]),
        all=node("ConditioningCombine", conditioning_1=["through", 0], conditioning_2=["through", 0]),
        sampler=sampler(positive=["all", 0]),
    )
    assert places(Workflow("mine", graph).with_types(info), "prompt") == ["words.text"]


@pytest.mark.parametrize(
    ("input", "kind"),
    [
        ("positive", "CONDITIONING"),
        ("start_image", "IMAGE"),
        ("latent_image", "LATENT"),
        ("clip_vision_output", "CLIP_VISION_OUTPUT"),
        ("audio_vae", ""),
        ("image_width", ""),
        ("frame_rate", ""),
        ("clip", ""),
    ],
)
def test_the_name_of_an_input_says_what_flows_into_it(input, kind):
    assert by_input(input) == kind


CIRCLES = {
    "words": {
        "sampler": sampler(positive=["round", 0]),
        "round": node("ConditioningCombine", a=["round", 0]),
    },
    "text": {
        "words": node("CLIPTextEncode", text=["round", 0]),
        "round": node("StringTrim", string=["round", 0]),
    },
    "size": {
        "canvas": node("EmptyLatentImage", width=["round", 0]),
        "round": node("Any", width=["round", 0]),
    },
    "latent": {"sampler": sampler(latent_image=["sampler", 0])},
    "picture": {
        "canvas": node("VAEEncode", pixels=["round", 0]),
        "round": node("ImageScaleBy", image=["round", 0], scale_by=2.0),
    },
    "guider": {
        "sampler": node(
            "SamplerCustomAdvanced", guider=["round", 0], noise=["round", 0], sigmas=["round", 0]
        ),
        "round": node("Any", guider=["round", 0], sigmas=["round", 0]),
    },
    "switch": {
        "words": node("CLIPTextEncode", text=["round", 0]),
        "round": node("ComfySwitchNode", switch=["round", 0], on_true=["round", 0], on_false=["round", 0]),
    },
    "loader": {
        "load": node("LoadImage", image="a.png"),
        "round": node("ImageBatch", image1=["load", 0], image2=["round", 0]),
        "canvas": node("VAEEncode", pixels=["round", 0]),
    },
}


@pytest.mark.parametrize("circle", CIRCLES)
def test_links_in_a_circle_end_nothing(circle):
    flow = workflow(**CIRCLES[circle])

    assert "prefix" in flow.slots
    assert flow.with_values(prompt="a sea", references=[], unplug=["source"])


@pytest.mark.parametrize(
    "odd", [["gone", 0], [["canvas"], 0], ["canvas", "x"], [], {"a": 1}, None, [1, 2, 3]]
)
def test_odd_links_are_passed_over(odd):
    flow = workflow(sampler=sampler(latent_image=odd), words=node("CLIPTextEncode", text=odd))

    assert places(flow, "seed") == ["sampler.seed"]
    assert "prompt" not in flow.slots


def test_a_step_written_as_text_is_no_point_to_hand_over_at():
    flow = workflow(sampler=sampler(start_at_step="3", end_at_step=10, steps="20"))

    assert "split" not in flow.slots
    assert flow.with_values(steps=8)["sampler"]["inputs"]["steps"] == 8
