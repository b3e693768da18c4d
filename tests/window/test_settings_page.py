"""The Settings page: what is entered is told beside its field, tested, saved, and seen in every window."""

import json
import re
from urllib.request import urlopen

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.commands.typing import nobody
from tests.fake_comfy import FakeComfy
from tests.test_workflows import runs_here
from tests.window.line import Line
from tests.window.studio import RunningStudio

POD = "abc123def456gh"
KEY = "hf_neverToBeSeenAgain7777"


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """One of this file's own, since its settings change."""
    names = ("RUNPOD_API_KEY", "HF_TOKEN", "CIVITAI_TOKEN", "OPENROUTER_API_KEY", "CHAT_API_KEY")
    running = RunningStudio(tmp_path_factory.mktemp("settings"), env=dict.fromkeys(names, "")).start()
    yield running
    running.stop()


@pytest.fixture
def settings(studio, open_page):
    page = open_page(studio, "settings")
    expect(page.locator("#set-mode input:checked")).to_have_count(1)
    return page


def field(page: Page, name: str):
    return page.locator(f"#set-{name} input, #set-{name} textarea")


def choose(page: Page, mode: str) -> None:
    label = page.get_by_text(mode, exact=True)
    page.locator("#set-mode label").filter(has=label).click()  # once it stands still
    expect(page.locator("#set-mode").get_by_label(mode, exact=True)).to_be_checked()


def address(page: Page):
    return page.locator("#set-state .address")


def saved(studio: RunningStudio) -> dict:
    return json.loads((studio.data / "settings.json").read_text("utf-8"))


def save(page: Page) -> None:
    page.locator("#set-save").click()
    expect(page.locator("#set-state .word")).to_have_text("Saved")


def connect(page: Page, url: str) -> None:
    choose(page, "ComfyUI")
    field(page, "url").fill(url)
    expect(address(page)).to_have_text(url)


def test_each_mode_shows_the_fields_it_needs(settings):
    choose(settings, "ComfyUI")
    expect(field(settings, "url")).to_be_visible()
    expect(field(settings, "pod")).to_have_count(0)
    choose(settings, "RunPod pod")
    expect(field(settings, "pod")).to_be_visible()
    expect(field(settings, "port")).to_be_visible()
    expect(field(settings, "url")).to_have_count(0)
    choose(settings, "RunPod Serverless")
    expect(field(settings, "endpoint")).to_be_visible()
    expect(field(settings, "pod")).to_have_count(0)
    choose(settings, "Sketch engine")
    expect(field(settings, "endpoint")).to_have_count(0)
    expect(settings.locator("#set-test")).to_be_enabled()


def test_no_choice_waits_for_a_stream_that_may_lose_it(studio, open_page, context):
    context.route("**/gradio_api/queue/**", lambda route: route.abort())
    page = open_page(studio, "settings")
    expect(page.locator("#set-mode input:checked")).to_have_count(1)
    test_each_mode_shows_the_fields_it_needs(page)


class Late:
    """Holds what the form asks the studio for, until it is let through."""

    def __init__(self, context: BrowserContext | Page):
        self.held: list[Route] = []
        self._holds = True
        context.route("**/gradio_api/run/**", self._asked)

    def _asked(self, route: Route) -> None:
        self.held.append(route) if self._holds else route.continue_()

    def holds(self, page: Page, count: int) -> None:
        for _ in range(300):
            if len(self.held) >= count:
                return
            page.wait_for_timeout(100)
        raise AssertionError(f"the form asked for {len(self.held)} answers, not {count}")

    def let_go(self) -> list[Route]:
        self._holds = False
        return self.held


def test_nothing_can_be_chosen_that_a_second_answer_would_undo(studio, open_page, context):
    late, line = Late(context), Line(studio.address)
    page = open_page(line, "settings")
    late.holds(page, 1)
    line.cut()
    expect(page.locator("html")).to_have_class("is-offline")
    line.come_back()
    late.holds(page, 2)  # the first may be lost, and is not
    first, *more = late.let_go()
    first.continue_()
    expect(page.locator("#set-mode input:checked")).to_have_count(1)
    expect(page.locator("#page-settings")).to_have_attribute("inert", "")
    for route in more:
        route.continue_()
    choose(page, "RunPod Serverless")
    expect(field(page, "endpoint")).to_be_visible()
    line.close()


def test_a_choice_stays_that_was_made_while_the_form_was_asked_for_anew(settings, studio, open_page):
    other = open_page(studio, "settings")
    expect(other.locator("#set-mode input:checked")).to_have_count(1)
    late = Late(settings)
    for end, count in (("1111", 1), ("2222", 1)):  # the second wish waits for the first one's answer
        field(other, "civitai-token").fill(f"{KEY}{end}")
        other.locator("#set-civitai-token-save").click()
        expect(other.locator("#set-civitai-token-said")).to_have_text(f"set: …{end}")
        late.holds(settings, count)
    choose(settings, "ComfyUI")
    late.holds(settings, 2)
    asked, chosen = late.let_go()
    chosen.continue_()
    expect(settings.locator("#set-save")).to_be_enabled()
    asked.continue_()
    expect(settings.locator("#set-civitai-token-said")).to_have_text("set: …2222")
    settings.wait_for_timeout(500)
    expect(settings.locator("#set-mode").get_by_label("ComfyUI", exact=True)).to_be_checked()
    expect(settings.locator("#set-save")).to_be_enabled()
    other.locator("#set-civitai-token-clear").click()


def test_all_that_changes_elsewhere_is_shown_and_not_the_first_of_it_alone(settings, studio, open_page):
    other = open_page(studio, "settings")
    expect(other.locator("#set-mode input:checked")).to_have_count(1)
    for end in ("1111", "2222", "3333"):
        field(other, "civitai-token").fill(f"{KEY}{end}")
        other.locator("#set-civitai-token-save").click()
        expect(settings.locator("#set-civitai-token-said")).to_have_text(f"set: …{end}")
    other.locator("#set-civitai-token-clear").click()
    expect(settings.locator("#set-civitai-token-said")).not_to_contain_text("3333")


def test_a_form_that_was_cut_off_comes_once_the_studio_is_there_again(studio, open_page, context):
    late, line = Late(context), Line(studio.address)
    page = open_page(line, "settings")
    page.wait_for_timeout(200)
    line.cut()
    expect(page.locator("html")).to_have_class("is-offline")
    for route in late.let_go():
        route.abort("internetdisconnected")
    line.come_back()
    expect(page.locator("#set-mode input:checked")).to_have_count(1)
    line.close()


def test_a_form_that_never_comes_leaves_the_page_to_be_used(studio, open_page, context):
    context.route("**/gradio_api/run/**", lambda route: route.fulfill(status=409, json={"error": "no"}))
    page = open_page(studio, "settings")
    expect(page.locator("#page-settings")).to_have_attribute("inert", "")
    expect(page.locator("#page-settings")).not_to_have_attribute("inert", "", timeout=60_000)


def test_the_address_is_shown_while_it_is_typed_and_pasted(settings):
    choose(settings, "RunPod pod")
    field(settings, "pod").press_sequentially(POD)
    expect(address(settings)).to_have_text(f"https://{POD}-8188.proxy.runpod.net")
    field(settings, "port").fill("3000")
    expect(address(settings)).to_have_text(f"https://{POD}-3000.proxy.runpod.net")
    field(settings, "pod").fill("https://zyx987wvu654ts-8189.proxy.runpod.net/queue")
    expect(address(settings)).to_have_text("https://zyx987wvu654ts-8189.proxy.runpod.net")
    field(settings, "port").focus()  # the field is left, and shows what it comes to
    expect(field(settings, "pod")).to_have_value("zyx987wvu654ts")
    expect(field(settings, "port")).to_have_value("8189")


def test_a_wrong_pod_id_tells_its_sentence_beside_the_field(settings):
    choose(settings, "RunPod pod")
    field(settings, "pod").fill("<b>What?</b> ${1+1}")
    fault = settings.locator("#set-pod_id-fault")
    expect(fault).to_contain_text('"<b>What?</b> ${1+1}" is not a pod id.')
    expect(settings.locator("#set-save")).to_be_disabled()
    expect(settings.locator("#set-test")).to_be_disabled()
    above, below = field(settings, "pod").bounding_box(), fault.bounding_box()
    assert above and below and 0 <= below["y"] - (above["y"] + above["height"]) < 20
    expect(settings.locator(".toast-body, .notice")).to_have_count(0)
    field(settings, "pod").fill(POD)
    expect(fault).to_be_hidden()
    expect(settings.locator("#set-save")).to_be_enabled()


def test_who_answers_is_told_without_saving_anything(settings, studio, fake):
    before = saved(studio).get("comfy")
    connect(settings, fake.url)
    settings.locator("#set-test").click()
    answer = settings.locator("#set-answer")
    expect(answer).to_contain_text("ComfyUI 0.33.0 answers.")
    for word in ("Fake GPU", "4 GiB of 24 GiB in use", "empty"):
        expect(answer).to_contain_text(word)
    assert saved(studio).get("comfy") == before


def test_nobody_there_is_told_in_a_sentence(settings):
    url = nobody()
    connect(settings, url)
    settings.locator("#set-test").click()
    expect(settings.locator("#set-answer")).to_contain_text(f"No ComfyUI answers at {url}. Is it running?")
    field(settings, "url").fill(f"{url}0")
    expect(settings.locator("#set-answer .live")).to_be_empty()  # it was about something else


def test_what_is_saved_counts_at_once_and_on_a_fresh_page(settings, studio, open_page, fake):
    connect(settings, fake.url)
    save(settings)
    assert saved(studio)["comfy"] == {
        "mode": "local",
        "url": fake.url,
        "pod_id": "",
        "port": 8188,
        "more": [],
        "pod_name": "",
        "endpoint": "",
        "version": "",
    }
    expect(settings.locator("#set-save")).to_be_disabled()
    expect(settings.locator("#rail .pill .gpu")).to_have_text("Fake GPU")
    fresh = open_page(studio, "settings")
    expect(field(fresh, "url")).to_have_value(fake.url)
    expect(fresh.locator("#set-json textarea")).to_have_value(re.compile(f'"url": "{fake.url}"'))


def test_an_endpoint_is_pasted_as_an_address_and_kept_as_its_id(settings, studio, open_page):
    choose(settings, "RunPod Serverless")
    field(settings, "endpoint").fill("no endpoint!")
    expect(settings.locator("#set-endpoint-fault")).to_contain_text('"no endpoint!" is not')
    expect(settings.locator("#set-save")).to_be_disabled()
    field(settings, "endpoint").fill("https://api.runpod.ai/v2/zyx987wvu654ts/run")
    expect(address(settings)).to_have_text("https://api.runpod.ai/v2/zyx987wvu654ts")
    field(settings, "endpoint").blur()
    expect(field(settings, "endpoint")).to_have_value("zyx987wvu654ts")
    settings.locator("#set-test").click()
    expect(settings.locator("#set-answer")).to_contain_text("There is no API key of RunPod.")
    save(settings)
    kept = saved(studio)["comfy"]
    assert (kept["mode"], kept["endpoint"]) == ("serverless", "zyx987wvu654ts")
    fresh = open_page(studio, "settings")
    expect(field(fresh, "endpoint")).to_have_value("zyx987wvu654ts")
    expect(fresh.locator("#set-mode input:checked")).to_have_value("serverless")


def test_a_second_window_shows_what_was_saved_in_the_first(settings, studio, open_page):
    other = open_page(studio, "settings")
    expect(other.locator("#set-mode input:checked")).to_have_count(1)
    connect(settings, "http://first:8188")
    save(settings)
    expect(field(other, "url")).to_have_value("http://first:8188")

    field(other, "url").fill("http://being-typed:8188")
    expect(address(other)).to_have_text("http://being-typed:8188")
    field(settings, "url").fill("http://second:8188")
    expect(address(settings)).to_have_text("http://second:8188")
    save(settings)
    expect(other.locator("#set-state .word")).to_have_text("Changed in another window.")
    expect(field(other, "url")).to_have_value("http://being-typed:8188")
    other.get_by_role("button", name="Show what is saved").click()
    expect(field(other, "url")).to_have_value("http://second:8188")


def test_enter_saves(settings, studio):
    connect(settings, "http://entered:8188")
    field(settings, "url").press("Enter")
    expect(settings.locator("#set-state .word")).to_have_text("Saved")
    assert saved(studio)["comfy"]["url"] == "http://entered:8188"


def test_a_workflow_is_chosen_and_says_what_the_server_lacks(settings, studio, fake):
    connect(settings, fake.url)
    save(settings)
    settings.locator("#set-keyframe-workflow input").click()
    settings.get_by_role("option", name=re.compile("^Stable Diffusion XL")).click()
    about = settings.locator("#set-keyframe-about")
    expect(about).to_contain_text("6.5 GiB of models")
    expect(about).to_contain_text("CreativeML OpenRAIL++-M")
    assert saved(studio)["keyframe_workflow"] == "keyframe_sdxl"
    settings.locator("#set-keyframe-check").click()
    expect(about.locator(".verdict")).to_contain_text(f"{fake.url} cannot run it yet:")
    expect(settings.locator("#set-video-about")).to_contain_text("24 frames a second")


@pytest.fixture
def able(settings, studio, fake):
    """A second machine, which has what the first one lacks."""
    fake.models["checkpoints"].clear()
    connect(settings, fake.url)
    save(settings)
    with FakeComfy() as able:
        studio.ask("machine.add", machine=able.url)
        yield able
        studio.ask("machine.leave", machine=able.url)


@pytest.fixture
def away(able, studio):
    """A third machine, which does not answer."""
    studio.ask("machine.add", machine=(url := nobody()))
    yield url
    studio.ask("machine.leave", machine=url)


def test_of_several_machines_the_one_that_can_run_a_workflow_is_named_else_what_each_lacks(
    studio, open_page, fake, able, away, tmp_path
):
    settings = open_page(studio, "settings")  # where no change of machines takes a check's answer away later
    expect(settings.locator("#set-mode input:checked")).to_have_count(1)
    file = tmp_path / "valley.json"
    file.write_text(json.dumps(runs_here()), "utf-8")
    intake = settings.locator("#set-intake")

    intake.locator("input[type=file]").set_input_files(file)
    verdicts = intake.locator(".intake .verdict")
    expect(verdicts.nth(0)).to_have_text(f"{able.url} has everything this workflow needs.")
    expect(verdicts.nth(1)).to_contain_text(f"No ComfyUI answers at {away}")

    able.models["checkpoints"].clear()
    intake.locator("input[type=file]").set_input_files(file)
    expect(verdicts.nth(0)).to_have_text(f"{fake.url} cannot run it yet:")
    expect(verdicts.nth(1)).to_contain_text(f"{able.url} cannot run it yet:")
    expect(verdicts.nth(1)).to_contain_text("tiny.safetensors is missing")
    expect(verdicts.nth(2)).to_contain_text(f"No ComfyUI answers at {away}")
    settings.locator("#set-keyframe-check").click()
    about = settings.locator("#set-keyframe-about")
    expect(about.locator(".verdict")).to_have_count(3)
    expect(about.locator(".verdict").nth(1)).to_contain_text(f"{able.url} cannot run it yet:")
    intake.get_by_role("button", name="Leave it").click()


def test_settings_of_another_studio_are_brought_in_from_a_file(settings, studio, tmp_path):
    file = tmp_path / "old.json"
    shape = {"comfyui": {"connection_mode": "runpod", "url": "http://old:8188", "runpod_pod_id": POD}}
    file.write_text(json.dumps({**shape, "odd": 1}), "utf-8")
    settings.locator("#set-exchange input[type=file]").set_input_files(file)
    expect(settings.locator("#set-notes")).to_contain_text("Read from old.json: comfyui.")
    expect(settings.locator("#set-notes")).to_contain_text("odd")
    expect(field(settings, "pod")).to_have_value(POD)
    assert saved(studio)["comfy"]["mode"] == "runpod"
    assert not list((studio.data / "cache" / "gradio").rglob("old.json"))


def test_a_file_that_holds_no_settings_says_so(settings, tmp_path):
    file = tmp_path / "cat.json"
    file.write_text("[]", "utf-8")
    settings.locator("#set-exchange input[type=file]").set_input_files(file)
    expect(settings.locator("#set-notes")).to_contain_text("cat.json holds no settings.")


def test_the_look_and_the_language_change_at_once(settings, studio):
    settings.locator("#set-theme").get_by_label("Light", exact=True).check(force=True)
    expect(settings.locator("html")).to_have_attribute("data-theme", "light")
    settings.locator("#set-language input").click()
    settings.get_by_role("option", name="Deutsch").click()
    expect(settings.locator("#set-test")).to_have_text("Verbindung prüfen")  # Gradio's own part
    expect(settings.locator("#set-mode")).to_contain_text("Wer zeichnet")
    expect(settings.get_by_role("heading", name="Wo Bilder entstehen")).to_be_visible()  # and ours
    expect(settings.locator("html")).to_have_attribute("data-theme", "light")
    assert (saved(studio)["theme"], saved(studio)["language"]) == ("light", "de")
    settings.locator("#set-language input").click()
    settings.get_by_role("option", name="Wie der Browser").click()
    expect(settings.locator("#set-test")).to_have_text("Test connection")


def test_a_key_goes_in_and_never_comes_out(settings, studio, open_page):
    entry, said = field(settings, "hf-token"), settings.locator("#set-hf-token-said")
    expect(said).to_have_text("not set")
    entry.fill(KEY)
    settings.locator("#set-hf-token-save").click()
    expect(said).to_have_text("set: …7777")
    expect(entry).to_have_value("")
    assert json.loads((studio.data / "secrets.json").read_text("utf-8"))["HF_TOKEN"] == KEY

    fresh = open_page(studio, "settings")
    expect(fresh.locator("#set-hf-token-said")).to_have_text("set: …7777")
    inputs = fresh.evaluate("[...document.querySelectorAll('input, textarea')].map(e => e.value).join()")
    pages = [settings.content(), fresh.content(), inputs, studio.said(), json.dumps(studio.facts())]
    pages += [
        urlopen(f"{studio.address}{path}").read().decode() for path in ("", "config", "gradio_api/info")
    ]
    files = [path for path in studio.folder.rglob("*") if path.is_file() and path.name != "secrets.json"]
    pages += [path.read_bytes().decode("utf-8", "replace") for path in files]
    assert not any(KEY in page for page in pages)

    settings.locator("#set-hf-token-clear").click()
    expect(said).to_have_text("not set")
    assert KEY not in (studio.data / "secrets.json").read_text("utf-8")


def test_a_key_that_is_none_is_refused_beside_its_field(settings):
    field(settings, "civitai-token").fill("two words")
    settings.locator("#set-civitai-token-save").click()
    expect(settings.locator("#set-civitai-token-said")).to_contain_text("That is not a key")


def test_the_folders_are_told_and_the_cache_can_be_emptied(settings, studio):
    expect(field(settings, "folder-projects")).to_have_value(str(studio.data / "projects"))
    expect(settings.locator("#set-open-projects")).to_be_visible()
    settings.locator("#set-empty-cache").click()
    expect(settings.locator("#set-folders-said")).to_contain_text("are free again")
    assert (studio.data / "cache" / "instance.json").exists()


@pytest.fixture
def intake(settings, fake, tmp_path):
    """A workflow dropped, with a server that has all it needs."""
    connect(settings, fake.url)
    save(settings)
    file = tmp_path / "hill.json"
    file.write_text(json.dumps(runs_here()), "utf-8")
    intake = settings.locator("#set-intake")
    intake.locator("input[type=file]").set_input_files(file)
    expect(intake.locator(".intake .verdict").first).to_have_text("The server has everything it needs.")
    return intake


def test_a_dropped_workflow_is_looked_at_kept_chosen_and_forgotten(settings, studio, intake):
    steps = intake.get_by_label("Steps")
    expect(steps.locator("option:checked")).to_have_text("KSampler · steps = 2")
    steps.select_option("")
    expect(intake.get_by_text("chosen by hand")).to_be_visible()

    intake.get_by_role("button", name="Keep", exact=True).click()
    expect(intake.locator(".flows").first).to_contain_text("hill")
    about = json.loads((studio.data / "workflows" / "hill.about.json").read_text("utf-8"))
    assert about["slots"]["steps"] == []
    settings.locator("#set-keyframe-workflow input").click()
    expect(settings.get_by_role("option", name="hill")).to_be_visible()
    settings.keyboard.press("Escape")

    intake.get_by_role("button", name="Forget hill").click()
    expect(intake.get_by_text("None yet.")).to_be_visible()
    assert not (studio.data / "workflows" / "hill.json").exists()


def test_a_workflow_that_is_kept_is_corrected_later_and_the_one_before_is_in_the_bin(studio, intake):
    own = studio.data / "workflows"
    intake.get_by_role("button", name="Keep", exact=True).click()
    intake.get_by_role("button", name="Correct hill").click()
    expect(intake.locator(".intake")).to_contain_text("one of those here")
    intake.get_by_label("Steps").select_option("")
    expect(intake.get_by_text("chosen by hand")).to_be_visible()
    intake.get_by_role("button", name="Keep", exact=True).click()
    expect(intake.locator(".intake")).to_be_hidden()
    assert json.loads((own / "hill.about.json").read_text("utf-8"))["slots"] == {"steps": []}
    assert (own / ".bin" / "hill.json").exists()

    intake.get_by_role("button", name="Correct hill").click()
    expect(intake.get_by_text("chosen by hand")).to_be_visible()
    intake.get_by_label("Steps").select_option("*")
    expect(intake.get_by_text("chosen by hand")).to_have_count(0)
    intake.get_by_role("button", name="Keep", exact=True).click()
    expect(intake.locator(".intake")).to_be_hidden()
    assert "slots" not in json.loads((own / "hill.about.json").read_text("utf-8"))
    intake.get_by_role("button", name="Forget hill").click()
    expect(intake.get_by_text("None yet.")).to_be_visible()


def test_one_that_comes_with_the_studio_is_kept_under_another_name(studio, intake):
    intake.locator(".intake").get_by_role("button", name="Leave it").click()
    intake.locator("summary").filter(has_text="with the studio").click()
    intake.get_by_role("button", name="Correct keyframe_sd15").click()
    expect(intake.get_by_role("textbox", name="File name")).to_have_value("keyframe_sd15_2")
    intake.get_by_role("button", name="Keep", exact=True).click()
    expect(intake.locator(".intake")).to_be_hidden()
    about = json.loads((studio.data / "workflows" / "keyframe_sd15_2.about.json").read_text("utf-8"))
    assert about["models"] and about["purpose"]
    intake.get_by_role("button", name="Forget keyframe_sd15_2").click()
    expect(intake.get_by_text("None yet.")).to_be_visible()


def test_a_dropped_workflow_is_tried_before_it_is_kept(studio, intake):
    studio.project("try", "A door")
    intake.get_by_role("button", name="Try it").click()
    trial = intake.locator(".trial")
    expect(trial.get_by_role("status")).to_have_text("It works.")
    assert trial.locator("img").evaluate("img => img.decode().then(() => img.naturalWidth)") > 0
    assert not (studio.data / "workflows" / "hill.json").exists()
    intake.locator(".intake").get_by_role("button", name="Leave it").click()
    expect(intake.locator(".intake")).to_be_hidden()


def test_a_dropped_file_without_a_workflow_says_so(settings, tmp_path):
    file = tmp_path / "notes.json"
    file.write_text("[1, 2]", "utf-8")
    settings.locator("#set-intake input[type=file]").set_input_files(file)
    expect(settings.locator("#set-intake [role=alert]")).to_contain_text("notes")


@pytest.mark.parametrize("width", [1280, 1600])
def test_nothing_is_cut_off(settings, width):
    settings.set_viewport_size({"width": width, "height": 800})
    choose(settings, "RunPod pod")
    expect(field(settings, "port")).to_be_visible()
    overflow = settings.evaluate(
        "document.querySelector('#set').scrollWidth - document.querySelector('#set').clientWidth"
    )
    assert overflow <= 0
