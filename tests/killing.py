"""Kills a render at a moment of its own, and looks at what the next one makes of it.

Used by the tests for a few moments, and by bench/kill.py for many.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from infrastructure.clip_probe import probe

MAIN = Path(__file__).parent.parent / "main.py"
LONGEST = 300.0  # seconds for one render
WORKFLOWS = ("--keyframe-workflow", "keyframe_test", "--video-workflow", "video_test")
FPS = 16


def small_board(folder: Path, base_seed: int = 7, shots: int = 12) -> Path:
    """So many shots of one to three segments each, in small pictures."""
    listed = [
        {
            "shot_id": f"{n:03d}",
            "prompt": f"Scene {n}: a lighthouse keeper on the {'shore' if n % 2 else 'stairs'}.",
            "duration": 0.4 + n % 3 * 0.35,
        }
        for n in range(1, shots + 1)
    ]
    look = {"width": 256, "height": 256, "variants": 1, "base_seed": base_seed, "longest_segment": 0.5}
    path = folder / "board.json"
    path.write_text(json.dumps({"project": "Twelve", **look, "shots": listed}), "utf-8")
    return path


def frames_of(board: Path) -> int:
    shots = json.loads(board.read_text("utf-8"))["shots"]
    return sum(round(shot["duration"] * FPS) for shot in shots)


@dataclass
class Render:
    """`main.py render` as a process of its own."""

    board: Path
    project: Path
    backend: tuple[str, ...] = ()

    def start(self) -> "subprocess.Popen[str]":
        words = [
            sys.executable,
            str(MAIN),
            "render",
            str(self.board),
            "--project",
            str(self.project),
            "--json",
        ]
        home = str(self.board.parent / "home")
        return subprocess.Popen(
            [*words, "--json", *WORKFLOWS, *self.backend],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home},
        )

    def killed_after(self, takes: int, seconds: float) -> None:
        """Kill -9 some time after so many takes were begun."""
        process, end = self.start(), time.monotonic() + LONGEST
        while process.poll() is None and len(list(self.takes.glob("*.json"))) < takes:
            assert time.monotonic() < end
            time.sleep(0.002)
        time.sleep(seconds)
        process.kill()
        process.communicate(timeout=LONGEST)

    def finished(self) -> dict[str, Any]:
        """The summary of a render that is left alone."""
        out, error = self.start().communicate(timeout=LONGEST)
        assert out, error
        summary: dict[str, Any] = json.loads(out)
        assert summary["film"], error
        return summary

    @property
    def takes(self) -> Path:
        return self.project / "takes"

    def recipes(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text("utf-8")) for path in sorted(self.takes.glob("*.json"))]

    def done(self) -> dict[str, tuple[str, int]]:
        """Takes that are home: by job, when it began and the file's time."""
        return {
            recipe["job"]: (recipe["started"], (self.takes / recipe["files"][0]).stat().st_mtime_ns)
            for recipe in self.recipes()  # each whole or not there, at every moment
            if recipe["state"] == "done"
        }


def moments(count: int, jobs: int, seed: int) -> list[tuple[int, float]]:
    """Moments all over a render: after how many takes were begun, and how long after that."""
    random = Random(seed)
    return [(random.randint(0, jobs), random.uniform(0, 0.15)) for _ in range(count)]


def check_survives(render: Render, moments: list[tuple[int, float]]) -> dict[str, Any]:
    """Kill at each moment, then let it finish: every take once, none done twice, a whole film."""
    done: dict[str, tuple[str, int]] = {}
    for takes, seconds in moments:
        render.killed_after(takes, seconds)
        now = render.done()
        assert done.items() <= now.items(), "a finished job ran again"
        done = now
    summary = render.finished()
    assert done.items() <= render.done().items(), "a finished job ran again"
    check_whole(render, summary)
    assert render.finished()["jobs"]["run"] == 0
    return summary


def check_whole(render: Render, summary: dict[str, Any]) -> None:
    recipes = render.recipes()
    assert all(recipe["state"] == "done" for recipe in recipes)
    jobs = Counter(recipe["job"] for recipe in recipes)
    assert set(jobs.values()) == {1}, "a take is there twice"
    media = sorted(path.name for path in render.takes.iterdir() if path.suffix in (".png", ".mp4"))
    chained = [name for name in media if name.endswith("_last.png")]
    assert sorted(name for r in recipes for name in r["files"]) == sorted({*media} - {*chained})
    used = [take for shot in summary["shots"] for take in (*shot["takes"], *shot["clips"])]
    assert len(used) == len(set(used)) == len(recipes), "a take that nobody uses"
    assert not list(render.project.rglob("*.part*"))
    assert probe(Path(summary["film"])).frames == frames_of(render.board)
