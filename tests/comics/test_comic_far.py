"""A comic by command, on machines that are not this one. Their ComfyUI is a real one; the account, the proxy
before a pod and the endpoint before a worker in the real SDK's loop are emulated: nothing was rented."""

import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image, ImageStat

import main
from tests.graphs import node, template
from tests.test_pod_chaos import executions

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

SCRIPT = """TITLE: Rain
LANGUAGE: en
CHARACTER Ida: tall
PAGE 1 [two-horizontal]
PANEL 1
Ida waits.
IDA: Where is it?
PANEL 2
Rain on the roof.
"""


@pytest.fixture
def told(home, monkeypatch, capsys, runpod):
    monkeypatch.setenv("RUNPOD_API_KEY", runpod.key)

    def run(*words):
        code = main.main(["comic", *map(str, words)])
        out, error = capsys.readouterr()
        assert code == 0, error
        return json.loads(out)

    return run


@pytest.fixture
def pod(runpod, real_comfy):
    return "--backend", "runpod", "--pod-id", runpod.add_pod(name="studio", server=real_comfy).id


@pytest.fixture
def serverless(runpod, sdk_worker, real_comfy):
    endpoint = runpod.add_endpoint(pause=0.3)
    sdk_worker(endpoint, real_comfy.url)
    return "--backend", "serverless", "--endpoint", endpoint.id


@pytest.fixture
def panels(tmp_path):
    """A workflow of the artist's own, that lays the portrait over the picture: no model is needed for it."""
    graph = dict(template("keyframe_test").graph)
    graph["8"] = node("LoadImage", "Reference", image="none.png")
    over = {"image1": ["6", 0], "image2": ["8", 0], "blend_factor": 0.9, "blend_mode": "normal"}
    graph["9"] = node("ImageBlend", **over)
    graph["7"] = node("SaveImage", images=["9", 0], filename_prefix="panel")
    path = tmp_path / "portrait_over.json"
    path.write_text(json.dumps(graph), "utf-8")
    return path


def apart(one, other):
    """How far two pictures' mean colours are apart, 0 to 255."""
    means = [ImageStat.Stat(Image.open(path).convert("RGB")).mean for path in (one, other)]
    return max(abs(a - b) for a, b in zip(*means, strict=True))


def recipe(take):
    return json.loads(Path(take).with_suffix(".json").read_text("utf-8"))


@pytest.fixture
def drawn(told, real_comfy, panels, tmp_path):
    """drawn(words): a comic is made by who these words name, and looked at."""
    return lambda words: drawn_with_its_portraits(words, told, real_comfy, panels, tmp_path)


def test_a_comic_is_drawn_on_a_pod_with_its_portraits_and_only_what_changed_is_drawn_anew(drawn, pod):
    drawn(pod)


def test_so_it_is_at_a_serverless_endpoint(drawn, serverless):
    drawn(serverless)


def drawn_with_its_portraits(words, told, real_comfy, panels, tmp_path):
    script, plan, book = (tmp_path / name for name in ("rain.txt", "rain.json", "rain.cbz"))
    script.write_text(SCRIPT, "utf-8")
    told("plan", script, "--out", plan)
    project, before = tmp_path / "rain", executions(real_comfy)
    flows = "--keyframe-workflow", "keyframe_test", "--panel-workflow", panels
    order = "--project", project, *words, *flows, "--json"

    made = told("art", plan, *order)
    assert made["jobs"] == {"run": 3, "reused": 0, "failed": 0}
    assert executions(real_comfy) - before == 3
    (portrait,) = made["characters"].values()
    (shown,), (empty,) = made["panels"].values()
    assert list(recipe(shown)["inputs"]) == [f"takes/{Path(portrait).name}"] and not recipe(empty)["inputs"]
    assert apart(shown, portrait) < apart(empty, portrait), "the portrait is in her panel"
    assert Image.open(shown).width > Image.open(shown).height

    assert told("art", plan, *order)["jobs"]["run"] == 0
    script.write_text(SCRIPT.replace("Rain on the roof", "Snow on the roof"), "utf-8")
    told("plan", script, "--out", plan)
    again = told("art", plan, *order)
    assert again["jobs"] == {"run": 1, "reused": 2, "failed": 0}
    assert executions(real_comfy) - before == 4

    told("export", plan, "--project", project, "--format", "cbz", "--out", book, "--json")
    with zipfile.ZipFile(book) as pages:
        assert "ComicInfo.xml" in pages.namelist() and len(pages.namelist()) == 2
