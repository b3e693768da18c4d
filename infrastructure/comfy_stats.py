"""What a ComfyUI says of itself in /system_stats, read with doubt: it comes from another program."""

from dataclasses import dataclass
from typing import Any

NO_GPU = "no GPU"


@dataclass(frozen=True)
class Card:
    """What pictures are made on. A processor has a name only: its memory is no VRAM."""

    name: str
    used: int | None = None  # bytes of VRAM
    total: int | None = None


def server(stats: dict[str, Any]) -> str:
    return f"ComfyUI {_word(_dict(stats.get('system')).get('comfyui_version')) or '?'}"


def graphics_card(stats: dict[str, Any]) -> Card:
    """The first device: the one that ComfyUI works on."""
    devices = stats.get("devices")
    device = _dict(devices[0]) if isinstance(devices, list) and devices else {}
    name = _card_name(device.get("name"))
    if device.get("type") == "cpu" or not name:
        return Card(NO_GPU)
    total, free = _bytes(device.get("vram_total")), _bytes(device.get("vram_free"))
    used = None if total is None or free is None else max(0, total - free)
    return Card(name, used, total)


def versions(stats: dict[str, Any]) -> dict[str, str]:
    """What runs there, in the words of a bug report; what the server does not say is left out."""
    system, card = _dict(stats.get("system")), graphics_card(stats)
    said = {
        "ComfyUI": _word(system.get("comfyui_version")),
        "Python": _word(system.get("python_version")),
        "torch": _word(system.get("pytorch_version")),
        "OS": _word(system.get("os")),
        "GPU": "none" if card.name == NO_GPU else card.name,
        "VRAM": "" if card.total is None else gib(card.total),
        "RAM": "" if (ram := _bytes(system.get("ram_total"))) is None else gib(ram),
    }
    return {name: value for name, value in said.items() if value}


def gib(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB"


def _card_name(said: Any) -> str:
    """Of "cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync" what is printed on the box."""
    name = " ".join(str(said or "").split())
    head, _, rest = name.partition(" ")
    if rest and ":" in head and head.rpartition(":")[2].isdigit():
        name = rest
    return name.rpartition(" : ")[0] or name


def _word(said: Any) -> str:
    """The version alone: "3.11.7" of "3.11.7 (main, May  9 2026) [GCC 12.2.0]"."""
    return next(iter(str(said or "").split()), "")[:40]


def _bytes(said: Any) -> int | None:
    return said if isinstance(said, int) and not isinstance(said, bool) and said >= 0 else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
