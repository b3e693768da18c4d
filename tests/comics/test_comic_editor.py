"""Comics to a comic editor's project, and back."""

import base64
import io
import json
from dataclasses import replace

import pytest
from PIL import Image

from domain.comic import SHOUT, THOUGHT, WHISPER, Actor, Chapter, Character, Comic, Line, Page, Panel
from domain.comic_editor import tail_towards
from domain.comic_rules import settled
from domain.errors import BadFile, StudioError
from domain.project import Project
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.plan_json import plan_json
from services import comic_pictures, comic_plan
from services.comic_export import FORMATS
from services.comic_pages import pictures_of
from services.comic_paper import paper, paper_of
from tests.comics.plans import any_plan

TAILS = {f"{side}-{at}" for side in ("top", "bottom") for at in ("left", "center", "right")} | {"none"}
TAILS |= {f"{side}-{at}" for side in ("left", "right") for at in ("top", "center", "bottom")}


def comic(is_rtl=False):
    ida, bo = Character("char-1", "Іда", "tall", seed=7), Character("char-2", "Бо")
    both = Actor("char-1", gaze="away"), Actor("char-2")
    lines = Line("char-1", "Wait here, please!", SHOUT), Line("char-2", "Why?", WHISPER)
    lines += (
        Line("anon-guard", "Nobody waits.", is_off=True, zone="top-right"),
        Line("char-1", "Hm…", THOUGHT),
    )
    meeting = Panel("", both, "They meet.", lines=lines, narrative="Night <1900>.")
    first = Page(
        "", 0, "big-left", (meeting, Panel("", sfx="BOOM"), Panel("", action="Sea.")), "Depot", "fog"
    )
    later = Panel("", both[:1], lines=lines[:1]), Panel("", narrative="Later.")
    second = Page("", 0, "two-horizontal", later)
    chapters = Chapter("", "One", (first,)), Chapter("", "Two & more", (second,))
    return settled(Comic("Rain", "noir", "uk", (ida, bo), chapters, is_rtl, {"id": "p1"}), layouts())[0]


@pytest.fixture
def pictures(tmp_path):
    Image.new("RGB", (300, 200), "#204060").save(tmp_path / "panel.png")
    return {panel.id: tmp_path / "panel.png" for _, panel in comic().panels}


def exported(comic, pictures, to):
    list(FORMATS["editor"](comic, pictures, paper_of(comic), to))
    return json.loads(to.read_text("utf-8"))


def read(content, tmp_path):
    (tmp_path / "edited.json").write_text(json.dumps(content), "utf-8")
    return comic_plan.read(tmp_path / "edited.json")


def elements(project, kind, canvas=0):
    return [one for one in project["canvases"][canvas]["elements"] if one["type"] == kind]


# --- out


def test_a_page_is_a_canvas_with_its_pictures_and_words_where_they_stand(pictures, tmp_path):
    made = exported(comic(), pictures, tmp_path / "rain.json")
    first, second = made["canvases"]
    assert (made["title"], first["width"], first["height"], second["order"]) == ("Rain", 794, 1123, 1)
    places = [(one["x"], one["y"], one["width"], one["height"]) for one in elements(made, "image")]
    assert places[0][2] > 1.9 * places[1][2] and places[1][0] == places[2][0] > places[0][0] + places[0][2]
    for image in elements(made, "image"):
        kind, _, content = image["imageUrl"].partition(",")
        with Image.open(io.BytesIO(base64.b64decode(content))) as opened:
            assert kind == "data:image/jpeg;base64" and abs(opened.width - 2 * image["width"]) <= 1
    x, y, width, height = places[0]
    for word in elements(made, "dialogue"):
        assert x < word["x"] and word["x"] + word["width"] < x + width
        assert y < word["y"] and word["y"] + word["height"] < y + height
        assert word["tailPosition"] in TAILS and word["fontSize"] > 9
    said = [(word["speaker"], word["text"], word["bubbleStyle"]) for word in elements(made, "dialogue")]
    assert said[:2] == [("Іда", "Wait here, please!", "shout"), ("Бо", "Why?", "whisper")]
    assert said[2:] == [("anon-guard", "Nobody waits.", "round"), ("Іда", "Hm…", "cloud")]
    (box, sound) = elements(made, "narrative")
    assert (box["text"], sound["text"], sound["bgColor"]) == ("Night <1900>.", "BOOM", "transparent")
    order = [one["zIndex"] for one in first["elements"]]
    assert order == sorted(set(order)) and len({one["id"] for one in first["elements"]}) == len(order)


@pytest.mark.parametrize(
    ("tip", "tail"),
    [
        *(((0, 9), "bottom-center"), ((-4, 5), "bottom-left"), ((4, 5), "bottom-right")),
        *(((0, -9), "top-center"), ((9, 0), "right-center"), ((-9, -6), "left-top")),
        *(((9, 6), "right-bottom"), (None, "none")),
    ],
)
def test_a_tail_is_at_the_side_that_faces_the_speaker(tip, tail):
    assert tail_towards((0.0, 0.0), tip, (1.0, 1.0)) == tail and tail in TAILS


def test_a_canvas_has_the_shape_of_its_paper(pictures, tmp_path):
    list(FORMATS["editor"](comic(), pictures, paper("Instagram"), tmp_path / "rain.json"))
    made = json.loads((tmp_path / "rain.json").read_text("utf-8"))
    assert (made["paperSize"], made["canvases"][0]["width"], made["canvases"][0]["height"]) == (
        "Instagram",
        1080,
        1080,
    )
    again, changed, _ = comic_plan.read(tmp_path / "rain.json")
    assert changed == []
    assert plan_json(comic_pictures.taken_out(again)[0]) == plan_json(replace(comic(), paper="Instagram"))


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


# --- there and back


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
def test_whatever_stands_in_a_project_it_is_read_or_refused_in_words(pictures, tmp_path, junk):
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
