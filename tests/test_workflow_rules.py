"""Sizes, lengths and speeds that the server does not check, and what kind a workflow is."""

import pytest

from domain.workflow import About, Workflow
from tests.graphs import node, picture, template, workflow


@pytest.mark.parametrize(
    ("name", "asked", "drawn"),
    [
        ("keyframe_sd15", (500, 333), (496, 336)),
        ("keyframe_flux_dev", (1000, 571), (992, 576)),
        ("video_wan22_i2v", (833, 471), (832, 464)),
        ("video_wan22_5b", (1280, 720), (1280, 704)),
        ("video_ltx095", (1, 1), (32, 32)),
    ],
)
def test_sizes_go_to_the_nearest_on_the_grid(name, asked, drawn):
    assert template(name).size_for(*asked) == drawn


@pytest.mark.parametrize(
    ("name", "asked", "made"),
    [
        ("video_wan22_i2v", 1, 1),
        ("video_wan22_i2v", 2, 5),
        ("video_wan22_i2v", 80, 81),
        ("video_wan22_i2v", 81, 81),
        ("video_wan22_i2v", 82, 85),
        ("video_ltx095", 90, 97),
        ("video_test", 80, 80),
    ],
)
def test_a_clip_is_the_shortest_valid_that_is_long_enough(name, asked, made):
    assert template(name).frames_for(asked) == made


@pytest.mark.parametrize(
    ("maker", "frames"),
    [
        ("EmptyHunyuanLatentVideo", 5),
        ("EmptyLTXVLatentVideo", 9),
        ("EmptyMochiLatentVideo", 7),
        ("EmptyMiniMaxH3LatentAV", 5),
    ],
)
def test_without_a_sidecar_the_nodes_themselves_say_how_they_count(maker, frames):
    flow = workflow(canvas=node(maker, width=512, height=512, length=25))

    assert flow.frames_for(2) == frames
    assert flow.frames_for(frames + 1) == frames + flow.frame_step


def test_of_several_nodes_the_one_that_counts_frames_says_how():
    flow = workflow(
        canvas=node("EmptyLTXVLatentVideo", width=512, height=512, length=25),
        larger=node("LatentUpscale", samples=["sampler", 0], width=1024, height=1024),
        decode=node("VAEDecode", samples=["larger", 0], vae=["model", 2]),
    )
    assert (flow.frame_step, flow.frames_for(10)) == (8, 17)


def test_the_sidecar_counts_before_the_nodes():
    canvas = node("EmptyHunyuanLatentVideo", width=512, height=512, length=33)
    about = About(grid=64, frame_step=10, longest=61, fps=12.5)
    flow = Workflow("mine", picture(canvas=canvas), about)

    assert (flow.grid, flow.frames_for(12), flow.longest, flow.fps) == (64, 21, 61, 12.5)


def test_without_a_sidecar_the_graph_says_how_long_and_how_fast():
    flow = workflow(
        canvas=node("EmptyHunyuanLatentVideo", width=512, height=512, length=33),
        video=node("CreateVideo", images=["decode", 0], fps=30.0),
        save=node("SaveVideo", video=["video", 0], filename_prefix="out"),
    )
    assert (flow.longest, flow.fps) == (33, 30.0)


def test_where_nobody_says_clips_are_81_frames_at_24():
    flow = workflow()

    assert (flow.longest, flow.fps, flow.frames_for(80)) == (81, 24.0, 80)


def test_a_servers_own_steps_are_kept_for_nodes_we_do_not_know():
    number = ["INT", {"step": 64}]
    length = ["INT", {"step": 12, "default": 25}]
    inputs = {"required": {"width": number, "height": number, "length": length}}
    info = {"My Canvas": {"input": inputs, "output": ["LATENT"], "output_node": False}}
    flow = workflow(canvas=node("My Canvas", width=512, height=512, length=25)).with_types(info)

    assert flow.size_for(500, 70) == (512, 64)
    assert flow.frames_for(14) == 25


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("keyframe_mine", "keyframe"),
        ("video_mine", "video"),
        ("gcp_flux", "keyframe"),
        ("gcpl_flux", "keyframe"),
        ("gcv_wan", "video"),
        ("gcvfl_wan", "video"),
        ("gcl_edit", "video"),
        ("gca_florence", "analysis"),
    ],
)
def test_a_name_says_what_kind_a_workflow_is(name, kind):
    other = "SaveVideo" if kind == "keyframe" else "SaveImage"  # the graph alone would say otherwise

    assert Workflow(name, picture(save=node(other, images=["decode", 0]))).kind == kind


def test_a_sidecar_says_it_before_the_name():
    assert Workflow("gcl_edit", picture(), About(kind="keyframe")).kind == "keyframe"


@pytest.mark.parametrize("saver", ["SaveVideo", "SaveWEBM", "SaveAnimatedWEBP", "VHS_VideoCombine"])
def test_a_graph_that_saves_a_video_is_one_for_video(saver):
    assert workflow(save=node(saver, images=["decode", 0])).kind == "video"
