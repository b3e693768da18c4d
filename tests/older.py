"""A project folder as the older studio left it, with real pictures."""

import json
from pathlib import Path
from typing import Any

from tests.folders import picture

SHOTS = (
    {"shot_id": "001", "filename_base": "city", "prompt": "A city in the rain, from above."},
    {"shot_id": "002", "filename_base": "city_v2", "prompt": "The same city, its lights out."},
    {"shot_id": "a b", "filename_base": "cat.dog", "prompt": "A cat and a dog on one roof."},
)


def older(folder: Path, shots: Any = SHOTS) -> Path:
    picture(folder / "keyframes" / "city_v1_00001_.png", "red")
    picture(folder / "keyframes" / "city_v2_00001_.png", "green")
    picture(folder / "keyframes" / "city_v2_v1_00001_.png", "blue")
    picture(folder / "keyframes" / "cat.dog_v3_00001_.png", "white")
    picture(folder / "keyframes" / "cat.dog_v3_00002_.png", "black")
    picture(folder / "keyframes" / "ComfyUI_00001_.png", "grey")
    picture(folder / "keyframes" / "_archive" / "2025-01-01_00-00-00" / "city_v9_00001_.png", "pink")
    picture(folder / "selected" / "city_v2_00001_.png", "green")
    picture(folder / "selected" / "cat.dog_v3_00001_.png", "white")
    (folder / "video").mkdir()
    for name in ("001_city.mp4", "001B_city.mp4", "a b_cat.dog.mp4", "other.mp4"):
        (folder / "video" / name).write_bytes(name.encode() * 50)
    (folder / "video" / "_state.json").write_text("{}")
    (folder / "audio").mkdir()
    (folder / "audio" / "narration_1.mp3").write_bytes(b"x")
    (folder / "storyboards").mkdir()
    board = {"project": "Old Town", "version": "2.1", "shots": list(shots)}
    (folder / "storyboards" / "storyboard_old.json").write_text(json.dumps(board))
    (folder / "project.json").write_text('{"name": "Old Town", "version": "1.0"}')
    gone = "/gone/output/old-town/selected/"
    chosen = [
        {"shot_id": "001", "selected_variant": 2, "selected_file": "city_v2_00001_.png"},
        {"shot_id": "a b", "selected_variant": None, "selected_file": "cat.dog_v3_00001_.png"},
        {"shot_id": "../x", "selected_file": "city_v2_00001_.png"},
    ]
    entries = [{**entry, "export_path": gone + str(entry["selected_file"])} for entry in chosen]
    content = {"project": "Old Town", "selections": entries}
    (folder / "selected" / "selected_keyframes.json").write_text(json.dumps(content))
    return folder
