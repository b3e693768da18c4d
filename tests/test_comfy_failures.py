"""What goes wrong on a ComfyUI server is told in one sentence: where, why, what to do."""

import json

import pytest

from domain.errors import BackendUnreachable, JobFailed, JobRejected
from infrastructure import comfy_execution, patience
from infrastructure.comfy_backend import ComfyBackend
from tests.comfy_jobs import carried_out, make_job, picture, puts_out
from tests.fake_answers import page


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(comfy_execution, "QUIET", 0.05)
    monkeypatch.setattr(comfy_execution, "QUEUE_LOOK", 0.05)
    monkeypatch.setattr(patience, "PAUSE", 0.02)


def breaks(message, kind="RuntimeError"):
    node = {"class_type": "Break", "inputs": {"message": message, "kind": kind}, "_meta": {"title": "Decode"}}
    return {"1": node}


def reason(fake, tmp_path, graph, error):
    with pytest.raises(error) as raised:
        carried_out(ComfyBackend(fake.url), make_job(tmp_path, graph))
    assert "\n" not in str(raised.value)
    return str(raised.value)


# --- the server would not start it


def test_a_refusal_names_the_node_its_class_the_input_and_the_reason(fake, tmp_path):
    graph = picture()
    del graph["2"]["inputs"]["seed"]
    said = reason(fake, tmp_path, graph, JobRejected)
    assert said == "ComfyUI refused the workflow: “Paint” (KSampler, seed): Required input is missing."


def test_everything_a_server_refuses_is_told_at_once(fake, tmp_path):
    graph = picture()
    graph["1"]["inputs"]["ckpt_name"] = "other.safetensors"
    del graph["2"]["inputs"]["steps"]
    said = reason(fake, tmp_path, graph, JobRejected)
    assert "asks for 'other.safetensors', which this server does not have" in said
    assert "“Paint” (KSampler, steps): Required input is missing" in said


@pytest.mark.parametrize("version", ["0.33.0", "0.3.75"])
def test_a_graph_that_would_run_only_in_part_is_refused_and_taken_back(fake, tmp_path, version):
    fake.version = version
    fake.gate.clear()
    graph = picture()
    graph["8"] = {"class_type": "PreviewImage", "inputs": {}, "_meta": {"title": "Look"}}
    said = reason(fake, tmp_path, graph, JobRejected)
    fake.gate.set()
    assert said == "ComfyUI refused the workflow: “Look” (PreviewImage, images): Required input is missing."
    assert fake.pending == []
    assert not [key for key in fake.files if key[0] == "output"]


def test_a_node_the_server_lacks_is_told_with_its_title(fake, tmp_path):
    graph = picture()
    graph["9"] = {"class_type": "DreamUpscaler", "inputs": {}, "_meta": {"title": "Make it large"}}
    said = reason(fake, tmp_path, graph, JobRejected)
    assert "“Make it large” needs 'DreamUpscaler', which this server lacks: install the custom node" in said


def test_an_older_server_s_words_for_a_missing_node_are_passed_on(fake, tmp_path):
    fake.version = "0.3.75"
    graph = picture() | {"9": {"class_type": "DreamUpscaler", "inputs": {}}}
    assert "DreamUpscaler" in reason(fake, tmp_path, graph, JobRejected)


def test_a_graph_without_an_end_is_refused_in_the_server_s_words(fake, tmp_path):
    graph = {"1": picture()["1"]}
    assert reason(fake, tmp_path, graph, JobRejected) == (
        "ComfyUI refused the workflow: Prompt has no outputs."
    )


def test_a_server_that_stumbles_over_the_graph_says_so(fake, tmp_path):
    fake.instead["POST /prompt"] = [page(500)]
    assert "could not deal with the request (500)" in reason(fake, tmp_path, picture(), JobRejected)


@pytest.mark.parametrize(
    "answer",
    [
        {"error": None, "node_errors": None},
        {"error": "a word", "node_errors": ["x"]},
        {"prompt_id": "x", "node_errors": {"1": None}},
        {"prompt_id": "x", "node_errors": {"1": {"errors": [None, "x"]}}},
    ],
)
def test_a_refusal_in_an_unknown_shape_is_still_a_sentence(fake, tmp_path, answer):
    fake.instead["POST /prompt"] = [answer]
    assert reason(fake, tmp_path, picture(), JobRejected).startswith("ComfyUI refused the workflow: ")


# --- it started and broke


def test_a_failure_names_the_node_and_its_reason(fake, tmp_path):
    said = reason(fake, tmp_path, breaks("shapes [4] and [16]\n do not match"), JobFailed)
    assert said == "“Decode” (Break) failed: shapes [4] and [16] do not match"


def test_a_node_without_a_reason_is_told_by_its_kind_of_error(fake, tmp_path):
    assert reason(fake, tmp_path, breaks("", "KeyError"), JobFailed) == "“Decode” (Break) failed: KeyError"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Allocation on device", "torch.OutOfMemoryError"),
        ("CUDA out of memory. Tried to allocate 2.00 GiB", "RuntimeError"),
        ("HIP out of memory", "RuntimeError"),
        ("[enforce fail] DefaultCPUAllocator: can't allocate memory", "RuntimeError"),
    ],
)
def test_a_gpu_that_is_too_small_is_told_with_what_helps(fake, tmp_path, message, kind):
    said = reason(fake, tmp_path, breaks(message, kind), JobFailed)
    assert said.startswith("The GPU ran out of memory in “Decode” (Break). Take a smaller size, fewer frames")


def test_a_job_that_somebody_stopped_in_comfyui_says_so(fake, tmp_path):
    fake.when["progress"] = lambda: fake.interrupt(None)
    assert reason(fake, tmp_path, picture(), JobFailed) == "The job was stopped in ComfyUI."


def test_a_job_that_somebody_took_from_the_queue_is_sent_again(fake, tmp_path):
    fake.gate.clear()
    first = ComfyBackend(fake.url).run(make_job(tmp_path, picture(9), "009_v1"))
    while not fake.running:
        next(first)

    def delete_once(event):
        if fake.pending and not fake.gate.is_set():
            fake.delete([prompt.id for prompt in fake.pending])
            fake.gate.set()

    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path), delete_once)
    assert [sent["times"] for sent in outcome.facts("sent")] == [1, 2]
    first.close()


ODD_HISTORIES = [
    {},
    {"status": None, "outputs": None},
    {"status": {"status_str": "success", "messages": [None, ["x"], ["execution_start", None], 3]}},
    {"status": [], "outputs": {"1": None, "2": {"images": [None, {}, {"filename": 3}, "x"], "ui": {}}}},
    {"prompt": "?", "outputs": []},
]


@pytest.mark.parametrize("history", ODD_HISTORIES)
def test_a_history_in_an_unknown_shape_ends_in_a_sentence(fake, tmp_path, history):
    job = make_job(tmp_path)
    fake.instead["GET /api/jobs"] = [{"status": "completed"}]
    fake.instead["GET /history"] = [{job.id: history}]
    if history:
        with pytest.raises(JobFailed, match="saved no file"):
            carried_out(ComfyBackend(fake.url), job)
    else:
        assert carried_out(ComfyBackend(fake.url), job).files


def test_a_failure_without_reasons_points_to_the_log(fake, tmp_path):
    job = make_job(tmp_path)
    fake.instead["GET /history"] = [{job.id: {"prompt": [0], "status": {"status_str": "error"}}}]
    with pytest.raises(JobFailed, match=r"gives no reason\. Its log may have one"):
        carried_out(ComfyBackend(fake.url), job)


def test_a_node_inside_another_is_told_by_the_outer_one_s_title(fake, tmp_path):
    job = make_job(tmp_path)
    error = {"node_id": "2.0.0.7", "node_type": "Inner", "exception_message": "no"}
    history = {"prompt": [0], "status": {"messages": [["execution_error", error]]}}
    fake.instead["GET /history"] = [{job.id: history}]
    with pytest.raises(JobFailed, match=r"“Paint” \(Inner\) failed: no"):
        carried_out(ComfyBackend(fake.url), job)


# --- it is not ComfyUI


@pytest.mark.parametrize("answer", [page(200, "Welcome"), ["a", "list"], {"status": "ok"}, {"system": None}])
def test_something_else_that_answers_is_not_taken_for_comfyui(fake, answer):
    fake.instead["GET /system_stats"] = [answer]
    with pytest.raises(
        BackendUnreachable, match=r"Something answers at http.*Is that the address of ComfyUI\?"
    ):
        ComfyBackend(fake.url).check()


def test_the_check_tells_version_and_gpu(fake):
    assert ComfyBackend(fake.url).check() == "ComfyUI 0.33.0 on Fake GPU"


@pytest.mark.parametrize("devices", [None, [], [None], [{}]])
def test_a_server_without_a_gpu_is_a_server(fake, devices):
    fake.instead["GET /system_stats"] = [{"system": {"comfyui_version": "0.33.0"}, "devices": devices}]
    assert ComfyBackend(fake.url).check() == "ComfyUI 0.33.0 on no GPU"


# --- what is missing, before anything is sent


@pytest.mark.parametrize("is_new", [False, True])
def test_everything_missing_is_listed_at_once_with_its_folder_before_anything_is_sent(fake, is_new):
    fake.has_new_lists = is_new
    graph = picture() | {
        "5": {"class_type": "LoraLoader", "inputs": {"lora_name": "paint.safetensors", "strength_model": 1}},
        "6": {"class_type": "DreamUpscaler", "inputs": {"model_name": "x.pth"}, "_meta": {"title": "Large"}},
    }
    graph["1"]["inputs"]["ckpt_name"] = "huge.safetensors"
    with pytest.raises(JobRejected) as raised:
        ComfyBackend(fake.url).check(picture(), graph, graph)

    assert str(raised.value) == (
        "This server cannot run the workflow yet: "
        "the model huge.safetensors is missing; it belongs in models/checkpoints; "
        "the model paint.safetensors is missing; it belongs in models/loras; "
        "node “Large” needs 'DreamUpscaler', which this server lacks: install the custom node it comes from."
    )
    assert fake.asked("POST /prompt") == fake.asked("POST /upload") == 0


@pytest.mark.parametrize("is_new", [False, True])
def test_a_workflow_whose_models_are_there_passes(fake, is_new, tmp_path):
    fake.has_new_lists = is_new
    start = {"class_type": "LoadImage", "inputs": {"image": tmp_path / "start.png"}}
    ComfyBackend(fake.url).check(picture() | {"4": start}, puts_out({}))


def test_a_server_that_lists_no_nodes_is_not_taken_at_its_word(fake):
    fake.instead["GET /object_info"] = [json.loads("{}")]
    with pytest.raises(BackendUnreachable, match="not what ComfyUI says"):
        ComfyBackend(fake.url).check(picture())
