"""Where values go in a graph nobody described: found from the samplers, the encoders and the loaders."""

from domain.workflow import Workflow
from tests.graphs import node, places, sampler, template, workflow


def test_words_seed_size_and_file_name_of_a_plain_graph_are_found():
    flow = workflow()

    assert places(flow, "prompt") == ["words.text"]
    assert places(flow, "negative") == ["unwanted.text"]
    assert places(flow, "seed") == ["sampler.seed"]
    assert places(flow, "width") == ["canvas.width"]
    assert places(flow, "height") == ["canvas.height"]
    assert places(flow, "prefix") == ["save.filename_prefix"]


def test_every_slot_says_why_it_was_taken():
    assert workflow().slots["prompt"][0].why == "the prompt of KSampler"


def test_a_negative_made_by_zeroing_the_prompt_takes_no_text():
    flow = workflow(unwanted=node("ConditioningZeroOut", conditioning=["words", 0]))

    assert places(flow, "prompt") == ["words.text"]
    assert "negative" not in flow.slots


def test_a_zeroed_text_of_its_own_takes_none_either():
    flow = workflow(
        none=node("ConditioningZeroOut", conditioning=["unwanted", 0]), sampler=sampler(negative=["none", 0])
    )
    assert "negative" not in flow.slots


def test_a_text_that_is_both_prompt_and_negative_is_the_prompt():
    flow = workflow(sampler=sampler(negative=["words", 0]))

    assert places(flow, "prompt") == ["words.text"]
    assert "negative" not in flow.slots


def test_prompt_and_negative_stay_apart_through_a_node_that_passes_both_on():
    both = node("ControlNetApplyAdvanced", positive=["words", 0], negative=["unwanted", 0], strength=1.0)
    flow = workflow(both=both, sampler=sampler(positive=["both", 0], negative=["both", 1]))

    assert places(flow, "prompt") == ["words.text"]
    assert places(flow, "negative") == ["unwanted.text"]


def test_what_comes_out_of_the_second_output_is_the_negative_wherever_it_goes():
    both = node("ControlNetApplyAdvanced", positive=["words", 0], negative=["unwanted", 0], strength=1.0)
    flow = workflow(both=both, sampler=sampler(positive=["both", 1], negative=["both", 0]))

    assert places(flow, "prompt") == ["unwanted.text"]
    assert places(flow, "negative") == ["words.text"]


def test_an_encoder_with_both_texts_gives_each_its_place():
    encoder = node("TextEncodeBooguEdit", prompt="a hill", negative_prompt="rain")
    flow = workflow(words=encoder, sampler=sampler(positive=["words", 0], negative=["words", 1]))

    assert places(flow, "prompt") == ["words.prompt"]
    assert places(flow, "negative") == ["words.negative_prompt"]


def test_text_that_comes_by_a_link_is_written_where_it_stands():
    flow = workflow(
        text=node("PrimitiveStringMultiline", value="a hill"),
        words=node("CLIPTextEncode", text=["text", 0], clip=["model", 1]),
    )
    assert places(flow, "prompt") == ["text.value"]


def test_an_empty_text_that_comes_by_a_link_is_found_too():
    flow = workflow(
        text=node("PrimitiveStringMultiline", value=""),
        words=node("CLIPTextEncode", text=["text", 0], clip=["model", 1]),
    )
    assert places(flow, "prompt") == ["text.value"]


def test_a_switch_is_followed_the_way_it_stands():
    switch = {"on_true": ["long", 0], "on_false": ["short", 0]}
    for is_on, expected in ((True, "long.value"), (False, "short.value")):
        flow = workflow(
            long=node("PrimitiveString", value="a very long hill"),
            short=node("PrimitiveString", value="hill"),
            on=node("PrimitiveBoolean", value=is_on),
            switch=node("ComfySwitchNode", switch=["on", 0], **switch),
            words=node("CLIPTextEncode", text=["switch", 0], clip=["model", 1]),
        )
        assert places(flow, "prompt") == [expected]


def test_words_put_into_a_frame_are_the_prompt_and_without_them_the_frame():
    for replacement, expected in ((["mine", 0], "mine.value"), ("", "frame.value")):
        flow = workflow(
            frame=node("PrimitiveString", value="a photo of {}"),
            mine=node("PrimitiveString", value="a hill"),
            put=node("StringReplace", string=["frame", 0], find="{}", replace=replacement),
            words=node("CLIPTextEncode", text=["put", 0], clip=["model", 1]),
        )
        assert places(flow, "prompt") == [expected]


def test_a_text_node_of_its_own_is_the_prompt_rather_than_what_is_joined_to_it():
    flow = workflow(
        mine=node("PrimitiveString", value="a hill"),
        joined=node("StringConcatenate", string_a=["mine", 0], string_b=", in the manner of old postcards"),
        words=node("CLIPTextEncode", text=["joined", 0], clip=["model", 1]),
    )
    assert places(flow, "prompt") == ["mine.value"]


def test_instructions_to_a_language_model_are_not_the_prompt():
    flow = workflow(
        system=node("PrimitiveString", value="You are a poet. Rewrite what follows, at great length."),
        mine=node("PrimitiveString", value="a hill"),
        both=node("StringConcatenate", string_a=["system", 0], string_b=["mine", 0], delimiter=" "),
        words=node("CLIPTextEncode", text=["both", 0], clip=["model", 1]),
    )
    assert places(flow, "prompt") == ["mine.value"]


def test_both_texts_of_a_two_part_encoder_take_the_prompt():
    flow = workflow(words=node("CLIPTextEncodeFlux", clip_l="hill", t5xxl="a long hill", guidance=3.5))

    assert places(flow, "prompt") == ["words.clip_l", "words.t5xxl"]


def test_different_prompts_stay_several():
    flow = workflow(
        left=node("CLIPTextEncode", text="a house", clip=["model", 1]),
        all=node("ConditioningCombine", conditioning_1=["words", 0], conditioning_2=["left", 0]),
        sampler=sampler(positive=["all", 0]),
    )
    assert places(flow, "prompt") == ["words.text"]
    assert places(flow, "other_prompts") == ["left.text"]


def test_a_sampler_that_nothing_saves_does_not_count():
    flow = workflow(idle=sampler(seed=1))

    assert places(flow, "seed") == ["sampler.seed"]


def test_only_the_sampler_that_adds_noise_takes_the_seed():
    flow = template("video_wan22_i2v")

    assert places(flow, "seed") == ["11.noise_seed"]
    assert sorted(places(flow, "steps")) == ["11.steps", "12.steps"]
    assert sorted(places(flow, "split")) == ["11.end_at_step", "12.start_at_step"]


def test_a_second_stage_with_its_own_cfg_keeps_it():
    second = sampler(latent_image=["sampler", 0], cfg=1, steps=3)
    flow = workflow(second=second, decode=node("VAEDecode", samples=["second", 0], vae=["model", 2]))

    assert places(flow, "cfg") == ["sampler.cfg"]
    assert places(flow, "steps") == ["sampler.steps"]
    assert len(flow.slots["seed"]) == 2


def test_size_behind_a_calculation_is_set_where_it_is_written():
    flow = workflow(
        width=node("PrimitiveInt", value=1280),
        half=node("ComfyMathExpression", expression="a/2", **{"values.a": ["width", 0]}),
        canvas=node("EmptyLatentImage", width=["half", 1], height=512, batch_size=1),
    )
    assert places(flow, "width") == ["width.value"]
    assert flow.slots["width"][0].scale == 1.0


def test_a_size_that_the_graph_halves_itself_is_not_halved_again():
    flow = workflow(
        width=node("PrimitiveInt", value=1280),
        half=node("ComfyMathExpression", expression="a/2", **{"values.a": ["width", 0]}),
        canvas=node("EmptyLatentImage", width=["half", 1], height=512, batch_size=1),
        big=node("LTXVLatentUpsampler", samples=["sampler", 0], vae=["model", 2]),
        decode=node("VAEDecode", samples=["big", 0], vae=["model", 2]),
    )
    assert flow.slots["width"][0].scale == 1.0
    assert flow.slots["height"][0].scale == 0.5


def test_of_a_node_that_hands_out_several_numbers_the_one_of_that_name_is_meant():
    flow = workflow(
        sizes=node("My Sizes", value=3, height=360, width=640),
        canvas=node("EmptyLatentImage", width=["sizes", 0], height=["sizes", 1], batch_size=1),
    )
    assert places(flow, "width") == ["sizes.width"]
    assert places(flow, "height") == ["sizes.height"]


def test_a_size_that_follows_a_picture_is_told_and_not_set():
    flow = workflow(
        load=node("LoadImage", image="a.png"),
        canvas=node("VAEEncode", pixels=["load", 0], vae=["model", 2]),
    )
    assert "width" not in flow.slots
    assert places(flow, "size_follows") == ["load.image"]
    assert places(flow, "source") == ["load.image"]


def test_seconds_are_found_where_the_graph_reckons_its_frames():
    flow = workflow(
        seconds=node("PrimitiveFloat", "How long", value=5.0),
        speed=node("PrimitiveFloat", "Speed", value=24.0),
        frames=node(
            "ComfyMathExpression",
            expression="a*b+1",
            **{"values.a": ["seconds", 0], "values.b": ["speed", 0]},
        ),
        canvas=node("EmptyHunyuanLatentVideo", width=512, height=512, length=["frames", 1], batch_size=1),
        video=node("CreateVideo", images=["decode", 0], fps=["speed", 0]),
        save=node("SaveVideo", video=["video", 0], filename_prefix="out", format="mp4", codec="h264"),
    )
    assert places(flow, "seconds") == ["seconds.value"]
    assert places(flow, "fps") == ["speed.value"]
    assert flow.takes("frames")


def test_a_graph_without_a_known_sampler_is_read_by_the_names_of_its_inputs():
    flow = Workflow(
        "mine",
        {
            "1": node("Draw It", prompt="a hill", seed=3, width=64, height=64, images=["2", 0]),
            "2": node("Load It", image="a.png"),
        },
    )

    assert places(flow, "prompt") == ["1.prompt"]
    assert places(flow, "seed") == ["1.seed"]


def test_the_file_name_of_what_was_drawn_comes_before_that_of_what_went_in():
    flow = workflow(
        load=node("LoadImage", image="a.png"),
        copy=node("SaveImage", images=["load", 0], filename_prefix="copy"),
    )
    assert places(flow, "prefix") == ["save.filename_prefix", "copy.filename_prefix"]
