"""Two versions, or the same twice: where they differ."""

from collections.abc import Generator, Mapping
from contextlib import ExitStack
from pathlib import Path

from domain.events import Event
from domain.versions.closure import Realization
from domain.versions.errors import Drift
from domain.versions.lock import Lock
from infrastructure.versions.builds import Build, Builds
from infrastructure.versions.store import Store
from services.versions.realizing import Realizer


def differences(one: Lock, other: Lock) -> list[str]:
    """One line each; what is on one side only stands with - or +."""
    lines = list[str]()
    for what, before, after in (
        ("platform", _platform(one), _platform(other)),
        ("comfy", {one.comfy.repo: one.comfy.commit}, {other.comfy.repo: other.comfy.commit}),
        ("node", {n.name: n.commit for n in one.nodes}, {n.name: n.commit for n in other.nodes}),
        ("model", {m.target: m.sha256 for m in one.models}, {m.target: m.sha256 for m in other.models}),
        ("package", _packages(one), _packages(other)),
        ("env", one.env, other.env),
    ):
        lines += _lines(what, before, after)
    return lines


def reproduced(
    lock: Lock, build: Build, store: Store, keep: Path | None, with_models: bool
) -> Generator[Event, None, Realization]:
    """Everything fetched and made once more, in an empty store. Raises Drift when it comes out otherwise."""
    with (yield from store.joined()), ExitStack() as at_end:
        folder = keep or Path(at_end.enter_context(store.second()))
        second = Store(folder)
        done = yield from Realizer(second, Builds(second.builds / lock.id)).realize(lock, with_models)
        there, here = build.realization(), done.realization
        if there.closure != here.closure:
            lines = _lines("ComfyUI", {"tree": there.comfy}, {"tree": here.comfy})
            lines += _lines("node", there.nodes, here.nodes) + _lines("model", there.models, here.models)
            lines += _lines("packages", {"files": there.env}, {"files": here.env})
            raise Drift("Made once more, it comes out otherwise:", tuple(lines))
        return here


def _lines(what: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    lines = []
    for key in sorted(before.keys() | after.keys()):
        if key not in after:
            lines.append(f"- {what} {key} {before[key]}")
        elif key not in before:
            lines.append(f"+ {what} {key} {after[key]}")
        elif before[key] != after[key]:
            lines.append(f"  {what} {key} {before[key]} → {after[key]}")
    return lines


def _packages(lock: Lock) -> dict[str, str]:
    pins = (line.split()[0].partition("==") for line in lock.requirements)
    return {name: version for name, _, version in pins}


def _platform(lock: Lock) -> dict[str, str]:
    place = lock.platform
    return {"os": place.os, "arch": place.arch, "python": place.python, "torch": place.torch}
