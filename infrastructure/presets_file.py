"""The words for a board's tags, from config/presets.json."""

from pathlib import Path

from domain.prompts import Preset, Presets
from infrastructure.json_files import read_json

PRESETS = Path(__file__).parent.parent / "config" / "presets.json"


def read_presets(path: Path = PRESETS) -> Presets:
    return {
        category: {
            key: Preset(entry["label"], entry["text"], tuple(entry.get("said", ())))
            for key, entry in group.items()
        }
        for category, group in read_json(path).items()
    }
