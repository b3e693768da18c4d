"""The sketch backend: any workflow in, one finished file out, whatever happens on the way."""

import io
import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from domain.errors import JobFailed
from domain.events import Fact, Progress
from domain.job import Job, files_in
from infrastructure import sketch_backend
from infrastructure.clip_frames import picture
from infrastructure.clip_probe import probe
from infrastructure.sketch import encoder
from infrastructure.sketch_backend import SketchBackend, read_order
from tests.graphs import template

PROMPT = "night train over a bridge in rain"
SIZE = {"width": 320, "height": 176}


def job_of(workflow, folder, name="003_v2", **values):
    graph = template(workflow).with_values(**{"prompt": PROMPT, "seed": 5, **SIZE, **values})
    return Job(name, graph, folder, dict.fromkeys(files_in(graph), "0"))


def carried_out(job):
    events = []
    work = SketchBackend().run(job)
    while True:
        try:
            events.append(next(work))
        except StopIteration as end:
            return end.value, events


def still(folder, **values):
    return carried_out(job_of("keyframe_test", folder, **values))[0][0]


def clip(folder, name="003.01_v1", **values):
    return carried_out(job_of("video_wan22_i2v", folder, name, **{"frames": 17, **values}))[0][0]


def pixels(image):
    return np.asarray(image.convert("RGB"), np.int16)


def frame(video, number):
    with Image.open(io.BytesIO(picture(video, number))) as image:
        return pixels(image)


def test_a_keyframe_is_drawn_into_a_folder_that_was_not_there(tmp_path):
    folder = tmp_path / "deep" / "takes"
    files, events = carried_out(job_of("keyframe_test", folder))
    assert files == [folder / "003_v2.png"]
    with Image.open(files[0]) as image:
        assert image.size == (320, 176)
        said = json.loads(image.info["sketch"])
        assert said["prompt"] == PROMPT
        assert said["seed"] == 5
        assert "sketch" in image.info["Comment"]
    assert Fact("server", "sketch engine 1") in events
    assert any(isinstance(e, Fact) and e.key == "seconds" for e in events)
    fractions = [e.fraction for e in events if isinstance(e, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert [p.name for p in folder.iterdir()] == ["003_v2.png"]


def test_an_equal_job_draws_equal_bytes_and_another_variant_another_slate(tmp_path):
    big = {"width": 640, "height": 360}
    first, second = still(tmp_path / "a", **big), still(tmp_path / "b", **big)
    assert first.read_bytes() == second.read_bytes()
    other = carried_out(job_of("keyframe_test", tmp_path / "c", "003_v3", **big))[0][0]
    a, b = pixels(Image.open(first)), pixels(Image.open(other))
    assert (a[:330] == b[:330]).all()
    assert (a[340:] != b[340:]).any()


@pytest.mark.parametrize(
    "name", sorted(p.stem for p in Path("workflow_templates").glob("*.json") if "." not in p.stem)
)
def test_every_template_runs_unchanged(name, tmp_path):
    Image.new("RGB", (96, 64), (90, 70, 60)).save(tmp_path / "start.png")
    flow = template(name)
    start = {"start_image": tmp_path / "start.png"} if flow.kind == "video" else {}
    frames = {"frames": flow.frames_for(5)} if flow.kind == "video" else {}
    graph = flow.with_values(prompt="a dog on a beach", seed=1, width=160, height=96, **start, **frames)
    files, _ = carried_out(Job("001_v1", graph, tmp_path, dict.fromkeys(files_in(graph), "0")))
    if flow.kind == "video":
        assert probe(files[0]).frames == frames["frames"]
    else:
        assert Image.open(files[0]).size == (160, 96)


def test_a_clip_has_the_frames_speed_and_size_asked_for(tmp_path):
    made = probe(clip(tmp_path, frames=33))
    assert (made.frames, made.width, made.height) == (33, 320, 176)
    assert made.fps == template("video_wan22_i2v").fps
    assert made.codec == "h264"
    assert made.pix_fmt == "yuv420p"
    assert made.is_plain


def test_the_first_frame_is_the_start_image_and_the_camera_moves_on(tmp_path):
    start = still(tmp_path)
    made = clip(tmp_path, start_image=start, prompt=f"{PROMPT}. Camera: strong push in")
    there, first, last = pixels(Image.open(start)), frame(made, 0), frame(made, 16)
    assert np.abs((first - there).mean((0, 1))).max() < 0.7
    assert np.abs(first - there).mean() < 3
    assert np.abs(last - there).mean() > 6


def test_a_static_camera_stays_and_the_rain_falls(tmp_path):
    dry, wet = "a house in a field at noon", "a house in a field at noon, rain"
    moved = []
    for prompt in (dry, wet):
        start = still(tmp_path / prompt[-4:], prompt=prompt)
        made = clip(tmp_path / prompt[-4:], start_image=start, prompt=f"{prompt}. Static camera")
        moved.append(np.abs(frame(made, 12) - frame(made, 4)).mean())
    assert moved[1] > 3 * moved[0]


def test_what_the_engine_drew_moves_in_depth_and_other_pictures_move_flat(tmp_path):
    start = still(tmp_path)
    foreign = tmp_path / "foreign.png"
    Image.open(start).convert("RGB").save(foreign)
    work = {"prompt": f"{PROMPT}. Strong pan right", "frames": 17}
    layered = clip(tmp_path, "a.01_v1", start_image=start, **work)
    flat = clip(tmp_path, "b.01_v1", start_image=foreign, **work)
    assert np.abs(frame(layered, 0) - frame(flat, 0)).mean() < 1
    assert np.abs(frame(layered, 16) - frame(flat, 16)).mean() > 3


def test_a_panel_that_was_painted_over_is_kept_as_it_is(tmp_path):
    start = still(tmp_path)
    with Image.open(start) as image:
        chunk = image.info["sketch"]
        image.load()
        image.paste((200, 30, 30), (40, 30, 280, 150))
    about = sketch_backend.PngImagePlugin.PngInfo()
    about.add_itxt("sketch", chunk)
    image.save(start, pnginfo=about)
    last = frame(clip(tmp_path, start_image=start, prompt="push in"), 16)
    assert last[88, 160][0] > 150 > last[88, 160][1] + 50


def test_a_chain_has_no_jump_where_clip_meets_clip(tmp_path):
    start = still(tmp_path)
    prompt = f"{PROMPT}. Pan left"
    first = clip(tmp_path, "003.01_v1", start_image=start, prompt=prompt)
    seam = tmp_path / "seam.png"
    seam.write_bytes(picture(first, 16))
    second = clip(tmp_path, "003.02_v1", start_image=seam, prompt=prompt)
    assert np.abs(frame(second, 0) - frame(first, 16)).mean() < 2
    assert np.abs(frame(second, 16) - frame(second, 0)).mean() > 2


def test_the_slate_stays_where_it_is_along_a_chain(tmp_path):
    big = {
        "width": 640,
        "height": 360,
        "prompt": "a house in a field at noon, seen from the long road. Strong pan left",
    }
    first = clip(tmp_path, "003.01_v1", start_image=still(tmp_path, **big), **big)
    seam = tmp_path / "seam.png"
    seam.write_bytes(picture(first, 16))
    second = clip(tmp_path, "003.02_v1", start_image=seam, **big)
    assert np.abs(frame(second, 16) - frame(second, 0))[342:].mean() < 1.5
    assert np.abs(frame(second, 16) - frame(second, 0))[40:320].mean() > 2


def test_a_clip_between_two_pictures_ends_on_the_second(tmp_path):
    start, end = still(tmp_path / "a"), still(tmp_path / "b", prompt="a kitchen at noon")
    job = job_of("video_wan22_first_last", tmp_path, "1.01_v1", frames=17, start_image=start, end_image=end)
    made = carried_out(job)[0][0]
    assert np.abs(frame(made, 0) - pixels(Image.open(start))).mean() < 3
    assert np.abs(frame(made, 16) - pixels(Image.open(end))).mean() < 3


def test_references_are_seen_in_the_slate_and_give_the_size_when_nothing_else_does(tmp_path):
    reference = tmp_path / "red.png"
    Image.new("RGB", (640, 360), (220, 20, 20)).save(reference)
    flow = template("keyframe_flux_kontext")
    graph = flow.with_values(prompt="a man in a street", seed=1, references=[reference])
    order = read_order(graph)
    assert order.references == [reference]
    job = Job("1_v1", graph, tmp_path / "out", {reference: "0"})
    picture_ = pixels(Image.open(carried_out(job)[0][0]))
    high = picture_.shape[0]
    bar = picture_[round(high * 0.95) :]
    assert ((bar[..., 0] > 200) & (bar[..., 1] < 60)).sum() > 30


def test_a_job_that_is_closed_leaves_neither_process_nor_file(tmp_path, monkeypatch):
    started = []
    popen = encoder.subprocess.Popen
    monkeypatch.setattr(
        encoder.subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[-1]
    )
    monkeypatch.setattr(sketch_backend, "BEAT", 0.0)
    with closing(SketchBackend().run(job_of("video_wan22_i2v", tmp_path, frames=81))) as work:
        for event in work:
            if isinstance(event, Progress) and event.note.startswith("frame"):
                break
    assert started[0].poll() is not None
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_breaks_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(encoder, "PRESET", "nonsense")
    with pytest.raises(JobFailed, match=r"003\.01_v1\.mp4.*could not be encoded") as told:
        clip(tmp_path)
    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "takes").write_text("a file is in the way")
    with pytest.raises(JobFailed, match=r"003_v2\.png could not be written"):
        still(tmp_path / "takes")


def test_a_start_image_that_is_no_picture_is_one_sentence(tmp_path):
    (tmp_path / "start.png").write_text("no picture")
    with pytest.raises(JobFailed, match=r"start\.png cannot be read"):
        clip(tmp_path, start_image=tmp_path / "start.png")


def test_a_start_image_that_was_cut_off_is_one_sentence(tmp_path):
    Image.effect_noise((320, 176), 60).save(tmp_path / "start.png")
    whole = (tmp_path / "start.png").read_bytes()
    (tmp_path / "start.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(JobFailed, match=r"start\.png cannot be read"):
        clip(tmp_path, start_image=tmp_path / "start.png")


def test_check_says_in_one_line_who_answers():
    line = SketchBackend().check({}, {})
    assert "sketch" in line
    assert "\n" not in line
    assert 1 <= SketchBackend().lanes <= 4
