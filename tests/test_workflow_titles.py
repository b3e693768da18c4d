"""What an artist titled in ComfyUI counts before any rule."""

import pytest

from domain.slots import INPUTS, TITLES
from tests.graphs import node, places, sampler, workflow


@pytest.mark.parametrize("title", ["prompt", "Prompt", "Positive prompt", " POSITIVE  PROMPT "])
def test_a_title_says_where_the_prompt_goes(title):
    flow = workflow(mine=node("PrimitiveStringMultiline", title, value="a hill"))

    assert places(flow, "prompt") == ["mine.value"]
    assert places(flow, "other_prompts") == ["words.text"]


@pytest.mark.parametrize("title", ["Prompt strength", "CLIP Text Encode (Prompt)", "My prompt", "negatives"])
def test_a_title_that_only_resembles_one_says_nothing(title):
    flow = workflow(mine=node("PrimitiveStringMultiline", title, value="a hill"))

    assert places(flow, "prompt") == ["words.text"]
    assert places(flow, "negative") == ["unwanted.text"]


def test_a_title_cannot_carry_the_prompt_into_the_negative():
    unwanted = node("CLIPTextEncode", "Prompt", text="rain", clip=["model", 1])
    words = node("CLIPTextEncode", "Negative", text="a hill", clip=["model", 1])
    flow = workflow(unwanted=unwanted, words=words)

    assert places(flow, "prompt") == ["words.text"]
    assert places(flow, "negative") == ["unwanted.text"]


def test_a_titled_node_is_followed_to_where_the_value_is_written():
    flow = workflow(
        number=node("PrimitiveInt", value=7),
        sampler={**sampler(seed=["number", 0]), "_meta": {"title": "Seed"}},
    )
    assert places(flow, "seed") == ["number.value"]


def test_numbered_references_come_in_their_order():
    flow = workflow(
        b=node("LoadImage", "Reference 2", image="b.png"),
        a=node("LoadImage", "reference 1", image="a.png"),
        c=node("LoadImage", "ref 3", image="c.png"),
    )
    assert places(flow, "reference") == ["a.image", "b.image", "c.image"]


def test_a_title_takes_a_place_away_from_what_the_rules_held_it_for():
    flow = workflow(
        load=node("LoadImage", "Start image", image="a.png"),
        canvas=node("VAEEncode", pixels=["load", 0], vae=["model", 2]),
    )
    assert places(flow, "start_image") == ["load.image"]
    assert "source" not in flow.slots


def test_only_a_marked_lora_is_a_place_for_one():
    speed = node("LoraLoaderModelOnly", "Load LoRA", lora_name="speed.safetensors", strength_model=1.0)
    person = node("LoraLoaderModelOnly", "[LORA:character]", lora_name="anna.safetensors", strength_model=0.8)
    flow = workflow(speed=speed, person=person)

    assert places(flow, "lora") == ["person.lora_name"]


def test_marked_models_are_told_apart_and_never_share_a_place():
    flow = workflow(
        high=node("UNETLoader", "[MODEL:high] Wan", unet_name="high.safetensors"),
        low=node("UnetLoaderGGUF", "[MODEL:low]", unet_name="low.gguf"),
        model=node("CheckpointLoaderSimple", "[MODEL]", ckpt_name="a.safetensors"),
    )
    assert places(flow, "model_high") == ["high.unet_name"]
    assert places(flow, "model_low") == ["low.unet_name"]
    assert places(flow, "model") == ["model.ckpt_name"]


@pytest.mark.parametrize("name", TITLES)
def test_every_title_leads_to_its_slot(name):
    input = INPUTS.get(name, (("image",),))[0][0]
    for title in TITLES[name]:
        flow = workflow(mine=node("Anything", title, **{input: "x"}))

        assert f"mine.{input}" in places(flow, name), title
