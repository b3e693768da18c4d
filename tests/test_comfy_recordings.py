"""Recordings of real servers: the client reads them all, and the fake server says the same."""

import json
import struct
from functools import cache
from pathlib import Path

import pytest
import requests
import websocket

from domain.errors import JobFailed, JobRejected
from infrastructure import comfy_history
from infrastructure.comfy_answers import failure, refused
from infrastructure.comfy_progress import Reporter
from infrastructure.comfy_socket import _news, _preview
from tests.comfy_jobs import picture, puts_out, until
from tests.fake_comfy import FakeComfy

VERSIONS = ["0.33.0", "0.30.0", "0.3.75"]
ID = "7d0f8a52-5f0e-4c55-8b8e-2f4f5e0f7a11"


@cache
def recorded(version):
    text = (Path(__file__).parent / "recordings" / f"{version}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def answers(version, scenario, asked):
    return [
        entry
        for entry in recorded(version)
        if entry["scenario"].startswith(scenario) and entry.get("asked", "").startswith(asked)
    ]


def histories(version, scenario):
    """Every history of a scenario that is not empty."""
    return [
        entry
        for answer in answers(version, scenario, "GET /history/")
        for entry in answer["said"].values()
        if isinstance(entry, dict)  # some were too long to be recorded
    ]


def heard(version, scenario):
    return [
        entry["heard"]
        for entry in recorded(version)
        if entry["scenario"].startswith(scenario) and "heard" in entry
    ]


def noted(version, scenario, note):
    return next(entry for entry in answers(version, scenario, "POST /prompt") if note in entry["note"])


# --- the client reads what real servers say

REFUSALS = [
    ("required input missing", "“EmptyImage” (EmptyImage, width): Required input is missing"),
    ("value_smaller_than_min", "“EmptyImage” (EmptyImage, width): Value 0 smaller than min of 1"),
    ("value_bigger_than_max", "“EmptyImage” (EmptyImage, width): Value 999999 bigger than max of 16384"),
    (
        "invalid_input_type",
        "(EmptyImage, width): Failed to convert an input value to a INT value: width, wide",
    ),
    ("value_not_in_list", "(ImageScale, upscale_method) asks for 'magic', which this server does not have"),
    ("link to a missing node", "): Exception when validating inner node: '404'"),
    ("link to a missing output slot", "): Exception when validating inner node: tuple index out of range"),
    ("return_type_mismatch", "(SaveImage, images): Return type mismatch between linked nodes: images, rec"),
    (
        "missing node class",
        "“My node” needs 'MyCustomNode', which this server lacks: install the custom node",
    ),
    ("no output node", "Prompt has no outputs"),
    ("a file that is not there", "image - Invalid image file: nope.png"),
    ("checkpoint not installed", "asks for 'v1-5.safetensors', which this server does not have"),
    ("one output good, one bad", "“PreviewImage” (PreviewImage, images): Required input is missing"),
    ("no prompt key", "No prompt provided"),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("note", "sentence"), REFUSALS)
def test_each_refusal_becomes_a_sentence(version, note, sentence):
    entry = noted(version, "d_", note)
    error = refused(entry["said"], (entry["sent"] or {}).get("prompt") or {})
    assert isinstance(error, JobRejected)
    assert str(error).startswith("ComfyUI refused the workflow: ")
    assert sentence in str(error)
    assert str(error).count("\n") == 0 and str(error).endswith(".") and not str(error).endswith("..")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_refusal_there_is_can_be_told(version):
    for entry in answers(version, "d_", "POST /prompt"):
        said = entry["said"]
        if isinstance(said, dict) and (entry["status"] == 400 or said["node_errors"]):
            graph = (entry["sent"] or {}).get("prompt") if isinstance(entry["sent"], dict) else None
            told = str(refused(said, graph if isinstance(graph, dict) else {}))
            assert 40 < len(told) < 700 and "None" not in told, entry["note"]


@pytest.mark.parametrize("version", VERSIONS)
def test_each_failure_becomes_a_sentence(version):
    broken, odd = histories(version, "e_")[:2]
    first, second = (failure(entry, entry["prompt"][2]) for entry in (broken, odd))
    assert isinstance(first, JobFailed) and isinstance(second, JobFailed)
    assert str(first) == (
        "“LoadImage” (LoadImage) failed: cannot identify image file 'ComfyUI/input/broken.png'"
    )
    assert "(SaveVideo) failed: " in str(second)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_interrupted_job_is_told_apart_from_a_broken_one(version):
    stopped = histories(version, "f_")[0]
    assert str(failure(stopped, stopped["prompt"][2])) == "The job was stopped in ComfyUI."


@pytest.mark.parametrize("version", VERSIONS)
def test_the_files_of_a_picture_are_found_without_its_preview(version):
    first = histories(version, "a_")[0]
    assert failure(first, {}) is None
    assert comfy_history.files(first) == [("shot01_00001_.png", "studio", "output")]
    assert comfy_history.number(first) == 0
    assert 0 < comfy_history.seconds(first) < 5


@pytest.mark.parametrize("version", VERSIONS)
def test_the_files_of_a_clip_are_found_whatever_saved_them(version):
    found = [file.suffix for entry in histories(version, "b_") for file in comfy_history.files(entry)]
    assert {".mp4", ".webm", ".webp", ".flac"} <= set(found)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("scenario", ["c1_", "c2_"])
def test_progress_grows_step_by_step_to_its_end(version, scenario):
    graph = {"3": {"class_type": "KSampler", "_meta": {"title": "Paint"}}}
    reporter = Reporter(graph)
    told = [reporter.heard(_news(json.dumps(message).encode())[1]) for message in heard(version, scenario)]
    told = [progress for progress in told if progress]
    fractions = [progress.fraction for progress in told]
    steps = [progress.note for progress in told if " of " in progress.note]
    assert fractions == sorted(fractions)
    assert steps[0].startswith("Paint: 1 of ") and steps[-1].split()[1] == steps[-1].split()[3]
    assert fractions[-1] == pytest.approx(0.92)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("scenario", "event"), [("c1_", 1), ("c2_", 4)])
def test_previews_are_cut_out_of_their_frames(version, scenario, event):
    frames = [
        entry["frame"]
        for entry in recorded(version)
        if entry["scenario"].startswith(scenario) and "frame" in entry
    ]
    frames = [frame for frame in frames if frame["event_type"] == event]
    assert frames
    for frame in frames:
        head, picture = bytes.fromhex(frame["head_hex"]), b"\xff\xd8\xff\xe0picture"
        if event == 1:
            assert _preview(head[:8] + picture) == ("", picture)
        else:
            about = json.dumps(frame["metadata"]).encode()
            assert struct.unpack(">II", head[:8]) == (4, len(about))
            assert _preview(head[:8] + about + picture) == (frame["metadata"]["prompt_id"], picture)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_concerns_a_job_names_it(version):
    kinds = {"execution_start", "executing", "executed", "progress", "execution_success"}
    messages = [message for message in heard(version, "c1_") if message["type"] in kinds]
    ids = {_news(json.dumps(message).encode())[0] for message in messages}
    assert len(ids) == 1 and "" not in ids


# --- the fake says the same


@pytest.fixture(params=VERSIONS)
def fake(request):
    with FakeComfy(request.param) as fake:
        fake.files["input", "", "v.png"] = bytes(range(200))
        yield fake


def shape(value):
    """What a value is, without what it says."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return (
            [shape(value[0])]
            if value and all(type(v) is type(value[0]) for v in value)
            else list(map(type, value))
        )
    return type(value)


def keys(value):
    return set(value) if isinstance(value, dict) else value


def posted(fake, graph, id=ID, **more):
    body = {"prompt": graph, "prompt_id": id, **more}
    return requests.post(f"{fake.url}/prompt", json=body, timeout=10)


def finished(fake, graph):
    posted(fake, graph, client_id="me")
    until(lambda: ID in fake.histories, "the end")
    return requests.get(f"{fake.url}/history/{ID}", timeout=10).json()[ID]


def test_it_accepts_as_real_servers_do(fake):
    said = posted(fake, picture()).json()
    assert shape(said) == shape(noted(fake.version, "e_", "two outputs")["said"])


@pytest.mark.parametrize(
    ("note", "graph"),
    [
        ("required input missing", {"1": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x"}}}),
        ("checkpoint not installed", picture() | {"1": {**picture()["1"], "inputs": {"ckpt_name": "no"}}}),
        ("missing node class", picture() | {"2": {"class_type": "MyCustomNode", "inputs": {}}}),
        ("no output node", {"1": picture()["1"]}),
    ],
)
def test_it_refuses_as_real_servers_do(fake, note, graph):
    real, reply = noted(fake.version, "d_", note), posted(fake, graph)
    ours, theirs = reply.json(), real["said"]
    assert reply.status_code == real["status"]
    assert ours["error"]["type"] == theirs["error"]["type"]
    assert keys(ours["error"]) == keys(theirs["error"])
    for (_, our_node), (_, their_node) in zip(
        ours["node_errors"].items(), theirs["node_errors"].items(), strict=False
    ):
        assert keys(our_node) == keys(their_node)
        assert our_node["errors"][0]["type"] == their_node["errors"][0]["type"]
        assert keys(our_node["errors"][0]) == keys(their_node["errors"][0])


def test_it_runs_what_is_left_of_a_graph_as_real_servers_do(fake):
    reply = posted(fake, picture() | {"8": {"class_type": "PreviewImage", "inputs": {}}})
    real = noted(fake.version, "d_", "one output good")
    assert reply.status_code == real["status"] == 200
    assert keys(reply.json()) == keys(real["said"])
    assert list(reply.json()["node_errors"]) == ["8"]


def test_its_ids_are_checked_from_the_version_on_that_does(fake):
    status = posted(fake, picture(), "NOT-A-UUID").status_code
    assert status == (200 if fake.version == "0.3.75" else 400)


@pytest.mark.parametrize(
    ("scenario", "graph"),
    [
        ("a_", picture()),
        ("e_", {"1": {"class_type": "Break", "inputs": {"message": "no", "kind": "E"}}}),
    ],
)
def test_its_histories_are_like_real_ones(fake, scenario, graph):
    ours, theirs = finished(fake, graph), histories(fake.version, scenario)[0]
    assert keys(ours) == keys(theirs)
    assert [type(item) for item in ours["prompt"]] == [type(item) for item in theirs["prompt"]]
    assert {"client_id", "create_time"} <= keys(ours["prompt"][3])
    assert keys(ours["status"]) == keys(theirs["status"])
    assert ours["status"]["status_str"] == theirs["status"]["status_str"]
    assert ours["status"]["completed"] == theirs["status"]["completed"]
    for (kind, data), (real_kind, real_data) in zip(
        ours["status"]["messages"], theirs["status"]["messages"], strict=True
    ):
        assert kind == real_kind
        assert keys(real_data) <= keys(data)


def test_an_interrupted_job_of_its_own_looks_like_a_real_one(fake):
    fake.when["progress"] = lambda: fake.interrupt(None)
    ours, theirs = finished(fake, picture()), histories(fake.version, "f_")[0]
    assert ours["status"]["status_str"] == theirs["status"]["status_str"] == "error"
    assert [kind for kind, _ in ours["status"]["messages"]] == [
        kind for kind, _ in theirs["status"]["messages"]
    ]
    assert keys(theirs["status"]["messages"][-1][1]) == keys(ours["status"]["messages"][-1][1])


def test_its_queue_is_like_a_real_one(fake):
    fake.gate.clear()
    posted(fake, picture())
    until(lambda: fake.running, "the job")
    ours = requests.get(f"{fake.url}/queue", timeout=10).json()
    theirs = answers(fake.version, "f_", "GET /queue")[0]["said"]
    assert keys(ours) == keys(theirs)
    assert [type(v) for v in ours["queue_running"][0]] == [type(v) for v in theirs["queue_running"][0]]
    assert requests.get(f"{fake.url}/history/{ID}", timeout=10).json() == {}
    assert answers(fake.version, "f_", "GET /history/")[0]["said"] == {}  # while it runs


def test_it_can_cancel_by_id_from_the_version_on_that_does(fake):
    reply = requests.post(f"{fake.url}/api/jobs/{ID}/cancel", timeout=10)
    theirs = [entry["status"] for entry in answers(fake.version, "f_", "POST /api/jobs/")]
    assert (reply.status_code == 200) == (200 in theirs)


VIEWS = [
    (
        "GET /view?filename=v.png&subfolder=studio/scene%201&type=input",
        {"filename": "v.png", "type": "input"},
        {},
    ),
    ("GET /view?filename=v.png&type=input", {"filename": "v.png", "type": "input", "subfolder": "no"}, {}),
    ("GET /view?filename=../v.png&type=input", {"filename": "../v.png", "type": "input"}, {}),
    ("GET /view?filename=", {"filename": ""}, {}),
    ("GET /view", {}, {}),
]


@pytest.mark.parametrize(("asked", "params", "headers"), VIEWS)
def test_it_hands_files_out_as_real_servers_do(fake, asked, params, headers):
    theirs = next(entry for entry in answers(fake.version, "i_", asked) if entry["asked"] == asked)
    ours = requests.get(f"{fake.url}/view", params=params, headers=headers, timeout=10)
    assert ours.status_code == theirs["status"]
    if ours.ok:
        assert {key.title() for key in theirs["headers"]} <= {key.title() for key in ours.headers}


def test_it_hands_parts_of_files_out_as_real_servers_do(fake):
    theirs = next(entry for entry in answers(fake.version, "i_", "GET /view") if entry["status"] == 206)
    params = {"filename": "v.png", "type": "input"}
    whole = requests.get(f"{fake.url}/view", params=params, timeout=10)
    rest = requests.get(f"{fake.url}/view", params=params, headers={"Range": "bytes=50-"}, timeout=10)
    assert (rest.status_code, rest.content) == (206, whole.content[50:])
    assert rest.headers["Content-Range"] == "bytes 50-199/200"
    assert theirs["headers"]["Content-Range"].startswith("bytes ")
    assert rest.headers["Etag"] == whole.headers["Etag"]


def test_it_names_uploads_as_real_servers_do(fake):
    def stored(content):
        files, data = {"image": ("up.png", content)}, {"type": "input"}
        return requests.post(f"{fake.url}/upload/image", files=files, data=data, timeout=10).json()

    ours = [stored(content) for content in (b"one", b"one", b"two", b"two")]
    theirs = [entry["said"] for entry in answers(fake.version, "j_", "POST /upload/image")[1:5]]
    assert ours == theirs


def test_its_messages_come_in_the_order_of_real_ones(fake):
    line = websocket.create_connection(f"ws://127.0.0.1:{fake.port}/ws?clientId=me", timeout=10)
    hello = json.loads(line.recv())  # only now it is among those that hear
    posted(
        fake,
        puts_out({"images": []}) | {"2": {"class_type": "EmptyImage", "inputs": {"width": 1, "height": 1}}},
        client_id="me",
    )
    ours = [(hello["type"], hello["data"].get("node", ""))]
    while ours[-1] != ("executing", None):
        message = json.loads(line.recv())
        ours.append((message["type"], message["data"].get("node", "")))
    line.close()
    theirs = [(message["type"], message["data"].get("node", "")) for message in heard(fake.version, "a_")]

    def course(messages):
        """The kinds in order, each once for what repeats by node."""
        kinds = [kind for kind, _ in messages if kind != "progress_state"]
        return [kind for n, kind in enumerate(kinds) if kind not in kinds[:n] or kinds[n - 1] != kind]

    assert course(ours)[0] == course(theirs)[0] == "status"
    assert [kind for kind in course(ours) if "execution" in kind] == [
        kind for kind in course(theirs) if "execution" in kind
    ]
    assert ours[-1] == theirs[-1] == ("executing", None)


@pytest.mark.parametrize(
    "kind", ["execution_start", "executing", "progress", "executed", "execution_success"]
)
def test_each_of_its_messages_has_what_a_real_one_has(fake, kind):
    line = websocket.create_connection(f"ws://127.0.0.1:{fake.port}/ws?clientId=me", timeout=10)
    posted(fake, picture(), client_id="me")
    ours = None
    while ours is None:
        frame = line.recv()
        if isinstance(frame, str) and json.loads(frame)["type"] == kind:
            ours = json.loads(frame)["data"]
    line.close()
    both = heard(fake.version, "a_") + heard(fake.version, "c1_")
    theirs = next(message["data"] for message in both if message["type"] == kind)
    assert keys(ours) == keys(theirs)
