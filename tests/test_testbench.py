"""The test bench: what it tells of a backend that works, and of one that breaks at each of its stages."""

import json
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from PIL import Image

from domain import VERSION
from domain.errors import JobFailed
from domain.events import Progress
from domain.status import Status
from domain.workflow import Workflow
from infrastructure import comfy_execution, downloads, patience
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.sketch_backend import SketchBackend
from services.testbench import PARTS, bench
from services.testbench_report import Report, Stage, clean
from tests import graphs
from tests.comfy_jobs import until
from tests.commands.typing import nobody
from tests.fake_answers import HANG_UP, Answer, Cut, page
from tests.fake_comfy_nodes import png
from tests.fakes import FakeBackend
from tests.graphs import node, template

NAMES = [part.name for part in PARTS]
POD = "abc123def456gh"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(comfy_execution, "QUIET", 0.05)
    monkeypatch.setattr(patience, "PAUSE", 0.02)
    monkeypatch.setattr(patience, "SECONDS", 0.1)
    monkeypatch.setattr(downloads, "PAUSE", 0.001)


def keyframe(**more):
    """A workflow with a model, steps and a size, whose pictures have the size they should."""
    return Workflow(
        "keyframe_mine",
        graphs.picture(
            model=node("CheckpointLoaderSimple", ckpt_name="tiny.safetensors"),
            sampler=graphs.sampler(steps=3),
            save=node("SaveImage", "Save keyframe", images=["decode", 0], filename_prefix="out"),
            **more,
        ),
    )


@dataclass
class Benched:
    """What a whole run of the bench told."""

    events: list[Stage | Progress] = field(default_factory=list)
    report: Report | None = None

    def __getattr__(self, name: str) -> Stage:
        return next(stage for stage in self.report.stages if stage.name == name)

    @property
    def states(self) -> dict[str, str]:
        return {stage.name: stage.state for stage in self.report.stages}

    def but(self, state: str) -> dict[str, str]:
        """The stages that are in another state."""
        return {name: found for name, found in self.states.items() if found != state}


def benched(backend, folder, flow=None, video=None, when=lambda event: None, **more):
    told = Benched()
    work = bench(backend, flow or keyframe(), video or template("video_test"), folder, **more)
    with closing(work):
        while True:
            try:
                told.events.append(next(work))
            except StopIteration as stop:
                told.report = stop.value
                return told
            when(told.events[-1])


def closed_at(backend, folder, is_time):
    work = bench(backend, keyframe(), template("video_test"), folder)
    for event in work:
        if is_time(event):
            work.close()
            return
    raise AssertionError("the time never came")


# --- a backend that works


def test_every_stage_of_a_good_server_is_good_and_told_as_it_begins_and_as_it_ends(fake, tmp_path):
    told = benched(ComfyBackend(fake.url), tmp_path)

    assert told.but("ok") == {} and told.report.is_good
    stages = [(event.name, event.state) for event in told.events if isinstance(event, Stage)]
    assert stages == [(name, state) for name in NAMES for state in ("running", "ok")]
    assert [event for event in told.events if isinstance(event, Stage)][1::2] == [*told.report.stages]
    shares = [event.fraction for event in told.events if isinstance(event, Progress)]
    assert all(0 <= share <= 1 for share in shares)
    assert any(event.preview for event in told.events if isinstance(event, Progress))


def test_a_good_report_says_who_answered_and_what_was_made(fake, tmp_path):
    told = benched(ComfyBackend(fake.url), tmp_path, images=3, seed=40)

    assert told.report.backend.name == "ComfyUI 0.33.0"
    assert told.connect.detail.startswith(f"ComfyUI 0.33.0 at {fake.url}, round trip ")
    assert "Python: 3.11.7, torch: 2.13.0+cu130" in told.versions.detail
    assert "GPU: Fake GPU, VRAM: 24.0 GiB" in told.versions.detail
    assert told.nodes.detail.endswith("with all that keyframe_mine and video_test need")
    assert told.models.detail == "all there: keyframe_mine needs 1, video_test needs none"
    assert len(told.images.facts["seconds"]) == len(told.images.facts["gpu_seconds"]) == 3
    assert told.images.detail.endswith(" for 1024×576, seeds from 40, with keyframe_mine")
    assert told.preview.facts["previews"] == 9
    assert told.download.detail.endswith("3 readable pictures of 1024×576")
    assert told.clip.detail.startswith("17 frames of 640×352 in ")
    assert told.last_frame.detail == "frame 17 of 17, 640×352"


def test_the_pictures_the_clip_and_its_last_frame_lie_in_the_folder(fake, tmp_path):
    report = benched(ComfyBackend(fake.url), tmp_path).report
    assert len(report.pictures) == 2
    for picture, size in [(report.pictures[0], (1024, 576)), (report.last_frame, (640, 352))]:
        assert Image.open(picture).size == size
    assert report.clip.suffix == ".mp4"
    assert all(path.is_relative_to(tmp_path) for path in (*report.pictures, report.clip, report.last_frame))


def test_the_seeds_count_up_from_the_first(fake, tmp_path):
    benched(ComfyBackend(fake.url), tmp_path, images=3, seed=2**64 - 1)
    sent = [json.loads(body)["prompt"] for body in fake.bodies]
    assert [graph["sampler"]["inputs"]["seed"] for graph in sent[:3]] == [2**64 - 1, 0, 1]


def test_a_second_bench_draws_anew_instead_of_being_served_from_the_cache(fake, tmp_path):
    for times in (1, 2):
        told = benched(ComfyBackend(fake.url), tmp_path)
        assert fake.asked("POST /upload/image") == 2 * times  # the bench's own picture, and the clip's start
        assert told.preview.facts["previews"] == 6
        assert told.but("ok") == {}


class Noting(FakeBackend):
    """Looks at each job, and does none."""

    def run(self, job):
        self.jobs.append(job)
        yield Progress(0.0, "looking")
        raise JobFailed("That is enough.")


@pytest.mark.parametrize("name", graphs.TEMPLATES.names())
def test_every_place_for_a_picture_gets_one_in_every_template(tmp_path, name):
    backend, flow = Noting(), template(name)
    chosen = (flow, template("video_test")) if flow.kind == "keyframe" else (keyframe(), flow)
    benched(backend, tmp_path, *chosen)
    picture, clip = backend.jobs
    graph = picture.graph if flow.kind == "keyframe" else clip.graph
    loaders = [n for n in graph.values() if n["class_type"] == "LoadImage"]
    assert all(isinstance(node["inputs"]["image"], Path) for node in loaders)
    assert loaders or not any(flow.takes(place) for place in ("start_image", "reference"))


def test_a_workflow_that_paints_over_a_picture_gets_one(tmp_path):
    flow = keyframe(
        old=node("LoadImage", image="nowhere.png"),
        canvas=node("VAEEncode", pixels=["old", 0], vae=["model", 2]),
    )
    backend = Noting()
    benched(backend, tmp_path, flow)
    assert flow.takes("source")
    assert isinstance(backend.jobs[0].graph["old"]["inputs"]["image"], Path)


def test_what_waits_in_the_queue_of_a_busy_server_is_told(fake, tmp_path):
    fake.gate.clear()
    fake.queue({"prompt": graphs.picture(model=node("CheckpointLoaderSimple", ckpt_name="tiny.safetensors"))})
    until(lambda: fake.running, "the other job")

    def let_go(event):
        if isinstance(event, Stage) and event.name == "images":
            fake.gate.set()

    told = benched(ComfyBackend(fake.url), tmp_path, when=let_go)
    assert "its queue holds 1 job already" in told.connect.detail
    assert told.but("ok") == {}


# --- one that breaks, stage by stage


def test_where_nobody_answers_everything_else_is_skipped(tmp_path):
    address = nobody()
    told = benched(ComfyBackend(address), tmp_path)
    assert told.connect.state == "failed"
    assert told.connect.detail == f"No ComfyUI answers at {address}. Is it running?"
    assert set(told.but("skipped")) == {"connect"}
    assert told.images.detail == "Not tried: nobody answers."
    assert told.preview.detail == "Not tried: no picture was drawn."
    assert not told.report.is_good


def test_a_missing_node_is_named_and_the_test_picture_stands_in(fake, tmp_path):
    told = benched(ComfyBackend(fake.url), tmp_path, keyframe(face=node("FaceMender", image=["decode", 0])))
    assert told.but("ok") == {"nodes": "failed", "preview": "skipped"}
    assert told.nodes.detail == "keyframe_mine lacks FaceMender. Install the custom nodes they come from."
    assert told.images.detail.endswith("with keyframe_test in place of keyframe_mine")
    assert told.clip.detail.endswith("with video_test")


def test_a_missing_model_is_named_with_its_folder_and_the_test_clip_stands_in(fake, tmp_path):
    loader = node("CheckpointLoaderSimple", ckpt_name="huge.safetensors")
    video = replace(template("video_test"), name="video_huge")
    video = replace(video, graph={**video.graph, "model": loader})
    told = benched(ComfyBackend(fake.url), tmp_path, video=video)
    assert told.but("ok") == {"models": "failed"}
    assert told.models.detail == "video_huge lacks huge.safetensors (models/checkpoints)."
    assert told.clip.detail.endswith("with video_test in place of video_huge")
    assert told.models.facts["video_huge"] == [
        {
            "file": "huge.safetensors",
            "folder": "checkpoints",
            "node": "model",
            "input": "ckpt_name",
            "is_there": False,
        }
    ]


def test_a_server_that_does_not_tell_its_nodes_gets_the_test_picture(fake, tmp_path):
    fake.instead["GET /object_info"] = [page(500)]
    told = benched(ComfyBackend(fake.url), tmp_path)
    assert told.but("ok") == {"nodes": "failed", "models": "skipped", "preview": "skipped"}
    assert told.models.detail == "Not tried: it is not known what the server has."
    assert "with keyframe_test" in told.images.detail


def test_a_refused_upload_costs_the_clip_and_nothing_else(fake, tmp_path):
    fake.max_upload = 20_000
    told = benched(ComfyBackend(fake.url), tmp_path)
    assert told.but("ok") == {"upload": "failed", "clip": "skipped", "last_frame": "skipped"}
    assert "larger than the server takes" in told.upload.detail
    assert told.clip.detail == "Not tried: its start picture could not go up."
    assert told.last_frame.detail == "Not tried: there is no clip."


def test_a_job_that_breaks_names_its_node_and_the_clip_is_tried_all_the_same(fake, tmp_path):
    broken = keyframe(end=node("Break", "Burn", message="no more paint", kind="ValueError"))
    told = benched(ComfyBackend(fake.url), tmp_path, broken)
    assert told.but("ok") == {"images": "failed", "preview": "skipped", "download": "skipped"}
    assert told.images.detail == "“Burn” (Break) failed: no more paint"


def test_pictures_drawn_before_one_that_breaks_still_count(fake, tmp_path):
    def spoil(event):
        if isinstance(event, Progress) and event.preview:  # the first picture is under way
            fake.models["checkpoints"] = []

    told = benched(ComfyBackend(fake.url), tmp_path, when=spoil)
    assert told.but("ok") == {"images": "failed"}
    assert told.images.detail.startswith("picture 2 of 2: ComfyUI refused the workflow")
    assert len(told.images.facts["seconds"]) == len(told.report.pictures) == 1


def test_no_preview_where_there_should_be_one_is_a_failure(fake, tmp_path):
    fake.serves_sockets = False
    told = benched(ComfyBackend(fake.url), tmp_path)
    assert told.but("ok") == {"preview": "failed"}
    assert "WebSocket" in told.preview.detail


def test_no_preview_of_a_workflow_without_steps_is_none(fake, tmp_path):
    told = benched(ComfyBackend(fake.url), tmp_path, template("keyframe_test"))
    assert told.but("ok") == {"preview": "skipped"}
    assert "without a sampler" in told.preview.detail


def test_a_download_that_breaks_again_and_again_is_told(fake, tmp_path):
    told = benched(ComfyBackend(fake.url), tmp_path, when=_at("download", fake, [Cut(0)] * 8))
    assert told.but("ok") == {"download": "failed"}
    assert "picture_1.png arrives incomplete" in told.download.detail


def test_a_line_that_broke_for_a_moment_is_waited_out(fake, tmp_path):
    told = benched(ComfyBackend(fake.url), tmp_path, when=_at("download", fake, [HANG_UP], "GET /history"))
    assert told.but("ok") == {}


def test_a_server_that_started_again_and_forgot_its_pictures_is_told(fake, tmp_path):
    def forget(event):
        if isinstance(event, Stage) and (event.name, event.state) == ("download", "running"):
            fake.histories.clear()

    told = benched(ComfyBackend(fake.url), tmp_path, when=forget)
    assert told.but("ok") == {"download": "failed"}
    assert told.download.detail.startswith("The server has forgotten picture_1")


def test_a_picture_that_cannot_be_read_is_told(fake, tmp_path):
    torn = png(7, (1024, 576))[:-30]
    rubbish = Answer(200, torn, {"Content-Type": "image/png"})
    told = benched(ComfyBackend(fake.url), tmp_path, when=_at("download", fake, [rubbish]))
    assert told.but("ok") == {"download": "failed"}
    assert told.download.detail == "picture_1.png came home, but cannot be read as a picture."


def test_a_picture_of_another_size_is_told(fake, tmp_path):
    large = keyframe(more=node("EmptyLatentImage", "Unrelated", width=32, height=16))
    told = benched(ComfyBackend(fake.url), tmp_path, large)
    assert told.download.detail == "picture_1.png is 32×16; asked for was 1024×576."


def test_a_clip_that_cannot_be_read_is_told(fake, tmp_path):
    rubbish = Answer(200, b"rubbish", {"Content-Type": "video/mp4"})
    told = benched(ComfyBackend(fake.url), tmp_path, when=_at("clip", fake, [rubbish]))
    assert told.but("ok") == {"clip": "failed", "last_frame": "skipped"}


def test_when_the_server_goes_away_the_rest_is_skipped(fake, tmp_path):
    fake.when["progress"] = lambda: fake.crash()
    told = benched(ComfyBackend(fake.url), tmp_path)
    assert told.images.state == "failed" and "No ComfyUI answers" in told.images.detail
    assert told.clip.detail == told.download.detail == "Not tried: nobody answers any more."
    assert told.upload.state == "ok"


def _at(stage, fake, answers, what="GET /view"):
    """From that stage on, requests of a kind are answered like this."""

    def when(event):
        if isinstance(event, Stage) and (event.name, event.state) == (stage, "running"):
            fake.instead[what] = [*answers]

    return when


# --- cancelled


def test_closing_it_takes_its_files_away_and_its_job_off_the_server_and_leaves_the_rest(fake, tmp_path):
    fake.gate.clear()
    folder = tmp_path / "bench"
    closed_at(ComfyBackend(fake.url), folder, lambda event: bool(fake.running))

    assert list(folder.iterdir()) == []
    assert not fake.running and not fake.pending
    assert [name for kind, _, name in fake.files if kind == "input"], "what went up stays"


def test_closing_it_before_it_begins_or_right_after_leaves_nothing(tmp_path):
    bench(SketchBackend(), keyframe(), template("video_test"), tmp_path).close()
    closed_at(SketchBackend(), tmp_path, lambda event: isinstance(event, Stage))
    assert list(tmp_path.iterdir()) == []


# --- the sketch engine


def test_the_sketch_engine_draws_and_the_rest_is_skipped_with_a_reason(tmp_path):
    told = benched(SketchBackend(), tmp_path, template("keyframe_z_image_turbo"), template("video_wan22_5b"))
    good = {"versions", "images", "clip", "last_frame"}
    assert told.but("ok") == {name: "skipped" for name in NAMES if name not in good}
    assert all("sketch" in stage.detail.lower() for stage in told.report.stages if stage.state == "skipped")
    assert told.images.detail.endswith("with keyframe_z_image_turbo")
    assert len(told.report.pictures) == 2 and told.report.is_good
    assert told.report.text().count("this computer's CPU") == 1


# --- the report


def test_the_text_has_a_line_for_each_stage_and_the_studios_version(fake, tmp_path):
    report = benched(ComfyBackend(fake.url), tmp_path).report
    lines = report.text().splitlines()
    assert lines[0].startswith(f"Studio:   Cindergrace Studio {VERSION}, Python 3.")
    assert lines[1] == f"Backend:  ComfyUI 0.33.0 at {fake.url}"
    assert lines[2] == "GPU:      Fake GPU, 24.0 GiB of VRAM"
    first = lines.index("") + 1
    assert [line.split()[:2] for line in lines[first : first + 2]] == [["ok", "Connect"], ["ok", "Versions"]]
    assert len(lines) == first + len(NAMES) + 2
    assert lines[-1].startswith("10 ok, in ")


def test_neither_text_nor_json_tell_a_secret_or_a_home(monkeypatch, tmp_path):
    home = tmp_path / "home of kim"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    servers = "/" + "home/lee/ComfyUI/models and C:" + "\\Users\\Lee Ann\\x and /" + "root/y"
    said = (
        f"{home}/a.png: no answer at https://kim:s3cret@{POD}-8188.proxy.runpod.net/?token=t0ken; {servers}"
    )
    status = Status(False, "ComfyUI", f"https://{POD}-8188.proxy.runpod.net", said=said)
    report = Report(status, "now", {"Python": "3"}, (Stage("clip", "Clip", "failed", 1.0, said),))

    for text in (report.text(), json.dumps(report.as_json())):
        for secret in ("kim", "s3cret", "t0ken", POD, "lee", "Lee", "root"):
            assert secret not in text
    assert "~/a.png: no answer at https://…-8188.proxy.runpod.net/" in report.text()
    assert "~/ComfyUI/models and ~\\x and ~/y" in report.text()


@pytest.mark.parametrize(
    "text", ["models/home/x.safetensors", "http://10.0.0.2:8188/home/page", "a.root/b", "1024×576 at ~"]
)
def test_what_is_nobodys_home_stays(text):
    assert clean(text) == text


def test_a_report_as_json_holds_what_was_measured(fake, tmp_path):
    said = json.loads(json.dumps(benched(ComfyBackend(fake.url), tmp_path).report.as_json()))
    assert said["studio"]["version"] == VERSION and said["is_good"] is True
    assert [stage["name"] for stage in said["stages"]] == NAMES
    clip = said["stages"][NAMES.index("clip")]
    assert clip["state"] == "ok" and clip["facts"]["frames"] == 17 and clip["seconds"] > 0


# --- a real server


@pytest.mark.real
def test_the_bench_of_a_real_server_is_good(real_comfy, tmp_path, monkeypatch):
    monkeypatch.setattr(patience, "SECONDS", 60.0)
    flow = template("keyframe_sd15")
    [loader] = [id for id, n in flow.graph.items() if n["class_type"] == "CheckpointLoaderSimple"]
    tiny = node("CheckpointLoaderSimple", ckpt_name="tiny_sd15.safetensors")
    flow = replace(flow, graph=flow.graph | {loader: tiny}, about=replace(flow.about, sizes=((128, 96),)))
    told = benched(ComfyBackend(real_comfy.url), tmp_path, flow)
    assert told.but("ok") == {}, told.report.text()
    assert told.report.backend.name == "ComfyUI 0.30.0"
    assert told.download.detail.endswith("2 readable pictures of 128×96")
    assert told.preview.facts["previews"] > 0
    assert str(Path.home()) not in told.report.text()
