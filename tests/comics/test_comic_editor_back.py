"""Comics that come back from an editor, ours and another program's, whole or broken."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from domain.comic import Chapter, Line
from domain.comic_rules import settled
from domain.errors import BadFile, StudioError
from domain.project import Project
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.plan_json import plan_json
from services import comic_pictures, comic_plan
from services.comic_export import FORMATS
from services.comic_pages import pictures_of
from services.comic_paper import paper
from tests.comics.editors import comic, elements, exported
from tests.comics.plans import any_plan


def read(content, tmp_path):
    (tmp_path / "edited.json").write_text(json.dumps(content), "utf-8")
    return comic_plan.read(tmp_path / "edited.json")


@pytest.mark.parametrize("is_rtl", [False, True])
def test_what_comes_back_is_the_same_plan(pictures, tmp_path, is_rtl):
    made = exported(comic(is_rtl), pictures, tmp_path / "rain.json")
    again, changed, _ = comic_plan.read(tmp_path / "rain.json")
    assert changed == [] and plan_json(comic_pictures.taken_out(again)[0]) == plan_json(comic(is_rtl))
    assert exported(comic_pictures.taken_out(again)[0], pictures, tmp_path / "b.json") == made


@pytest.mark.parametrize("seed", range(12))
def test_any_plan_comes_back_with_all_its_pages_panels_and_words(tmp_path, seed):
    comic = replace(any_plan(seed), title="Rain")
    made = exported(comic, {}, tmp_path / "a.json")
    again, changed, _ = comic_plan.read(tmp_path / "a.json")
    assert changed == [] and plan_json(comic_pictures.taken_out(again)[0]) == plan_json(comic)
    assert exported(again, {}, tmp_path / "b.json") == made


def test_a_text_in_two_balloons_comes_back_as_one(pictures, tmp_path):
    whole = comic()
    much = Line("char-1", "Every word of this counts, and nobody may lose one of them, ever. " * 5 + "End.")
    first, *others = whole.pages[0].panels
    page = replace(whole.pages[0], layout="strip-3", panels=(replace(first, lines=(much, much)), *others))
    whole = settled(replace(whole, chapters=(Chapter("", "", (page,)),)), layouts())[0]
    made = exported(whole, pictures, tmp_path / "a.json")
    assert len(elements(made, "dialogue")) > 2
    again, _, _ = comic_plan.read(tmp_path / "a.json")
    assert again.pages[0].panels[0].lines == whole.pages[0].panels[0].lines


def test_what_was_changed_in_the_editor_counts(pictures, tmp_path):
    made = exported(comic(), pictures, tmp_path / "rain.json")
    words, images = elements(made, "dialogue"), elements(made, "image")
    words[0] |= {"text": "Run!", "bubbleStyle": "square"}
    words[1]["speaker"] = "Іда"
    words[3] |= {"x": images[1]["x"], "y": images[1]["y"]}
    images[0]["plan"] |= {"dialogue": "none", "narrative": "Never."}
    images[1]["y"], images[2]["y"] = images[2]["y"], images[1]["y"]
    made["canvases"][0]["elements"].append(
        {"type": "dialogue", "speaker": "Ann", "text": "Me?", "zIndex": 99}
    )
    again, _, _ = read(made, tmp_path)
    first, second, third = again.pages[0].panels
    assert [(line.character, line.text, line.kind) for line in first.lines] == [
        ("char-1", "Run!", "speech"),
        ("char-1", "Why?", "whisper"),
        ("anon-guard", "Nobody waits.", "speech"),
        ("char-3", "Me?", "speech"),
    ]
    assert first.narrative == "Night <1900>."
    assert (second.action, third.action) == ("Sea.", "") and again.character("char-3").name == "Ann"
    assert [line.text for line in second.lines] == ["Hm…"] and second.sfx == "BOOM"


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("A4", ["It is 1080 × 1080, and no A4; name its paper with --paper."]),
        ("Letter", ["It is 1080 × 1080, and no Letter; name its paper with --paper."]),
        (
            "custom",
            [
                "There is no paper called custom.",
                "It is 1080 × 1080, and no A4; name its paper with --paper.",
            ],
        ),
    ],
)
def test_a_canvas_that_has_not_the_shape_of_its_paper_is_told(pictures, tmp_path, named, said):
    file = tmp_path / "rain.json"
    list(FORMATS["editor"](replace(comic(), paper="Square"), pictures, paper("Instagram"), file))
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), "paperSize": named}), "utf-8")
    again, changed, _ = comic_plan.read(file)
    told = [found.said for found in changed]
    assert again.paper == named, "what the editor shows counts"
    assert all(any(one.startswith(some) for one in told) for some in said)
    assert comic_plan.read(file, paper="Instagram").changed == []


# --- another program's


def foreign():
    def element(kind, number, **more):
        return {"id": f"e{number}", "type": kind, "rotation": 0, "zIndex": number, **more}

    upper = {"x": 20, "y": 20, "width": 760, "height": 540}
    lower = {"x": 20, "y": 570, "width": 760, "height": 540, "clipPreset": "slant-left"}
    said = [
        element("image", 1, imageUrl="/images/b.png", **lower),
        element("image", 0, imageUrl="data:image/gif;base64,AAAA", clipPreset="none", **upper),
        element(
            "narrative", 2, text="Later.", bgColor="#fff", borderWidth=2, x=30, y=580, width=280, height=80
        ),
        element(
            "dialogue",
            3,
            speaker="Ann",
            text="Hi\nyou",
            bubbleStyle="wavy",
            x=40,
            y=40,
            width=200,
            height=100,
        ),
        element("sticker", 4, x=0, y=0, width=9, height=9),
    ]
    canvas = {"id": "c", "name": "1", "elements": said, "width": 794, "height": 1123, "order": 0}
    return {"id": "p", "title": "Out", "canvases": [canvas], "paperSize": "A4"}


def test_another_programs_project_is_read_and_what_a_plan_has_no_place_for_is_told(tmp_path):
    read_in, changed, _ = read(foreign(), tmp_path)
    (page,) = read_in.pages
    first, second = page.panels
    assert (read_in.title, page.layout) == ("Out", "two-horizontal")
    (line,) = first.lines
    assert (line.text, line.is_off, read_in.character(line.character).name) == ("Hi you", False, "Ann")
    assert second.narrative == "Later." and second.lines == ()
    _, pictures, told = comic_pictures.taken_out(read_in)
    told = " ".join(found.said for found in (*changed, *told))
    for said in ("sticker", "slant-left", "wavy", "/images/b.png", "no PNG, JPEG or WebP"):
        assert said in told
    assert pictures == {}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda project: project["canvases"].append(3), "canvases[1] must be an object with a list"),
        (lambda project: project["canvases"][0].update(width=0), "must have a width and a height"),
        (lambda project: project["canvases"][0]["elements"].append("x"), "elements[5] must be an object"),
        (
            lambda project: project["canvases"][0]["elements"][0].update(x="left"),
            "elements[0].x must be a number",
        ),
    ],
)
def test_a_broken_project_is_refused_with_the_place_that_is_broken(tmp_path, change, said):
    change(project := foreign())
    with pytest.raises(BadFile) as refused:
        read(project, tmp_path)
    assert said in str(refused.value)


def places(said):
    """All objects and lists in it, each with its keys."""
    if isinstance(said, dict | list):
        keys = list(said) if isinstance(said, dict) else range(len(said))
        yield from ((said, key) for key in keys)
        for key in keys:
            yield from places(said[key])


@pytest.mark.parametrize("junk", [None, True, -1, 1e300, "x", [], [3], {}, {"id": []}], ids=repr)
def test_whatever_stands_in_a_project_it_is_read_or_refused_in_words(tmp_path, junk):
    text = json.dumps(exported(comic(), {}, tmp_path / "rain.json"))
    refused = 0
    for number in range(len(list(places(json.loads(text))))):
        said, key = list(places(project := json.loads(text)))[number]
        said[key] = junk
        try:
            taken_out = comic_pictures.taken_out(read(project, tmp_path).comic)
            assert taken_out.comic.pages
        except StudioError as error:
            refused += 1
            assert str(error)
    assert refused > 0


def test_pictures_of_a_project_are_put_where_a_panel_has_none(pictures, tmp_path):
    exported(comic(), pictures, tmp_path / "rain.json")
    read_in, found, _ = comic_pictures.taken_out(comic_plan.read(tmp_path / "rain.json").comic)
    project = Project(tmp_path / "project")
    own = project.keyframe("ch1-p1-pan1")
    own.parent.mkdir(parents=True)
    Image.new("RGB", (30, 20), "#ff0000").save(own)
    before = own.read_bytes()
    broken = {**found, "ch1-p1-pan2": b"no picture"}
    assert [finding.where for finding in comic_pictures.put(read_in, broken, project)] == ["ch1-p1-pan2"]
    assert own.read_bytes() == before and len(pictures_of(read_in, project)) == 4
    assert not list(project.cache.iterdir())
