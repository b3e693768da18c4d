"""pods: which pods the RunPod account has, what they cost, and how one is started or stopped."""

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from commands import setting
from domain.errors import PlatformError, StudioError
from domain.pods import Pod
from infrastructure.runpod_api import RunPodAPI
from infrastructure.secrets_file import RUNPOD_KEY as KEY


@setting.told_plainly
def run(asked: argparse.Namespace) -> int:
    key = setting.runpod_key()
    if not key:
        raise StudioError(
            f"There is no RunPod API key. Enter it in the studio's Settings, or set {KEY} in the environment."
        )
    api = RunPodAPI(key)
    pods = api.pods()
    if asked.what == "list":
        _list(pods, asked.json)
        return setting.DONE
    meant = _meant(pods, asked)
    if asked.what == "logs":
        print("\n".join(line for pod in meant for line in api.logs(pod.id, asked.tail)))
        return setting.DONE
    failures = [error for pod in meant if (error := _done(api, pod, asked.what))]
    if asked.json:
        _list(api.pods(), True)
    if failures and not asked.all:
        raise failures[0]
    return setting.SOME_FAILED if failures else setting.DONE


def _done(api: RunPodAPI, pod: Pod, what: str) -> PlatformError | None:
    """One that fails does not keep the others from being stopped."""
    try:
        api.act(pod.id, what)
    except PlatformError as error:
        print(f"{pod.name} ({pod.id}): {error}", file=sys.stderr)
        return error
    print(f"{pod.name} ({pod.id}): {_DONE[what]}", file=sys.stderr)
    return None


_DONE = {"start": "starting", "stop": "stopped", "restart": "starting anew", "terminate": "terminated"}


def _meant(pods: list[Pod], asked: argparse.Namespace) -> list[Pod]:
    if asked.all:
        if asked.what != "stop":
            raise StudioError("--all only goes with stop.")
        return [pod for pod in pods if pod.costs]
    if not asked.pod:
        raise StudioError(f"Which pod? Give its name or id: python main.py pods {asked.what} NAME")
    meant = [pod for pod in pods if asked.pod in (pod.id, pod.name)]
    if not meant:
        names = ", ".join(pod.name for pod in pods) or "none at all"
        raise StudioError(f"The account has no pod {asked.pod}. It has: {names}.")
    if len(meant) > 1:
        ids = ", ".join(pod.id for pod in meant)
        raise StudioError(f"{len(meant)} pods are called {asked.pod}. Give the id: {ids}.")
    if asked.what == "terminate" and not asked.yes:
        raise StudioError(f"Terminating deletes {meant[0].name} and its disk for good. Say so with --yes.")
    return meant


def _list(pods: list[Pod], is_json: bool) -> None:
    if is_json:
        print(json.dumps({"pods": [_plain(pod) for pod in pods]}, ensure_ascii=False))
        return
    rows = [("NAME", "ID", "STATE", "GPU", "USD/H", "UP")]
    rows += [
        (pod.name, pod.id, pod.state.value, pod.gpu, f"{pod.price:.2f}", _uptime(pod.uptime)) for pod in pods
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip())
    if costing := sum(pod.price for pod in pods if pod.costs):
        print(f"running for {costing:.2f} USD an hour", file=sys.stderr)


def _plain(pod: Pod) -> dict[str, Any]:
    return {**asdict(pod), "state": pod.state.value, "can": sorted(pod.can)}


def _uptime(seconds: float | None) -> str:
    if seconds is None:
        return ""
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours}:{minutes:02d} h"
