"""What pictures a graph takes, and what each is for."""

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
