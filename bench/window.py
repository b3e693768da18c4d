"""What the window costs and how quickly it follows: a studio and a Chromium of their own.

python -m bench.window            everything, some minutes
python -m bench.window pages board table follow idle start
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.window.conftest import ARGUMENTS
from tests.window.studio import RunningStudio, chromium

PAGES = ("project", "storyboard", "keyframes", "video", "film", "runs", "machines", "settings", "testbench")


def main(wanted: list[str]) -> None:
    parts: dict[str, Callable[[RunningStudio, Browser], None]] = {
        "pages": pages,
        "board": board,
        "table": table,
        "follow": follow,
        "idle": idle,
    }
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        if not wanted or "start" in wanted:
            start(Path(folder) / "start")
        studio = RunningStudio(Path(folder) / "studio").start()
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            for name, part in parts.items():
                if not wanted or name in wanted:
                    part(studio, browser)
        finally:
            browser.close()
            studio.stop()


def opened(studio: RunningStudio, browser: Browser, where: str) -> Page:
    page = browser.new_page(viewport={"width": 1600, "height": 950})
    page.goto(f"{studio.address}#{where}")
    page.wait_for_function("() => window.Studio && Studio.ready && Studio.core.connected()")
    return page


def start(folder: Path) -> None:
    """From the command to an answer, beside what importing gradio alone takes."""
    folder.mkdir()
    took = []
    for _ in range(3):
        began = time.monotonic()
        studio = (
            RunningStudio(folder / f"{len(took)}").start()
            if (folder / f"{len(took)}").mkdir() is None
            else None
        )
        took.append(time.monotonic() - began)
        assert studio
        studio.stop()
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import gradio"], check=True)
    alone = time.monotonic() - began
    print(f"window ready after {median(took):.2f} s, of which importing gradio {alone:.2f} s")


def pages(studio: RunningStudio, browser: Browser) -> None:
    """From the key to the page drawn, each page twice; the second time counts."""
    studio.project("pages", *[f"A harbour in weather {n}" for n in range(12)])
    page = opened(studio, browser, "storyboard")
    took: dict[str, float] = {}
    for _ in range(2):
        for name in PAGES:
            took[name] = page.evaluate(_SWITCH, name)
    print("page switch, ms:", ", ".join(f"{name} {ms:.0f}" for name, ms in took.items()))
    page.close()


_SWITCH = """name => new Promise(done => {
  const began = performance.now();
  Studio.where.go(name);
  const look = () => document.querySelector(`#page-${name}`)?.offsetParent
    ? requestAnimationFrame(() => done(performance.now() - began)) : requestAnimationFrame(look);
  look();
})"""


def large(studio: RunningStudio, name: str, shots: int, takes: int) -> Path:
    """A project with pictures for every shot, as thousands of renders leave it."""
    folder = studio.data / "projects" / name
    (folder / "takes").mkdir(parents=True)
    (folder / "keyframes").mkdir()
    rows = []
    for n in range(1, shots + 1):
        rows.append(
            {"shot_id": f"{n:03d}", "prompt": f"Shot {n}: a harbour, gulls, weather {n % 7}", "duration": 3}
        )
        colour = (n * 37 % 256, n * 91 % 256, n * 53 % 256)
        picture = Image.effect_noise((512, 288), 40).convert("RGB")
        picture = Image.blend(picture, Image.new("RGB", picture.size, colour), 0.7)
        for v in range(1, takes // shots + 1):
            file = folder / "takes" / f"{n:03d}_v{v}.png"
            picture.save(file, compress_level=1)
            recipe = {"format": 1, "name": file.stem, "job": f"{n}-{v}", "engine": "sketch", "state": "done"}
            recipe |= {"files": [file.name], "error": "", "workflow": "", "values": {"seed": v}, "inputs": {}}
            file.with_suffix(".json").write_text(json.dumps(recipe), "utf-8")
        picture.save(folder / "keyframes" / f"{n:03d}.png", compress_level=1)
    content = {"project": name, "width": 512, "height": 288, "shots": rows}
    (folder / "storyboard.json").write_text(json.dumps(content), "utf-8")
    return folder


_WATCH = """() => { window.longest = 0; new PerformanceObserver(list => {
  for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration) })
  .observe({ type: 'longtask', buffered: false }); }"""

_SCROLL = """async selector => {
  window.longest = 0; let frames = 0;
  const box = document.querySelector(selector);
  const began = performance.now();
  while (box.scrollTop + box.clientHeight < box.scrollHeight - 2) {
    box.scrollTop += 240; frames++; await new Promise(requestAnimationFrame) }
  return { frames, ms: performance.now() - began, longest: window.longest } }"""


def board(studio: RunningStudio, browser: Browser) -> None:
    """500 shots: opened, first pictures painted, scrolled to the end."""
    studio.ask("project.open", folder=str(large(studio, "board", 500, 500)))
    context = browser.new_context(viewport={"width": 1600, "height": 950})
    for attempt in ("in a browser that never saw the studio", "again", "and again"):
        page = context.new_page()
        page.add_init_script(f"({_WATCH})()")
        began = time.monotonic()
        page.goto(f"{studio.address}#storyboard")
        page.wait_for_function("() => document.querySelectorAll('.board .card').length === 500")
        there = time.monotonic() - began
        page.wait_for_function("() => document.querySelector('.board .card img')?.complete")
        print(
            f"500 shots, {attempt}: page opened {there:.2f} s, first picture {time.monotonic() - began:.2f} s"
        )
        scrolled = page.evaluate(_SCROLL, "#page-storyboard .body")
        print(f"  scrolled in {scrolled['frames']} frames, longest task {scrolled['longest']:.0f} ms")
        page.close()
    context.close()


def table(studio: RunningStudio, browser: Browser) -> None:
    """5,000 takes on the light table, scrolled through: memory of the browser's page."""
    studio.ask("project.open", folder=str(large(studio, "table", 500, 5000)))
    page = opened(studio, browser, "keyframes")
    before = memory(browser)
    page.keyboard.press("l")
    page.wait_for_function("() => document.querySelectorAll('.table section').length === 500")
    page.add_script_tag(content=f"({_WATCH})()")
    scrolled = page.evaluate(_SCROLL, "#page-keyframes .table")
    after = memory(browser)
    print(
        f"5,000 takes: {after:.0f} MB in the browser's page processes ({before:.0f} before), "
        f"longest task {scrolled['longest']:.0f} ms"
    )
    page.close()


def memory(browser: Browser) -> float:
    """Private memory of all renderer processes, in MB."""
    total = 0.0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if b"--type=renderer" in command:
                rollup = (process / "smaps_rollup").read_text()
                total += sum(
                    int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_")
                )
        except OSError:
            continue
    return total / 1024


def follow(studio: RunningStudio, browser: Browser) -> None:
    """From a change in the studio to the change on the page, five times a second."""
    studio.project("follow", "A harbour")
    page = opened(studio, browser, "storyboard")
    page.evaluate(
        """() => { window.seen = {}; const look = () => {
          const text = document.querySelector('.board .card p')?.textContent;
          if (text && !(text in window.seen)) window.seen[text] = Date.now();
          requestAnimationFrame(look) }; look() }"""
    )
    sent: dict[str, float] = {}
    for n in range(50):
        words = f"A harbour, {n}"
        sent[words] = time.time() * 1000
        studio.ask("shot.set", shots=["001"], field="prompt", value=words)
        page.wait_for_timeout(200)
    seen: dict[str, Any] = page.evaluate("() => window.seen")
    late = sorted(seen[words] - at for words, at in sent.items() if words in seen)
    p95 = late[int(len(late) * 0.95)]
    print(f"change to pixels, {len(late)} of 50 seen: median {median(late):.0f} ms, p95 {p95:.0f} ms")
    page.close()


def idle(studio: RunningStudio, browser: Browser) -> None:
    """CPU of the studio with one page open and nothing to do, as a share of one core."""
    studio.project("idle", "A harbour")
    page = opened(studio, browser, "storyboard")
    page.wait_for_timeout(3000)
    before, began = ticks(studio.pid), time.monotonic()
    page.wait_for_timeout(20_000)
    share = (ticks(studio.pid) - before) / 100 / (time.monotonic() - began)
    print(f"idle with one page: {share:.2%} of a core")
    page.close()


def ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return int(fields[11]) + int(fields[12])


if __name__ == "__main__":
    main(sys.argv[1:])
