"""The sizes a film can be made in, from config/resolutions.json. Keys are those of the older studio."""

from dataclasses import dataclass
from pathlib import Path

from infrastructure.json_files import read_json

FILE = Path(__file__).parent.parent / "config" / "resolutions.json"


@dataclass(frozen=True)
class Resolution:
    key: str  # "720p_landscape"
    label: str  # "HD"
    width: int
    height: int
    ratio: str  # "16:9"


RESOLUTIONS = tuple(Resolution(**row) for row in read_json(FILE))
