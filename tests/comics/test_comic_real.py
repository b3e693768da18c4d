"""A comic on a real ComfyUI, as far as weights go that a CPU runs in seconds.

Shown: a portrait is drawn, goes up to the server, and into the sampler of the panel that shows its person;
panels have their places' shapes; another portrait draws that panel anew and no other; what is drawn already
never comes to the server again; the pages are complete. And the graphs that are made for Flux Kontext and for
Qwen-Image-Edit, portraits filled in, are accepted by the server's own validation.

Not shown: that these two models draw, and that who they draw is alike from panel to panel. Their weights are
gigabytes. Here the panel with a person is drawn by a tiny Stable Diffusion 1.5 that starts from the portrait.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from domain.comic import Actor, Chapter, Character, Comic, Page, Panel
from domain.comic_rules import settled
from domain.events import Failed
from domain.job import files_in
from domain.project import Project
from domain.workflow import Workflow
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comics.layout_file import layouts
from infrastructure.fonts import Fonts
from infrastructure.hashes import sha256
from infrastructure.recipes import Take
from services.comic_art import BY_REFERENCES, Order, Outcome, by_references, draw, panel
from services.comic_pages import drawn, pictures_of
from services.comic_paper import Paper
from services.keyframes import picture
from services.picks import choose
from tests.graphs import TEMPLATES, node, template
from tests.real_comfy import RealComfy
from tests.test_templates_real import node_errors

pytestmark = pytest.mark.real

PEOPLE = tuple(Character(f"char-{n}", name) for n, name in enumerate(("Ida", "Bo", "Una"), 1))


def comic(*panels: Panel) -> Comic:
    page = Page("", 0, "two-horizontal", panels)
    return settled(Comic("Rain", "noir", "en", PEOPLE, (Chapter("", "", (page,)),)), layouts())[0]


def showing(count: int, action: str) -> Panel:
    return Panel("", tuple(Actor(who.id) for who in PEOPLE[:count]), action)


TWO = comic(showing(1, "Ida waits"), showing(0, "Rain on the roof"))


@pytest.fixture(scope="module")
def tiny() -> dict[int, Workflow]:
    """By how many portraits they take: none, and one, from which the sampler starts."""
    flow = template("keyframe_sd15")
    graph = {**flow.graph, "1": node("CheckpointLoaderSimple", ckpt_name="tiny_sd15.safetensors")}
    inputs = {**graph["5"]["inputs"], "steps": 3, "cfg": 2.0}
    about = replace(flow.about, sizes=((192, 192),))
    beginning = {
        "8": node("LoadImage", "Reference", image="none.png"),
        "9": node("VAEEncode", pixels=["8", 0], vae=["1", 2]),
        "10": node("LatentBlend", samples1=["2", 0], samples2=["9", 0], blend_factor=0.0),
        "5": {**graph["5"], "inputs": {**inputs, "latent_image": ["10", 0], "denoise": 0.5}},
    }
    alone = {**graph, "5": {**graph["5"], "inputs": inputs}}
    return {
        0: Workflow("tiny", alone, about),
        1: Workflow("tiny_reference", {**graph, **beginning}, about),
    }


def drawing(order: Order) -> Outcome:
    work = draw(order)
    while True:
        try:
            event = next(work)
        except StopIteration as end:
            return end.value
        assert not isinstance(event, Failed), event


def executions(server: RealComfy) -> int:
    return server.log.read_text("utf-8", errors="replace").count("Prompt executed in")


def given(take: Take) -> list[str]:
    """The hashes of the files that went to the server for it, as its recipe has them."""
    return list(json.loads(picture(take).with_suffix(".json").read_text("utf-8"))["inputs"].values())


def differ(one: Path, other: Path) -> float:
    """How far two pictures are apart, from 0 to 255."""
    a, b = (Image.open(path).convert("RGB") for path in (one, other))
    return sum(ImageStat.Stat(ImageChops.difference(a, b)).mean) / 3


def test_a_portrait_is_drawn_and_shapes_the_panel_of_its_person_alone(real_comfy, tiny, tmp_path):
    project, before = Project(tmp_path / "rain"), executions(real_comfy)
    order = Order(TWO, project, ComfyBackend(real_comfy.url), tiny)
    made = drawing(order)
    assert executions(real_comfy) - before == 3 and set(made.portraits) == {"char-1"}
    portrait = picture(made.portraits["char-1"])
    (first,), (second,) = (made.panels[f"ch1-p1-pan{n}"] for n in (1, 2))
    assert (given(first), given(second)) == ([sha256(portrait)], [])
    assert Image.open(portrait).size == (192, 192)
    width, height = Image.open(picture(first)).size
    assert width > 1.3 * height and width % 8 == height % 8 == 0

    (page,) = drawn(TWO, pictures_of(TWO, project), Paper(dpi=60), Fonts(others=[]))
    assert page.findings == []

    drawing(order)
    assert executions(real_comfy) - before == 3, "what is there is not asked for again"

    Image.new("RGB", (192, 192), (250, 20, 40)).save(tmp_path / "red.png")
    choose(project, "char-1", tmp_path / "red.png")
    again = drawing(order)
    assert executions(real_comfy) - before == 4, "the panel that shows her, and no other"
    (other,) = again.panels["ch1-p1-pan1"]
    assert differ(picture(first), picture(other)) > 5
    assert picture(again.panels["ch1-p1-pan2"][0]) == picture(second)


@pytest.fixture
def with_models(real_comfy: RealComfy) -> Iterator[RealComfy]:
    """A server on which the models for panels are there by name, though empty."""
    models = [model for name in BY_REFERENCES.values() for model in template(name).about.models]
    wanted = dict.fromkeys(real_comfy.models / model["folder"] / model["file"] for model in models)
    made = [path for path in wanted if not path.exists()]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    yield real_comfy
    for path in made:
        path.unlink()


@pytest.mark.parametrize("count", BY_REFERENCES)
def test_a_panel_with_its_portraits_is_accepted_by_the_server(with_models, tmp_path, count):
    shown = comic(showing(count, "They wait"))
    order = Order(shown, Project(tmp_path / "rain"), ComfyBackend(with_models.url), by_references(TEMPLATES))
    portraits, names = dict[str, Path](), dict[Path, str]()
    for who in PEOPLE[:count]:
        portraits[who.id] = tmp_path / f"{who.id}.png"
        Image.new("RGB", (64, 64), "teal").save(portraits[who.id])
        names[portraits[who.id]] = f"comic_{who.id}.png"
        shutil.copy(portraits[who.id], with_models.base / "input" / names[portraits[who.id]])
    wanted = panel(order, shown.pages[0], shown.pages[0].panels[0], portraits, 7)
    assert wanted.workflow == BY_REFERENCES[count]
    assert files_in(wanted.graph) == sorted(portraits.values()), "each portrait has its place"
    assert node_errors(with_models, wanted.job.graph_with(names)) == {}
