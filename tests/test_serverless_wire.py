"""What travels to a serverless worker and back, ours and that of others."""

import json

import pytest

from domain.errors import BadFile
from domain.events import Progress
from domain.serverless import Output, Result, failure_said, progress_said, read_progress, read_result
from domain.serverless_orders import BadOrder, Given, Order, checked_name, read_order
from tests.comfy_jobs import picture


def through(said):
    """As it arrives after a journey as JSON."""
    return json.loads(json.dumps(said))


def test_an_order_arrives_as_it_was_sent():
    order = Order(
        picture(),
        inputs=(
            Given("a/b.png", data="AAAA", sha256="0f", size=3),
            Given("c.wav", url="https://example.org/c"),
        ),
        output_mode="s3",
        comfy_key="key",
        refresh_worker=True,
        version="2026-11",
        preview=True,
    )
    assert read_order(through(order.said())) == order
    by_url = Order(workflow_url="https://example.org/flow.json", version={"id": "x"})
    assert read_order(through(by_url.said())) == by_url


def test_what_is_not_asked_for_is_not_sent():
    assert Order(picture()).said() == {"workflow": picture()}


def test_a_result_arrives_as_it_was_sent():
    result = Result(
        outputs=(
            Output("a.png", "3", "images", "one", "output", "image/png", 3, "0f", data="AAAA"),
            Output("b.mp4", "5", "gifs", mime="video/mp4", url="https://example.org/b.mp4"),
        ),
        texts=("a hill",),
        errors=("odd",),
        seconds=1.5,
        server="ComfyUI 0.30.0",
        worker={"name": "cindergrace", "version": "1"},
    )
    assert read_result(through(result.said())) == result


def test_the_bytes_of_a_picture_travel_once():
    result = Result((Output("a.png", data="A" * 100), Output("b.mp4", kind="gifs", data="B" * 100)))
    assert json.dumps(result.said()).count("A" * 100) == 1
    assert read_result(through(result.said())) == result


def test_clients_of_the_public_worker_find_pictures_where_they_look_for_them():
    outputs = (
        Output("a.png", url="https://example.org/a.png"),
        Output("b.png", data="AAAA"),
        Output("c.png", type="temp", data="AAAA"),
        Output("d.mp4", kind="gifs", data="AAAA"),
    )
    assert Result(outputs).said()["images"] == [
        {"filename": "a.png", "type": "s3_url", "data": "https://example.org/a.png"},
        {"filename": "b.png", "type": "base64", "data": "AAAA"},
    ]


def test_the_public_workers_results_are_read():
    images = [
        {"filename": "a.png", "type": "base64", "data": "AAAA"},
        {"filename": "b.png", "type": "s3_url", "data": "https://example.org/b.png"},
    ]
    result = read_result({"images": images, "errors": ["odd"]})
    assert result.outputs == (Output("a.png", data="AAAA"), Output("b.png", url="https://example.org/b.png"))
    assert (result.worker, result.errors) == (None, ("odd",))
    assert read_result({"message": "AAAA", "status": "success"}).outputs == (
        Output("ComfyUI.png", data="AAAA"),
    )
    assert read_result({"status": "success_no_images", "images": []}).outputs == ()


def test_a_file_that_only_the_worker_could_open_is_none():
    image = {"filename": "a.png", "type": "s3_url", "data": "simulated_uploaded/a.png"}
    with pytest.raises(BadFile, match="keys for the bucket"):
        read_result({"images": [image]})
    with pytest.raises(BadFile, match="without what is in it"):
        read_result({"images": [{"filename": "a.png"}]})


@pytest.mark.parametrize("said", [None, [], "text", {"outputs": ["a.png"]}, {"images": [3]}])
def test_what_is_no_result_is_refused(said):
    with pytest.raises(BadFile):
        read_result(said)


def test_progress_arrives_as_it_was_sent():
    for progress in (Progress(0.5, "Paint: 2 of 4"), Progress(0.25, "", b"\xff\xd8 picture")):
        assert read_progress(through(progress_said(progress))) == progress
    assert read_progress({"progress": 7}) == Progress(1.0, "")
    for other in (None, "50 %", {"progress": "half"}, {"images": []}):
        assert read_progress(other) is None


def test_a_failure_is_a_sentence_and_the_same_for_programs():
    said = failure_said("It broke.", [{"kind": "failed", "node_id": "3"}])
    assert said == {"error": "It broke.", "details": [{"kind": "failed", "node_id": "3"}]}


@pytest.mark.parametrize("name", ["a.png", "shots/007/a b.png", "Größe.png", "..a.png", "a..png"])
def test_names_below_the_input_folder_are_good(name):
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "../a.png",
        "a/../../b",
        "/etc/a",
        "a//b",
        "a\\b",
        "C:a",
        "./a",
        "a/",
        "a\0",
        None,
        3,
        "x" * 300,
    ],
)
def test_names_that_lead_elsewhere_are_refused(name):
    with pytest.raises(BadOrder, match="input file"):
        checked_name(name)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (None, "empty"),
        ({}, "empty"),
        ("{", "no JSON"),
        ({"images": []}, "no workflow"),
        ({"workflow": "{"}, "The workflow is no JSON"),
        ({"workflow": {"nodes": [], "links": []}}, "Export \\(API\\)"),
        ({"workflow": {"1": {"inputs": {}}}}, "Node 1 of the workflow has no class_type"),
        ({"workflow": {"1": {"class_type": "A", "inputs": []}}}, "inputs of node 1"),
        ({"workflow": [1]}, "no object"),
        ({"workflow": picture(), "output_mode": "ftp"}, "output_mode is one of"),
        ({"workflow": picture(), "images": "a.png"}, "'images' should be a list"),
        ({"workflow": picture(), "images": [{"name": "a.png"}]}, "either its content in base64, or a url"),
        ({"workflow": picture(), "inputs": [{"name": "a", "data": "A", "url": "https://x"}]}, "either"),
        (
            {"workflow": picture(), "inputs": [{"name": "a", "url": "file:///etc/hosts"}]},
            "http and https only",
        ),
        ({"workflow": picture(), "inputs": [{"name": "a", "data": "A", "size": "3"}]}, "size or the sha256"),
        ({"workflow": picture(), "inputs": [{"name": "a", "data": "A"}] * 2}, "Two input files"),
    ],
)
def test_what_is_no_order_is_refused_with_a_reason(said, why):
    with pytest.raises(BadOrder, match=why):
        read_order(said)
