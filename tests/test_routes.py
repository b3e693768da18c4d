"""What the studio's own routes answer, and to whom."""

import asyncio
import base64
import json
import re
from urllib.parse import quote

import pytest
from PIL import Image
from starlette.testclient import TestClient

from addons import routes, window
from domain.project import Project
from services.project_facts import key_of
from tests import studios

OURS = {"X-Studio": "1", "Content-Type": "application/json"}
HOSTS = ["127.0.0.1", "localhost"]


@pytest.fixture
def studio(tmp_path):
    made = studios.studio(tmp_path)
    yield made
    made.close()


@pytest.fixture
def folder(studio):
    folder = studios.project(studio, "A door", "A cat")
    (folder / "takes").mkdir()
    Image.new("RGB", (64, 36), "red").save(folder / "takes" / "001_v1.png")
    (folder / "takes" / "001_v1.json").write_text("{}", "utf-8")
    return folder


@pytest.fixture
def client(studio, folder):
    return TestClient(window.app(studio, HOSTS), base_url="http://127.0.0.1:7860")


def ask(client, deed, headers=OURS, **arguments):
    return client.post(f"/studio/do/{deed}", content=json.dumps(arguments), headers=headers)


def test_a_deed_answers_with_what_it_made(client, studio):
    answer = ask(client, "shot.add", after="001")
    assert answer.json() == {"result": "003"}
    assert [shot.id for shot in studio.desk.board.shots] == ["001", "003", "002"]


@pytest.mark.parametrize(
    ("deed", "arguments", "said"),
    [
        ("shot.set", {"shots": ["009"], "field": "prompt", "value": "x"}, "There is no shot 009 any more."),
        ("shot.set", {"shots": ["001"], "field": "raw", "value": {}}, "A shot has no field raw."),
        (
            "shot.set",
            {"shots": ["001"], "field": "seconds", "value": "ten"},
            "seconds should be from 0.1 to 30",
        ),
        ("shot.set", {"shots": "001", "field": "prompt", "value": "x"}, "shots is no list[str]"),
        ("shot.set", {"shots": ["001"]}, "was asked for wrongly"),
        ("shot.set", {"shots": ["001"], "field": "prompt", "value": "x", "evil": 1}, "was asked for wrongly"),
        ("nothing.at.all", {}, "no deed called nothing.at.all"),
        ("project.open", {"folder": "/"}, "holds nothing that can be imported"),
        ("keyframe.pick", {"shot": "001", "file": "../../settings.json"}, "There is no picture"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(client, deed, arguments, said):
    answer = ask(client, deed, **arguments)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_what_is_meant_for_a_project_is_not_done_to_another(client, studio, folder):
    meant = {**OURS, "X-Project": key_of(Project(folder))}
    assert ask(client, "shot.set", meant, shots=["001"], field="prompt", value="A gate").status_code == 200
    other = studios.project(studio, "Elsewhere", name="other – 2")
    for deed, arguments in (
        ("shot.set", {"shots": ["001"], "field": "prompt", "value": "A red gate"}),
        ("board.set", {"field": "title", "value": "Gates"}),
        ("undo", {}),
        ("import.run", {"source": "x"}),
        ("run.history", {"find": {}}),
    ):
        answer = ask(client, deed, meant, **arguments)
        assert (answer.status_code, answer.json().get("theirs")) == (409, None), deed
        assert "Another project is open now" in answer.json()["error"]
    assert studio.desk.shot("001").prompt == "Elsewhere"
    for deed in ("project.measure", "run.pause", "run.resume", "settings.introduced"):
        assert ask(client, deed, meant).status_code == 200, deed
    now = {**OURS, "X-Project": key_of(Project(other))}
    assert ask(client, "shot.set", now, shots=["001"], field="scene", value=" Dawn ").json() == {
        "result": "Dawn"
    }


def test_an_edit_answers_with_what_is_stored(client):
    who = ask(client, "cast.add", name="Anna").json()["result"]
    answer = ask(client, "cast.set", who=who, field="name", value=" Eva ", was="Anna")
    assert answer.json() == {"result": "Eva"}
    assert ask(client, "shot.set", shots=["001"], field="keyframe.seed", value=None).json() == {
        "result": None
    }


def test_only_the_step_that_is_meant_is_taken_back(client, studio):
    step = ask(client, "shot.remove", shots=["002"]).json()["result"]
    ask(client, "shot.set", shots=["001"], field="prompt", value="A gate")
    answer = ask(client, "undo", step=step)
    assert answer.status_code == 400
    assert "Something else was done since" in answer.json()["error"]
    assert studio.desk.shot("001").prompt == "A gate"
    ask(client, "undo")
    assert ask(client, "undo", step=step).json()["result"]["label"] == "remove"
    assert len(studio.desk.board.shots) == 2


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b'"x"', b"\xff", b"[" * 100_000])
def test_what_is_no_object_of_arguments_is_refused(client, body):
    answer = client.post("/studio/do/shot.set", content=body, headers=OURS)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/json"},
        {**OURS, "Origin": "https://evil.example"},
        {**OURS, "Origin": "http://127.0.0.1:9999"},
        {**OURS, "Origin": "null"},
    ],
)
def test_a_page_from_elsewhere_can_change_nothing(client, studio, headers):
    assert ask(client, "shot.remove", headers=headers, shots=["001"]).status_code == 403
    assert client.post("/studio/upload", content=b"x", headers=headers).status_code == 403
    assert len(studio.desk.board.shots) == 2


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:9999", "null"])
def test_gradios_own_routes_hear_no_page_from_elsewhere_either(client, origin):
    for path in ("/gradio_api/upload", "/gradio_api/queue/join", "/gradio_api/run/predict"):
        assert client.post(path, headers={"Origin": origin}).status_code == 403, path
    assert client.get("/config", headers={"Origin": origin}).status_code == 403
    assert client.get("/config", headers={"Origin": "http://127.0.0.1:7860"}).status_code == 200


def test_half_a_character_is_told_and_hides_nothing(client, studio):
    answer = ask(client, "shot.set", shots=["001"], field="prompt", value="a \ud800 door")
    assert answer.status_code == 200
    for text in studio.feed.since(0).changed.values():
        text.encode()
    assert json.loads(studio.feed.since(0).changed["shot/001"])["prompt"] == "a \ud800 door"
    refused = ask(client, "project.open", folder="/\udcff")
    assert refused.status_code == 400 and refused.json()["error"]


def test_too_much_at_once_is_refused_before_all_of_it_is_here(studio, folder):
    """Asked of the app itself: the test's client would gather everything first."""
    chunk, taken, answers = b" " * 100_000, [], []

    async def receive():
        taken.append(len(chunk))
        assert sum(taken) < 2 * routes.LARGEST_ASKED, "all of it is read"
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(message):
        answers.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"x-studio", b"1")]
    scope = {"type": "http", "method": "POST", "path": "/studio/do/undo", "headers": headers}
    scope |= {"query_string": b"", "http_version": "1.1", "scheme": "http", "root_path": "", "client": None}
    asyncio.run(window.app(studio, HOSTS)(scope, receive, send))
    assert answers[0]["status"] == 413


def test_another_name_of_this_machine_is_not_answered(client):
    for path in ("/", "/studio/alive", "/studio/media/takes/001_v1.png", "/config"):
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 400


def test_pictures_of_the_project_are_shown_large_and_small(client):
    answer = client.get("/studio/media/takes/001_v1.png")
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert client.get("/studio/thumb/takes/001_v1.png?w=160").headers["content-type"] == "image/webp"


@pytest.mark.parametrize(
    "path",
    [
        "takes/001_v1.json",
        "storyboard.json",
        "../settings.json",
        "takes/../storyboard.json",
        "takes/%2e%2e/%2e%2e/%2e%2e/settings.json",
        "takes/..%5c..%5csettings.json",
        "%2fetc/passwd",
        "takes//etc/passwd",
        "takes/link.png",
        "takes/c:/x.png",
        "takes/nothing.png",
        "takes/a%00b.png",
        "takes/" + "x" * 300 + ".png",
        "",
    ],
)
def test_nothing_but_the_projects_pictures_is_shown(client, studio, folder, tmp_path, path):
    outside = tmp_path / "secret.png"
    Image.new("RGB", (8, 8)).save(outside)
    (folder / "takes" / "link.png").symlink_to(outside)
    for route in ("media", "thumb"):
        assert client.get(f"/studio/{route}/{path}").status_code in (404, 400), route


def test_the_page_keeps_to_itself(client):
    answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.text.index("early.js") < answer.text.index("gradio_config"), "the look is set first"


def test_a_password_is_asked_for_before_anything_is_answered(studio, folder):
    client = TestClient(window.app(studio, ["*"], "öffne dich"), base_url="http://studio.local")
    token = base64.b64encode("me:öffne dich".encode()).decode()
    wrong = base64.b64encode(b"me:guess").decode()
    for path in ("/", "/studio/events", "/studio/media/takes/001_v1.png", "/config", "/gradio_api/info"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"Authorization": f"Basic {wrong}"}).status_code == 401
        assert client.get(path, headers={"Authorization": "Basic ???"}).status_code == 401
    assert client.get("/config", headers={"Authorization": f"Basic {token}"}).status_code == 200
    assert client.get("/studio/alive").status_code == 200  # how a second start finds the first
    assert ask(client, "shot.remove", shots=["001"]).status_code == 401


@pytest.mark.parametrize(
    "name", ["a.png", "../../evil.png", "C:\\x\\y.png", "a\nb.png", "", "ü" * 300, "CON"]
)
def test_an_upload_lands_in_the_cache_under_a_plain_name(client, studio, name):
    answer = client.post("/studio/upload", content=b"content", headers={**OURS, "X-Name": quote(name)})
    path = studio.uploads.take(answer.json()["upload"])
    assert path.read_bytes() == b"content"
    assert path.parent.parent == studio.places.cache / "uploads"
    assert not set(path.name) & set('/\\:\n<>|?*"')


@pytest.mark.parametrize("id", ["", "..", "../settings.json", "a" * 32, "0" * 31 + "/"])
def test_what_was_not_handed_over_cannot_be_taken(client, id):
    answer = ask(client, "keyframe.bring", shot="001", upload=id)
    assert answer.status_code == 400
    assert "not there any more" in answer.json()["error"]


def test_words_come_in_every_language_and_nothing_else(client):
    assert client.get("/studio/words/en.json").json()["undo"] == "Undo"
    for language in ("de", "uk", "zh", "ru"):
        assert client.get(f"/studio/words/{language}.json").json().keys() >= {"undo"}
    assert client.get("/studio/words/..%2f..%2fpresets.json").status_code == 404
    assert client.get("/studio/words/xx.json").status_code == 404


def test_a_comics_page_is_kept_by_the_browser_only_as_what_it_is(client, studio):
    ask(client, "comic.begin", text="PAGE 1\nPANEL 1\nRain.\nCAPTION: Late.\n")
    studio.comic.tell()
    (page,) = json.loads(studio.feed.since(0).changed["comic"])["pages"]
    now = client.get(f"/studio/comic/{page['id']}?v={page['stamp']}")
    assert now.status_code == 200 and "immutable" in now.headers["cache-control"]
    other = client.get(f"/studio/comic/{page['id']}?v=of-another-look")
    assert other.content == now.content and other.headers["cache-control"] == "no-store"
    assert client.get("/studio/comic/nothing").status_code == 404
    assert client.get(f"/studio/comic/{page['id']}?p=another").status_code == 409


def test_gradios_own_scripts_are_asked_for_once(client):
    (script, *_) = re.findall(r"assets/[\w-]+\.js", client.get("/").text)
    assert "immutable" in client.get(f"/{script}").headers["cache-control"]
    assert "immutable" not in client.get("/assets/nothing.js").headers.get("cache-control", "")
    assert "immutable" not in client.get("/theme.css").headers.get("cache-control", "")
