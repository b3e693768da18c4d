"""Test bench: one report about the backend that is set, from the first hello to the last frame."""

from typing import Any

from addons.live import live
from services.studio import Studio

ID = "testbench"


def build(studio: Studio) -> None:
    live(ID)


def run(studio: Studio, images: int = 2, seed: int = 1) -> None:
    studio.machines.allow_bench()
    studio.bench.start(images, seed)


def cancel(studio: Studio) -> None:
    studio.bench.cancel()


def report(studio: Studio, id: str) -> dict[str, Any]:
    """One of the reports that are remembered."""
    return studio.bench.report(id)


DEEDS = {"bench.run": run, "bench.cancel": cancel, "bench.report": report}
