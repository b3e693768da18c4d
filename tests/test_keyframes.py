"""Keyframes: what is asked for each shot, with which seeds, and what is made of it."""

import dataclasses
import threading

import pytest
from PIL import Image

from domain.errors import BackendUnreachable, JobFailed
from domain.events import Failed, Saved
from domain.project import Project
from domain.storyboard import Motion, Sampling
from infrastructure.recipes import Ledger
from services import keyframes
from tests.fakes import OUT_OF_MEMORY, FakeBackend, values_of
from tests.graphs import node
from tests.renders import PRESETS, a_board, a_shot, keyframe_workflow


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "film")


def planned(*shots, variants=1, seed=5, workflow=None, **board):
    return keyframes.plan(workflow or keyframe_workflow(), a_board(*shots, **board), variants, seed, PRESETS)


def asked(*shots, **options):
    """What stands in the slots of the first variant's graph."""
    return values_of(planned(*shots, **options)[0].wanted.graph)


def generated(project, backend, plan):
    return list(keyframes.generate(backend, Ledger(project), plan))


def seeds(plan):
    return {variant.name: values_of(variant.wanted.graph)["seed"] for variant in plan}


# --- what is asked for ----------------------------------------------------------------------------


def test_every_shot_gets_its_variants_in_board_order():
    plan = planned(a_shot("002"), a_shot("001"), variants=2)
    assert [(v.shot.id, v.number) for v in plan] == [("002", 1), ("002", 2), ("001", 1), ("001", 2)]


def test_the_prompt_reaches_the_positive_place_and_the_negative_only_the_negative():
    values = asked(a_shot("001", prompt="A red kite.", negative="rain, mud"))
    assert "A red kite." in values["prompt"]
    assert values["negative"] == "rain, mud"
    assert "mud" not in values["prompt"] and "kite" not in values["negative"]


def test_without_a_negative_the_workflow_keeps_its_own():
    assert asked(a_shot("001"))["negative"] == "rain"


def test_a_negative_has_no_place_where_a_workflow_has_none():
    zeroed = keyframe_workflow(unwanted=node("ConditioningZeroOut", conditioning=["words", 0]))
    graph = planned(a_shot("001", negative="mud"), workflow=zeroed)[0].wanted.graph
    assert "mud" not in str(graph)


def test_tags_reach_the_prompt():
    values = asked(a_shot("001", tags={"lighting": "golden_hour"}), tags={"style": "noir"})
    text = PRESETS["lighting"]["golden_hour"].text
    assert text.split(",")[0].lower() in values["prompt"].lower()
    assert "noir" in values["prompt"].lower()


def test_camera_moves_do_not_reach_a_still():
    assert asked(a_shot("001", motion=Motion("pan", 0.9))) == asked(a_shot("001"))


def test_steps_and_cfg_of_the_shot_reach_the_sampler_and_zero_is_a_value():
    values = asked(a_shot("001", keyframe=Sampling(steps=12, cfg=0.0)))
    assert (values["steps"], values["cfg"]) == (12, 0.0)


def test_a_lora_is_named_as_its_file():
    loader = node(
        "LoraLoader",
        "[lora]",
        model=["model", 0],
        clip=["model", 1],
        lora_name="none.safetensors",
        strength_model=1.0,
        strength_clip=1.0,
    )
    with_lora = keyframe_workflow(lora=loader)
    with_lora.graph["sampler"]["inputs"]["model"] = ["lora", 0]
    assert asked(a_shot("001", lora="cg_anna"), workflow=with_lora)["lora"] == "cg_anna.safetensors"
    assert asked(a_shot("001", lora="old.pt"), workflow=with_lora)["lora"] == "old.pt"
    assert asked(a_shot("001"), workflow=with_lora)["lora"] == "none.safetensors"


def test_a_shots_own_size_goes_before_the_boards_and_obeys_the_grid():
    values = asked(a_shot("001", width=203, height=131))
    assert (values["width"], values["height"]) == (208, 128)
    assert (asked(a_shot("001"))["width"], asked(a_shot("001"))["height"]) == (192, 128)


def test_shots_without_a_prompt_with_problems_or_with_a_picture_of_their_own_are_not_drawn(tmp_path):
    picture = tmp_path / "mine.png"
    shots = a_shot("1", prompt=" "), a_shot("2", problems=("Gone.",)), a_shot("3", start_image=picture)
    assert planned(*shots, a_shot("4"))[0].shot.id == "4"


def test_reference_pictures_stand_in_the_graph_as_files(tmp_path, project):
    pictures = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in pictures:
        Image.new("RGB", (8, 8)).save(path)
    workflow = with_references(2)
    backend = FakeBackend()
    plan = planned(a_shot("001", references=tuple(pictures)), workflow=workflow)
    generated(project, backend, plan)
    assert backend.jobs[0].files == pictures
    assert backend.asked("001_v1")["reference"] == pictures


def test_places_for_references_that_are_not_there_are_unplugged():
    graph = planned(a_shot("001"), workflow=with_references(2))[0].wanted.graph
    assert not any(n["class_type"] == "LoadImage" for n in graph.values())


def with_references(count):
    loaders = {f"load{n}": node("LoadImage", image=f"{n}.png") for n in range(1, count + 1)}
    images = {f"image{n}": [f"load{n}", 0] for n in range(1, count + 1)}
    words = node(
        "TextEncodeQwenImageEditPlus", prompt="a hill", clip=["model", 1], vae=["model", 2], **images
    )
    return keyframe_workflow(**loaders, words=words)


# --- seeds ----------------------------------------------------------------------------------------


def test_seeds_of_variants_and_shots_all_differ():
    plan = planned(a_shot("001"), a_shot("002"), variants=4)
    assert len(set(seeds(plan).values())) == 8


def test_a_seed_does_not_depend_on_the_shots_place():
    there = seeds(planned(a_shot("001"), a_shot("002")))
    assert seeds(planned(a_shot("002"), a_shot("000"), a_shot("001"))).items() >= there.items()


def test_more_variants_leave_the_seeds_of_the_first_ones():
    assert seeds(planned(a_shot("001"), variants=4)).items() >= seeds(planned(a_shot("001"))).items()


def test_another_base_seed_gives_other_seeds():
    assert seeds(planned(a_shot("001"), seed=5)) != seeds(planned(a_shot("001"), seed=6))


def test_zero_is_a_base_seed():
    assert seeds(planned(a_shot("001"), seed=0)) == seeds(planned(a_shot("001"), seed=0))
    assert seeds(planned(a_shot("001"), seed=0)) != seeds(planned(a_shot("001"), seed=1))


@pytest.mark.parametrize("seed", [0, 1, 12345, 2**64 - 1])
def test_a_shots_own_seed_is_its_first_variants_and_counts_on(seed):
    plan = planned(a_shot("001", keyframe=Sampling(seed=seed)), variants=2)
    assert list(seeds(plan).values()) == [seed, (seed + 1) % 2**64]


def test_seeds_fit_what_a_server_takes():
    plan = planned(*(a_shot(str(n)) for n in range(50)), variants=3, seed=2**64 - 1)
    assert all(0 <= seed < 2**64 for seed in seeds(plan).values())


# --- making them ----------------------------------------------------------------------------------


def test_every_variant_becomes_a_take_with_a_recipe(project):
    generated(project, FakeBackend(), planned(a_shot("001"), variants=2))
    names = sorted(path.name for path in project.takes.iterdir())
    assert names == ["001_v1.json", "001_v1.png", "001_v2.json", "001_v2.png"]


def test_the_seed_of_a_take_is_recorded(project):
    plan = planned(a_shot("001"))
    generated(project, FakeBackend(), plan)
    recipe = Ledger(project).recipe("001_v1")
    assert recipe["values"]["seed"] == next(iter(seeds(plan).values()))


def test_a_failed_variant_is_told_and_passed_over(project):
    backend = FakeBackend(fails={"001_v1": OUT_OF_MEMORY})
    events = generated(project, backend, planned(a_shot("001"), a_shot("002")))
    assert Failed("shot 001, variant 1", str(OUT_OF_MEMORY)) in events
    assert Saved(project.takes / "002_v1.png") in events


def test_takes_that_are_there_are_not_made_again(project):
    plan = planned(a_shot("001"), a_shot("002"), variants=2)
    generated(project, FakeBackend(), plan)
    backend = FakeBackend()
    events = generated(project, backend, plan)
    assert backend.jobs == []
    assert {e.path.name for e in events if isinstance(e, Saved) and e.reused} == {
        "001_v1.png",
        "001_v2.png",
        "002_v1.png",
        "002_v2.png",
    }


def test_takes_are_known_by_shot_and_number_when_one_is_missing(project):
    backend = FakeBackend(fails={"001_v1": OUT_OF_MEMORY})
    plan = planned(a_shot("001"), variants=3)
    generated(project, backend, plan)
    takes = keyframes.takes_of(backend, Ledger(project), plan)
    assert {number: take.name for number, take in takes["001"].items()} == {2: "001_v2", 3: "001_v3"}


def test_a_backend_that_went_away_ends_it(project):
    with pytest.raises(BackendUnreachable):
        generated(project, FakeBackend(leaves_after=1), planned(a_shot("001"), variants=3))
    assert (project.takes / "001_v1.png").exists()


def test_as_many_run_at_once_as_the_backend_has_lanes(project):
    backend = FakeBackend(lanes=3, gate=threading.Barrier(3))
    generated(project, backend, planned(a_shot("001"), a_shot("002"), a_shot("003")))
    assert backend.most_at_once == 3


def test_a_picture_of_any_kind_counts_and_a_job_without_one_is_told(project):
    backend = FakeBackend(suffix=".webp")
    plan = planned(a_shot("001"))
    generated(project, backend, plan)
    take = keyframes.takes_of(backend, Ledger(project), plan)["001"][1]
    assert keyframes.picture(take).name == "001_v1.webp"
    with pytest.raises(JobFailed, match="saved no picture"):
        keyframes.picture(dataclasses.replace(take, files=(project.takes / "001_v1.txt",)))
