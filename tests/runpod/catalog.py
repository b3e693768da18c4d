"""What the emulated RunPod has for rent. The prices are made up.

Built from documentation; proves nothing about the platform.
"""

from dataclasses import dataclass
from typing import Any

DATA_CENTERS = {"EU-RO-1": "Romania", "US-KS-2": "Kansas", "CA-MTL-1": "Montreal"}
LEVELS = ("NONE", "LOW", "MEDIUM", "HIGH")


@dataclass
class Gpu:
    """`stock` is what is free in each data centre: "NONE", "LOW", "MEDIUM" or "HIGH"."""

    id: str
    name: str
    memory: int  # GB
    secure: float  # USD per hour; 0 where it is not offered
    community: float
    stock: dict[str, str]
    serverless: float = 0.0  # USD per hour of a worker at work
    max_count: int = 4

    def price(self, cloud: str) -> float:
        return self.secure if cloud == "SECURE" else self.community

    @property
    def availability(self) -> str:
        return max(self.stock.values(), key=LEVELS.index, default="NONE")

    @availability.setter
    def availability(self, level: str) -> None:
        """The same everywhere."""
        self.stock = dict.fromkeys(self.stock, level)

    def place(self, wanted: list[str]) -> str | None:
        """The data centre with the most of them, of those that are wanted."""
        free = [one for one in self.stock if self.stock[one] != "NONE" and (not wanted or one in wanted)]
        return max(free, key=lambda one: LEVELS.index(self.stock[one]), default=None)

    def told(self, with_availability: bool) -> dict[str, Any]:
        told: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "manufacturer": "NVIDIA",
            "memory": self.memory,
            "secure": self.secure > 0,
            "community": self.community > 0,
            "price": {"secure": self.secure, "community": self.community, "serverless": self.serverless},
            "maxCount": {"secure": self.max_count, "community": self.max_count},
        }
        if with_availability:
            told["availability"] = self.availability
            told["dataCenters"] = [
                {"id": place, "name": DATA_CENTERS.get(place, place), "availability": level}
                for place, level in self.stock.items()
            ]
        return told


def gpus() -> dict[str, Gpu]:
    everywhere = dict.fromkeys(DATA_CENTERS, "HIGH")
    rows = [
        ("NVIDIA GeForce RTX 4090", "RTX 4090", 24, 0.69, 0.34, 1.116),
        ("NVIDIA RTX A5000", "RTX A5000", 24, 0.27, 0.16, 0.684),
        ("NVIDIA L40S", "L40S", 48, 0.86, 0.79, 1.908),
        ("NVIDIA A100 80GB PCIe", "A100 PCIe", 80, 1.64, 1.19, 2.736),
        ("NVIDIA H100 80GB HBM3", "H100 SXM", 80, 2.99, 0.0, 4.176),
    ]
    return {row[0]: Gpu(*row[:-1], dict(everywhere), row[-1]) for row in rows}
