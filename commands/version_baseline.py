"""version baseline: whether one workflow still comes to the same picture."""

import argparse
import shlex
from collections.abc import Mapping
from typing import Any

from commands.terminal import Reporter
from infrastructure.workflow_files import read_graph
from services.versions import baselines
from services.versions.baselines import Drawer
from services.versions.shelf import Shelf


def compare(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Mapping[str, Any]]:
    version, graph = shelf.version(asked.id), read_graph(asked.workflow)
    build = version.builds.realized(version.spec.id)
    drawer = Drawer(shelf.store.python(build.lock()), tuple(shlex.split(asked.probe_args)))
    with Reporter().follow(version.untouched()):
        state, drawn = Reporter().follow(baselines.compared(version, build, graph, drawer, asked.accept))
    return 0, {
        "version_id": version.spec.id,
        "state": state,
        "device": drawn.device,
        "closure": drawn.outcome.closure,
        "artifacts": [vars(artifact) for artifact in drawn.outcome.artifacts],
        "baseline": str(version.baseline_file),
        **({} if asked.json else {"lines": _lines(state, drawn, version.baseline_file)}),
    }


def _lines(state: str, drawn: baselines.Drawn, file: object) -> list[str]:
    told = {baselines.EQUAL: "equal to the baseline", baselines.KEPT: f"kept as the baseline, in {file}"}
    names = [f"{one.name} {one.counts}" for one in drawn.outcome.artifacts]
    return [f"{told[state]}, on {drawn.device}", *names]
