"""The artist's own workflows: what a dropped file is found to be, what is kept, corrected and forgotten."""

import json

import pytest

from domain.errors import BackendUnreachable, BadFile, StudioError
from infrastructure.comfy_server import ComfyServer
from infrastructure.workflow_files import SHIPPED, WorkflowFolder
from services import workflows
from services.workflows import examine, forget, form, keep
from tests.fake_comfy_nodes import NODES, Kind
from tests.graphs import node, picture, places
from tests.window_graphs import ui, ui_node


def runs_here():
    """A graph of nodes that the fake server has."""
    return {
        "4": node("CheckpointLoaderSimple", ckpt_name="tiny.safetensors"),
        "6": node("CLIPTextEncode", "Positive", text="a hill", clip=["4", 1]),
        "5": node("EmptyImage", width=64, height=32),
        "3": node("KSampler", model=["4", 0], positive=["6", 0], latent_image=["5", 0], seed=7, steps=2),
        "9": node("SaveImage", images=["3", 0], filename_prefix="out"),
    }


def window():
    """The same as ComfyUI's window saves it."""
    return ui(
        ui_node(4, "CheckpointLoaderSimple", ("tiny.safetensors",), "", "MODEL CLIP VAE"),
        ui_node(6, "CLIPTextEncode", ("a hill",), "clip:CLIP=1", "CONDITIONING", title="Positive"),
        ui_node(5, "EmptyImage", (64, 32), "", "IMAGE"),
        ui_node(3, "KSampler", (7, "fixed", 2), "model:M=2 positive:C=3 latent_image:I=4", "LATENT"),
        ui_node(9, "SaveImage", ("out",), "images:IMAGE=5"),
        ui_node(20, "Note", ("hello",)),
        links="1:4.1>6.0 2:4.0>3.0 3:6.0>3.1 4:5.0>3.2 5:3.0>9.0",
    )


def dropped(content):
    return json.dumps(content).encode()


def about(folder, name):
    return json.loads((folder / f"{name}.about.json").read_text("utf-8"))


@pytest.fixture
def server(fake):
    return ComfyServer(fake.url)


def nothing_ran(fake):
    return not fake.histories and not fake.pending and fake.running is None


# --- looked at


def test_without_a_server_a_graph_is_read_with_the_built_in_table():
    found = examine(dropped(picture()), "My film.json")

    assert (found.name, found.kind, found.origin) == ("My-film", "keyframe", "api")
    assert [slot.node for slot in found.slots["prompt"]] == ["words"]
    assert [(m.file, m.folder, m.is_there) for m in found.needs.models] == [
        ("a.safetensors", "checkpoints", None)
    ]
    assert found.needs.are_met is None
    assert found.may_be_kept


def test_without_a_server_a_workflow_of_the_window_is_refused_with_what_to_do():
    with pytest.raises(
        BadFile, match=r"Only a ComfyUI that is connected .* an endpoint does not tell its nodes"
    ):
        examine(dropped(window()), "mine.json")


def test_with_a_server_a_workflow_of_the_window_becomes_a_graph(fake, server):
    found = examine(dropped(window()), "mine.json", server)

    assert found.origin == "window"
    assert found.graph["3"]["inputs"] == runs_here()["3"]["inputs"]
    assert found.notes == ("A note was left out.",)
    assert found.unsure == ()
    assert found.needs.are_met
    assert found.may_be_kept


def test_a_server_is_asked_what_it_thinks_and_runs_nothing(fake, server):
    examine(dropped(window()), "mine.json", server)

    sent = json.loads(fake.bodies[-1])["prompt"]
    assert "filename_prefix" not in sent["9"]["inputs"]
    assert nothing_ran(fake)


def test_what_the_server_would_refuse_is_told_and_a_converted_graph_not_kept(fake, server, tmp_path):
    content = window()
    content["nodes"][2]["widgets_values"] = [64]  # no height
    found = examine(dropped(content), "mine.json", server)

    assert found.needs.faults == ("“EmptyImage” (EmptyImage, height): Required input is missing",)
    assert not found.may_be_kept
    with pytest.raises(StudioError, match=r"ComfyUI would not run this workflow: .*height"):
        keep(found, "mine", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_somebody_exported_may_be_kept_whatever_the_server_says(fake, server):
    graph = runs_here()
    del graph["5"]["inputs"]["height"]
    found = examine(dropped(graph), "mine.json", server)

    assert found.needs.faults
    assert found.may_be_kept


def test_models_and_nodes_that_the_server_lacks_are_told_and_do_not_hinder(fake, server):
    graph = runs_here()
    graph["4"]["inputs"]["ckpt_name"] = "large.safetensors"
    found = examine(dropped(graph), "mine.json", server)

    assert [model.file for model in found.needs.missing_models] == ["large.safetensors"]
    assert found.needs.faults == ()
    assert found.needs.are_met is False
    graph["6"]["class_type"] = "Magic Text"
    assert "'Magic Text', which this server lacks" in examine(dropped(graph), "", server).needs.missing[0]


def test_pictures_that_are_not_on_the_server_are_no_fault_since_shots_bring_their_own(fake, server):
    graph = runs_here() | {"7": node("LoadImage", image="mine.png")}
    graph["8"] = node("SaveImage", images=["7", 0], filename_prefix="copy")

    assert examine(dropped(graph), "mine.json", server).needs.faults == ()


def test_a_server_that_is_gone_does_not_keep_a_graph_from_being_read(fake, server):
    fake.crash()
    found = examine(dropped(picture()), "mine.json", server)

    assert "The server was not asked: No ComfyUI answers" in found.unsure[0]
    with pytest.raises(BackendUnreachable):
        examine(dropped(window()), "mine.json", server)


def test_a_graph_that_would_run_all_the_same_is_taken_back_at_once(fake, server, monkeypatch):
    """Should a server think nothing of a value that is missing."""
    monkeypatch.setitem(NODES, "SaveImage", Kind(NODES["SaveImage"].run, True, {"images": "IMAGE"}))
    fake.gate.clear()
    graph = runs_here()
    assert server.faults(graph, {**server.object_info(), "SaveImage": _save_image()}) == []
    assert fake.asked("POST /api/jobs") == 1


def _save_image():
    return {
        "input": {"required": {"images": ["IMAGE", {}], "filename_prefix": ["STRING", {}]}},
        "output_node": True,
    }


def test_a_graph_no_output_of_which_can_be_held_back_is_not_sent_at_all(fake, server, monkeypatch):
    monkeypatch.setitem(NODES, "End", Kind(NODES["PreviewImage"].run, True, {}))
    found = examine(dropped({"1": node("End")}), "mine.json", server)

    assert "cannot check this workflow without running it" in found.unsure[0]
    assert fake.bodies == []


def test_a_graph_without_a_place_for_the_prompt_is_told():
    found = examine(dropped({"1": node("LoadImage", image="a.png")}), "mine.json")

    assert "No place for the prompt was found" in found.unsure[-1]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd.json", "passwd"),
        ("C:\\Windows\\system.json", "system"),
        ("con.json", "con-workflow"),
        ("...", "workflow"),
        ("", "workflow"),
        ("größte Szene!.json", "größte-Szene"),
        ("x" * 300 + ".json", "x" * 60),
    ],
)
def test_a_files_name_becomes_one_that_every_disk_takes(name, safe):
    assert examine(dropped(picture()), name).name == safe


# --- kept


def test_a_kept_workflow_stands_among_the_others(tmp_path):
    path = keep(examine(dropped(picture()), "a.json"), "My film", tmp_path)
    flow = WorkflowFolder(SHIPPED, tmp_path).load("My-film")

    assert path == tmp_path / "My-film.json"
    assert flow.graph == picture()
    assert (flow.about.title, flow.kind) == ("a", "keyframe")
    assert not list(tmp_path.rglob("*.part"))


def test_places_chosen_by_hand_are_kept_with_it(tmp_path):
    found = examine(dropped(picture()), "a.json")
    keep(found, "a", tmp_path, slots={"negative": [], "prompt": ["unwanted.text"]}, title="Mine")
    flow = WorkflowFolder(tmp_path).load("a")

    assert places(flow, "prompt") == ["unwanted.text"]
    assert not flow.takes("negative")
    assert flow.about.title == "Mine"


def test_a_place_that_is_not_there_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(StudioError, match="no node 99"):
        keep(examine(dropped(picture()), "a.json"), "a", tmp_path, slots={"prompt": ["99.text"]})
    assert list(tmp_path.iterdir()) == []


def test_what_is_known_only_with_the_servers_word_is_written_down(fake, server, tmp_path):
    """Later the graph is read without the server: by a render, or by the sketch engine."""
    told = server.object_info() | {
        "Odd Mixer": {"input": {"required": {}}, "output": ["CONDITIONING", "CONDITIONING"]},
    }
    fake.instead["GET /object_info"] = [told]
    graph = picture(
        mixer=node("Odd Mixer", a=["words", 0], b=["unwanted", 0]),
        sampler={
            **picture()["sampler"],
            "inputs": {
                **picture()["sampler"]["inputs"],
                "positive": ["mixer", 0],
                "negative": ["mixer", 1],
            },
        },
    )
    found = examine(dropped(graph), "a.json", server)
    keep(found, "a", tmp_path)
    flow = WorkflowFolder(tmp_path).load("a")

    assert places(found.workflow, "prompt") == places(flow, "prompt") == ["words.text"]
    assert places(found.workflow, "negative") == places(flow, "negative") == ["unwanted.text"]
    assert about(tmp_path, "a")["slots"]


def test_nothing_is_written_over_and_a_replaced_one_lies_in_the_bin(tmp_path):
    first, second = examine(dropped(picture()), "a.json"), examine(dropped(runs_here()), "a.json")
    keep(first, "a", tmp_path)
    with pytest.raises(StudioError, match="There is a workflow called a already"):
        keep(second, "a", tmp_path)
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == picture()

    keep(second, "a", tmp_path, replace=True)
    keep(first, "a", tmp_path, replace=True)

    assert WorkflowFolder(tmp_path).names() == ["a"]
    binned = {path.name for path in (tmp_path / ".bin").iterdir()}
    assert binned == {"a.json", "a.about.json", "a-1.json", "a-1.about.json"}
    assert json.loads((tmp_path / ".bin" / "a.json").read_text("utf-8")) == picture()


def test_the_name_of_one_of_our_templates_is_taken_too(tmp_path):
    with pytest.raises(StudioError, match="the name of a template of the studio"):
        keep(examine(dropped(picture()), "a.json"), "keyframe_sd15", tmp_path)
    keep(examine(dropped(picture()), "a.json"), "keyframe_sd15", tmp_path, replace=True)
    assert (tmp_path / "keyframe_sd15.json").is_file()


def test_a_name_that_is_a_path_stays_in_the_folder(tmp_path):
    path = keep(examine(dropped(picture()), "a.json"), "../../up", tmp_path / "workflows")

    assert path == tmp_path / "workflows" / "up.json"


def test_the_models_a_window_names_are_kept_with_where_they_are_to_be_had(fake, server, tmp_path):
    content = window()
    model = {"name": "tiny.safetensors", "directory": "checkpoints/small", "url": "https://example.org/t"}
    content["nodes"][0]["properties"] = {"models": [model]}
    found = examine(dropped(content), "a.json", server)
    keep(found, "a", tmp_path)

    assert found.needs.models[0].folder == "checkpoints/small"
    assert about(tmp_path, "a")["models"] == [
        {"folder": "checkpoints/small", "file": "tiny.safetensors", "source": "https://example.org/t"}
    ]


# --- corrected and forgotten


def opened(name, *folders):
    return workflows.opened(name, WorkflowFolder(*folders))


def test_places_of_a_kept_workflow_are_chosen_anew_and_the_rest_stays(tmp_path):
    keep(examine(dropped(picture()), "a.json"), "a", tmp_path, title="Mine")
    more = {
        "purpose": "for rain",
        "fps": 12,
        "frame_step": 4,
        "longest": 49,
        "grid": 32,
        "sizes": [[640, 384]],
    }
    described = {**about(tmp_path, "a"), **more, "author": "me"}
    (tmp_path / "a.about.json").write_text(json.dumps(described), "utf-8")
    keep(opened("a", tmp_path), "a", tmp_path, slots={"prompt": ["unwanted.text"]}, replace=True)

    flow = WorkflowFolder(tmp_path).load("a")
    assert places(flow, "prompt") == ["unwanted.text"]
    assert about(tmp_path, "a") == {
        **more,
        "title": "Mine",
        "kind": "keyframe",
        "author": "me",
        "slots": {"prompt": ["unwanted.text"], "negative": []},
    }
    keep(opened("a", tmp_path), "a", tmp_path, slots={}, replace=True)
    assert places(WorkflowFolder(tmp_path).load("a"), "prompt") == ["words.text"]
    assert "slots" not in about(tmp_path, "a")
    assert len(list((tmp_path / ".bin").glob("a*.about.json"))) == 2


def test_a_wrong_choice_changes_nothing(tmp_path):
    keep(examine(dropped(picture()), "a.json"), "a", tmp_path)
    before = (tmp_path / "a.about.json").read_bytes()
    with pytest.raises(StudioError, match="no node 99"):
        keep(opened("a", tmp_path), "a", tmp_path, slots={"prompt": ["99.text"]}, replace=True)
    assert (tmp_path / "a.about.json").read_bytes() == before


def test_a_broken_choice_of_before_is_told_and_can_be_mended(tmp_path):
    keep(examine(dropped(picture()), "a.json"), "a", tmp_path)
    (tmp_path / "a.about.json").write_text('{"title": "Mine", "slots": {"prompt": ["99.text"]}}', "utf-8")
    found = opened("a", tmp_path)

    assert any("no node 99" in sentence for sentence in found.unsure)
    assert places(found, "prompt") == ["words.text"]
    keep(found, "a", tmp_path, replace=True)
    assert WorkflowFolder(tmp_path).load("a").about.title == "Mine"


def test_one_that_is_not_there_cannot_be_opened(tmp_path):
    with pytest.raises(StudioError, match="no workflow called none any more"):
        opened("none", tmp_path)


def test_a_forgotten_workflow_lies_in_the_bin_with_all_that_stood_beside_it(tmp_path):
    keep(examine(dropped(picture()), "a.json"), "a", tmp_path)
    (tmp_path / "a.models").write_text("vae/a.pt", "utf-8")
    moved = forget("a", tmp_path)

    assert WorkflowFolder(tmp_path).names() == []
    assert {path.name for path in moved} == {"a.json", "a.about.json", "a.models"}
    assert all(path.parent == tmp_path / ".bin" and path.is_file() for path in moved)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("keyframe_sd15", "comes with the studio and stays as it is"),
        ("none", "There is no workflow none"),
        ("../a", "No workflow can be called"),
        ("..\\a", "No workflow can be called"),
        ("", "No workflow can be called"),
    ],
)
def test_only_the_artists_own_can_be_forgotten(tmp_path, name, sentence):
    with pytest.raises(StudioError, match=sentence):
        forget(name, tmp_path)


# --- as a form


def row(flow, slot):
    return next(row for row in form(flow) if row.slot == slot)


def test_a_form_says_what_can_be_set_where_it_goes_and_why():
    found = row(examine(dropped(picture()), "a.json").workflow, "prompt")

    (spot,) = found.spots
    assert (spot.place, spot.title, spot.input, spot.value) == (
        "words.text",
        "CLIPTextEncode",
        "text",
        "a hill",
    )
    assert spot.why == "the prompt of KSampler"
    assert [other.place for other in found.others] == ["unwanted.text"]
    assert not found.is_by_hand


def test_a_form_offers_only_what_could_take_the_value():
    more = {"pic": node("LoadImage", image="a.png"), "vae": node("VAELoader", vae_name="b.safetensors")}
    flow = examine(dropped(picture(**more)), "a.json").workflow

    assert [spot.place for spot in row(flow, "start_image").others] == ["pic.image"]
    assert [spot.place for spot in row(flow, "width").spots] == ["canvas.width"]
    assert [spot.place for spot in row(flow, "model").others] == ["model.ckpt_name"]
    assert "audio" not in {row.slot for row in form(flow)}


def test_whatever_a_form_offers_can_be_chosen():
    for name in WorkflowFolder().names():
        flow = WorkflowFolder().load(name)
        found = workflows.Intake(flow, "api", (), (), workflows.needs(flow, None))
        for asked in form(flow):
            for spot in asked.others:
                chosen = workflows.corrected(found, {asked.slot: [spot.place]})
                assert row(chosen.workflow, asked.slot).is_by_hand


def test_a_slot_that_was_given_no_place_stays_in_the_form():
    found = examine(dropped(picture()), "a.json")

    assert row(workflows.corrected(found, {"seed": []}).workflow, "seed").spots == ()
