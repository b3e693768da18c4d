"""Words that would do something if they were more than words, and a project and a server full of them."""

import json
from pathlib import Path
from typing import Any

from tests.fake_comfy import FakeComfy
from tests.graphs import node, picture
from tests.window import studio

LONG = "W" * 10_000
WORDS = (
    '<img src=x onerror="window.pwned=1"> "><script>window.pwned=1</script> '
    "<svg onload=window.pwned=1> '\"&lt;&amp; {{7*7}} ${7*7} {name} javascript:window.pwned=1 "
    "\u202etfel\u202c \u2066\u200f🙃 \x07\x1b[31m\x7f"
)
TEXT = f"{WORDS} {LONG}"
NAME = "'\"<img src=x onerror=window.pwned=1>&lt; {{7*7}} ${7*7} \u202e🙃"  # as file systems take it
MODEL = f"{NAME}.safetensors"


def words(about: str) -> str:
    """The words, told apart by what they are."""
    return f"{about} {TEXT}"


def project(folder: Path, clip: Path) -> Path:
    """Board, recipes, cut and films as other programs may have left them. The first shot has everything."""
    shot = {
        name: words(name) for name in ("prompt", "negative_prompt", "filename_base", "description", "notes")
    }
    shots = [
        {**shot, "shot_id": "001", "scene": NAME, "duration": 1.0, "characters": [NAME], "lora": TEXT},
        {"shot_id": "002", "prompt": words("prompt 2"), "duration": 1.0, "start_image": f"{NAME}.png"},
        {"shot_id": TEXT, "prompt": "A shot whose id is no id", "duration": 1.0},
    ]
    shots[0]["presets"] = {"lighting": TEXT, "camera": TEXT, "mood": TEXT}
    shots[0]["wan_motion"] = {"type": TEXT, "notes": TEXT, "strength": 0.5}
    board = {"project": TEXT, "description": TEXT, "notes": TEXT, "width": 320, "height": 192, "fps": 12}
    person = {"id": "who", "name": NAME, "description": TEXT, "lora": TEXT, "notes": TEXT}
    _write(folder / "storyboard.json", {**board, "shots": shots, "characters": [person]})
    _write(folder / "project.json", {"base_seed": 1})
    _takes(folder, clip)
    _film(folder, clip)
    _comic(folder)
    return folder


def _takes(folder: Path, clip: Path) -> None:
    file = f"001_v1 {NAME}.png"
    studio.picture(folder / "takes" / file)
    studio.picture(folder / "keyframes" / "001.png")
    _write(folder / "takes" / "001_v1.json", recipe("001_v1", [file], state="done"))
    _write(folder / "takes" / "001_v2.json", recipe("001_v2", [], state="failed", error=words("error")))
    _write(folder / "takes" / "002_v1.json", recipe(f"002{NAME}_v1", [], state="failed", error=TEXT))
    _write(folder / "takes" / f"{NAME}.json", {"no": "recipe"})
    moving = folder / "takes" / "001.01_v1.mp4"
    moving.write_bytes(clip.read_bytes())
    _write(folder / "takes" / "001.01_v1.json", recipe("001.01_v1", [moving.name], state="done"))
    (folder / "videos").mkdir()
    (folder / "videos" / "001.mp4").write_bytes(clip.read_bytes())


def recipe(name: str, files: list[str], **more: Any) -> dict[str, Any]:
    change = {"node": TEXT, "title": TEXT, "input": TEXT, "old": TEXT, "new": TEXT, "why": words("why")}
    values = {word: words(word) for word in ("prompt", "negative", "seed", "steps", "cfg", "lora")}
    values |= {"width": TEXT, "height": TEXT, "references": [TEXT]}
    said = {word: words(word) for word in ("workflow", "server", "url", "brought_in")}
    times = {"started": "2026-01-01T10:00:00.000+00:00", "finished": TEXT, "seconds": 1.5}
    whole = {"format": 1, "name": name, "engine": TEXT, "job": name, "state": "done", "files": files}
    return {**whole, "error": "", "values": values, "changes": [change], **said, **times, **more}


def _film(folder: Path, clip: Path) -> None:
    films = folder / "films"
    films.mkdir()
    for number in (1, 2):
        file = films / f"{NAME}_v{number:03d}.mp4"
        file.write_bytes(clip.read_bytes())
        note = {"file": file.name, "number": number, "title": TEXT, "made": TEXT, "preset": words("preset")}
        note |= {"frames": 24, "fps": "12", "size": [192, 128], "key": TEXT, "shots": [], "cut": {}}
        _write(films / f"{file.stem}.json", note)
    entry = {"shot": "001", "note": TEXT, "fade_in": 3}
    _write(folder / "film.json", {"tracks": [{"kind": "video", "entries": [entry]}, {"kind": TEXT}]})


def _comic(folder: Path) -> None:
    panel: dict[str, Any] = {"id": "one", "characters": ["who"], "narrative": WORDS, "sfx": NAME}
    panel |= dict.fromkeys(("action", "mood", "location", "camera", "imagePrompt"), TEXT)
    panel["dialogue"] = [{"characterId": "who", "text": WORDS}, {"characterId": NAME, "text": NAME}]
    page = {"layout": NAME, "summary": TEXT, "scene": {"location": TEXT}, "panels": [panel, {"id": NAME}]}
    person = {"id": "who", "name": words("name"), "appearance": TEXT, "clothing": TEXT, "role": TEXT}
    chapters = [{"title": words("chapter"), "pages": [page]}]
    plan = {"title": TEXT, "style": "noir", "language": TEXT, "characters": [person], "chapters": chapters}
    _write(folder / "comic.json", plan)


def server() -> FakeComfy:
    """A ComfyUI that calls everything by such names."""
    fake = FakeComfy()
    told = fake.stats()
    told["system"]["comfyui_version"] = words("version")
    told["devices"][0]["name"] = words("card")
    fake.stats = lambda: told  # type: ignore[method-assign]
    fake.models["checkpoints"].append(MODEL)
    return fake


def workflow(to: Path, name: str) -> None:
    graph = picture(model=node("CheckpointLoaderSimple", TEXT, ckpt_name=f"missing {MODEL}"))
    model = {"file": f"missing {MODEL}", "folder": "checkpoints", "licence": words("licence"), "gib": 1}
    about = {"kind": "keyframe", "title": words("title"), "purpose": words("purpose"), "vram": words("vram")}
    _write(to / f"{name}.json", graph)
    _write(to / f"{name}.about.json", {**about, "models": [model]})


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")
