"""A studio in the test's own process, with the sketch engine and its data in a folder of the test."""

import json
import time
from pathlib import Path
from typing import Any

from domain.job import Backend
from domain.places import Places
from services.studio import Studio
from tests.fakes import FakeBackend
from tests.run_bench import is_busy


def places(folder: Path) -> Places:
    return Places(folder / "settings.json", folder / "data", folder / "projects", folder / "cache")


def studio(folder: Path, backend: Backend | None = None) -> Studio:
    drawing = backend or FakeBackend()
    return Studio(places(folder), lambda comfy: drawing)


def project(studio: Studio, *prompts: str, name: str = "film", **board: Any) -> Path:
    """A project with one shot a prompt, opened."""
    folder = studio.places.projects / name
    folder.mkdir(parents=True)
    shots = [{"shot_id": f"{n:03d}", "prompt": prompt, "duration": 1} for n, prompt in enumerate(prompts, 1)]
    content = {"project": name, "width": 320, "height": 192, "shots": shots, **board}
    (folder / "storyboard.json").write_text(json.dumps(content), "utf-8")
    studio.open(folder)
    return folder


def facts(studio: Studio) -> dict[str, Any]:
    """What a page that has just opened is told."""
    return {key: json.loads(text) for key, text in studio.feed.since(0).changed.items()}


def until_done(studio: Studio, longest: float = 30.0) -> None:
    end = time.monotonic() + longest
    while is_busy(studio.runs) or studio.runs._threads:  # else the last thing is not told yet
        assert time.monotonic() < end, [errand for errand in studio.runs.errands() if not errand.is_over]
        time.sleep(0.01)
