"""Batches of pictures that other programs ask the studio for: drawn in its queue, answered over HTTP."""

import base64
import json
import threading
import zlib
from collections import Counter
from io import BytesIO

import pytest
from PIL import Image

from domain.errand import RUNNING
from domain.errors import CannotWrite
from infrastructure import handed_pictures
from infrastructure.handed_pictures import Handed
from services import shot_errands, shot_orders, shots
from tests.api_clients import LONGEST, client, client_of, refused, start, studio, through_window, until

__all__ = ["client", "start", "studio"]  # fixtures

SIZE = {"width": 64, "height": 48}
JSON = {"Content-Type": "application/json"}
WEB = "http://127.0.0.1:1/a.png"  # nothing is fetched for others


def batch(*prompts, **more):
    shots = [{"shot_id": n, "prompt": prompt} for n, prompt in enumerate(prompts, 1)]
    return {"shots_with_references": shots, "workflow": SIZE, **more}


def referring(*references, **more):
    content = batch("A cat", **more)
    content["shots_with_references"][0]["references"] = list(references)
    return content


def sent(client, content):
    answer = client.post("/api/shots/generate", json=content)
    assert answer.status_code == 202, answer.text
    return answer.json()


def png(colour="#c04020"):
    file = BytesIO()
    Image.new("RGB", (16, 16), colour).save(file, "PNG")
    return file.getvalue()


def jpeg():
    file = BytesIO()
    Image.effect_noise((64, 64), 60).save(file, "JPEG")
    return file.getvalue()


def phone_jpeg():
    """A JPEG with a second, smaller picture in it."""
    file, picture = BytesIO(), Image.effect_noise((64, 64), 60).convert("RGB")
    picture.save(file, "MPO", save_all=True, append_images=[picture.resize((16, 16))])
    return file.getvalue()


def large(width, height):
    """A PNG that says it is so large."""
    small = png()
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + small[24:29]
    return small[:12] + header + zlib.crc32(header).to_bytes(4, "big") + small[33:]


def along(content):
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def test_a_batch_is_drawn_in_the_queue_and_answered_shot_by_shot(client, studio):
    studio.runs.pause()
    answer = sent(client, batch("A cat", "A dog"))
    id = answer["batchId"]
    assert (answer["state"], answer["jobs"]) == ("drawing", 2)
    assert {(e.deed, e.project) for e in studio.runs.errands()} == {
        ("picture", str(studio.places.projects.resolve() / id))
    }, "the window shows it, and pausing holds it"
    now = client.get(f"/api/shots/{id}").json()
    assert (now["state"], now["jobs"]["left"], now["paused"]) == ("drawing", 2, "paused")
    assert (now["generated_images"], now["total_images"]) == ([], 2)
    studio.runs.resume()
    now = until(client, f"shots/{id}", "done", "failed")
    assert (now["state"], now["progress"], now["error"]) == ("done", 1.0, None), now
    assert [(one["shot_id"], one["prompt"]) for one in now["generated_images"]] == [
        (1, "A cat"),
        (2, "A dog"),
    ]
    for one in now["generated_images"]:
        picture = client.get(one["image_url"])
        assert Image.open(BytesIO(picture.content)).size == (64, 48)


def test_a_batch_sent_twice_is_drawn_once_and_another_one_anew(client, studio):
    studio.runs.pause()
    first = sent(client, batch("A cat"))
    second = sent(client, batch("A cat"))
    assert (second["batchId"], first["jobs"], second["jobs"]) == (first["batchId"], 1, 0)
    assert len(studio.runs.errands()) == 1
    studio.runs.resume()
    until(client, f"shots/{first['batchId']}", "done")
    again = sent(client, batch("A cat"))
    assert (again["batchId"], again["state"], again["jobs"]) == (first["batchId"], "done", 0)
    assert sent(client, batch("A dog"))["batchId"] != first["batchId"]
    takes = studio.places.projects / first["batchId"] / "takes"
    assert len(list(takes.glob("*.png"))) == 1


def test_what_was_cut_short_is_told_and_goes_on_when_it_is_sent_again(start):
    studio = start()
    studio.runs.pause()
    id = sent(client_of(studio), batch("A cat", "A dog"))["batchId"]
    client = client_of(start())
    now = client.get(f"/api/shots/{id}").json()
    assert now["state"] == "failed" and "it goes on where it was" in now["error"]
    assert sent(client, batch("A cat", "A dog"))["batchId"] == id
    assert until(client, f"shots/{id}", "done", "failed")["state"] == "done"


def test_a_cancelled_picture_is_told_beside_the_others(client, studio):
    studio.runs.pause()
    id = sent(client, batch("A cat", "A dog"))["batchId"]
    studio.runs.cancel([studio.runs.errands()[0].id])
    studio.runs.resume()
    now = until(client, f"shots/{id}", "failed", "done")
    assert now["state"] == "failed"
    assert sorted(one["success"] for one in now["generated_images"]) == [False, True]
    assert now["error"] == "It was cancelled in the studio."


@pytest.fixture
def held(monkeypatch):
    """Drawing that waits until `may` is set; `begun` says that one does."""
    make, begun, may = shot_errands.keyframes.make, threading.Event(), threading.Event()

    def waiting(backend, ledger, wanted):
        begun.set()
        may.wait(LONGEST)
        return (yield from make(backend, ledger, wanted))

    monkeypatch.setattr(shot_errands.keyframes, "make", waiting)
    yield begun, may
    may.set()


def test_what_is_being_drawn_just_now_is_not_asked_for_again(client, studio, held):
    begun, may = held
    id = sent(client, batch("A cat"))["batchId"]
    assert begun.wait(LONGEST)
    assert [e.state for e in studio.runs.errands()] == [RUNNING]
    again = sent(client, batch("A cat"))
    assert (again["batchId"], again["state"], again["jobs"]) == (id, "drawing", 0)
    assert len(studio.runs.errands()) == 1
    may.set()
    assert until(client, f"shots/{id}", "done", "failed")["state"] == "done"


def test_what_another_engine_drew_is_not_told_as_done(client, studio):
    id = sent(client, batch("A cat"))["batchId"]
    until(client, f"shots/{id}", "done")
    folder = studio.places.projects.resolve() / id
    recipe = folder / "takes" / "1_v1.json"
    recipe.write_text(recipe.read_text("utf-8").replace('"engine": "sketch"', '"engine": "comfyui"'), "utf-8")
    studio.desk_of(folder).ledger.refresh()
    now = client.get(f"/api/shots/{id}").json()
    assert (now["state"], [one["success"] for one in now["generated_images"]]) == ("failed", [False])
    assert sent(client, batch("A cat"))["jobs"] == 1
    assert until(client, f"shots/{id}", "done", "failed")["state"] == "done"


@pytest.fixture
def own_template(studio):
    """A template of the artist's own; its file, and that in which its places are chosen."""
    graph = studio.workflows.load("keyframe_sdxl").graph
    file = studio.places.workflows / "keyframe_mine.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(graph), "utf-8")
    return file


@pytest.mark.parametrize("becomes", ["changed", "gone", "broken"])
def test_a_batch_stands_as_it_was_taken_whatever_becomes_of_its_template(
    client, studio, own_template, becomes
):
    studio.runs.pause()
    content = batch("A cat", "A dog", workflow={"name": "keyframe_mine"})
    id = sent(client, content)["batchId"]
    studio.runs.cancel([studio.runs.errands()[1].id])
    studio.runs.resume()
    assert until(client, f"shots/{id}", "done", "failed")["jobs"]["done"] == 1
    if becomes == "changed":
        graph = json.loads(own_template.read_text("utf-8"))
        for node in graph.values():
            node["inputs"] |= {"steps": 3} if "steps" in node["inputs"] else {}
        own_template.write_text(json.dumps(graph), "utf-8")
    elif becomes == "broken":
        own_template.write_text("{", "utf-8")
    else:
        own_template.unlink()
    now = client.get(f"/api/shots/{id}").json()
    assert [one["success"] for one in now["generated_images"]] == [True, False]
    again = sent(client, content)
    assert (again["batchId"], again["jobs"]) == (id, 1)
    assert until(client, f"shots/{id}", "done", "failed")["state"] == "done"


def test_places_chosen_by_hand_are_kept_with_a_batch(client, studio, own_template):
    beside = own_template.with_name("keyframe_mine.about.json")
    places = studio.workflows.load("keyframe_mine").slots["prompt"]
    chosen = [f"{slot.node}.{slot.input}" for slot in places]
    beside.write_text(json.dumps({"slots": {"prompt": chosen, "seed": []}}), "utf-8")
    id = sent(client, batch("A cat", workflow={"name": "keyframe_mine"}))["batchId"]
    done = until(client, f"shots/{id}", "done", "failed")
    beside.unlink()
    assert client.get(f"/api/shots/{id}").json() == done
    assert done["state"] == "done"


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ({"graph": 5}, "batch.json: graph"),
        ({"graph": {"1": {"class_type": "A", "inputs": {}}}, "slots": [1]}, "batch.json does not read"),
    ],
)
def test_a_batch_that_was_damaged_is_told(client, studio, kept, said):
    id = sent(client, batch("A cat"))["batchId"]
    file = studio.places.projects / id / "batch.json"
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **kept}), "utf-8")
    assert refused(client.get(f"/api/shots/{id}"), 422, said)


def test_a_batch_of_before_is_drawn_by_its_templates_name(client, studio):
    id = sent(client, batch("A cat"))["batchId"]
    until(client, f"shots/{id}", "done")
    file = studio.places.projects / id / "batch.json"
    content = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({k: content[k] for k in content.keys() - {"graph", "slots"}}), "utf-8")
    assert client.get(f"/api/shots/{id}").json()["state"] == "done"
    again = sent(client, batch("A cat"))
    assert (again["batchId"], again["state"], again["jobs"]) == (id, "done", 0)


@pytest.mark.parametrize("breaks", ["batch", "pictures"])
def test_a_batch_that_cannot_be_written_leaves_nothing_behind(client, studio, monkeypatch, breaks):
    content, put = referring(along(png()), along(png("blue"))), Handed.put

    def full(path, *_):
        raise CannotWrite(f"{path} cannot be written: No space left on device.")

    def put_then_full(picture, folder):
        put(picture, folder)
        full(folder)

    with monkeypatch.context() as now:
        if breaks == "batch":
            now.setattr(shot_orders, "write_json", full)
        else:
            now.setattr(Handed, "put", put_then_full)
        answer = client.post("/api/shots/generate", json=content)
        assert refused(answer, 507, "cannot be written")
    assert not list(studio.places.projects.iterdir())
    id = sent(client, content)["batchId"]
    assert until(client, f"shots/{id}", "done", "failed")["state"] == "done"


class Counted:
    """Calls of a function, by what they were about."""

    def __init__(self, monkeypatch, module, name, about):
        self.calls, self._function, self._about = Counter(), getattr(module, name), about
        monkeypatch.setattr(module, name, self)

    def __call__(self, *given):
        self.calls[self._about(*given)] += 1
        return self._function(*given)


def test_a_batch_is_read_and_worked_out_once_however_often_it_is_asked_for(client, studio, monkeypatch):
    read = Counted(monkeypatch, shot_errands, "read_json", lambda file: file.name)
    wanted = Counted(monkeypatch, shots, "wanted", lambda workflow, asked, kept: asked.number)
    content = referring(along(png()), workflow={})
    content["shots_with_references"] += batch("A dog", "A fox")["shots_with_references"]
    id = sent(client, content)["batchId"]
    assert until(client, f"shots/{id}", "done", "failed")["state"] == "done"
    for _ in range(3):
        client.get(f"/api/shots/{id}")
    assert sent(client, content)["jobs"] == 0
    assert read.calls == {"batch.json": 1}
    assert wanted.calls == {0: 2, 1: 2, 2: 2}, "to know whether it is there, and to draw it"


def test_what_changes_on_disk_is_read_and_worked_out_anew(client, studio):
    id = sent(client, referring(along(png()), workflow={}))["batchId"]
    assert until(client, f"shots/{id}", "done", "failed")["state"] == "done"
    folder = studio.places.projects / id
    (picture,) = (folder / "references").iterdir()
    picture.write_bytes(png("#204060"))
    assert client.get(f"/api/shots/{id}").json()["state"] == "failed", "it was drawn with another picture"
    picture.write_bytes(png())
    assert client.get(f"/api/shots/{id}").json()["state"] == "done"
    picture.unlink()
    assert "is not there" in client.get(f"/api/shots/{id}").json()["error"]
    picture.write_bytes(png())
    file = folder / "batch.json"
    file.write_text(file.read_text("utf-8").replace("A cat", "A cow"), "utf-8")
    assert client.get(f"/api/shots/{id}").json()["state"] == "failed", "it asks for something else"


@pytest.mark.parametrize("kind", ["data", "relative", "whole", "file"])
def test_a_reference_picture_is_sent_along_or_lies_among_the_projects(client, studio, kind):
    studio.runs.pause()
    file = studio.places.projects / "film" / "keyframes" / "001.png"
    file.parent.mkdir(parents=True)
    file.write_bytes(png())
    url = {
        "data": along(png()),
        "relative": "film/keyframes/001.png",
        "whole": str(file),
        "file": file.as_uri(),
    }
    id = sent(client, referring({"url": url[kind], "reference_id": "Ida"}))["batchId"]
    folder = studio.places.projects / id
    (kept,) = (folder / "references").iterdir()
    assert kept.read_bytes() == png()
    told = json.loads((folder / "batch.json").read_text("utf-8"))["shots_with_references"][0]["references"]
    assert told == [{"url": f"references/{kept.name}", "reference_id": "Ida"}]
    file.unlink()
    assert sent(client, referring({"url": along(png()), "reference_id": "Ida"}))["batchId"] == id


def test_a_phones_jpeg_with_several_pictures_is_a_jpeg(client, studio):
    content = phone_jpeg()
    id = sent(client, referring(along(content), workflow={}))["batchId"]
    (kept,) = (studio.places.projects / id / "references").iterdir()
    assert (kept.suffix, kept.read_bytes()) == (".jpg", content)
    assert until(client, f"shots/{id}", "done", "failed")["state"] == "done"


def test_a_picture_is_decoded_once_however_often_it_is_sent(client, studio, monkeypatch):
    monkeypatch.setattr(handed_pictures, "_known", handed_pictures.Known(2))
    studio.runs.pause()
    decoded = Counted(monkeypatch, handed_pictures, "_looked_at", lambda file, said: 1)
    file = studio.places.projects / "film" / "a.png"
    file.parent.mkdir(parents=True)
    file.write_bytes(png())
    one, other, third = along(png()), along(png("blue")), along(png("green"))
    for _ in range(2):
        sent(client, referring(one, other, "film/a.png"))
    assert decoded.calls[1] == 2, "a picture is known by its content, wherever it lies"
    sent(client, referring(third))
    sent(client, referring(one))
    assert decoded.calls[1] == 4, "only so many are remembered"
    for _ in range(2):
        assert refused(client.post("/api/shots/generate", json=referring(along(b"no"))), 422, "not a picture")


def test_no_file_outside_the_projects_is_looked_at_or_told_to_be_there(client, studio, tmp_path):
    studio.places.projects.mkdir(parents=True, exist_ok=True)
    outside = tmp_path / "secret.png"
    outside.write_bytes(png())
    (studio.places.projects / "link.png").symlink_to(outside)
    said = set()
    for url in (
        str(outside),
        outside.as_uri(),
        "../secret.png",
        "link.png",
        str(tmp_path / "nothing.png"),
        WEB,
    ):
        answer = client.post("/api/shots/generate", json=referring(url))
        assert refused(answer, 422, "not in the studio's projects folder"), url
        said.add(answer.json()["error"].replace(url, "").replace("secret", "nothing"))
    assert not list(studio.places.projects.glob("*/batch.json"))


def test_a_graph_is_taken_from_this_machine_alone(studio):
    graph = {"1": {"class_type": "LoadImage", "inputs": {"image": "/etc/passwd"}}}
    bearer = {"Authorization": "Bearer sesame"}
    afar = through_window(studio, "sesame", host="192.0.2.7")
    answer = afar.post("/api/shots/generate", json=batch("A cat", workflow=graph), headers=bearer)
    assert refused(answer, 422, "workflow must be a template's name")
    here = client_of(studio).post("/api/shots/generate", json=batch("A cat", workflow=graph))
    assert refused(here, 422, "prompt"), "taken as a graph, which has no place for a prompt"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "shots_with_references"),
        ({"shots_with_references": []}, "shots_with_references must be a list"),
        ({"shots_with_references": [{"shot_id": 1}]}, "shots_with_references[0].prompt must be text"),
        ({"shots_with_references": [{"prompt": "A cat"}]}, "shots_with_references[0] needs a shot_id"),
        (batch("A cat", batch_size=99), "batch_size must be from 1 to 64, not 99"),
        (batch("A cat", workflow={"width": "wide"}), "workflow.width must be a number"),
        (batch("A cat", workflow={"type": "oil"}), "workflow.type 'oil' is not known"),
        (batch("A cat", workflow="../../etc/passwd"), "workflow"),
        (batch("A cat", workflow=5), "workflow must be a template's name or an object"),
        (referring("data:image/png;base64,!!!"), "references[0]: The picture that was sent along"),
        (referring(along(b"no picture")), "references[0]: What was sent along is not a picture"),
        (referring(along(jpeg()[:-200])), "references[0]: What was sent along is not a picture"),
        (referring(along(large(17_000, 10_000))), "references[0]: What was sent along is larger than 64 meg"),
        (referring(along(large(40_000, 40_000))), "references[0]: What was sent along is larger than 64 meg"),
        (referring(*[along(png())] * 4), "takes 3"),
    ],
)
def test_a_batch_that_cannot_be_drawn_is_refused_by_its_field(client, studio, content, said):
    assert refused(client.post("/api/shots/generate", json=content), 422, said)
    assert not list(studio.places.projects.glob("*/batch.json")) and not studio.runs.errands()


def test_what_no_file_could_hold_is_refused_by_its_field(client, studio):
    half, none = '"\\ud800"', ["NaN", "Infinity", "1e999"]
    url = {"url": along(png()), "reference_id": "REFERENCE_ID"}
    content = referring(url, workflow={"negative_prompt": "NEGATIVE_PROMPT"})
    content["shots_with_references"][0] |= {"shot_id": "SHOT_ID", "prompt": "PROMPT"}
    body = json.dumps(content)
    deep = "[" * 300 + "]" * 300
    for field, odd in [
        *(("shot_id", odd) for odd in (half, *none, "true", "[1]", "{}", deep)),
        *((field, odd) for field in ("prompt", "reference_id", "negative_prompt") for odd in (half, *none)),
    ]:
        odd_body = body.replace(f'"{field.upper()}"', odd)
        answer = client.post("/api/shots/generate", content=odd_body, headers=JSON)
        assert refused(answer, 422, "nested too deeply" if odd is deep else field), (field, odd)
    for odd_body in ('{"shots_with_references": NaN}', body.replace('"NEGATIVE_PROMPT"', '{"\\udfff": 1}')):
        answer = client.post("/api/shots/generate", content=odd_body, headers=JSON)
        assert answer.status_code == 422, answer.text
    assert not list(studio.places.projects.glob("*/batch.json")) and not studio.runs.errands()


def test_a_file_that_cannot_be_read_is_refused_by_its_field(client, studio, monkeypatch):
    file = studio.places.projects / "film" / "a.png"
    file.parent.mkdir(parents=True)
    file.write_bytes(png())
    answer = client.post("/api/shots/generate", json=referring("film"))
    assert refused(answer, 422, "references[0]: film is not there")

    def forbidden(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(handed_pictures, "sha256", forbidden)  # who runs the tests may read everything
    answer = client.post("/api/shots/generate", json=referring("film/a.png"))
    assert refused(answer, 422, "references[0]: film/a.png cannot be read: Permission denied")


@pytest.mark.parametrize("id", ["nothing", "..", "%2e%2e", "..%2Fx", "C:", "x" * 300])
def test_an_id_of_a_batch_is_no_path(client, id):
    for route in ("", "/images/takes/a.png"):
        assert client.get(f"/api/shots/{id}{route}").status_code == 404


def test_the_interface_describes_batches(client):
    told = client.get("/api/openapi.json").json()
    assert {"/shots/generate", "/shots/{id}", "/shots/{id}/images/{path}"} <= set(told["paths"])
    asked = told["components"]["schemas"]["ShotsRequest"]
    assert asked["required"] == ["shots_with_references"]
    assert asked["properties"]["shots_with_references"]["items"]["required"] == ["shot_id", "prompt"]
