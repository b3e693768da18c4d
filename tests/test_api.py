"""The interface for programs: comics planned, drawn and fetched over HTTP."""

import json
import threading
import zipfile
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from addons import api_answers
from addons.api_guard import LARGEST
from domain.errand import STOPPED
from domain.errors import StudioError
from services import projects
from services.planning.drafts import draft_path
from tests.api_clients import client, client_of, refused, start, studio, until
from tests.comics.desks import ONE, SCRIPT, THREE, TWO
from tests.comics.storytellers import Storyteller
from tests.fake_chat import FakeChat
from tests.run_bench import until as comes
from tests.studios import until_done

__all__ = ["client", "start", "studio"]  # fixtures

PANELS = {ONE, TWO, THREE}


def planned(client, **asked):
    answer = client.post("/api/comic/plan", json=asked or {"script": SCRIPT})
    assert answer.status_code == 200, answer.text
    return answer.json()


# --- what it makes ----------------------------------------------------------------------------------


def test_a_script_becomes_a_project_that_the_window_can_open(client, studio):
    answer = planned(client)
    assert answer["success"] is True and answer["title"] == "The tram" and answer["style"] == "noir"
    counts = [answer[f"{what}Count"] for what in ("chapters", "pages", "panels", "characters")]
    assert counts == [1, 2, 3, 1]
    assert {
        panel["id"] for page in answer["plan"]["chapters"][0]["pages"] for panel in page["panels"]
    } == PANELS
    folder = studio.places.projects / answer["planId"]
    studio.open(folder)
    assert studio.comic.comic(studio.desk.project).title == "The tram"
    assert folder.name in studio.places.recent.read_text("utf-8"), "it is in the list of projects"
    now = client.get(f"/api/comic/{answer['planId']}").json()
    assert (now["state"], now["progress"], now["images"]) == ("planned", 0.0, {})
    assert now["plan"] == answer["plan"]


def test_a_prompt_becomes_a_template_of_as_many_pages_as_are_asked_for(client):
    answer = planned(client, prompt="Пригоди кота", maxPages=2, style="manga")
    assert (answer["pagesCount"], answer["style"], answer["language"]) == (2, "manga", "uk")
    assert "template" in answer["changed"][0]["said"]
    assert planned(client, prompt="A cat")["pagesCount"] == 5, "unless it is said"
    again = planned(client, prompt="Пригоди кота", maxPages=2)
    assert again["planId"] != answer["planId"], "each plan has a project of its own"
    assert client.get(f"/api/comic/{answer['planId']}").json()["planId"] == answer["planId"]


def test_a_plan_is_drawn_and_its_pictures_and_pages_come(client, studio):
    id = planned(client)["planId"]
    answer = client.post("/api/comic/generate", json={"planId": id})
    assert answer.status_code == 202
    assert answer.json() == {"success": True, "planId": id, "state": "drawing", "jobs": 4}
    now = until(client, f"comic/{id}", "done", "failed")
    assert (now["state"], now["progress"], now["error"]) == ("done", 1.0, None), now
    assert now["jobs"] == {"done": 4, "failed": 0, "left": 0}
    assert now["images"].keys() == PANELS
    for address in now["images"].values():
        picture = client.get(address)
        assert picture.status_code == 200
        Image.open(BytesIO(picture.content)).verify()
    book = client.get(f"/api/comic/{id}/pages.cbz")
    assert book.status_code == 200 and f'filename="{id}.cbz"' in book.headers["content-disposition"]
    with zipfile.ZipFile(BytesIO(book.content)) as archive:
        assert archive.testzip() is None
        assert {"0001.jpg", "0002.jpg", "ComicInfo.xml"} == set(archive.namelist())
    assert client.get(f"/api/comic/{id}/pages.pdf").content.startswith(b"%PDF")
    assert client.get(f"/api/comic/{id}/pages.epub").content[30:38] == b"mimetype"
    assert client.get(f"/api/comic/{id}/pages.cbz").content == book.content
    left = [file.name for file in (studio.places.projects / id).rglob("*.part")]
    assert not left and not list((studio.places.projects / id).glob("*.cbz*")), "nothing lies about"


def test_the_window_shows_what_a_program_asked_for(client, studio):
    id = planned(client)["planId"]
    client.post("/api/comic/generate", json={"planId": id})
    errands = studio.runs.errands()
    assert sorted(errand.deed for errand in errands) == ["panel", "panel", "panel", "portrait"]
    assert {errand.project for errand in errands} == {str(studio.places.projects.resolve() / id)}
    until(client, f"comic/{id}", "done")


def test_a_plan_sent_twice_is_one_comic_and_drawn_once(client, studio):
    plan = {**planned(client)["plan"], "title": "Sent along"}
    first = client.post("/api/comic/generate", json={"plan": plan}).json()
    second = client.post("/api/comic/generate", json={"plan": plan}).json()
    assert first["planId"] == second["planId"]
    until(client, f"comic/{first['planId']}", "done")
    third = client.post("/api/comic/generate", json={"planId": first["planId"]}).json()
    assert (first["jobs"], third["jobs"], third["state"]) == (4, 0, "done")
    assert second["jobs"] == 0
    assert len(list((studio.places.projects / first["planId"] / "takes").glob("*.png"))) == 4


def test_more_variants_are_drawn_on_top_of_those_that_are_there(client, studio):
    id = planned(client)["planId"]
    client.post("/api/comic/generate", json={"planId": id})
    until(client, f"comic/{id}", "done")
    more = {"planId": id, "variants": 2}
    assert client.post("/api/comic/generate", json=more).json()["jobs"] == 3
    assert client.post("/api/comic/generate", json=more).json()["jobs"] == 0
    until_done(studio)
    assert client.post("/api/comic/generate", json=more).json()["jobs"] == 0


def test_a_short_plan_of_another_program_is_drawn(client):
    panel = {"position": 1, "characters": ["c"], "action": "Bo runs", "camera": "wide shot", "dialogue": []}
    pages = [{"pageNumber": 1, "layout": "single", "panels": [panel]}]
    people = [{"id": "c", "name": "Bo", "appearance": "a fox"}]
    plan = {"title": "Fox", "style": "noir", "characters": people, "chapters": [{"pages": pages}]}
    answer = client.post("/api/comic/generate", json={"plan": plan})
    assert (answer.status_code, answer.json()["jobs"]) == (202, 2)
    assert until(client, f"comic/{answer.json()['planId']}", "done", "failed")["state"] == "done"


def test_what_the_studio_did_not_get_to_goes_on_after_a_restart(start):
    studio = start()
    client = client_of(studio)
    id = planned(client)["planId"]
    studio.runs.pause()
    assert client.post("/api/comic/generate", json={"planId": id}).json()["jobs"] == 4
    client = client_of(start())
    now = client.get(f"/api/comic/{id}").json()
    assert (now["state"], now["jobs"]["left"]) == ("failed", 0)
    assert "it goes on where it was" in now["error"]
    assert client.post("/api/comic/generate", json={"planId": id}).json()["jobs"] == 4
    assert until(client, f"comic/{id}", "done", "failed")["jobs"] == {"done": 4, "failed": 0, "left": 0}
    now = client_of(start()).get(f"/api/comic/{id}").json()
    assert (now["state"], len(now["images"])) == ("done", 3)


def test_what_fails_is_told_with_its_reason(client, studio):
    id = planned(client)["planId"]
    studio.runs.pause()
    client.post("/api/comic/generate", json={"planId": id})
    now = client.get(f"/api/comic/{id}").json()
    assert (now["state"], now["jobs"]["left"], now["paused"]) == ("drawing", 4, "paused")
    studio.runs.cancel_all()
    now = client.get(f"/api/comic/{id}").json()
    assert (now["state"], now["jobs"]["failed"]) == ("failed", 4)
    assert now["error"] == "It was cancelled in the studio."


def test_a_language_model_plans_while_the_program_asks_how_far_it_is(client, studio):
    asked = {"prompt": "A lighthouse keeper finds a letter.", "maxPages": 2, "model": True, "language": "uk"}
    assert refused(client.post("/api/comic/plan", json=asked), 409, "Which model?")
    with FakeChat(Storyteller()) as chat:
        chosen = type(studio.settings.chat)(chat.url, "tiny")
        studio.set(chat=chosen)
        answer = client.post("/api/comic/plan", json=asked)
        assert answer.status_code == 202
        id = answer.json()["planId"]
        assert answer.json() == {"success": True, "planId": id, "state": "planning"}
        now = until(client, f"comic/{id}", "planned", "failed")
    assert now["state"] == "planned", now
    assert len([page for chapter in now["plan"]["chapters"] for page in chapter["pages"]]) == 2
    gone = client.post("/api/comic/plan", json=asked).json()["planId"]
    now = until(client, f"comic/{gone}", "failed")
    assert now["error"] and now["plan"] is None
    assert refused(client.post("/api/comic/generate", json={"planId": gone}), 409, "has no plan yet")


class Halting(Storyteller):
    """Says who there is and what happens, and no panel before it may."""

    def __init__(self):
        super().__init__()
        self.may, self.people = threading.Event(), 0

    def characters(self, text):
        self.people += 1
        return super().characters(text)

    def action(self, text):
        self.may.wait(30)
        return super().action(text)


def test_a_plan_that_a_restart_cut_short_goes_on_when_it_is_asked_for_again(start):
    asked = {"prompt": "A lighthouse keeper finds a letter.", "maxPages": 2, "model": True}
    studio, teller = start(), Halting()
    with FakeChat(teller) as chat:
        studio.set(chat=type(studio.settings.chat)(chat.url, "tiny"))
        client = client_of(studio)
        id = client.post("/api/comic/plan", json=asked).json()["planId"]
        assert [(e.deed, e.is_over) for e in studio.runs.errands()] == [("plan", False)], "in the queue"
        assert client.post("/api/comic/plan", json=asked).json()["planId"] == id, "sent twice, paid once"
        draft = draft_path(studio.places.projects / id / "comic.json")
        comes(lambda: draft.is_file() and teller.people and len(chat.bodies) > 2)
        client = client_of(start())
        now = client.get(f"/api/comic/{id}").json()
        assert now["state"] == "failed" and "it goes on" in now["error"]
        teller.may.set()
        assert client.post("/api/comic/plan", json=asked).json()["planId"] == id
        assert until(client, f"comic/{id}", "planned", "failed")["state"] == "planned"
    assert teller.people == 1, "what was answered before is not asked for again"


@pytest.fixture
def asking(studio):
    """asking(idea) → the answer to a program that wants it planned by a model, which does not get far."""
    teller = Halting()
    with FakeChat(teller) as chat:
        studio.set(chat=type(studio.settings.chat)(chat.url, "tiny"))
        client = client_of(studio)
        wish = {"maxPages": 2, "model": True}
        yield lambda idea: client.post("/api/comic/plan", json={**wish, "prompt": idea})
        teller.may.set()


def folders_of(studio):
    return [folder.name for folder in studio.places.projects.glob("*")]


def test_a_model_plans_no_more_than_a_few_at_once(asking, studio):
    ids = [asking(idea).json()["planId"] for idea in ("A cat", "A dog", "A fox", "A hen")]
    assert refused(asking("A bee"), 409, "4 comics are being planned already. Wait")
    assert asking("A cat").json()["planId"] == ids[0], "it is one of those"
    assert sorted(folders_of(studio)) == sorted(ids)


def test_a_plan_that_the_queue_refuses_leaves_no_project_behind(asking, studio, monkeypatch):
    def refuse(errands):
        raise StudioError("Not now.")

    def refuse_a_project_in_use(errands):
        (studio.places.projects / "A-dog" / "mine.txt").write_text("Mine", "utf-8")
        raise StudioError("Not now.")

    monkeypatch.setattr(studio, "ask", refuse)
    assert refused(asking("A cat"), 409, "Not now.")
    assert not folders_of(studio) and not projects.recent(studio.places.recent)
    monkeypatch.setattr(studio, "ask", refuse_a_project_in_use)
    assert refused(asking("A dog"), 409, "Not now.")
    assert sorted(f.name for f in (studio.places.projects / "A-dog").iterdir()) == [
        "mine.txt",
        "storyboard.json",
    ]


def test_a_plan_that_is_taken_off_the_list_just_then_is_asked_for_anew(start, monkeypatch):
    asked, teller = {"prompt": "A cat", "maxPages": 2, "model": True}, Halting()
    with FakeChat(teller) as chat:
        studio = start()
        studio.set(chat=type(studio.settings.chat)(chat.url, "tiny"))
        client_of(studio).post("/api/comic/plan", json=asked)
        studio = start()
        again = studio.runs.again

        def forgotten_meanwhile(ids):
            studio.runs.forget([STOPPED])
            return again(ids)

        monkeypatch.setattr(studio.runs, "again", forgotten_meanwhile)
        teller.may.set()
        id = client_of(studio).post("/api/comic/plan", json=asked).json()["planId"]
        assert [Path(e.project).name for e in studio.runs.errands()] == [id]
        assert until(client_of(studio), f"comic/{id}", "planned", "failed")["state"] == "planned"


def test_the_interface_describes_itself(client):
    told = client.get("/api/openapi.json").json()
    assert set(told["paths"]) == {
        "/comic/plan",
        "/comic/generate",
        "/comic/{id}",
        "/comic/{id}/pages.{format}",
        "/comic/{id}/images/{path}",
        "/shots/generate",
        "/shots/{id}",
        "/shots/{id}/images/{path}",
    }
    assert told["servers"] == [{"url": "/api"}]
    asked = told["components"]["schemas"]["PlanRequest"]["properties"]
    assert asked["maxPages"]["maximum"] == 20 and asked["prompt"]["description"]
    for page in ("/api/docs", "/api/redoc"):
        assert client.get(page).status_code == 404, "nothing is loaded from elsewhere"


# --- what it refuses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"prompt": "A cat", "maxPages": 99}, "maxPages must be from 1 to 20, not 99."),
        ({"prompt": "A cat", "maxPages": 0}, "maxPages must be from 1 to 20, not 0."),
        ({"prompt": "A cat", "maxPages": "5"}, 'maxPages must be from 1 to 20, not "5".'),
        ({"prompt": "A cat", "maxPages": True}, "maxPages must be from 1 to 20, not true."),
        ({"prompt": 7}, "prompt must be text of 1 to 30000 letters, not 7."),
        ({"prompt": ""}, 'prompt must be text of 1 to 30000 letters, not "".'),
        ({"prompt": "x" * 30_001}, "prompt must be text of 1 to 30000 letters"),
        ({"prompt": "  "}, "prompt: Say in a sentence what the comic is about."),
        ({"prompt": "A cat", "style": "noirr"}, "There is no style called noirr. Did you mean noir"),
        ({"prompt": "A cat", "model": "yes"}, 'model must be true or false, not "yes".'),
        ({"prompt": "A cat", "language": ["uk"]}, "language must be a language"),
        ({"script": "// nothing\n"}, "script has nothing to draw"),
        ({"prompt": "A cat", "script": SCRIPT}, "Give prompt or script, one of the two."),
        ({}, "Give prompt or script, one of the two."),
        ([], "The body must be a JSON object."),
        ("A cat", "The body must be a JSON object."),
    ],
)
def test_a_wrong_wish_for_a_plan_is_refused_by_its_field(client, studio, asked, said):
    assert refused(client.post("/api/comic/plan", json=asked), 422, said)
    assert not list(studio.places.projects.glob("*")), "and leaves nothing behind"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"plan": {}}, "plan"),
        ({"plan": {"chapters": {}}}, "A plan is an object with a list of chapters."),
        ({"plan": {"chapters": [{"pages": [{"panels": 5}]}]}}, "chapters[0].pages[0].panels must be a list."),
        ({"plan": {"chapters": []}}, "nothing to draw"),
        ({"plan": {"chapters": [], "characters": [{}]}}, "characters[0].id is missing."),
        ({"plan": []}, "plan must be an object with a list of chapters, not []."),
        ({"planId": "x", "variants": 17}, "variants must be from 1 to 16, not 17."),
        ({"planId": "x", "plan": {}}, "Give plan or planId, one of the two."),
        ({}, "Give plan or planId, one of the two."),
        ({"planId": ""}, "planId must be the id of a comic"),
    ],
)
def test_a_plan_that_does_not_read_is_refused_by_its_field(client, studio, asked, said):
    assert refused(client.post("/api/comic/generate", json=asked), 422, said)
    assert not list(studio.places.projects.glob("*")) and not studio.runs.errands()


@pytest.mark.parametrize(
    "body", [b"{", b"", b'{"prompt": "A cat"', b"\xff", b"[" * 100_000, b'{"plan": ' + b"[" * 5000]
)
def test_what_is_no_json_is_refused_in_a_sentence(client, body):
    for route in ("plan", "generate"):
        headers = {"Content-Type": "application/json"}
        answer = client.post(f"/api/comic/{route}", content=body, headers=headers)
        assert answer.status_code in (400, 422), answer.text
        assert answer.json()["success"] is False and answer.json()["error"]


@pytest.mark.parametrize(
    "odd", ['{"chapters": [NaN]}', '{"chapters": [], "a": ' + "[" * 300 + "]" * 300 + "}"]
)
def test_a_plan_that_no_file_could_hold_is_refused(client, odd):
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/comic/generate", content=f'{{"plan": {odd}}}', headers=headers)
    assert refused(answer, 422, "plan")


def test_half_a_character_breaks_no_answer(client):
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/comic/plan", content='{"prompt": "a \\ud800 cat"}', headers=headers)
    assert refused(answer, 422, "prompt must be text")
    plan = '{"title": "\\ud800", "chapters": [{"pages": [{"panels": [{"action": "a \\udfff cat"}]}]}]}'
    answer = client.post("/api/comic/generate", content=f'{{"plan": {plan}}}', headers=headers)
    assert answer.status_code == 202
    assert client.get(f"/api/comic/{answer.json()['planId']}").status_code == 200


def test_a_picture_of_a_plan_that_is_no_base64_is_left_out(client):
    panel = {"action": "A cat", "imageUrl": "data:image/png;base64,é"}
    answer = client.post(
        "/api/comic/generate", json={"plan": {"chapters": [{"pages": [{"panels": [panel]}]}]}}
    )
    assert answer.status_code == 202, answer.text


def test_of_a_large_field_that_is_wrong_no_more_is_read_than_is_shown(client, monkeypatch):
    read = []

    def dumps(value, **how):
        read.append(value)
        return json.dumps(value, **how)

    monkeypatch.setattr(api_answers, "json", SimpleNamespace(dumps=dumps))
    answer = client.post("/api/comic/plan", json={"prompt": "x" * 3_000_000})
    assert refused(answer, 422, f'30000 letters, not "{"x" * 39}…')
    answer = client.post("/api/comic/generate", json={"plan": ["x" * 3_000_000]})
    assert refused(answer, 422, "plan must be an object with a list of chapters, not […].")
    assert read == ["x" * 40]


def test_too_much_at_once_is_refused(client):
    body = json.dumps({"script": "x" * LARGEST})
    headers = {"Content-Type": "application/json"}
    assert refused(client.post("/api/comic/plan", content=body, headers=headers), 413, "At most 4 MB")


@pytest.mark.parametrize(
    "id",
    ["nothing", "..", ".", "../x", "..%2Fx", "%2e%2e", "a%00b", "%2Fetc", "a%5Cb", "C:", "x" * 300, "%20"],
)
def test_an_id_is_no_path(client, studio, id):
    studio.places.projects.mkdir(parents=True, exist_ok=True)
    beside = studio.places.projects.parent / "x"
    beside.mkdir()
    (beside / "comic.json").write_text('{"chapters": []}', "utf-8")
    for route in ("", "/pages.cbz", "/images/takes/a.png"):
        answer = client.get(f"/api/comic/{id}{route}")
        assert answer.status_code == 404, answer.text
    assert refused(
        client.post("/api/comic/generate", json={"planId": id}), 404, "There is no comic with the id"
    )


def test_a_link_to_another_folder_is_no_comic(client, studio, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "comic.json").write_text('{"chapters": []}', "utf-8")
    studio.places.projects.mkdir(parents=True, exist_ok=True)
    (studio.places.projects / "linked").symlink_to(outside)
    assert refused(client.get("/api/comic/linked"), 404, "There is no comic")


@pytest.mark.parametrize(
    "path",
    ["comic.json", "takes/a.json", "takes/..%2Fcomic.json", "takes/%2e%2e/x.png", "keyframes/no.png", ""],
)
def test_nothing_but_the_comics_own_pictures_is_handed_out(client, studio, path):
    id = planned(client)["planId"]
    takes = studio.places.projects / id / "takes"
    takes.mkdir()
    (takes / "a.json").write_text("{}", "utf-8")
    Image.new("RGB", (8, 8)).save(studio.places.projects / "x.png")
    assert client.get(f"/api/comic/{id}/images/{path}").status_code == 404


def test_a_kind_of_book_that_is_not_made_is_refused(client):
    id = planned(client)["planId"]
    assert refused(client.get(f"/api/comic/{id}/pages.exe"), 422, "format must be cbz, pdf or epub")


def test_a_route_that_is_not_there_is_told_in_json(client):
    assert refused(client.get("/api/nothing"), 404, "Not Found")
    assert refused(client.get("/api/comic/plan/x/y"), 404, "Not Found")
