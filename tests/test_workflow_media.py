"""What pictures a graph takes, and what each is for."""

import pytest

from domain.workflow import Workflow
from tests.graphs import node, picture, places, sampler, template, workflow


def test_start_and_end_image_are_told_apart():
    flow = template("video_wan22_first_last")

    assert places(flow, "start_image") == ["9.image"]
    assert places(flow, "end_image") == ["10.image"]


def test_references_come_in_the_order_of_their_numbers():
    flow = Workflow(
        "mine",
        picture(
            a=node("LoadImage", image="a.png"),
            b=node("LoadImage", image="b.png"),
            words=node("TextEncodeQwenImageEditPlus", prompt="a hill", image1=["b", 0], image2=["a", 0]),
        ),
    )
    assert places(flow, "reference") == ["b.image", "a.image"]


def test_references_chained_one_after_another_keep_their_order():
    graph = template("keyframe_flux_kontext").graph
    untitled = {id: {**n, "_meta": {}} for id, n in graph.items()}

    assert places(Workflow("mine", untitled), "reference") == ["5.image", "6.image"]


def test_control_pictures_masks_and_sources_are_told_apart():
    flow = workflow(
        pose=node("LoadImage", image="pose.png"),
        mask=node("LoadImageMask", image="mask.png", channel="alpha"),
        old=node("LoadImage", image="old.png"),
        both=node(
            "ControlNetApplyAdvanced", positive=["words", 0], negative=["unwanted", 0], image=["pose", 0]
        ),
        latent=node("VAEEncodeForInpaint", pixels=["old", 0], mask=["mask", 0]),
        sampler=sampler(positive=["both", 0], negative=["both", 1], latent_image=["latent", 0]),
    )
    assert places(flow, "control") == ["pose.image"]
    assert places(flow, "mask") == ["mask.image"]
    assert places(flow, "source") == ["old.image"]


def test_a_picture_that_brings_its_own_mask_is_a_source():
    flow = workflow(
        load=node("LoadImage", image="a.png"),
        canvas=node("VAEEncodeForInpaint", pixels=["load", 0], mask=["load", 1], vae=["model", 2]),
    )
    assert places(flow, "source") == ["load.image"]
    assert "mask" not in flow.slots


def test_a_use_that_nothing_saves_does_not_count():
    flow = workflow(
        load=node("LoadImage", image="a.png"),
        canvas=node("VAEEncode", pixels=["load", 0], vae=["model", 2]),
        idle=node(
            "ControlNetApplyAdvanced", positive=["words", 0], negative=["unwanted", 0], image=["load", 0]
        ),
    )
    assert places(flow, "source") == ["load.image"]
    assert "control" not in flow.slots


@pytest.mark.parametrize(("frame", "role"), [(0, "start_image"), (-1, "end_image"), (40, "reference")])
def test_a_guide_is_for_the_frame_it_stands_at(frame, role):
    ends = {"positive": ["words", 0], "negative": ["unwanted", 0], "latent": ["canvas", 0]}
    flow = workflow(
        load=node("LoadImage", image="a.png"),
        guide=node("LTXVAddGuide", image=["load", 0], frame_idx=frame, strength=1.0, **ends),
        sampler=sampler(positive=["guide", 0], negative=["guide", 1], latent_image=["guide", 2]),
    )
    assert places(flow, role) == ["load.image"]


def test_a_picture_that_steers_the_model_is_control_and_a_face_to_keep_a_reference():
    for name, role in (("AnimaLLLiteApply", "control"), ("IPAdapterAdvanced", "reference")):
        flow = workflow(
            load=node("LoadImage", image="a.png"),
            steered=node(name, model=["model", 0], image=["load", 0]),
            sampler=sampler(model=["steered", 0]),
        )
        assert places(flow, role) == ["load.image"]
