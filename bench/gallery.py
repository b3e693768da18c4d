"""Pictures of every page in many states, to be looked at; and those that the documents show.

python -m bench.gallery              all of them, into gallery/
python -m bench.gallery --docs       the pictures of README and docs, into docs/pictures/
"""

import base64
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from bench.window import large
from infrastructure.workflow_files import WorkflowFolder
from services.versions.probing import nodes_of
from tests.fake_comfy import FakeComfy
from tests.runpod.emulator import RunPod
from tests.serverless.hands import PNG, Hands, result
from tests.versions.world import World
from tests.window.conftest import ARGUMENTS
from tests.window.studio import HOUSE, RunningStudio, chromium

PAGES = ("project", "storyboard", "keyframes", "video", "film", "runs", "machines", "settings", "testbench")
SIZES = {"wide": (1680, 1000), "small": (1280, 800), "tablet": (1024, 768)}
WAIT = 900  # ms for pictures to load and pages to settle
HELD = 60.0  # seconds that a worker is kept in the midst of a job, at most


def main(arguments: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            if "--docs" in arguments:
                documents(Path(folder), browser)
            else:
                everything(Path(folder), browser)
        finally:
            browser.close()


def everything(folder: Path, browser: Browser) -> None:
    to = HOUSE / "gallery"
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    with sample(folder) as studio:
        for theme in ("dark", "light"):
            for size in SIZES:
                with opened(studio, browser, theme, size) as page:
                    for name in PAGES:
                        shoot(page, name, to / f"done-{name}-{theme}-{size}.png")
        with opened(studio, browser, "dark", "wide") as page:
            shoot(page, "storyboard", to / "keys-dark.png", "?")
            shoot(page, "keyframes", to / "compare-dark.png", "c")
            shoot(page, "keyframes", to / "table-dark.png", "l")
        studio.project("empty")
        with opened(studio, browser, "dark", "wide") as page:
            for name in PAGES[:6]:
                shoot(page, name, to / f"empty-{name}.png")
        studio.project(
            "busy", *[f"A harbour in weather {n}, gulls" for n in range(8)], width=1024, height=576
        )
        with opened(studio, browser, "dark", "wide") as page:
            studio.ask("keyframe.generate", shots=[f"{n:03d}" for n in range(1, 9)], count=4)
            for name in ("storyboard", "keyframes", "runs"):
                shoot(page, name, to / f"busy-{name}.png")
            studio.ask("run.cancel_all")
        studio.wait_until_done()
        studio.ask("project.open", folder=str(large(studio, "many", 500, 1000)))
        with opened(studio, browser, "dark", "wide") as page:
            for name in ("storyboard", "keyframes", "video", "film"):
                shoot(page, name, to / f"500-{name}.png")
    failed(folder, browser, to)
    for theme in ("dark", "light"):
        machines(folder / f"rented-{theme}", browser, to, theme)
        versions(folder / f"versions-{theme}", browser, to, theme)
    print(f"{len(list(to.iterdir()))} pictures in {to}")


def failed(folder: Path, browser: Browser, to: Path) -> None:
    """A server that answers and breaks every job, and none at all."""
    for name, gone in (("failed", False), ("gone", True)):
        with (
            FakeComfy() as comfy,
            sample(folder / name, comfy.url if not gone else "http://127.0.0.1:9") as studio,
        ):
            studio.project(name, "A harbour", "A door")
            studio.ask("keyframe.generate", shots=["001", "002"], count=2)
            with opened(studio, browser, "dark", "wide") as page:
                page.wait_for_timeout(4000)
                for where in ("storyboard", "runs", "settings"):
                    shoot(page, where, to / f"{name}-{where}.png")


def machines(folder: Path, browser: Browser, to: Path, theme: str) -> None:
    """Pods that are stopped, starting, drawing together, and in trouble; a new one."""
    with rented(folder) as (studio, runpod), opened(studio, browser, theme, "small") as page:
        film, second = runpod.pods[:2]
        shoot(page, "machines", to / f"pods-{theme}.png")
        studio.ask("pod.use", id=film.id)
        film.starting, film.boot = 4.0, 4.0
        studio.ask("pod.order", id=film.id, action="start")
        page.wait_for_timeout(2500)
        shoot(page, "machines", to / f"pods-starting-{theme}.png")
        page.wait_for_timeout(14000)
        studio.ask("machine.add", machine=second.id)
        studio.ask("project.workflow", kind="keyframe", name="keyframe_sd15")
        studio.ask("keyframe.generate", shots=["001", "002", "003", "004"], count=4)
        page.wait_for_timeout(6000)
        shoot(page, "machines", to / f"pods-drawing-{theme}.png")
        page.get_by_role("button", name="New pod").click()
        page.wait_for_timeout(WAIT)
        page.screenshot(path=to / f"pods-new-{theme}.png")
        page.keyboard.press("Escape")
        studio.ask("run.cancel_all")
        film.proxy.bad(404)
        second.stop()
        page.wait_for_timeout(8000)
        shoot(page, "machines", to / f"pods-trouble-{theme}.png")
        at_endpoint(studio, runpod, page, to, theme)


def at_endpoint(studio: RunningStudio, runpod: RunPod, page: Page, to: Path, theme: str) -> None:
    """An endpoint that may start no workers, tested; then one whose workers draw."""
    endpoint = runpod.add_endpoint(name="film-workers", workers_max=0, pause=0.3)
    studio.ask("intro.use", mode="serverless", address=endpoint.id)
    shoot(page, "settings", to / f"endpoint-settings-{theme}.png")
    page.locator("#set-test").click()
    page.wait_for_timeout(3 * WAIT)
    page.screenshot(path=to / f"endpoint-closed-{theme}.png")
    shoot(page, "machines", to / f"endpoint-machines-closed-{theme}.png")
    studio.ask("endpoint.raise", most=5)
    real, more = endpoint.health, {"initializing": 1, "throttled": 1}
    endpoint.health = lambda: {**real(), "workers": real()["workers"] | more}  # type: ignore[method-assign]
    studio.ask("keyframe.generate", shots=["001", "002", "003", "004"], count=5)
    told = {"progress": 0.4, "note": "step 8 of 20", "preview": base64.b64encode(PNG).decode()}
    begun, gate = {"status": "IN_PROGRESS", "output": told}, Event()
    hands = [
        Hands.of(runpod, endpoint, "w1", result(PNG), [begun, lambda: gate.wait(HELD), result(PNG)]),
        Hands.of(runpod, endpoint, "w2", [begun, lambda: gate.wait(HELD), result(PNG)]),
    ]
    page.wait_for_timeout(12000)
    shoot(page, "machines", to / f"endpoint-{theme}.png")
    gate.set()
    for hand in hands:
        hand.join()
    studio.ask("run.cancel_all")


@contextmanager
def rented(folder: Path) -> Iterator[tuple[RunningStudio, RunPod]]:
    """A studio with an emulated account and three pods, two of them with a fake ComfyUI."""
    folder.mkdir(parents=True)
    with FakeComfy() as first, FakeComfy() as second, RunPod() as runpod:
        for fake in (first, second):
            fake.models["checkpoints"].append("v1-5-pruned-emaonly-fp16.safetensors")
            fake.step_seconds = 0.3
        disk = {"persistent": {"size": 80, "path": "/workspace"}}
        runpod.add_pod(name="film-4090", server=first, status="EXITED", mounts=disk)
        runpod.add_pod(name="second-a5000", server=second, gpu="NVIDIA RTX A5000", cost=0.27)
        runpod.add_pod(
            name="models-only", gpu="NVIDIA L40S", cost=0.86, status="EXITED", network_volume="vol1"
        )
        runpod.add_network_volume("models", 200)
        studio = RunningStudio(folder, env={**runpod.environment, "RUNPOD_API_KEY": runpod.key}).start()
        try:
            studio.project("harbour", "A harbour before sunrise", "A door", "A cat", "The sea")
            yield studio, runpod
        finally:
            studio.stop()


def versions(folder: Path, browser: Browser, to: Path, theme: str) -> None:
    """None yet; one that draws, one that is only resolved, one that was changed by somebody."""
    world = World(folder / "world")
    nodes = sorted(set().union(*nodes_of(WorkflowFolder()).values()))
    more = {"STUDIO_STORE": str(folder / "store"), "WORLD_NODES": " ".join(nodes)}
    studio = RunningStudio(folder, env={**world.surroundings, **more}).start()
    try:
        with opened(studio, browser, theme, "small") as page:
            shoot(page, "versions", to / f"versions-none-{theme}.png")
            for name, changed in (("harbour-film", {}), ("harbour-test", {"custom_nodes": []})):
                world.write(studio.data / "versions", version_id=name, **changed)
            studio.ask("version.look")
            for deed, name in (("resolve", "harbour-test"), ("realize", "harbour-film")):
                studio.ask(f"version.{deed}", id=name)
                page.wait_for_function("() => Studio.core.fact('version/work')?.state === 'done'")
            studio.ask("version.use", id="harbour-film")
            page.wait_for_timeout(4 * WAIT)
            shoot(page, "versions", to / f"versions-{theme}.png")
            (main,) = (folder / "store" / "builds").glob("harbour-film/*/ComfyUI/main.py")
            main.write_text("other", "utf-8")
            studio.ask("version.verify", id="harbour-film")
            page.wait_for_timeout(2 * WAIT)
            shoot(page, "versions", to / f"versions-drift-{theme}.png")
    finally:
        studio.stop()
        world.close()


def documents(folder: Path, browser: Browser) -> None:
    to = HOUSE / "docs" / "pictures"
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    with sample(folder) as studio, opened(studio, browser, "dark", "small") as page:
        for name in PAGES:
            shoot(page, name, to / f"{name}.png")
        shoot(page, "keyframes", to / "table.png", "l")
        studio.project("tram", "A tram")
        studio.ask("comic.begin", text=(HOUSE / "examples" / "the-last-tram.txt").read_text("utf-8"))
        studio.ask("comic.draw", shown=[f"ch1-p{page}-pan{panel}" for page in (1, 2) for panel in (1, 2, 3)])
        studio.wait_until_done(240)
        page.reload()
        page.wait_for_timeout(3 * WAIT)
        shoot(page, "comic", to / "comic.png")
    pods = folder / "pods"
    pods.mkdir()
    machines(folder / "rented", browser, pods, "dark")
    (pods / "pods-drawing-dark.png").replace(to / "machines.png")
    versions(folder / "versions", browser, pods, "dark")
    (pods / "versions-dark.png").replace(to / "versions.png")
    for picture in to.glob("*.png"):
        with Image.open(picture) as image:
            image.convert("RGB").save(picture.with_suffix(".webp"), quality=82, method=6)
        picture.unlink()


@contextmanager
def sample(folder: Path, comfy: str = "") -> Iterator[RunningStudio]:
    """A studio with its sample film made; or one that is set to a server."""
    folder.mkdir(parents=True, exist_ok=True)
    studio = RunningStudio(folder, introduced=bool(comfy))
    if comfy:
        settings = {"is_introduced": True, "comfy": {"mode": "local", "url": comfy}}
        (studio.data / "settings.json").write_text(json.dumps(settings), "utf-8")
    studio.start()
    try:
        if not comfy:
            studio.wait_until_done(240)
            studio.ask("settings.introduced")
        yield studio
    finally:
        studio.stop()


@contextmanager
def opened(studio: RunningStudio, browser: Browser, theme: str, size: str) -> Iterator[Page]:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce", locale="en-US"
    )
    page = context.new_page()
    page.add_init_script(f"localStorage.setItem('studio.theme', '{theme}')")
    page.goto(f"{studio.address}#storyboard")
    page.wait_for_function("() => window.Studio && Studio.ready && Studio.core.connected()")
    yield page
    context.close()


def shoot(page: Page, name: str, to: Path, key: str = "") -> None:
    page.evaluate("name => Studio.where.go(name, Studio.where.currentShot())", name)
    if name == "settings":
        page.locator("#set-mode input:checked").wait_for(state="attached")
    page.wait_for_timeout(WAIT)
    if key:
        page.keyboard.press(key)
        page.wait_for_timeout(WAIT)
    page.screenshot(path=to)
    if key:
        page.keyboard.press("Escape" if key != "l" else key)


if __name__ == "__main__":
    main(sys.argv[1:])
