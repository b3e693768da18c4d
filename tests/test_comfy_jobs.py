"""Jobs on a ComfyUI server: sent once, found again, sent again when the server forgot them."""

import json
import time

import pytest

from domain.errors import BackendUnreachable, JobFailed
from domain.events import Fact
from infrastructure import comfy_execution, patience
from infrastructure.comfy_backend import ComfyBackend
from tests.comfy_jobs import aside, carried_out, make_job, parts, picture, puts_out, saved, until
from tests.fake_answers import DO_AND_HANG_UP, HANG_UP, Slow, page


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(comfy_execution, "QUIET", 0.05)
    monkeypatch.setattr(comfy_execution, "QUEUE_LOOK", 0.05)
    monkeypatch.setattr(patience, "PAUSE", 0.02)


def start_picture(tmp_path, content=b"a start image"):
    path = tmp_path / 'Größe und "Anführung".png'
    path.write_bytes(content)
    return path


def with_start(path, seed=1):
    graph = picture(seed)
    graph["4"] = {"class_type": "LoadImage", "inputs": {"image": path}}
    return graph


def test_a_job_ends_with_its_picture_on_disk(fake, tmp_path):
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path))

    (file,) = outcome.files
    assert file == tmp_path / "film" / "takes" / "001_v1.png"
    assert file.read_bytes() in fake.files.values()
    assert not parts(tmp_path)


def test_the_recipe_learns_who_made_it_and_how_long_it_took(fake, tmp_path):
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path))

    assert outcome.facts("server") == ["ComfyUI 0.33.0"]
    assert outcome.facts("url") == [fake.url]
    assert outcome.facts("sent") == [{"times": 1}]
    assert 0 < outcome.facts("gpu_seconds")[0] < 5


def test_a_job_carries_its_own_id_to_the_server(fake, tmp_path):
    job = make_job(tmp_path)
    carried_out(ComfyBackend(fake.url), job)
    assert json.loads(fake.bodies[0])["prompt_id"] == job.id
    assert list(fake.histories) == [job.id]


def test_progress_only_ever_grows_and_names_the_node_and_its_steps(fake, tmp_path):
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path))

    fractions = [event.fraction for event in outcome.events if not isinstance(event, Fact)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert "Paint: 2 of 3" in outcome.notes
    assert "Save keyframe" in outcome.notes


def test_the_server_saves_under_the_project_and_the_take(fake, tmp_path):
    carried_out(ComfyBackend(fake.url), make_job(tmp_path))
    assert ("output", "cindergrace/film", "001_v1_00001_.png") in fake.files


# --- a job that the server knows


def test_a_finished_job_is_only_downloaded(fake, tmp_path):
    job = make_job(tmp_path)
    carried_out(ComfyBackend(fake.url), job)
    job.folder.joinpath("001_v1.png").unlink()
    again = carried_out(ComfyBackend(fake.url), job)

    assert fake.asked("POST /prompt") == 1
    assert again.files[0].exists()
    assert again.facts("sent") == []


def test_a_job_in_the_queue_is_only_waited_for(fake, tmp_path):
    fake.gate.clear()
    job = make_job(tmp_path)
    first = ComfyBackend(fake.url).run(job)
    while not fake.running:
        next(first)
    other_studio = ComfyBackend(fake.url)
    outcome = carried_out(other_studio, job, lambda event: fake.gate.set())

    assert fake.asked("POST /prompt") == 1
    assert "already on the server" in outcome.notes
    assert outcome.files[0].exists()
    first.close()


def test_equal_jobs_in_two_lanes_run_once_and_both_have_their_file(fake, tmp_path):
    backend = ComfyBackend(fake.url)
    outcomes = []
    fake.gate.clear()
    lanes = [
        aside(lambda name=name: outcomes.append(carried_out(backend, make_job(tmp_path, name=name))))
        for name in ("001_v1", "002_v1")
    ]
    until(lambda: fake.running, "the job")
    fake.gate.set()
    for lane in lanes:
        lane.join(20)

    assert fake.asked("POST /prompt") == 1
    assert sorted(outcome.files[0].name for outcome in outcomes) == ["001_v1.png", "002_v1.png"]


def test_a_job_that_failed_before_is_tried_again_and_judged_by_its_new_end(fake, tmp_path):
    backend, job = ComfyBackend(fake.url), make_job(tmp_path)
    fake.when["execution_start"] = lambda: fake.interrupt(job.id)
    with pytest.raises(JobFailed):
        carried_out(backend, job)
    fake.when.clear()
    fake.step_seconds = 0.1  # time enough to look at the old end by mistake

    assert carried_out(backend, job).files[0].exists()
    assert fake.asked("POST /prompt") == 2


def test_an_old_failure_is_not_taken_for_the_new_end_when_the_answer_is_lost(fake, tmp_path):
    backend, job = ComfyBackend(fake.url), make_job(tmp_path)
    fake.when["execution_start"] = lambda: fake.interrupt(job.id)
    with pytest.raises(JobFailed):
        carried_out(backend, job)
    fake.when.clear()
    fake.step_seconds = 0.1
    fake.instead["POST /prompt"] = [DO_AND_HANG_UP]

    assert carried_out(backend, job).files[0].exists()
    assert fake.asked("POST /prompt") == 2


def test_a_job_whose_answer_was_lost_is_not_sent_twice(fake, tmp_path):
    fake.instead["POST /prompt"] = [DO_AND_HANG_UP]
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path))

    assert fake.asked("POST /prompt") == 1
    assert outcome.files[0].exists()


def test_a_job_that_never_arrived_is_sent_again(fake, tmp_path):
    fake.instead["POST /prompt"] = [HANG_UP]
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path))

    assert [sent["times"] for sent in outcome.facts("sent")] == [1, 2]
    assert outcome.files[0].exists()


def test_a_line_that_breaks_under_each_of_three_sendings_fails_no_job(fake, tmp_path):
    fake.instead["POST /prompt"] = [HANG_UP] * 3
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path))

    assert outcome.facts("sent")[-1]["times"] == 4
    assert outcome.files[0].exists()


def test_a_line_on_which_no_job_arrives_is_given_up_with_a_sentence(fake, tmp_path):
    fake.instead["POST /prompt"] = [HANG_UP] * 20

    with pytest.raises(JobFailed, match=r"sent 10 times and did not arrive"):
        carried_out(ComfyBackend(fake.url), make_job(tmp_path))
    assert fake.asked("POST /prompt") == 10


# --- a server that goes away


def test_a_job_is_sent_again_when_the_server_restarted_under_it(fake, tmp_path):
    fake.gate.clear()

    def restart_once(event):
        if fake.running and not fake.gate.is_set():
            fake.restart()
            fake.gate.set()

    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path), restart_once)

    assert outcome.facts("sent") == [{"times": 1}, {"times": 2, "why": "the server had forgotten it"}]
    assert outcome.files[0].exists()


def test_a_server_that_forgets_each_time_is_given_up_after_three_attempts(fake, tmp_path):
    fake.gate.clear()

    def restart(event):
        if fake.running:
            fake.restart()

    with pytest.raises(JobFailed, match=r"sent 3 times and the server had forgotten it each time"):
        carried_out(ComfyBackend(fake.url), make_job(tmp_path), restart)
    assert fake.asked("POST /prompt") == 3


def test_one_that_was_there_already_is_sent_three_times_as_well(fake, tmp_path):
    fake.gate.clear()
    left = ComfyBackend(fake.url).run(make_job(tmp_path))
    while not fake.running:
        next(left)
    notes = []

    def restart(event):
        notes.append(getattr(event, "note", ""))
        if fake.running and "already on the server" in notes:
            fake.restart()

    with pytest.raises(JobFailed, match=r"sent 3 times and the server had forgotten it each time"):
        carried_out(ComfyBackend(fake.url), make_job(tmp_path), restart)
    assert fake.asked("POST /prompt") == 1 + 3
    fake.gate.set()
    left.close()


def test_a_server_that_is_away_for_a_while_is_waited_for(fake, tmp_path):
    fake.gate.clear()

    def away(event):
        if fake.running and not fake.gate.is_set():
            fake.crash()
            fake.gate.set()
            aside(lambda: (time.sleep(0.3), fake.start()))

    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path), away)
    assert f"{fake.url.removeprefix('http://')} does not answer; waiting for it" in outcome.notes
    assert outcome.files[0].exists()


def test_a_server_that_restarts_between_two_jobs_is_waited_for(fake, tmp_path):
    backend = ComfyBackend(fake.url)
    carried_out(backend, make_job(tmp_path))
    fake.crash()
    aside(lambda: (time.sleep(0.3), fake.start()))

    assert carried_out(backend, make_job(tmp_path, picture(2), "002_v1")).files[0].exists()


def test_a_server_that_does_not_come_back_is_unreachable(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(patience, "SECONDS", 0.2)
    fake.gate.clear()
    with pytest.raises(BackendUnreachable, match=r"No ComfyUI answers at http.*Is it running\?"):
        carried_out(
            ComfyBackend(fake.url), make_job(tmp_path), lambda event: fake.crash() if fake.running else None
        )


def test_a_server_that_was_never_there_is_told_at_once(fake, tmp_path):
    fake.crash()
    with pytest.raises(BackendUnreachable, match="Is it running"):
        next(ComfyBackend(fake.url).run(make_job(tmp_path)))


def test_a_server_that_stumbles_over_a_look_is_asked_again(fake, tmp_path):
    fake.instead["GET /history"] = [page(500), page(503), HANG_UP, {"detail": []}]
    fake.instead["GET /queue"] = [page(500), HANG_UP, ["no", "queue"]]
    assert carried_out(ComfyBackend(fake.url), make_job(tmp_path)).files[0].exists()
    assert fake.asked("POST /prompt") == 1


@pytest.mark.parametrize("nonsense", [{"queue_running": None, "queue_pending": 3}, {}, ["queue"]])
def test_nonsense_from_the_queue_is_not_a_forgotten_job(fake, tmp_path, nonsense):
    fake.step_seconds = 0.1
    fake.instead["GET /queue"] = [nonsense] * 3
    carried_out(ComfyBackend(fake.url), make_job(tmp_path))
    assert fake.asked("POST /prompt") == 1


def test_a_slow_server_is_a_working_server(fake, tmp_path):
    fake.instead["GET /queue"] = fake.instead["GET /history"] = [Slow(0.2)] * 4
    fake.instead["POST /prompt"] = [Slow(0.3)]
    assert carried_out(ComfyBackend(fake.url), make_job(tmp_path)).files[0].exists()
    assert fake.asked("POST /prompt") == 1


# --- files that go up


def test_a_file_goes_up_under_the_name_of_its_content(fake, tmp_path):
    carried_out(ComfyBackend(fake.url), make_job(tmp_path, with_start(start_picture(tmp_path))))

    (upload,) = [key for key in fake.files if key[0] == "input"]
    assert upload[1] == "cindergrace"
    assert upload[2].endswith(".png") and upload[2].isascii() and '"' not in upload[2]
    assert fake.files[upload] == b"a start image"
    assert json.loads(fake.bodies[0])["prompt"]["4"]["inputs"]["image"] == f"cindergrace/{upload[2]}"


def test_a_file_that_the_server_has_is_not_sent_again(fake, tmp_path):
    path = start_picture(tmp_path)
    for seed in (1, 2, 3):
        carried_out(ComfyBackend(fake.url), make_job(tmp_path, with_start(path, seed), f"00{seed}_v1"))
    assert fake.asked("POST /upload") == 1


def test_a_file_that_the_server_lost_is_sent_again(fake, tmp_path):
    path, backend = start_picture(tmp_path), ComfyBackend(fake.url)
    carried_out(backend, make_job(tmp_path, with_start(path, 1)))
    fake.files.clear()
    carried_out(backend, make_job(tmp_path, with_start(path, 2), "002_v1"))
    assert fake.asked("POST /upload") == 2


def test_the_name_the_server_gives_a_file_is_the_one_that_is_used(fake, tmp_path):
    path = start_picture(tmp_path)
    backend = ComfyBackend(fake.url)
    carried_out(backend, make_job(tmp_path, with_start(path, 1)))
    (key,) = [key for key in fake.files if key[0] == "input"]
    fake.files[key] = b"half of it"  # a server that was killed while it wrote
    carried_out(backend, make_job(tmp_path, with_start(path, 2), "002_v1"))

    name = json.loads(fake.bodies[1])["prompt"]["4"]["inputs"]["image"]
    assert name.endswith(" (1).png")
    assert fake.files[("input", *name.split("/"))] == b"a start image"


def test_a_large_file_goes_up_whole(fake, tmp_path):
    content = bytes(range(256)) * 8192
    carried_out(ComfyBackend(fake.url), make_job(tmp_path, with_start(start_picture(tmp_path, content))))
    assert content in fake.files.values()


def test_a_broken_upload_is_begun_again(fake, tmp_path):
    fake.instead["POST /upload"] = [HANG_UP, page(502)]
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path, with_start(start_picture(tmp_path))))
    assert outcome.files[0].exists()
    assert b"a start image" in fake.files.values()


def test_an_upload_tells_that_it_goes_on(fake, tmp_path, monkeypatch):
    monkeypatch.setattr("infrastructure.uploads.WORD", 0.02)
    fake.instead["POST /upload"] = [Slow(0.2)]
    path = start_picture(tmp_path)
    notes = carried_out(ComfyBackend(fake.url), make_job(tmp_path, with_start(path))).notes
    assert f"uploading {path.name} (100%)" not in notes[:1]
    assert sum(note.startswith(f"uploading {path.name}") for note in notes) > 3


def test_a_file_that_vanished_is_named(fake, tmp_path):
    path = start_picture(tmp_path)
    job = make_job(tmp_path, with_start(path))
    path.unlink()
    with pytest.raises(JobFailed, match=r"Anführung.*cannot be read: No such file"):
        carried_out(ComfyBackend(fake.url), job)


# --- files that the server no longer has


def test_a_cached_picture_whose_file_is_gone_is_made_again(fake, tmp_path):
    backend = ComfyBackend(fake.url)
    carried_out(backend, make_job(tmp_path))
    for key in [key for key in fake.files if key[0] == "output"]:
        del fake.files[key]
    outcome = carried_out(backend, make_job(tmp_path))

    assert outcome.facts("sent") == [{"times": 1, "why": "its file was gone from the server"}]
    assert outcome.files[0].exists()
    assert not parts(tmp_path)


def test_a_picture_that_is_gone_each_time_is_given_up_with_a_sentence(fake, tmp_path):
    fake.when["execution_success"] = fake.files.clear
    with pytest.raises(JobFailed, match=r"sent 3 times and its file was gone from the server each time"):
        carried_out(ComfyBackend(fake.url), make_job(tmp_path))
    assert not parts(tmp_path)


# --- what a job puts out


@pytest.mark.parametrize("kind", ["images", "gifs", "video", "audio", "files", "3d", "latents"])
def test_every_kind_of_file_comes_home(fake, tmp_path, kind):
    graph = puts_out({kind: [saved("x_00001_.mp4", "sub")], "animated": [True]})
    (file,) = carried_out(ComfyBackend(fake.url), make_job(tmp_path, graph)).files
    assert file.name == "001_v1.mp4"
    assert file.read_bytes() == b"content of x_00001_.mp4"


def test_words_go_into_the_recipe_and_alone_into_a_file(fake, tmp_path):
    graph = puts_out({"text": ["a lighthouse", "at dusk"]})
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path, graph))
    assert outcome.facts("texts") == [["a lighthouse", "at dusk"]]
    assert outcome.files[0].name == "001_v1.txt"
    assert outcome.files[0].read_text(encoding="utf-8") == "a lighthouse\n\nat dusk"


def test_previews_stay_on_the_server_when_something_was_saved(fake, tmp_path):
    graph = puts_out({"images": [saved("p.png", type="temp"), saved("x.png"), saved("in.png", type="input")]})
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path, graph))
    assert [file.read_bytes() for file in outcome.files] == [b"content of x.png"]


def test_a_preview_is_better_than_nothing(fake, tmp_path):
    graph = puts_out({"images": [saved("p.png", type="temp"), saved("in.png", type="input")]})
    outcome = carried_out(ComfyBackend(fake.url), make_job(tmp_path, graph))
    assert [file.read_bytes() for file in outcome.files] == [b"content of p.png"]


def test_a_job_that_saves_nothing_says_what_is_missing(fake, tmp_path):
    with pytest.raises(JobFailed, match=r"saved no file. Does it end in a save node\?"):
        carried_out(ComfyBackend(fake.url), make_job(tmp_path, puts_out({"ui": []})))
