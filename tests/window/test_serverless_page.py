"""A serverless endpoint in the window: what it is and costs, what it makes, what is tested, the key.

The endpoint is emulated; its workers are moved by hand."""

import base64
import json
import re
import threading
from datetime import UTC, datetime

import pytest
import requests
from playwright.sync_api import expect

from tests.fake_answers import Answer
from tests.fake_comfy_nodes import mp4
from tests.runpod.pods import Clock
from tests.serverless.hands import LONGEST, PNG, Hands, result
from tests.serverless.puppets import Puppet, public

WAIT = 20_000  # ms: a job that runs is looked at every few seconds
PUBLIC = {
    "output": {"images": [{"filename": "a.png", "type": "base64", "data": base64.b64encode(PNG).decode()}]}
}


@pytest.fixture
def endpoint(runpod):
    runpod.clock = Clock()
    return runpod.add_endpoint(pause=0.3, name="harbour-workers")


@pytest.fixture
def begun(runpod, endpoint, own_studio):
    """Begins a studio that draws at the endpoint: begun() with the key in the environment."""

    def begin(key=runpod.key, is_chosen=True):
        noon = f"NOON{datetime.now(UTC).hour - 12:+d}"  # ten minutes ago was today
        studio = own_studio(env={**runpod.environment, "RUNPOD_API_KEY": key, "TZ": noon})
        studio.project("harbour", "A harbour", "A mast", "A gull")
        studio.ask("project.workflow", kind="keyframe", name="keyframe_sd15")
        if is_chosen:
            studio.ask("intro.use", mode="serverless", address=endpoint.id)
        return studio

    return begin


@pytest.fixture
def drawing(begun, open_page):
    studio = begun()
    page = open_page(studio, "machines")
    expect(card(page)).to_contain_text("harbour-workers")
    return studio, page


@pytest.fixture
def worker(runpod, endpoint):
    """worker("w1", result(PNG)) → one that answers so, once it has a job."""
    return lambda id, *answers: Hands.of(runpod, endpoint, id, *answers)


@pytest.fixture
def gate():
    """Workers wait there, and go on at the end of the test at the latest."""
    gate = threading.Event()
    yield gate
    gate.set()


def card(page):
    return page.locator(".machines .endpoint")


def state(page, name):
    return card(page).locator(f"[data-state={name}] b")


def shown(note):
    """What a worker tells while it draws."""
    told = {"progress": 0.4, "note": note, "preview": base64.b64encode(PNG).decode()}
    return {"status": "IN_PROGRESS", "output": told}


def test_the_endpoint_that_draws_is_shown_with_its_workers_and_their_price(drawing, worker, gate):
    studio, page = drawing
    for word in (
        "RTX 4090",
        studio.facts()["settings"]["endpoint"],
        "at least $1.12 / h",
        "not known before",
    ):
        expect(card(page)).to_contain_text(word)
    expect(card(page)).to_contain_text("starting and idling come on top")
    expect(page.get_by_text("No pod yet")).to_be_hidden()
    expect(page.locator(".purse")).to_contain_text("jobs that wait at the endpoint are taken back")
    expect(page.locator(".purse")).to_contain_text("may exceed a limit by the jobs that workers have")
    expect(page.get_by_label("Stop when idle for")).to_be_hidden()
    expect(card(page).locator(".slots i")).to_have_count(3)

    studio.ask("keyframe.generate", shots=["001"], count=2)
    expect(card(page).locator("[data-about=jobs]")).to_contain_text("0 running · 2 waiting")
    expect(page.locator("#rail .pill")).to_contain_text("0 running · 2 waiting")
    work = worker("w1", result(PNG), [lambda: gate.wait(LONGEST), result(PNG)])
    expect(state(page, "running")).to_have_text("1", timeout=WAIT)
    expect(card(page).locator(".slots [data-state=running]")).to_have_count(1)
    expect(page.locator("#rail .pill")).to_contain_text("1 running · 0 waiting", timeout=WAIT)
    expect(page.locator("[data-sum=hour] dd")).to_have_text("at least $1.12 / h")
    worker_told = card(page).locator("[data-about=worker]")
    expect(worker_told).to_contain_text("the studio's own, version 1", timeout=WAIT)
    gate.set()
    work.join()
    studio.wait_until_done()
    expect(state(page, "idle")).to_have_text("1", timeout=WAIT)
    expect(card(page).locator("[data-about=jobs]")).to_contain_text("none")


def test_every_state_of_a_worker_has_its_number(drawing, endpoint):
    _, page = drawing
    real = endpoint.health
    more = {"initializing": 1, "throttled": 2, "unhealthy": 3, "running": 4}
    endpoint.health = lambda: {**real(), "workers": real()["workers"] | more}
    for name, count in {"starting": 1, "throttled": 2, "unhealthy": 3, "running": 4, "idle": 0}.items():
        expect(state(page, name)).to_have_text(str(count), timeout=WAIT)
    expect(card(page).locator(".slots i")).to_have_count(10)


def test_how_many_workers_it_may_start_is_changed_on_the_card(drawing, endpoint, runpod):
    _, page = drawing
    most = page.get_by_label("Workers at most")
    expect(most).to_have_value("3")
    most.fill("5")
    most.press("Enter")
    expect(card(page).locator(".slots i")).to_have_count(5)
    assert endpoint.workers_max == 5

    most.fill("0")
    most.blur()
    expect(page.locator("#notices")).to_contain_text("An endpoint starts from 1 to 60 workers.")
    expect(most).to_have_value("5")
    runpod.instead["PATCH /v2/serverless/{id}"] = [Answer(403, b'{"detail": "this key only reads"}')]
    most.fill("7")
    most.blur()
    expect(page.locator("#notices")).to_contain_text("this key only reads")
    expect(most).to_have_value("5")
    assert endpoint.workers_max == 5


def test_a_public_worker_is_told_for_what_it_can(drawing, worker):
    studio, page = drawing
    studio.ask("keyframe.generate", shots=["001"], count=1)
    worker("w1", PUBLIC).join()
    told = card(page).locator("[data-about=worker]")
    expect(told).to_contain_text("a public one: pictures only", timeout=WAIT)


def test_an_endpoint_that_may_start_no_workers_is_helped_by_a_button(endpoint, begun, open_page):
    endpoint.workers_max = 0
    page = open_page(begun(), "machines")
    expect(page.locator(".doctor")).to_contain_text("harbour-workers may start no workers")
    expect(card(page)).to_have_attribute("data-state", "down")
    page.locator(".doctor").get_by_role("button", name="Let it start workers").click()
    expect(page.locator(".doctor")).to_be_hidden(timeout=WAIT)
    assert endpoint.workers_max == 3


def test_without_a_key_the_card_says_no_more_than_it_knows(begun, open_page, endpoint):
    page = open_page(begun(""), "machines")
    expect(card(page)).to_contain_text(endpoint.id)
    expect(page.locator(".doctor")).to_contain_text("There is no API key of RunPod.")
    expect(page.get_by_text("Rent a GPU, and see what it costs")).to_be_hidden()
    expect(page.get_by_label("Workers at most")).to_be_disabled()
    page.locator(".doctor").get_by_role("button", name="Open Settings").click()
    expect(page).to_have_url(re.compile("#settings"))


def test_a_keyframe_shows_how_far_it_is_and_is_cancelled_over_there(begun, open_page, endpoint, worker, gate):
    page = open_page(begun(), "keyframes/001")
    page.get_by_label("How many variants").fill("1")
    page.get_by_role("button", name="Generate", exact=True).click()
    job = page.locator("#dock .job")
    expect(job).to_contain_text("waiting for a worker")
    worker("w1", [shown("step 8 of 20"), lambda: gate.wait(LONGEST), result(PNG)])
    expect(job).to_contain_text("step 8 of 20", timeout=WAIT)
    expect(job.locator("img")).to_be_visible()
    expect(job.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "40")
    page.wait_for_function("() => document.querySelector('#dock .job img').naturalWidth > 0")
    job.get_by_role("button", name="Cancel").click()
    expect(job).to_have_count(0, timeout=WAIT)
    (over_there,) = endpoint.jobs.values()
    endpoint.wait(lambda: over_there.is_over, LONGEST)
    assert over_there.status == "CANCELLED"


def test_what_a_job_cost_moves_the_meter_and_a_limit_takes_back_what_waits(drawing, endpoint, worker):
    studio, page = drawing
    page.get_by_label("A project").fill("0.30")
    page.get_by_label("A project").press("Enter")
    studio.ask("keyframe.generate", shots=["001", "002", "003"], count=1)
    expect(card(page).locator("[data-about=jobs]")).to_contain_text("0 running · 3 waiting")
    forward = endpoint.clock.forward
    worker("w1", [lambda: forward(600), result(PNG)])  # ten minutes at $1.116 an hour
    expect(page.locator("#rail .money small").first).to_have_text("today at least $0.19", timeout=WAIT)
    expect(page.locator("[data-sum=project] dd")).to_have_text("at least $0.19")
    expect(page.locator(".purse .notes")).to_be_empty()

    worker("w1", [lambda: forward(600), result(PNG)])
    expect(page.locator(".purse .notes")).to_contain_text("This project's limit is reached", timeout=WAIT)
    expect(page.locator("#rail .money .trouble")).to_contain_text("This project's limit is reached")
    studio.wait_until_done()
    assert sorted(job.status for job in endpoint.jobs.values()) == ["CANCELLED", "COMPLETED", "COMPLETED"]
    page.evaluate("() => Studio.where.go('keyframes', '003')")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator("#notices")).to_contain_text("This project's limit is reached: 0.37 of 0.30 USD.")


def test_what_is_to_be_made_is_estimated_from_what_workers_took_and_not_from_the_queue(
    begun, open_page, runpod, endpoint, worker
):
    runpod.gpus[endpoint.gpu].serverless = 3.6
    studio = begun()
    page = open_page(studio, "keyframes/001")
    estimate = page.locator("#page-keyframes .estimate")
    page.get_by_label("How many variants").fill("3")
    expect(estimate).to_be_empty()
    studio.ask("keyframe.generate", shots=["001", "002"], count=1)
    forward = endpoint.clock.forward
    assert endpoint.wait(lambda: len(endpoint.jobs) == 2, LONGEST)
    forward(5000)  # in the queue
    worker("w1", [lambda: forward(40), result(PNG)], [lambda: forward(80), result(PNG)])
    studio.wait_until_done()
    expect(estimate).to_have_text("3:00 · at least $0.18", timeout=WAIT)


def test_a_video_is_estimated_by_all_its_segments_as_they_were_made_last(begun, open_page):
    studio = begun()
    takes = studio.data / "projects" / "harbour" / "takes"
    takes.mkdir(exist_ok=True)
    seconds = {"001.01_v1": 900, "001.01_v2": 20, "001.02_v1": 30, "002.01_v1": 10, "001_v1": 700}
    for name, ran in seconds.items():
        about = {"name": name, "engine": "comfyui", "job": name, "state": "done", "files": [f"{name}.mp4"]}
        more = {"gpu_seconds": ran, "serverless": {"endpoint": "abc123def456gh", "job": name}}
        (takes / f"{name}.json").write_text(json.dumps({"format": 1, **about, **more}))
        (takes / f"{name}.mp4").write_bytes(mp4((64, 64), 1, "teal"))
    studio.restart()
    page = open_page(studio, "video/001")
    expect(page.locator("#page-video .estimate")).to_have_text("0:30 · at least $0.01")


def test_a_connection_test_says_what_an_endpoint_is_and_lets_it_start_workers(begun, open_page, endpoint):
    endpoint.workers_max = 0
    studio = begun(is_chosen=False)
    page = open_page(studio, "settings")
    expect(page.locator("#set-mode input:checked")).to_have_count(1)
    page.locator("#set-mode").get_by_label("RunPod Serverless", exact=True).check(force=True)
    page.locator("#set-endpoint").locator("input, textarea").fill(endpoint.id)
    expect(page.locator("#set-state .address")).to_have_text(f"https://api.runpod.ai/v2/{endpoint.id}")
    page.locator("#set-test").click()
    answer = page.locator("#set-answer")
    expect(answer).to_contain_text("harbour-workers may start no workers")
    answer.get_by_role("button", name="Let it start workers").click()
    expect(answer).to_contain_text("harbour-workers at RunPod Serverless answers.")
    for word in ("RTX 4090", "none now · at most 3 workers", "at least $1.12 / h", "empty"):
        expect(answer).to_contain_text(word)
    expect(answer).to_contain_text("asking a worker, which may have to start first · waiting for a worker")
    answer.get_by_role("button", name="Do not wait").click()
    expect(answer.locator(".live")).to_be_empty()
    (asked,) = endpoint.jobs.values()
    assert endpoint.wait(lambda: asked.status == "CANCELLED", LONGEST), "nobody waits for it"
    assert endpoint.workers_max == 3
    assert studio.facts()["settings"]["mode"] == "sketch", "nothing was saved"

    page.locator("#set-endpoint").locator("input, textarea").fill("nobody12345678")
    expect(page.locator("#set-state .address")).to_have_text("https://api.runpod.ai/v2/nobody12345678")
    expect(answer.locator(".live")).to_be_empty()  # it was about another
    page.locator("#set-test").click()
    expect(answer).to_contain_text("RunPod has no endpoint nobody12345678, or this key may not use it (404).")


def test_a_connection_test_asks_a_worker_what_it_is_and_has(begun, open_page, endpoint, fake):
    page = open_page(begun(), "settings")
    page.locator("#set-test").click()
    told, checked = page.locator("#set-answer .worker dd"), page.locator("#set-keyframe-about .verdict")
    expect(told).to_contain_text("waiting for a worker")
    page.locator("#set-keyframe-check").click()
    expect(checked).to_contain_text("No worker of this endpoint was asked yet")
    with Puppet.of_ours(endpoint, fake.url):
        for word in ("the studio's own", "ComfyUI 0.33.0", "Fake GPU", "results up to 14 MB", "2 models"):
            expect(told).to_contain_text(word, timeout=WAIT)
    expect(page.locator("#set-answer").get_by_role("button")).to_have_count(0)
    page.locator("#set-keyframe-check").click()
    expect(checked).to_contain_text(f"{endpoint.id} cannot run it yet", timeout=WAIT)
    page.evaluate("() => Studio.where.go('machines')")
    expect(card(page).locator("[data-about=worker]")).to_contain_text("2 models", timeout=WAIT)


def test_a_connection_test_knows_a_public_worker(begun, open_page, endpoint):
    page = open_page(begun(), "settings")
    with Puppet(endpoint, public(lambda input: {})):
        page.locator("#set-test").click()
        told = page.locator("#set-answer .worker dd")
        expect(told).to_have_text("a public one: pictures only", timeout=WAIT)


def test_a_question_is_taken_back_when_its_page_is_closed(begun, open_page, endpoint):
    page = open_page(begun(), "settings")
    page.locator("#set-test").click()
    assert endpoint.wait(lambda: endpoint.jobs, LONGEST)
    page.close()
    (asked,) = endpoint.jobs.values()
    assert endpoint.wait(lambda: asked.status == "CANCELLED", LONGEST)


def test_words_of_an_endpoint_and_its_worker_are_only_words(begun, open_page, endpoint, worker):
    hostile = '"><img src=x onerror="window.pwned=1">{{7*7}}'
    endpoint.name, endpoint.gpu = hostile + "W" * 500, hostile
    studio = begun()
    page = open_page(studio, "machines")
    expect(card(page).locator("header")).to_contain_text(hostile)
    studio.ask("keyframe.generate", shots=["001"], count=1)
    worker("w1", [shown(hostile), result(PNG, worker={"name": hostile[:20], "version": hostile[20:]})]).join()
    expect(card(page).locator("[data-about=worker]")).to_contain_text(hostile[:20], timeout=WAIT)
    page.evaluate("() => Studio.where.go('settings')")
    page.locator("#set-test").click()
    expect(page.locator("#set-answer")).to_contain_text(hostile)
    for where in ("machines", "settings"):
        page.evaluate("where => Studio.where.go(where)", where)
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    found = "() => [window.pwned ?? null, document.querySelectorAll('img[src=x]').length]"
    assert page.evaluate(found) == [None, 0]


def test_the_key_is_nowhere_but_in_its_file_and_in_what_runpod_is_asked(
    begun, open_page, runpod, endpoint, worker
):
    key, studio = runpod.key, begun("")
    page = open_page(studio, "settings")
    page.locator("#set-runpod-api-key input").fill(key)
    page.locator("#set-runpod-api-key-save").click()
    expect(page.locator("#set-runpod-api-key-said")).to_contain_text(key[-4:])
    page.locator("#set-test").click()
    expect(page.locator("#set-answer")).to_contain_text("harbour-workers at RunPod Serverless answers.")
    page.locator("#set-answer").get_by_role("button", name="Do not wait").click()
    assert endpoint.wait(lambda: [job.is_over for job in endpoint.jobs.values()] == [True], LONGEST)
    page.evaluate("() => Studio.where.go('machines')")
    expect(card(page)).to_contain_text("harbour-workers", timeout=WAIT)
    studio.ask("keyframe.generate", shots=["001"], count=1)
    worker("w1", result(PNG)).join()
    studio.wait_until_done()

    read = [studio.said(), page.content(), page.evaluate("() => JSON.stringify({ ...localStorage })")]
    for where in ("", "config", "studio/here", "gradio_api/info"):
        read.append(requests.get(f"{studio.address}{where}", timeout=20).text)
    read.append(str(studio.facts()))
    files = [path for path in studio.folder.rglob("*") if path.is_file() and path.name != "secrets.json"]
    read += [path.read_bytes().decode("latin-1") for path in files]
    assert any("takes" in path.parts for path in files), "something was drawn"
    assert not [text[:200] for text in read if key in text]
    assert not [job for job in endpoint.jobs.values() if key in str(vars(job))], "no worker is told it"
    asked = [seen for seen in runpod.requests if key in str(seen.headers)]
    assert {seen.host for seen in asked} == {"api.runpod.io", "api.runpod.ai"}
    assert not [seen for seen in runpod.requests if key in seen.path or key.encode() in seen.body]
