"""Machines: the rented pods, what they cost, and what may be spent on them."""

import time
from dataclasses import replace
from typing import Any

from addons.live import live
from domain.addresses import machine_url, parse_machine
from domain.errors import StudioError
from domain.pods import NewPod
from domain.settings import Settings
from domain.spending import Limits
from services.machines import TEMPLATE
from services.studio import Studio

ID = "machines"
CLOUDS = ("SECURE", "COMMUNITY")
MOST = 100_000.0  # USD, and minutes
MOST_WORKERS = 60  # RunPod lets no account have more


def build(studio: Studio) -> None:
    live(ID)


def look(studio: Studio) -> None:
    """Ask RunPod now."""
    studio.machines.look_again()


def order(studio: Studio, id: str, action: str) -> None:
    studio.machines.order(id, action)


def forget(studio: Studio, id: str) -> None:
    """What was refused has been read."""
    studio.machines.pods.forget(id)


def use(studio: Studio, id: str, port: int | None = None) -> None:
    """Draw on this pod from now on."""
    studio.machines.choose(id, port)


def log(studio: Studio, id: str) -> None:
    studio.machines.show_log(id)


def offers(studio: Studio, cloud: str) -> None:
    studio.machines.show_offers(_known_cloud(cloud))


def make(studio: Studio, name: str, gpus: list[str], cloud: str, files: dict[str, Any]) -> None:
    """A new pod with the first of these GPUs that is free. `files` is where they lie: {"volume": GB} of its
    own, or {"network": id, "data_centre": id}."""
    if not gpus:
        raise StudioError("Choose at least one kind of GPU.")
    volume, network, centre = files.get("volume", 0), files.get("network", ""), files.get("data_centre", "")
    if not isinstance(volume, int) or not 0 <= volume <= 4096:
        raise StudioError("A pod's own volume has from 0 to 4096 GB.")
    centres = (str(centre),) if centre else ()
    wanted = NewPod(name, TEMPLATE, "", _known_cloud(cloud), (8188,), volume, str(network), centres)
    studio.machines.make(wanted, gpus)


def raise_workers(studio: Studio, most: int = 3) -> None:
    """Have the endpoint that draws start so many workers at most."""
    if not 1 <= most <= MOST_WORKERS:
        raise StudioError(f"An endpoint starts from 1 to {MOST_WORKERS} workers.")
    studio.machines.raise_workers(most)


def limit(studio: Studio, name: str, value: float) -> None:
    """`name` is day or project (USD) or idle_minutes; 0 is no limit."""
    if name not in vars(Limits()):
        raise StudioError(f"There is no limit called {name}.")
    if not 0 <= value <= MOST:
        raise StudioError(f"That is no limit: it goes from 0, which is none, to {MOST:.0f}.")
    studio.change(lambda now: replace(now, limits=replace(now.limits, **{name: float(value)})))


def add(studio: Studio, machine: str) -> str:
    """One more that draws: an address, or a pod's id. Returns how it is kept."""
    parsed = parse_machine(machine)

    def with_it(now: Settings) -> Settings:
        comfy = now.comfy
        if not comfy.has_machines:
            raise StudioError("Who draws now draws alone. Choose a ComfyUI or a pod in Settings first.")
        if machine_url(parsed, comfy.port) in comfy.addresses:
            raise StudioError(f"{parsed} draws already.")
        return replace(now, comfy=replace(comfy, more=(*comfy.more, parsed)))

    studio.change(with_it)
    studio.machines.look_again()  # what is told of a pod depends on whether it draws
    return parsed


def leave(studio: Studio, machine: str) -> None:
    """It finishes what it has, and gets nothing new."""
    studio.change(
        lambda now: replace(
            now, comfy=replace(now.comfy, more=tuple(one for one in now.comfy.more if one != machine))
        )
    )


def keep(studio: Studio) -> None:
    """Let what idles go on for as long again."""
    studio.machines.spending.keep(time.time())


def _known_cloud(cloud: str) -> str:
    if cloud not in CLOUDS:
        raise StudioError(f"RunPod has no cloud called {cloud}.")
    return cloud


DEEDS = {
    "pod.look": look,
    "pod.order": order,
    "pod.forget": forget,
    "pod.use": use,
    "pod.log": log,
    "pod.offers": offers,
    "pod.make": make,
    "endpoint.raise": raise_workers,
    "machine.add": add,
    "machine.leave": leave,
    "money.limit": limit,
    "money.keep": keep,
}
