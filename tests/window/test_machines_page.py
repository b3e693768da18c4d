"""Machines: pods listed, chosen, started, stopped, terminated; what they cost; the key, which stays away."""

import re

import pytest
import requests
from playwright.sync_api import expect

from tests.fake_answers import Answer
from tests.fake_comfy import FakeComfy


@pytest.fixture
def begun(runpod, own_studio):
    """Begins a studio that meets an account with two pods: begun() with the key in the environment."""
    with FakeComfy() as fake:
        fake.models["checkpoints"].append("v1-5-pruned-emaonly-fp16.safetensors")
        runpod.add_pod(name="film", server=fake, cost=0.69, status="EXITED", starting=0.4, boot=0.4)
        runpod.add_pod(name="training", server=fake, cost=1.64)

        def begin(key=runpod.key):
            studio = own_studio(env={**runpod.environment, "RUNPOD_API_KEY": key})
            studio.project("harbour", "A harbour")
            return studio

        yield begin


@pytest.fixture
def rented(begun, open_page):
    studio = begun()
    return studio, open_page(studio, "machines")


def row(page, name):
    return page.locator(".pod", has=page.locator("b", has_text=re.compile(f"^{name}$")))


def test_without_a_key_the_page_says_what_one_is_good_for(studio, open_page):
    page = open_page(studio, "machines")
    expect(page.get_by_text("Rent a GPU, and see what it costs")).to_be_visible()
    page.get_by_role("button", name="Enter a key in Settings").click()
    expect(page).to_have_url(re.compile("#settings"))


def test_pods_are_listed_with_what_they_are_and_cost(rented):
    _, page = rented
    expect(page.locator(".pod")).to_have_count(2)
    expect(row(page, "training")).to_contain_text("RTX 4090")
    expect(row(page, "training")).to_contain_text("running")
    expect(row(page, "training")).to_contain_text("$1.64 / h")
    expect(row(page, "film")).to_contain_text("stopped")
    expect(page.locator("[data-sum=balance] dd")).to_have_text(re.compile(r"\$(100|99)\.\d\d"))


def test_a_pod_is_chosen_started_and_stopped_and_the_meter_goes(rented, runpod):
    _, page = rented
    row(page, "film").get_by_role("button", name="Draw on it").click()
    expect(page.locator(".doctor")).to_contain_text("The pod film is stopped.")
    page.locator(".doctor").get_by_role("button", name="Start pod").click()
    expect(page.locator(".starting")).to_contain_text("film starts")
    expect(page.locator("#rail .pill")).to_contain_text("is starting")
    expect(page.locator("#rail .pill")).to_contain_text("Fake GPU", timeout=30_000)
    expect(page.locator("#rail .money b")).to_have_text("$0.69 / h")
    expect(page.locator("#rail .money .idle")).to_contain_text("idle, stops in 14:5")
    page.locator("#rail .money").get_by_role("button", name="Keep").click()

    row(page, "film").get_by_role("button", name="Stop").click()
    expect(row(page, "film")).to_contain_text("stopped")
    expect(page.locator("[data-sum=hour] dd")).to_have_text("–")
    assert {pod.name: pod.status for pod in runpod.pods} == {"film": "EXITED", "training": "RUNNING"}


def test_terminating_asks_twice(rented, runpod):
    _, page = rented
    row(page, "film").get_by_role("button", name="Terminate").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("deleted for good")
    sure = dialog.get_by_role("button", name="Terminate")
    expect(sure).to_be_disabled()
    dialog.get_by_label("The pod's name").fill("training")
    expect(sure).to_be_disabled()
    dialog.get_by_label("The pod's name").fill("film")
    sure.click()
    expect(page.locator(".pod")).to_have_count(1)
    assert runpod.pods[0].status == "TERMINATED"


def test_a_stop_that_fails_is_shown_loudly_and_tried_again(rented, runpod):
    _, page = rented
    row(page, "training").get_by_role("button", name="Draw on it").click()
    expect(page.locator("#rail .pill")).to_contain_text("Fake GPU", timeout=30_000)
    runpod.instead["POST /v2/pods/{id}/action"] = [Answer(503), Answer(503)]
    row(page, "training").get_by_role("button", name="Stop").click()
    expect(page.locator("#rail .money .trouble")).to_contain_text("could not be stopped and costs on")
    expect(row(page, "training")).to_contain_text("the studio tries again")
    expect(row(page, "training")).to_contain_text("stopped", timeout=30_000)
    expect(page.locator("#rail .money .trouble")).to_be_hidden()


def test_a_log_is_read(rented, runpod):
    _, page = rented
    runpod.pods[1].log("To see the GUI go to: <b>http://0.0.0.0:8188</b>")
    row(page, "training").get_by_role("button", name="Show its log").click()
    expect(page.locator(".log h2")).to_have_text("Log of training")
    expect(page.locator(".log pre")).to_contain_text("<b>http://0.0.0.0:8188</b>", timeout=20_000)
    page.locator(".log").get_by_role("button", name="Close").click()
    expect(page.locator(".log")).to_be_hidden()


def test_a_new_pod_takes_the_first_gpu_that_is_free(rented, runpod):
    _, page = rented
    runpod.server_of_new_pods = runpod.pods[0].server
    page.get_by_role("button", name="New pod").click()
    dialog = page.get_by_role("dialog")
    first, second = dialog.locator(".gpu").nth(0), dialog.locator(".gpu").nth(1)
    expect(first.locator("input")).to_be_checked()
    second.locator("input").check()
    expect(dialog).to_contain_text("Asked for in this order: RTX A5000, RTX 4090.")
    runpod.gpus["NVIDIA RTX A5000"].availability = "NONE"
    dialog.get_by_label("Name", exact=True).fill("mine")
    dialog.get_by_role("button", name="Rent it").click()
    expect(row(page, "mine")).to_contain_text("RTX 4090")
    expect(row(page, "mine")).to_have_attribute("data-chosen", "")
    assert len(runpod.pods) == 3


def test_several_machines_draw_and_each_shows_what_it_does(rented, runpod):
    studio, page = rented
    other = FakeComfy()
    other.models["checkpoints"].append("v1-5-pruned-emaonly-fp16.safetensors")
    with other:
        row(page, "training").get_by_role("button", name="Draw on it", exact=True).click()
        expect(row(page, "training")).to_have_attribute("data-chosen", "")
        page.get_by_label("One more machine").fill(other.url)
        page.get_by_role("button", name="Add", exact=True).click()
        machines = page.locator(".machine")
        expect(machines).to_have_count(2, timeout=20_000)
        expect(machines.nth(0)).to_contain_text("training")
        expect(machines.locator(".lane")).to_have_count(5)

        studio.ask("project.workflow", kind="keyframe", name="keyframe_sd15")
        other.gate.clear()
        studio.ask("keyframe.generate", shots=["001"], count=6)
        expect(machines.nth(1).locator(".lane[data-busy]").first).to_contain_text("001_v", timeout=20_000)
        other.gate.set()
        studio.wait_until_done()
        expect(machines.nth(1)).to_contain_text("made", timeout=20_000)
        page.evaluate("() => Studio.where.go('keyframes')")
        expect(page.locator("#page-keyframes .estimate")).to_have_text(
            re.compile(r"about 0:\d\d · \$0\.\d\d")
        )
        page.evaluate("() => Studio.where.go('machines')")
        machines.nth(1).get_by_role("button", name="Draw on it no more").click()
        expect(machines).to_have_count(1, timeout=20_000)
        page.get_by_label("One more machine").fill("not a machine at all")
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("alert")).to_contain_text("blanks or backslashes")


def test_settings_offer_the_pods_of_the_account(begun, open_page, runpod):
    studio = begun()
    page = open_page(studio, "settings")
    expect(page.locator("#set-mode input:checked")).to_have_count(1)  # the form has its values
    page.locator("#set-mode").get_by_label("RunPod pod", exact=True).check(force=True)
    page.locator("#set-pods").get_by_role("button", name="training").click()
    expect(page.locator("#set-pod input, #set-pod textarea")).to_have_value(runpod.pods[1].id)
    expect(page.locator("#set-pods [aria-pressed=true]")).to_contain_text("training")
    assert studio.facts()["settings"]["pod_id"] == runpod.pods[1].id


def test_words_of_the_account_are_only_words(begun, open_page, runpod):
    hostile = '"><img src=x onerror="window.pwned=1">{{7*7}}'
    runpod.pods[0].name = hostile
    runpod.pods[0].gpu = hostile
    runpod.pods[0].log(hostile)
    runpod.gpus["NVIDIA L40S"].name = hostile
    runpod.add_network_volume(hostile)
    studio = begun()
    page = open_page(studio, "machines")
    pod = page.locator(".pod", has_text=hostile)
    pod.get_by_role("button", name="Draw on it", exact=True).click()
    expect(page.locator(".doctor")).to_contain_text(f"The pod {hostile} is stopped.")
    pod.get_by_role("button", name="Show its log").click()
    expect(page.locator(".log pre")).to_contain_text(hostile, timeout=20_000)
    page.get_by_role("button", name="New pod").click()
    expect(page.get_by_role("dialog").locator(".gpu", has_text=hostile)).to_be_visible()
    page.keyboard.press("Escape")
    pod.get_by_role("button", name="Terminate").click()
    expect(page.get_by_role("dialog")).to_contain_text(hostile)
    assert page.evaluate("() => [window.pwned ?? null, document.querySelectorAll('img[src=x]').length]") == [
        None,
        0,
    ]
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_limits_are_kept_and_shown_when_reached(begun, open_page, runpod):
    runpod.pods[1].cost = 360.0
    studio = begun()
    page = open_page(studio, "machines")
    page.get_by_label("A day").fill("0.01")
    page.get_by_label("A day").press("Enter")
    row(page, "training").get_by_role("button", name="Draw on it").click()
    expect(page.locator(".purse .notes")).to_contain_text("Today's limit is reached", timeout=30_000)
    expect(row(page, "training")).to_contain_text("stopped", timeout=30_000)
    page.keyboard.press("3")
    expect(page.locator("#rail .money .trouble")).to_contain_text("Today's limit is reached")
    expect(open_page(studio, "machines").get_by_label("A day")).to_have_value("0.01")


def test_a_stopped_pod_whose_disk_goes_on_costing_is_told_with_what_a_month_costs(rented, runpod):
    studio, page = rented
    film, training = runpod.pods
    for pod in runpod.pods:
        pod.mounts = {"persistent": {"size": 100, "path": "/workspace"}}
    notes = page.locator(".purse .notes")
    studio.ask("pod.look")
    row(page, "training").get_by_role("button", name="Draw on it", exact=True).click()
    expect(row(page, "training")).to_have_attribute("data-chosen", "")
    expect(notes).to_be_empty()  # it runs, and the one that is stopped is not ours

    studio.ask("machine.add", machine=film.id)
    expect(notes).to_contain_text("$20.00 a month for film.")
    row(page, "training").get_by_role("button", name="Stop", exact=True).click()
    expect(notes).to_contain_text(re.compile(r"\$40\.00 a month for (film, training|training, film)\."))
    training.mounts = {"network": [{"volumeId": "elsewhere", "path": "/workspace"}]}
    studio.ask("pod.look")
    expect(notes).to_contain_text("$20.00 a month for film.")


def test_a_low_balance_says_which_pods_die_at_0_and_when(begun, open_page, runpod):
    safe = {"network": [{"volumeId": "elsewhere", "path": "/workspace"}]}
    runpod.add_pod(name="kept", server=runpod.pods[1].server, cost=0.36, mounts=safe)
    runpod.account.credit = 3.0  # for an hour and a half at $2.00
    studio = begun()
    page = open_page(studio, "machines")
    row(page, "training").get_by_role("button", name="Draw on it", exact=True).click()
    studio.ask("machine.add", machine=runpod.pods[2].id)
    notes = page.locator(".purse .notes")
    expect(notes).to_contain_text(re.compile(r"The balance lasts for 1:(29|30) h\."))
    expect(notes).to_contain_text("At 0 RunPod deletes pods without a network volume: training.")


def test_a_balance_that_lasts_threatens_nobody(rented):
    _, page = rented
    row(page, "training").get_by_role("button", name="Draw on it", exact=True).click()
    expect(page.locator("[data-sum=hour] dd")).to_have_text("$1.64 / h")
    expect(page.locator(".purse .notes")).to_be_empty()


@pytest.mark.parametrize("status", [403, 410])
def test_a_balance_that_is_not_told_any_more_is_not_shown(begun, open_page, runpod, status):
    runpod.graphql_status = status
    page = open_page(begun(), "machines")
    row(page, "training").get_by_role("button", name="Draw on it", exact=True).click()
    expect(page.locator("[data-sum=hour] dd")).to_have_text("$1.64 / h")
    expect(page.locator("[data-sum=today]")).to_be_visible()
    expect(page.locator("[data-sum=balance]")).to_be_hidden()
    assert [seen for seen in runpod.requests if seen.path == "/graphql"]


def test_the_key_is_nowhere_but_in_its_file_and_in_what_runpod_is_asked(begun, open_page, runpod):
    key, studio = runpod.key, begun("")
    page = open_page(studio, "settings")
    page.locator("#set-runpod-api-key input").fill(key)
    page.locator("#set-runpod-api-key-save").click()
    expect(page.locator("#set-runpod-api-key-said")).to_contain_text(key[-4:])
    page.evaluate("() => Studio.where.go('machines')")
    row(page, "training").get_by_role("button", name="Draw on it").click()
    expect(page.locator("#rail .pill")).to_contain_text("Fake GPU", timeout=30_000)
    studio.ask("project.workflow", kind="keyframe", name="keyframe_sd15")
    studio.ask("keyframe.generate", shots=["001"])
    studio.wait_until_done()

    read = [studio.said(), page.content(), page.evaluate("() => JSON.stringify({ ...localStorage })")]
    for where in ("", "config", "studio/here", "gradio_api/info"):
        read.append(requests.get(f"{studio.address}{where}", timeout=20).text)
    files = [path for path in studio.folder.rglob("*") if path.is_file() and path.name != "secrets.json"]
    read += [path.read_bytes().decode("latin-1") for path in files]
    assert any("takes" in path.parts for path in files), "something was drawn"
    assert not [text[:200] for text in read if key in text]
    assert (studio.data / "secrets.json").stat().st_mode & 0o077 == 0
    asked = [seen for seen in runpod.requests if key in str(seen.headers)]
    assert asked and {seen.host for seen in asked} == {"api.runpod.io"}
