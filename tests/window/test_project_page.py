"""The project page: what the film is made with, other projects, and what comes in from elsewhere."""

import json
import re
import shutil
from itertools import count
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from tests.older import older
from tests.window.studio import picture

NUMBERS = count(1)
TABLE = "prompt,seconds\nA harbour before sunrise,3\nA red door,2\n"
TEXT = "A harbour before sunrise, boats on the mud.\n\nA red door, ajar, rain on the step.\n"


@pytest.fixture
def folder(studio, request):
    name = f"{re.sub(r'[^a-z]+', '-', request.node.name.removeprefix('test_'))[:30]}-{next(NUMBERS)}"
    return studio.project(name, "A harbour before sunrise", "A door")


@pytest.fixture
def page(folder, studio, open_page):
    for outcome in studio.facts()["outcomes"]:
        studio.ask("outcome.dismiss", id=outcome["id"])
    page = open_page(studio, "project")
    expect(page.locator("#page-project input.title")).to_have_value(folder.name)
    return page


def board(folder):
    return json.loads((folder / "storyboard.json").read_text("utf-8"))


def field(page, name):
    return page.locator(f"#page-project [data-field='{name}'] :is(input, textarea, select)")


def head(page, name):
    return page.locator("#page-project .head").get_by_role("button", name=name, exact=True)


def choose_files(page, *files):
    page.locator("#page-project .dropzone input[type=file]").first.set_input_files(list(files))


def until(page, sentence, **values):
    page.wait_for_function(sentence, **values)


# --- the open project ------------------------------------------------------------------------


def test_title_and_defaults_are_in_the_file_and_undo_takes_them_back(folder, page):
    field(page, "title").fill("Harbour <i>& Sons</i>")
    expect(page.locator("#rail .project b")).to_have_text("Harbour <i>& Sons</i>")
    field(page, "description").fill("One sentence.")
    field(page, "fps").fill("25")
    field(page, "variants").fill("4")
    field(page, "longest").fill("3.5")
    field(page, "base_seed").fill("12x34")
    field(page, "tags.style").fill("Film noir")
    field(page, "tags.style").blur()
    until(page, "() => Studio.core.fact('project').tags.style")
    until(page, "() => Studio.core.fact('project').seed === 1234")
    about = board(folder)
    assert (about["project"], about["description"], about["fps"]) == (
        "Harbour <i>& Sons</i>",
        "One sentence.",
        25,
    )
    page.locator("#page-project h1").click()
    for _ in range(7):
        page.keyboard.press("Control+z")
    expect(field(page, "title")).to_have_value(folder.name)
    assert "description" not in board(folder) or not board(folder)["description"]


def test_a_value_that_cannot_be_is_told_beside_its_field_and_not_kept(folder, page):
    field(page, "fps").fill("900")
    field(page, "fps").blur()
    expect(page.locator("[data-field=fps] .problem")).to_contain_text("from 1 to 120")
    assert board(folder)["fps"] == 12
    field(page, "fps").fill("24")
    field(page, "fps").blur()
    expect(page.locator("[data-field=fps] .problem")).to_be_hidden()


def test_shape_and_size_are_chosen_as_one_step(folder, page):
    about = page.locator("#page-project .about")
    about.get_by_role("button", name="9:16").click()
    expect(about.get_by_role("button", name="9:16")).to_have_attribute("aria-pressed", "true")
    about.get_by_role("button", name=re.compile("^HD upright")).click()
    until(page, "() => Studio.core.fact('project').height === 1280")
    assert (board(folder)["width"], board(folder)["height"]) == (720, 1280)
    about.get_by_role("button", name="Turn it").click()
    until(page, "() => Studio.core.fact('project').width === 1280")
    about.get_by_label("Width", exact=True).fill("10")
    about.get_by_label("Width", exact=True).press("Enter")
    expect(about.get_by_text("Each side has 256 to")).to_be_visible()
    assert board(folder)["width"] == 1280
    page.locator("#page-project h1").click()
    page.keyboard.press("Control+z")
    until(
        page, "() => Studio.core.fact('project').width === 720 && Studio.core.fact('project').height === 1280"
    )


def test_a_project_has_a_workflow_of_its_own(folder, page):
    menu = field(page, "keyframe_workflow")
    expect(menu.locator("option").first).to_contain_text("As in the settings")
    menu.select_option("keyframe_sdxl")
    until(page, "() => Studio.core.fact('project').workflows.keyframe === 'keyframe_sdxl'")
    assert json.loads((folder / "project.json").read_text("utf-8"))["keyframe_workflow"] == "keyframe_sdxl"
    page.reload()
    expect(menu).to_have_value("keyframe_sdxl")
    menu.select_option("")
    until(page, "() => !Studio.core.fact('project').workflows.keyframe")


def test_what_was_thrown_away_is_restored_from_the_bin(studio, folder, page):
    picture(folder / "takes" / "001_v1.png")
    (folder / "takes" / "001_v1.json").write_text("{}")
    bins = folder / ".bin" / "20250101T000000-001"
    (bins / "files" / "takes").mkdir(parents=True)
    (folder / "takes" / "001_v1.png").rename(bins / "files" / "takes" / "001_v1.png")
    manifest = {"when": "2025-01-01T00:00:00+00:00", "why": "rejected", "places": ["takes/001_v1.png"]}
    (bins / "manifest.json").write_text(json.dumps(manifest))
    studio.ask("project.measure")
    page.locator(".bin summary").click()
    expect(page.locator(".binned li")).to_contain_text("rejected")
    page.get_by_role("button", name="Restore", exact=True).click()
    expect(page.get_by_text("back where it was")).to_be_visible()
    assert (folder / "takes" / "001_v1.png").exists()
    expect(page.locator(".bin")).to_be_hidden()


def test_the_bin_is_emptied_only_after_a_question(studio, folder, page):
    bins = folder / ".bin" / "20250101T000000-001"
    file = picture(bins / "files" / "takes" / "001_v1.png")
    studio.ask("project.measure")
    page.locator(".bin summary").click()
    page.locator("#page-project").get_by_role("button", name="Empty the bin").click()
    page.keyboard.press("Escape")
    assert file.exists()
    page.locator("#page-project").get_by_role("button", name="Empty the bin").click()
    page.locator("dialog").get_by_role("button", name="Empty the bin").click()
    expect(page.get_by_text("are free again")).to_be_visible()
    assert not file.exists()


def test_the_cache_is_emptied_and_nothing_else(studio, folder, page):
    picture(folder / "cache" / "thumbs" / "a.png")
    kept = picture(folder / "keyframes" / "001.png")
    studio.ask("project.measure")
    page.get_by_role("button", name="Empty the cache").click()
    expect(page.get_by_text("are free again")).to_be_visible()
    assert kept.exists() and not (folder / "cache" / "thumbs").exists()


def test_a_contact_sheet_is_printed_once_however_fast_it_is_clicked(page):
    head(page, "Contact sheet").click()
    asked = []
    page.on("request", lambda request: request.url.endswith("/sheet.make") and asked.append(request))
    make = page.locator("dialog").get_by_role("button", name="Make PDF")
    make.evaluate("button => { button.click(); button.click() }")
    expect(page.locator("dialog").get_by_role("link", name="Download")).to_be_visible()
    expect(make).to_be_enabled()
    assert len(asked) == 1


def test_the_contact_sheet_is_seen_made_and_downloaded(folder, page):
    picture(folder / "keyframes" / "001.png")
    head(page, "Contact sheet").click()
    sheet = page.locator("dialog")
    until(page, "() => document.querySelector('.paper img').naturalWidth > 300")
    sheet.get_by_role("button", name="Across").click()
    until(
        page,
        "() => { const p = document.querySelector('.paper img'); return p.naturalWidth > p.naturalHeight }",
    )
    expect(sheet.get_by_text("1 page")).to_be_visible()
    sheet.get_by_role("button", name="Make PDF").click()
    with page.expect_download() as download:
        sheet.get_by_role("link", name="Download").click()
    pdf = download.value.path().read_bytes()
    assert pdf.startswith(b"%PDF") and re.search(rb"/Type\s*/Page\b", pdf)
    assert (folder / "contact-sheet.pdf").read_bytes() == pdf


# --- whole projects --------------------------------------------------------------------------


def test_a_new_project_begins_with_one_shot_whose_words_are_next(studio, folder, page):
    page.locator("#page-project h1").click()
    page.keyboard.press("n")
    ask = page.locator("dialog")
    ask.get_by_label("Title").fill("Lighthouse / Part 2")
    ask.get_by_role("button", name="2.39:1").click()
    ask.get_by_label("Frames a second").fill("24")
    ask.get_by_label("Title").press("Enter")
    expect(page.locator("#page-storyboard .card[data-shot]")).to_have_count(1)
    expect(page.locator("#prompt")).to_be_focused()
    page.keyboard.type("A lighthouse in fog")
    expect(page.locator(".card p")).to_have_text("A lighthouse in fog")
    about = board(studio.data / "projects" / "Lighthouse-Part-2")
    assert (about["project"], about["fps"]) == ("Lighthouse / Part 2", 24)
    assert round(about.get("width", 1024) / about["height"], 1) == 2.4


def test_a_new_project_that_cannot_be_is_told_in_the_dialog(page):
    head(page, "New project").click()
    page.locator("dialog").get_by_label("Frames a second").fill("900")
    page.locator("dialog").get_by_role("button", name="Create").click()
    expect(page.locator("dialog .problem[role=alert]:visible")).to_contain_text("fps should be")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)


def test_a_recent_project_is_opened_and_shows_its_pictures(studio, folder, page):
    picture(folder / "keyframes" / "001.png", "#2060a0")
    other = studio.project(f"{folder.name[:40]}-other", "Elsewhere")
    card = page.locator(".recent", has=page.locator(f"b:text-is('{folder.name}')"))
    until(page, "() => [...document.querySelectorAll('.strip img')].some(img => img.naturalWidth > 100)")
    expect(page.locator(".recent.is-open b")).to_have_text(other.name)
    card.locator(".open").click()
    expect(page.locator("#page-project input.title")).to_have_value(folder.name)
    page.reload()
    expect(page.locator(".recent.is-open b")).to_have_text(folder.name)


def test_what_has_gone_is_grey_and_forgotten(studio, folder, page):
    gone = studio.project(f"{folder.name[:40]}-gone", "Gone")
    studio.ask("project.open", folder=str(folder))
    shutil.rmtree(gone)
    studio.ask("project.measure")
    card = page.locator(".recent.is-gone", has=page.locator(f"b:text-is('{gone.name}')"))
    expect(card).to_contain_text("not there any more")
    card.get_by_role("button", name="Forget").click()
    expect(card).to_have_count(0)


def test_words_typed_last_are_kept_when_another_project_is_opened_at_once(studio, folder, page):
    other = studio.project(f"{folder.name[:40]}-other", "Elsewhere")
    studio.ask("project.open", folder=str(folder))
    expect(page.locator(".recent.is-open b")).to_have_text(folder.name)
    field(page, "notes").fill("The last words")
    page.locator(".recent", has=page.locator(f"b:text-is('{other.name}')")).locator(".open").click()
    expect(page.locator("#page-project input.title")).to_have_value(other.name)
    assert board(folder)["notes"] == "The last words"
    assert not board(other).get("notes")


def test_a_project_is_opened_by_its_path_and_a_wrong_one_is_told(studio, folder, page, tmp_path):
    page.locator("#page-project h1").click()
    page.keyboard.press("o")
    ask = page.locator("dialog")
    for path, said in (("films", "no whole path"), (str(tmp_path / "no"), "There is no")):
        ask.get_by_role("textbox").fill(path)
        ask.get_by_role("button", name="Open", exact=True).click()
        expect(ask.locator(".problem")).to_contain_text(said)
    outside = tmp_path / "Elsewhere"
    shutil.copytree(folder, outside)
    ask.get_by_role("textbox").fill(str(outside))
    ask.get_by_role("button", name="Open", exact=True).click()
    until(page, "path => Studio.core.fact('project').path === path", arg=str(outside))


def test_a_copy_is_made_and_opened(studio, folder, page):
    picture(folder / "takes" / "001_v1.png")
    head(page, "Duplicate").click()
    ask = page.locator("dialog")
    ask.get_by_label("Title").fill(f"{folder.name[:40]}-copy")
    ask.get_by_label("With all takes").uncheck()
    ask.get_by_role("button", name="Duplicate").click()
    done = page.locator(".outcome", has_text="is there")
    done.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator("#page-project input.title")).to_have_value(f"{folder.name[:40]}-copy")
    copy = next((studio.data / "projects").glob(f"{folder.name[:40]}-copy*"))
    assert not (copy / "takes").exists() and (folder / "takes" / "001_v1.png").exists()


def test_a_packed_project_is_downloaded_and_taken_in_again(studio, folder, page, tmp_path):
    picture(folder / "keyframes" / "001.png")
    head(page, "Pack").click()
    done = page.locator(".outcome", has_text="is packed")
    with page.expect_download() as download:
        done.get_by_role("link", name="Download").click()
    zip = tmp_path / download.value.suggested_filename
    download.value.save_as(zip)
    choose_files(page, zip)
    expect(page.locator("dialog")).to_contain_text("A packed project")
    page.get_by_role("button", name="As a new project").click()
    expect(page.locator(".recent.is-open small")).to_contain_text("2 shots")
    until(page, "path => Studio.core.fact('project').path !== path", arg=str(folder))
    back = studio.data / "projects" / f"{zip.stem}-2"
    assert (back / "keyframes" / "001.png").exists()
    assert board(back)["shots"][0]["prompt"] == "A harbour before sunrise"


# --- imports ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name,content,kind",
    [
        ("<b>shots</b> & co.csv", TABLE, "A table of shots · 2 shots"),
        ("script.txt", TEXT, "A text of shots · 2 shots"),
        (
            "board.json",
            json.dumps({"project": "B", "shots": [{"prompt": "A hill"}, {"prompt": "A sea"}]}),
            "A storyboard",
        ),
    ],
)
def test_a_file_becomes_a_project_and_the_same_again_changes_nothing(
    studio, folder, page, name, content, kind
):
    file = {"name": name, "mimeType": "text/plain", "buffer": (content + "\n" * len(folder.name)).encode()}
    found = []
    for _ in range(2):
        choose_files(page, file)
        expect(page.locator("dialog .found")).to_contain_text(kind)
        expect(page.locator("dialog .found b")).to_have_text(
            name.replace("<", "_").replace(">", "_").split("/")[-1]
        )
        page.get_by_role("button", name="As a new project").click()
        expect(page.locator(".recent.is-open small")).to_contain_text("2 shots")
        until(page, "path => Studio.core.fact('project').path !== path", arg=str(folder))
        found.append(studio.facts()["project"]["path"])
        studio.ask("project.open", folder=str(folder))
        until(page, "path => Studio.core.fact('project').path === path", arg=str(folder))
    assert found[0] == found[1]
    expect(page.locator(".outcome").first).to_contain_text("nothing has changed")


def test_a_project_is_opened_that_was_there_before_the_page_heard_that_it_would_be(folder, page):
    late, known = [], page.evaluate("() => (Studio.core.fact('outcomes') ?? []).map(one => one.id)")
    page.route("**/studio/do/import.run", lambda route: late.append((route, route.fetch())))
    choose_files(page, {"name": "shots.csv", "mimeType": "text/csv", "buffer": TABLE.encode()})
    page.get_by_role("button", name="As a new project").click()
    until(page, "known => Studio.core.fact('outcomes')?.some(one => !known.includes(one.id))", arg=known)
    page.wait_for_timeout(100)
    ((route, answer),) = late
    route.fulfill(response=answer)
    until(page, "path => Studio.core.fact('project').path !== path", arg=str(folder))


def test_a_double_click_brings_something_in_once(studio, folder, page):
    asked = []
    page.on("request", lambda request: asked.append(1) if request.url.endswith("import.run") else None)
    studio.ask("project.new", title=f"{folder.name[:40]} once")
    expect(page.locator("#page-project .head .count")).to_contain_text("1 shot")
    choose_files(page, {"name": "a.csv", "mimeType": "text/csv", "buffer": TABLE.encode()})
    page.get_by_role("button", name="Into “").dblclick()
    expect(page.locator("#page-project .head .count")).to_contain_text("2 shots")
    assert len(asked) == 1


def test_a_table_goes_into_a_project_without_shots_and_undo_takes_it_out(studio, folder, page):
    studio.ask("project.new", title=f"{folder.name[:40]} empty")
    expect(page.locator("#page-project .head .count")).to_contain_text("1 shot")
    choose_files(page, {"name": "a.csv", "mimeType": "text/csv", "buffer": TABLE.encode()})
    page.get_by_role("button", name="Into “").click()
    expect(page.locator(".outcome")).to_contain_text("2 shots stand in")
    expect(page.locator("#page-project .head .count")).to_contain_text("2 shots")
    page.locator("#page-project h1").click()
    page.keyboard.press("Control+z")
    expect(page.locator("#page-project .head .count")).to_contain_text("1 shot")


def test_a_project_with_shots_is_not_offered_for_a_table(folder, page):
    choose_files(page, {"name": "a.csv", "mimeType": "text/csv", "buffer": TABLE.encode()})
    expect(page.get_by_role("button", name="Into “")).to_be_disabled()
    expect(page.locator("dialog")).to_contain_text("has shots already")
    page.keyboard.press("Escape")
    assert len(board(folder)["shots"]) == 2


def test_a_folder_of_pictures_comes_in_shot_by_shot(studio, folder, page, tmp_path):
    pictures = tmp_path / f"pics {folder.name[:20]}"
    for number, colour in enumerate(("#c04020", "#2060a0", "#20a060"), 1):
        picture(pictures / f"0{number} <img src=x>.png", colour)
    (pictures / ".DS_Store").write_text("x")
    page.locator("#page-project .dropzone input[type=file]").nth(1).set_input_files(pictures)
    expect(page.locator("dialog .found")).to_contain_text("A folder of pictures · 3 pictures")
    page.get_by_role("button", name="Into “").click()
    expect(page.locator(".outcome")).to_contain_text("Pictures copied: 3. New shots: 3.")
    assert len(board(folder)["shots"]) == 5
    assert sorted(p.name for p in (folder / "keyframes").glob("*.png")) == ["003.png", "004.png", "005.png"]
    page.keyboard.press("2")
    expect(page.locator(".board .card img:not([hidden])")).to_have_count(3)
    assert page.locator("img[src=x]").count() == 0
    page.keyboard.press("3")
    page.locator(".shotrow", has_text="003").click()
    expect(page.locator(".variants .take.is-picked img")).to_be_visible()


def test_several_pictures_dropped_on_the_page_are_taken_in(folder, page):
    page.evaluate(
        """async () => {
          const transfer = new DataTransfer();
          for (const colour of ['red', 'blue']) {
            const canvas = new OffscreenCanvas(320, 192), paint = canvas.getContext('2d');
            paint.fillStyle = colour;
            paint.fillRect(0, 0, 320, 192);
            transfer.items.add(new File([await canvas.convertToBlob()], `${colour}.png`));
          }
          const page = document.querySelector('.page.project .about');
          const event = { dataTransfer: transfer, bubbles: true, cancelable: true };
          for (const name of ['dragover', 'drop']) page.dispatchEvent(new DragEvent(name, event));
        }"""
    )
    expect(page.locator("dialog .found")).to_contain_text("A folder of pictures · 2 pictures")
    page.get_by_role("button", name="Into “").click()
    expect(page.locator(".outcome")).to_contain_text("New shots: 2")
    assert len(board(folder)["shots"]) == 4


def test_an_older_project_comes_in_with_what_was_left_out_until_it_is_dismissed(
    studio, folder, page, tmp_path
):
    old = older(tmp_path / f"Old {folder.name[:20]}")
    page.get_by_role("button", name="By path").click()
    page.get_by_label("Path on the studio's computer").fill(str(old))
    page.get_by_label("Path on the studio's computer").press("Enter")
    expect(page.locator("dialog .found")).to_contain_text("A project of the older studio")
    page.get_by_role("button", name="As a new project").click()
    said = page.locator(".outcome")
    expect(said).to_contain_text("belong to no shot")
    expect(page.locator(".recent.is-open small")).to_contain_text("3 shots")
    page.reload()
    expect(said).to_contain_text("Left in audio")
    assert (old / "keyframes" / "city_v1_00001_.png").exists()
    said.get_by_role("button", name="Dismiss").click()
    expect(said).to_have_count(0)
    page.reload()
    expect(page.locator("#page-project .head .count")).to_contain_text("3 shots")
    expect(said).to_have_count(0)


@pytest.mark.parametrize("name,content", [("virus.exe", "x"), ("broken.json", "{"), ("empty.csv", "")])
def test_what_is_nothing_is_told_in_the_dialog_and_another_can_be_chosen(folder, page, name, content):
    choose_files(page, {"name": name, "mimeType": "text/plain", "buffer": content.encode()})
    said = page.locator("dialog .problem")
    expect(said).to_contain_text(name)
    expect(said).not_to_contain_text("uploads")
    page.locator("dialog input[type=file]").first.set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": TABLE.encode()}
    )
    expect(page.locator("dialog .found")).to_contain_text("2 shots")


def test_a_project_found_by_its_path_is_opened_where_it_lies(folder, page, tmp_path):
    outside = tmp_path / "Elsewhere"
    shutil.copytree(folder, outside)
    page.get_by_role("button", name="By path").click()
    page.get_by_label("Path on the studio's computer").fill(str(outside))
    page.get_by_role("button", name="Look", exact=True).click()
    page.get_by_role("button", name="Open it").click()
    until(page, "path => Studio.core.fact('project').path === path", arg=str(outside))


# --- what may be asked for -------------------------------------------------------------------


def status(studio, path, **headers):
    try:
        request = Request(f"{studio.address}{path}", headers=headers, method="POST" if headers else "GET")
        with urlopen(request, timeout=10) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def test_no_file_of_the_machine_can_be_had_through_the_routes(studio, folder):
    for path in (
        "studio/recent/..%2F..%2Fsettings.json/0",
        "studio/recent/0000000000000000/0",
        "studio/made/..%2F..%2Fsettings.json",
        "studio/made/settings",
        "studio/sheet?columns=99",
    ):
        assert status(studio, path) == 404, path
    assert status(studio, "studio/reveal/project", Origin="http://evil.example") == 403
    assert status(studio, "studio/reveal/..%2F..", **{"X-Studio": "1"}) in (400, 404)
    assert status(studio, "studio/reveal/project", **{"X-Studio": "1", "X-Forwarded-For": "10.0.0.9"}) == 403


def test_the_folder_is_shown_where_the_studio_runs(own_studio, open_page, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    opener = tools / "xdg-open"
    opener.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path / "shown"}\n')
    opener.chmod(0o755)
    studio = own_studio(env={"PATH": f"{tools}:/usr/bin:/bin"})
    folder = studio.project("$(touch hacked) film", "A door")
    page = open_page(studio, "project")
    expect(page.locator(".where code")).to_have_text(str(folder))
    page.get_by_role("button", name="Show folder").click()
    for _ in range(50):
        if (tmp_path / "shown").exists() and (tmp_path / "shown").read_text():
            break
        page.wait_for_timeout(100)
    assert (tmp_path / "shown").read_text() == str(folder)
