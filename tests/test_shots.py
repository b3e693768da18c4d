"""A batch of pictures: what goes in, what comes out, and that one failure is one shot's."""

import json
import struct
import threading
import zlib
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image

from domain.errors import BackendUnreachable, BadFile
from domain.events import Failed
from domain.project import Project
from infrastructure.recipes import Ledger
from services import shots
from tests import film_corpus
from tests.fakes import OUT_OF_MEMORY, FakeBackend
from tests.graphs import node
from tests.renders import keyframe_workflow


def with_places(count):
    """A workflow that takes so many reference pictures."""
    loaders = {f"load{n}": node("LoadImage", image=f"{n}.png") for n in range(1, count + 1)}
    images = {f"image{n}": [f"load{n}", 0] for n in range(1, count + 1)}
    text = {"prompt": "a hill", "clip": ["model", 1], "vae": ["model", 2]}
    return keyframe_workflow(**loaders, words=node("TextEncodeQwenImageEditPlus", **text, **images))


class Answered:
    """A batch carried out, and its answer."""

    def __init__(self, folder, backend, batch, workflow=None):
        self.project = Project(folder / "out")
        read = shots.read_batch(batch, "batch.json")
        work = shots.make(backend, Ledger(self.project), workflow or with_places(2), read, folder)
        self.events = []
        while True:
            try:
                self.events.append(next(work))
            except StopIteration as stop:
                self.answer = json.loads(json.dumps(stop.value))
                self.images = self.answer["generated_images"]
                return


def a_batch(*entries, **more):
    return {"shots_with_references": list(entries), **more}


def a_shot(id, *references, **more):
    listed = [{"url": str(url), "reference_id": f"ref_{n}"} for n, url in enumerate(references, 1)]
    return {"shot_id": id, "prompt": f"A lamp in {id}.", "references": listed, "duration": 3.0, **more}


def a_picture(path, number=7):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(film_corpus.picture(60, number)).save(path)
    return path


@pytest.fixture
def web(tmp_path):
    """A web server on this machine that hands out pictures, and counts."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            path = tmp_path / "web" / unquote(urlsplit(self.path).path).lstrip("/")
            self.send_response(200 if path.is_file() else 404)
            self.end_headers()
            if path.is_file():
                self.wfile.write(path.read_bytes())

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = asked
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=partial(server.serve_forever, 0.05))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


# --- what comes out -------------------------------------------------------------------------------


def test_every_shot_is_answered_in_order_with_everything_the_contract_names(tmp_path):
    picture = a_picture(tmp_path / "ref.png")
    backend = FakeBackend()
    made = Answered(tmp_path, backend, a_batch(a_shot(1, picture), a_shot("b")))
    first = made.images[0]
    assert first == {
        "shot_id": 1,
        "success": True,
        "image_url": (made.project.takes / "1_v1.png").as_uri(),
        "prompt": "A lamp in 1.",
        "prompt_id": backend.jobs[0].id,
        "references_used": ["ref_1"],
    }
    assert [image["shot_id"] for image in made.images] == [1, "b"]
    assert made.images[1]["references_used"] == []
    assert made.answer["total_images"] == 2
    assert list(made.answer) == ["generated_images", "total_images"]


def test_one_failure_fails_one_shot(tmp_path):
    backend = FakeBackend(fails={"2_v1": OUT_OF_MEMORY})
    made = Answered(tmp_path, backend, a_batch(a_shot(1), a_shot(2), a_shot(3)))
    assert [image["success"] for image in made.images] == [True, False, True]
    assert made.images[1] == {"shot_id": 2, "success": False, "error": str(OUT_OF_MEMORY)}
    assert made.answer["total_images"] == 3
    assert [event.reason for event in made.events if isinstance(event, Failed)] == [str(OUT_OF_MEMORY)]


def test_a_backend_that_went_away_ends_the_batch(tmp_path):
    with pytest.raises(BackendUnreachable):
        Answered(tmp_path, FakeBackend(leaves_after=1), a_batch(a_shot(1), a_shot(2)))


def test_the_same_batch_again_runs_nothing_and_answers_the_same(tmp_path):
    batch = a_batch(a_shot(1, a_picture(tmp_path / "a.png")), a_shot(2))
    first = Answered(tmp_path, FakeBackend(), batch)
    backend = FakeBackend()
    assert Answered(tmp_path, backend, batch).answer == first.answer
    assert backend.jobs == []


@pytest.mark.parametrize(
    ("id", "name"),
    [(7, "7"), ("scene 3/shot 1", "scene-3-shot-1"), ("../../evil", "evil"), ("城市", "shot-1"), (0, "0")],
)
def test_any_id_is_answered_as_it_was_given_and_makes_a_safe_name(tmp_path, id, name):
    made = Answered(tmp_path, FakeBackend(), a_batch(a_shot(id)))
    assert made.images[0]["shot_id"] == id
    assert [path.parent for path in tmp_path.rglob("*.png")] == [made.project.takes]
    assert (made.project.takes / f"{name}_v1.png").exists()


def test_two_shots_of_one_id_are_two_pictures(tmp_path):
    made = Answered(tmp_path, FakeBackend(), a_batch(a_shot(1), a_shot(1, prompt="Else.")))
    assert made.images[0]["image_url"] != made.images[1]["image_url"]


# --- batch_size -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 5])
def test_batch_size_is_really_how_many_run_at_once(tmp_path, size):
    backend = FakeBackend(gate=threading.Barrier(size))
    made = Answered(tmp_path, backend, a_batch(*map(a_shot, range(2 * size)), batch_size=size))
    assert backend.most_at_once == size
    assert all(image["success"] for image in made.images)


def test_without_a_batch_size_one_runs_at_a_time(tmp_path):
    backend = FakeBackend(lanes=4)
    Answered(tmp_path, backend, a_batch(*map(a_shot, range(4))))
    assert backend.most_at_once == 1


# --- references -----------------------------------------------------------------------------------


def test_references_reach_the_workflows_places_in_order(tmp_path):
    one, two = a_picture(tmp_path / "one.png"), a_picture(tmp_path / "two.png", 8)
    backend = FakeBackend()
    Answered(tmp_path, backend, a_batch(a_shot(1, two, one)))
    assert backend.asked("1_v1")["reference"] == [two, one]
    assert backend.jobs[0].files == [one, two]


def test_a_reference_may_be_a_path_beside_the_batch_a_file_url_or_an_address(tmp_path, web):
    a_picture(tmp_path / "refs" / "my cat.png", 1)
    a_picture(tmp_path / "web" / "my cat.png", 2)
    beside, url = "refs/my cat.png", (tmp_path / "refs" / "my cat.png").as_uri()
    backend = FakeBackend()
    batch = a_batch(a_shot(1, beside), a_shot(2, url), a_shot(3, f"{web.url}/my%20cat.png?size=full"))
    made = Answered(tmp_path, backend, batch)
    assert all(image["success"] for image in made.images), made.images
    shown = [film_corpus.code(film_corpus.pixels_of(job.files[0])) for job in backend.jobs]
    assert shown == [(60, 1), (60, 1), (60, 2)]


def test_what_was_fetched_is_kept_with_the_project_and_fetched_once(tmp_path, web):
    a_picture(tmp_path / "web" / "a.jpg")
    made = Answered(tmp_path, FakeBackend(), a_batch(*(a_shot(n, f"{web.url}/a.jpg") for n in range(3))))
    assert web.asked == ["/a.jpg"]
    assert [path.suffix for path in (made.project.folder / "references").iterdir()] == [".jpg"]


def test_many_shots_at_once_may_refer_to_one_address(tmp_path, web):
    a_picture(tmp_path / "web" / "a.png")
    batch = a_batch(*(a_shot(n, f"{web.url}/a.png") for n in range(8)), batch_size=8)
    made = Answered(tmp_path, FakeBackend(), batch)
    assert all(image["success"] for image in made.images), made.images
    assert len(list((made.project.folder / "references").iterdir())) == 1


@pytest.mark.parametrize("content", [None, b"", b"<html>", b"\x89PNG\r\n"])
def test_a_reference_that_is_missing_or_no_picture_fails_its_shot_with_a_reason(tmp_path, web, content):
    if content is not None:
        for place in (tmp_path, tmp_path / "web"):
            place.mkdir(exist_ok=True)
            (place / "bad.png").write_bytes(content)
    batch = a_batch(a_shot(1, "bad.png"), a_shot(2, f"{web.url}/bad.png"), a_shot(3))
    made = Answered(tmp_path, FakeBackend(), batch)
    assert [image["success"] for image in made.images] == [False, False, True]
    assert all("bad.png" in image["error"] for image in made.images[:2])
    assert not list(made.project.folder.rglob("*.part*"))


def a_huge_picture(path):
    """Sixty thousand pixels a side, says its head; there is next to nothing behind it."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    parts = (struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path.name


@pytest.mark.parametrize(
    "reference",
    ["data:image/png;base64," + "iVBO" * 2000, "http://a..b/c.png", f"http://{'a' * 70}.com/c.png"],
)
def test_a_reference_of_an_odd_kind_fails_its_shot_alone(tmp_path, reference):
    made = Answered(tmp_path, FakeBackend(), a_batch(a_shot(1, reference), a_shot(2)))
    assert [image["success"] for image in made.images] == [False, True]
    assert len(made.images[0]["error"]) < 300


def test_a_reference_too_large_to_be_opened_fails_its_shot_alone(tmp_path):
    batch = a_batch(a_shot(1, a_huge_picture(tmp_path / "huge.png")), a_shot(2))
    made = Answered(tmp_path, FakeBackend(), batch)
    assert [image["success"] for image in made.images] == [False, True]
    assert "huge.png is not a picture that can be read" in made.images[0]["error"]


def test_an_address_where_nobody_answers_fails_its_shot(tmp_path, web):
    gone = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    gone.server_close()
    made = Answered(tmp_path, FakeBackend(), a_batch(a_shot(1, f"http://127.0.0.1:{gone.server_port}/a.png")))
    assert "cannot be fetched" in made.images[0]["error"]


def test_more_references_than_the_workflow_takes_fail_the_shot_and_are_never_dropped(tmp_path):
    pictures = [a_picture(tmp_path / f"{n}.png", n) for n in range(3)]
    made = Answered(tmp_path, FakeBackend(), a_batch(a_shot(1, *pictures), a_shot(2, *pictures[:2])))
    assert "has 3 reference pictures" in made.images[0]["error"]
    assert made.images[1]["success"]


def test_a_shot_without_references_leaves_no_empty_place_in_the_graph(tmp_path):
    backend = FakeBackend()
    Answered(tmp_path, backend, a_batch(a_shot(1)))
    assert not any(n["class_type"] == "LoadImage" for n in backend.jobs[0].graph.values())


# --- the workflow's values ------------------------------------------------------------------------


def test_values_of_the_workflow_object_reach_the_graph(tmp_path):
    backend = FakeBackend()
    settings = {
        "width": 320,
        "height": 192,
        "steps": 4,
        "cfg_scale": 2.5,
        "negative_prompt": "mud",
        "seed": 0,
    }
    Answered(tmp_path, backend, a_batch(a_shot(1), workflow=settings))
    asked = backend.asked("1_v1")
    assert {key: asked[key] for key in ("width", "height", "steps", "cfg", "negative", "seed")} == {
        "width": 320,
        "height": 192,
        "steps": 4,
        "cfg": 2.5,
        "negative": "mud",
        "seed": 0,
    }


def test_a_seed_of_minus_one_never_reaches_a_server(tmp_path):
    backend = FakeBackend()
    Answered(tmp_path, backend, a_batch(a_shot(1), a_shot(2), workflow={"seed": -1}))
    seeds = [backend.asked(name)["seed"] for name in backend.names()]
    assert min(seeds) >= 0 and len(set(seeds)) == 2


# --- batches that are refused ---------------------------------------------------------------------

SHOT = a_shot(1)


@pytest.mark.parametrize(
    ("batch", "place"),
    [
        ([], "shots_with_references"),
        ({}, "shots_with_references"),
        (a_batch(), "shots_with_references"),
        ({"shots_with_references": {}}, "shots_with_references"),
        (a_batch(None), "shots_with_references[0]"),
        (a_batch(SHOT, {**SHOT, "shot_id": None}), "shots_with_references[1]"),
        (a_batch({**SHOT, "prompt": " "}), "shots_with_references[0].prompt"),
        (a_batch({**SHOT, "prompt": 7}), "shots_with_references[0].prompt"),
        (a_batch({**SHOT, "references": "a.png"}), "shots_with_references[0].references"),
        (a_batch({**SHOT, "references": [{"reference_id": "x"}]}), "shots_with_references[0].references[0]"),
        (a_batch(SHOT, batch_size=0), "batch_size"),
        (a_batch(SHOT, batch_size=True), "batch_size"),
        (a_batch(SHOT, batch_size="2"), "batch_size"),
        (a_batch(SHOT, batch_size=1000), "batch_size"),
        (a_batch(SHOT, workflow={"width": "wide"}), "workflow.width"),
        (a_batch(SHOT, workflow={"seed": 1.5}), "workflow.seed"),
        (a_batch(SHOT, workflow={"cfg_scale": [7]}), "workflow.cfg_scale"),
        (a_batch(SHOT, workflow={"negative_prompt": 7}), "workflow.negative_prompt"),
        (a_batch(SHOT, workflow={"1": {"class_type": "A", "inputs": {}}, "2": {}}), "workflow: node 2"),
        (a_batch(SHOT, workflow={"1": {"class_type": "A"}}), "workflow: node 1"),
        (a_batch(SHOT, workflow={"1": {"class_type": "A", "inputs": {}, "_meta": 5}}), "_meta of node 1"),
    ],
)
def test_a_batch_that_does_not_read_is_refused_with_its_place(batch, place):
    with pytest.raises(BadFile) as caught:
        shots.read_batch(batch, "batch.json")
    assert "batch.json" in str(caught.value) and place in str(caught.value)
