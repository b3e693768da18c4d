"""How soon the film plays: from the click on Play to the first frame that moves, without rendering.

    python -m bench.film_page [--shots 12] [--times 10]

A project of 720p clips of two seconds each is opened in a studio and a browser of their own; the
film is played from many places, from the clips themselves and then from their small videos. The
aim is half a second. Also: how far a video ever is off the film's clock, over one play of it all.
"""

import argparse
import json
import shutil
import statistics
import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests import film_corpus
from tests.film_corpus import KINDS
from tests.window.conftest import ARGUMENTS
from tests.window.studio import RunningStudio, chromium

FPS, FRAMES = 24, 48
START = """frame => new Promise(async done => {
  const film = Studio.film;
  film.pause();
  film.seek(frame);
  while (!film.shown.every(one => one.isReady)) await new Promise(requestAnimationFrame);
  await new Promise(later => setTimeout(later, 400));
  const before = film.frame, button = document.querySelector('.transport .play'), start = performance.now();
  const ask = () => film.shown[0].video.requestVideoFrameCallback(look);
  const look = () => film.frame > before ? done(performance.now() - start) : ask();
  ask();
  button.click();
})"""
WHOLE = """() => new Promise(done => {
  const film = Studio.film;
  film.seek(0);
  film.drift = 0;
  film.play();
  const look = () => film.isPlaying ? requestAnimationFrame(look) : done(film.drift);
  requestAnimationFrame(look);
})"""
READY = "() => window.Studio?.film?.line.frames && Studio.film.shown?.every(one => one.isReady)"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shots", type=int, default=12)
    parser.add_argument("--times", type=int, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        studio = RunningStudio(Path(folder)).start()
        try:
            _project(studio, Path(folder), asked.shots)
            browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
            page = browser.new_page(viewport={"width": 1600, "height": 950})
            studio.ask("run.pause")  # no small videos yet
            _measured(page, studio, asked, "from the clips")
            studio.ask("run.resume")
            page.wait_for_function("() => Studio.film.line.spans.every(span => span.small)", timeout=120_000)
            _measured(page, studio, asked, "from small videos")
            browser.close()
        finally:
            studio.stop()


def _measured(page: Page, studio: RunningStudio, asked: Any, title: str) -> None:
    page.goto("about:blank")
    page.goto(f"{studio.address}#film")
    page.wait_for_function(READY)
    places = [(n * 31) % (asked.shots * FRAMES - 24) for n in range(asked.times)]
    times = sorted(page.evaluate(START, place) for place in places)
    drift = page.evaluate(WHOLE)
    print(
        f"{title:18} {statistics.median(times):4.0f} ms from click to moving picture, "
        f"worst {times[-1]:.0f} of {len(times)}; off the clock by {drift:.2f} frames at most"
    )


def _project(studio: RunningStudio, folder: Path, count: int) -> None:
    clip = _clip(folder)
    shots = [{"shot_id": f"{n:03d}", "prompt": f"Shot {n}", "duration": 2} for n in range(1, count + 1)]
    project = studio.project("film", shots=shots, width=1280, height=720, fps=FPS)
    (project / "videos").mkdir()
    for n in range(1, count + 1):
        shutil.copy(clip, project / "videos" / f"{n:03d}.mp4")
    studio.ask("project.open", folder=str(project))
    assert json.loads((project / "storyboard.json").read_text("utf-8"))["fps"] == FPS


def _clip(folder: Path) -> Path:
    """As large as shots are made, and moving."""
    small = film_corpus.make(replace(KINDS["h264"], frames=FRAMES, fps=Fraction(FPS)), 1, folder / "small")
    large = folder / "clip.mp4"
    size = ["-vf", "scale=1280:720,setsar=1", "-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p"]
    film_corpus.ffmpeg("-i", small, *size, large)
    return large


if __name__ == "__main__":
    main()
