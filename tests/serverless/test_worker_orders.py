"""What the worker makes of an order, whoever wrote it, and what it hands back."""

import base64
import hashlib
import json

import pytest

from domain import VERSION
from domain.job import Job
from infrastructure import fetching
from infrastructure.hashes import sha256
from tests.comfy_jobs import picture, puts_out, saved
from tests.serverless.orders import PICTURE, TEXT, named, with_start
from worker.installs import VERSION_FILE, Install


def graph_at(fake):
    """The last graph that reached ComfyUI."""
    return json.loads(fake.bodies[-1])["prompt"]


# --- what comes back


def test_the_picture_comes_back_for_clients_of_either_kind(counter, fake):
    answer = counter().order({"workflow": picture()})

    (image,), (output,) = answer["images"], answer["outputs"]
    content = fake.files["output", "", "ComfyUI_00001_.png"]
    assert base64.b64decode(image.pop("data")) == content
    assert image == {"filename": "ComfyUI_00001_.png", "type": "base64"}
    assert output == {
        "node_id": "3",
        "kind": "images",
        "filename": "ComfyUI_00001_.png",
        "subfolder": "",
        "type": "output",
        "mime": "image/png",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "image": 0,  # the bytes are those of that one
    }
    assert (answer["server"], answer["worker"]) == (
        "ComfyUI 0.33.0",
        {"name": "cindergrace", "version": VERSION},
    )
    assert 0 < answer["seconds"] < 5
    assert not {"errors", "texts", "error", "refresh_worker"} & answer.keys()


def test_files_keep_the_names_the_workflow_gives_them(counter, fake):
    answer = counter().order({"workflow": picture(filename_prefix="scene 1/take")})
    assert [(o["subfolder"], o["filename"]) for o in answer["outputs"]] == [("scene 1", "take_00001_.png")]


def test_every_kind_of_output_comes_back_and_only_pictures_are_in_the_compatible_list(counter):
    output = {
        "images": [saved("a.png", "one"), saved("a.png", "two")],
        "gifs": [saved("b.mp4")],
        "audio": [saved("c.flac")],
        "3d": [saved("d.glb")],
        "latents": [saved("e.latent")],
        "text": ["a hill in rain"],
    }
    answer = counter().order({"workflow": puts_out(output)})
    assert [(o["kind"], o["subfolder"], o["filename"], o["mime"]) for o in answer["outputs"]] == [
        ("images", "one", "a.png", "image/png"),
        ("images", "two", "a.png", "image/png"),
        ("gifs", "", "b.mp4", "video/mp4"),
        ("audio", "", "c.flac", "audio/flac"),
        ("3d", "", "d.glb", "model/gltf-binary"),
        ("latents", "", "e.latent", "application/octet-stream"),
    ]
    assert [output.get("image") for output in answer["outputs"]] == [0, 1, None, None, None, None]
    assert base64.b64decode(answer["outputs"][2]["data"]) == b"content of b.mp4"
    assert [image["filename"] for image in answer["images"]] == ["a.png", "a.png"]
    assert answer["texts"] == ["a hill in rain"]


def test_words_alone_are_a_result(counter):
    answer = counter().order({"workflow": puts_out({"text": ["a hill"]})})
    assert (answer["texts"], answer["outputs"], answer["images"]) == (["a hill"], [], [])


def test_previews_come_back_when_there_is_nothing_else_and_are_no_pictures_for_others(counter):
    answer = counter().order({"workflow": puts_out({"images": [saved("p.png", type="temp")]})})
    assert [output["type"] for output in answer["outputs"]] == ["temp"]
    assert answer["images"] == []


def test_an_equal_order_is_not_drawn_twice(counter, fake):
    one = counter()
    first, second = one.order({"workflow": picture()}), counter().order({"workflow": picture()})
    assert first["outputs"] == second["outputs"]
    assert fake.asked("POST /prompt") == 1


# --- what goes in


@pytest.mark.parametrize(
    "given",
    [
        {"images": [{"name": "start.png", "image": TEXT}]},
        {"images": [{"name": "start.png", "image": f"data:image/png;base64,{TEXT}"}]},
        {"input_images": {"start.png": TEXT}},
        {"input_images": [{"name": "start.png", "image": TEXT}]},
        {"inputs": [{"name": "start.png", "data": TEXT, "size": len(PICTURE)}]},
    ],
)
def test_a_picture_that_comes_along_is_given_to_comfyui(counter, fake, given):
    answer = counter().order({"workflow": with_start(), **given})
    assert answer["images"], answer
    name = graph_at(fake)["4"]["inputs"]["image"]
    assert fake.files["input", "cindergrace", name.removeprefix("cindergrace/")] == PICTURE


def test_an_order_may_be_json_in_a_string(counter):
    assert counter().order(json.dumps({"workflow": picture()}))["images"]


def test_inputs_may_have_folders_and_be_of_any_kind(counter, fake):
    graph = with_start("shots/007/start.wav")
    given = [{"name": "shots/007/start.wav", "data": TEXT}]
    assert counter().order({"workflow": graph, "inputs": given})["images"]
    assert graph_at(fake)["4"]["inputs"]["image"].endswith(".wav")


def test_the_job_has_the_id_that_the_studio_would_give_it(counter, fake, tmp_path):
    counter().order({"workflow": with_start(), "images": [{"name": "start.png", "image": TEXT}]})
    path = tmp_path / "keyframe.png"
    path.write_bytes(PICTURE)
    job = Job("003_v2", with_start(path), tmp_path, {path: sha256(path)})
    assert json.loads(fake.bodies[0])["prompt_id"] == job.id


def test_inputs_are_fetched_from_where_they_lie(counter, fake, hosted):
    url = hosted({"far.png": PICTURE})
    digest = hashlib.sha256(PICTURE).hexdigest()
    given = {"name": "start.png", "url": f"{url}/far.png", "size": len(PICTURE), "sha256": digest}
    assert counter().order({"workflow": with_start(), "inputs": [given]})["images"]
    assert PICTURE in fake.files.values()


def test_a_workflow_is_fetched_from_where_it_lies(counter, hosted):
    url = hosted({"flow.json": json.dumps(picture()).encode(), "page": b"<html>"})
    assert counter().order({"workflow_url": f"{url}/flow.json"})["images"]
    assert (
        counter().order({"workflow_url": f"{url}/page"})["error"] == "What lies at workflow_url is no JSON."
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sha256": "0" * 64}, "arrived damaged"),
        ({"size": 3}, "arrived with 18 bytes in place of 3"),
        ({"url": "/nothing"}, "cannot be fetched from 127.0.0.1: it answers 404"),
        ({"url": "/large.png"}, "larger than the 1 MB"),
    ],
)
def test_a_file_that_is_not_the_one_that_was_meant_is_refused(counter, fake, hosted, given, said):
    url = hosted({"far.png": PICTURE, "large.png": b"x" * (2 << 20)})
    given = {"name": "start.png", **given, "url": url + given.get("url", "/far.png")}
    answer = counter(MAX_INPUT_MB="1").order({"workflow": with_start(), "inputs": [given]})
    assert said in answer["error"]
    assert not fake.bodies


@pytest.mark.parametrize("place", ["inputs", "workflow_url"])
def test_a_file_whose_server_is_away_fails_the_job_and_not_the_worker(counter, fake, monkeypatch, place):
    monkeypatch.setattr(fetching, "PAUSE", 0.01)
    far = "http://127.0.0.1:9/far.png"
    order = {"workflow_url": far}
    if place == "inputs":
        order = {"workflow": with_start(), "inputs": [{"name": "start.png", "url": far}]}
    answer = counter().order(order)
    assert "cannot be fetched from 127.0.0.1: the line breaks." in answer["error"]
    assert answer["details"] == [{"kind": "job_rejected", "message": answer["error"]}]
    assert "refresh_worker" not in answer and not fake.bodies


def test_files_are_found_in_lists_and_objects_of_a_node(counter, fake):
    graph = picture()
    graph["2"]["inputs"]["more"] = [{"image": "start.png"}, "start.png [input]", 3]
    answer = counter().order({"workflow": graph, "images": [{"name": "start.png", "image": TEXT}]})
    assert "errors" not in answer, answer
    first, second, third = graph_at(fake)["2"]["inputs"]["more"]
    assert first["image"] == second and third == 3
    assert fake.files["input", "cindergrace", second.removeprefix("cindergrace/")] == PICTURE


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"version_id": 5}, "version_id is a text"),
        ({"spec": [1]}, "spec an object"),
        ({"output_mode": ["s3"]}, "output_mode is one of"),
        ({"inputs": [{"name": "a.png", "url": "http://["}]}, "by http and https only, from an address"),
        ({"inputs": [{"name": "a.png", "url": "http://a:port/"}]}, "by http and https only, from an address"),
        ({"workflow_url": "ftp://example.org"}, "workflow_url is no address"),
        (named("\ud800.png"), "is no text"),
        (named("ü" * 120 + ".png"), "longer name than a disk takes"),
        (named("a/b.png", "a"), "'a' is a folder of 'a/b.png' at once"),
    ],
)
def test_what_is_odd_about_an_order_is_told_in_a_sentence(counter, fake, odd, said):
    answer = counter().order({"workflow": picture(), **odd})
    assert said in answer["error"]
    assert answer["details"][0]["kind"] == "bad_order"
    assert not fake.bodies
    json.dumps(answer, ensure_ascii=True)


def test_names_as_long_as_a_disk_takes_them_are_taken(counter, hosted):
    name = "ü" * 98 + ".png"
    given = [{"name": name, "url": f"{hosted({'far.png': PICTURE})}/far.png"}]
    assert counter().order({"workflow": with_start(name), "inputs": given})["images"]


@pytest.mark.parametrize("most", ["inf", "1e400", "nan"])
def test_a_limit_that_is_no_number_counts_as_the_default(counter, most):
    assert counter(MAX_INLINE_MB=most).order({"workflow": picture()})["images"]


@pytest.mark.parametrize("name", ["comfy_org_api_key", "api_key_comfy_org"])
def test_a_key_for_paid_nodes_goes_along_and_is_no_part_of_the_job(counter, fake, name):
    counter().order({"workflow": picture(), name: "comfyui-123"})
    sent = json.loads(fake.bodies[0])
    assert sent["extra_data"]["api_key_comfy_org"] == "comfyui-123"
    counter(COMFY_ORG_API_KEY="comfyui-456").order({"workflow": picture()})
    assert fake.asked("POST /prompt") == 1
    counter(COMFY_ORG_API_KEY="comfyui-456").order({"workflow": picture(seed=2)})
    assert json.loads(fake.bodies[1])["extra_data"]["api_key_comfy_org"] == "comfyui-456"


# --- what is asked of the worker itself


def test_a_fresh_worker_can_be_asked_for_by_order_and_by_setting(counter):
    assert counter().order({"workflow": picture(), "refresh_worker": True})["refresh_worker"] is True
    assert counter(REFRESH_WORKER="true").order({"workflow": picture()})["refresh_worker"] is True
    assert "refresh_worker" not in counter().order({"workflow": picture(), "refresh_worker": False})


def test_a_version_is_promised_only_when_it_is_written_down(counter, fake, tmp_path):
    one = counter()
    order = {"workflow": picture(), "version_id": "2026-11"}
    assert "cannot promise one" in one.order(order)["error"]
    (tmp_path / VERSION_FILE).write_text('{"id": "2026-10", "comfy": {"commit": "abc"}}')
    one.install = Install(tmp_path, tmp_path / "python")
    assert one.order(order)["error"] == "The order asks for id 2026-11; installed here is 2026-10."
    assert not fake.bodies
    assert one.order(order | {"version_id": "2026-10"})["images"]
    assert one.order({"workflow": picture(), "spec": {"comfy": {"commit": "abc"}}})["images"]
    assert "asks for comfy" in one.order({"workflow": picture(), "spec": {"comfy": {}}})["error"]


def test_more_than_an_answer_carries_is_a_failure_that_says_what_to_do(counter):
    answer = counter(MAX_INLINE_MB="1").order(
        {"workflow": puts_out({"images": [saved("big.png")]}, content="x" * (2 << 20))}
    )
    assert answer["error"].startswith("The result has 2.0 MB, and an answer carries 1.0 MB. Set up a bucket")
    assert answer["details"] == [{"kind": "too_large", "size": str(2 << 20), "most": str(1 << 20)}]


def test_a_bucket_that_is_not_set_up_is_refused_before_anything_is_drawn(counter, fake):
    answer = counter().order({"workflow": picture(), "output_mode": "gcs"})
    assert "no bucket for gcs. Set GCS_BUCKET" in answer["error"]
    assert not fake.bodies
