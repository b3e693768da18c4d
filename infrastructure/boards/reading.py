"""A storyboard's JSON as shots, whichever generation of the format it is.

What is in the file decides, never the version it claims: a field is read where it stands.
The repaired object stays in `raw`, so that writing the board loses nothing.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from domain.cast import cast_of
from domain.storyboard import Motion, Sampling, Shot, Storyboard
from infrastructure.boards.cast import read_cast
from infrastructure.boards.fields import Fields, Limits, Report, shown
from infrastructure.boards.ids import shot_ids
from infrastructure.boards.pictures import picture, pictures

SECONDS = Limits(0.1, 30, "seconds")
PIXELS = Limits(256, 2048, "pixels")
RATE = Limits(1, 120, "frames a second")
SEGMENT = Limits(0.5, 60, "seconds")
VARIANTS = Limits(1, 32)
STEPS = Limits(1, 150)
GUIDANCE = Limits(1, 30)
SHARE = Limits(0, 1)
UNTOUCHED = Sampling(None, 20, 7.0)  # what the older app wrote into every shot and never used

_KINDS = {
    "none": "",
    "macro_dolly": "push",
    "macro_pan": "pan",
    "macro_tilt": "tilt",
    "macro_zoom": "zoom",
    "macro_orbit": "orbit",
}
_CAMERAS = {"dolly": "dolly_in"}  # v2.0's camera_movement, where its word is not the preset's


def read_board(document: dict[str, Any], folder: Path, report: Report) -> Storyboard:
    """`document` is an object whose `shots` is a list; relative paths count from `folder`."""
    entries = [(n, raw) for n, raw in enumerate(document.get("shots") or []) if raw is not None]
    ids = shot_ids([raw.get("shot_id") if isinstance(raw, dict) else None for _, raw in entries])
    shots = []
    for (index, raw), id in zip(entries, ids, strict=True):
        fields = Fields(raw if isinstance(raw, dict) else {}, f"Shot {id.id}", ("shots", index), report)
        if not isinstance(raw, dict):
            fields.refuse_whole(f"{shown(raw)} is not a shot; a shot is an object with a prompt.")
        elif id.repair:
            fields.mend("shot_id", id.id, id.repair)
        shots.append(read_shot(fields, folder))
    fields = Fields({k: v for k, v in document.items() if k != "shots"}, "The board", (), report)
    characters = read_cast(fields, folder, report)
    return _stopped(replace(_board(fields, tuple(shots)), characters=characters))


def read_shot(fields: Fields, folder: Path) -> Shot:
    prompt = fields.text("prompt")
    if not prompt.strip():
        fields.tell("There is no prompt, so it cannot be rendered.")
    characters, problems = _characters(fields), list[str]()
    shot = Shot(
        id=str(fields.clean.get("shot_id", "")),
        prompt=prompt,
        negative=fields.text("negative_prompt"),
        label=fields.text("filename_base"),
        description=fields.text("description"),
        scene=fields.text("scene"),
        notes=fields.text("notes"),
        seconds=_or(fields.number("duration", SECONDS), Shot.seconds),
        width=fields.whole("width", PIXELS),
        height=fields.whole("height", PIXELS),
        tags=_tags(fields, "presets"),
        motion=_motion(fields),
        characters=characters,
        lora=_lora(fields, characters),
        keyframe=_sampling(fields, "keyframe", "flux"),
        video=_sampling(fields, "video", "wan"),
        references=pictures(fields, "references", folder, problems),
        start_image=picture(fields, "start_image", folder, problems),
        end_image=picture(fields, "end_image", folder, problems),
        problems=tuple(problems),
        raw=fields.finished(),
    )
    for problem in problems:
        fields.tell(problem)
    return shot


def _board(fields: Fields, shots: tuple[Shot, ...]) -> Storyboard:
    video, generation = fields.inner("video_settings"), fields.inner("generation_settings")
    width, height = _size(shots)
    fields.clean.pop("storyboard_file", None)  # where the older app happened to find the file
    return Storyboard(
        title=fields.text("project") or fields.text("title") or "Unnamed Project",
        shots=shots,
        description=fields.text("description"),
        notes=fields.text("notes"),
        width=_or(fields.whole("width", PIXELS), width),
        height=_or(fields.whole("height", PIXELS), height),
        fps=_first_number([(fields, "fps"), (video, "default_fps")], RATE),
        variants=_first_whole([(fields, "variants"), (generation, "variants_per_shot")], VARIANTS),
        base_seed=_base_seed(fields, generation),
        longest=_first_number(
            [(fields, "longest_segment"), (video, "max_segment_duration"), (video, "max_duration")], SEGMENT
        ),
        tags=_tags(fields, "style"),
        raw=fields.finished(),
    )


def _stopped(board: Storyboard) -> Storyboard:
    """A character whose picture cannot be used stops the shots it is in."""
    return replace(board, shots=tuple(_with_problems(shot, board) for shot in board.shots))


def _with_problems(shot: Shot, board: Storyboard) -> Shot:
    found = tuple(f"Character {c.id}: {problem}" for c in cast_of(shot, board) for problem in c.problems)
    return replace(shot, problems=shot.problems + found) if found else shot


def _size(shots: tuple[Shot, ...]) -> tuple[int, int]:
    """The size most shots have; of equally frequent ones, the first."""
    sizes = Counter((s.width, s.height) for s in shots if s.width is not None and s.height is not None)
    return sizes.most_common(1)[0][0] if sizes else (Storyboard.width, Storyboard.height)


def _tags(fields: Fields, key: str) -> dict[str, str]:
    """Preset keys by category. A board's style may be one word; free words go under "other"."""
    value = fields.clean.get(key)
    if isinstance(value, str | list):
        free = "style" if key == "style" and isinstance(value, str) else "other"
        text = fields.text(key)
        return {free: text} if text.strip() else {}
    presets = fields.inner(key)
    tags = {category: presets.tag(category) for category in presets.clean} if presets else {}
    camera = fields.clean.get("camera_movement")
    if key == "presets" and isinstance(camera, str) and "camera" not in tags:
        tags["camera"] = _CAMERAS.get(camera, camera)
    return {category: tag for category, tag in tags.items() if tag}


def _motion(fields: Fields) -> Motion:
    if isinstance(fields.clean.get("wan_motion"), str):
        kind = fields.clean["wan_motion"]
        fields.mend("wan_motion", {"type": kind}, f"wan_motion {shown(kind)} read as its type.")
    motion, wan = fields.inner("wan_motion"), fields.inner("wan")
    strength = _first_number([(motion, "strength"), (wan, "motion_strength")], SHARE)
    kind = motion.text("type").strip() if motion else ""
    notes = motion.text("notes") if motion else ""
    return Motion(_KINDS.get(kind, kind), _or(strength, Motion.strength), notes)


def _characters(fields: Fields) -> tuple[str, ...]:
    names = []
    for number, entry in fields.entries("characters"):
        name = entry.get("id", entry.get("name")) if isinstance(entry, dict) else entry
        if isinstance(name, str) and name.strip():
            names.append(name.strip())
        else:
            fields.tell(f"characters[{number}] names nobody and was left aside.")
    return tuple(names)


def _lora(fields: Fields, characters: tuple[str, ...]) -> str:
    """The shot's own LoRA, else that of its first character."""
    given = fields.text("character_lora").strip()
    if given:
        return "" if given.lower() == "none" else given
    first = next(iter(characters), "")
    return first if "character_lora" not in fields.clean and first.startswith("cg_") else ""


def _sampling(fields: Fields, key: str, older: str) -> Sampling:
    """Ours where there is one, else v2.1's flux or wan, else v2.0's flat fields (keyframes only)."""
    if own := fields.inner(key):
        return Sampling(own.seed("seed"), own.whole("steps", STEPS), own.number("cfg", GUIDANCE))
    if inner := fields.inner(older):
        read = Sampling(inner.seed("seed"), inner.whole("steps", STEPS), inner.number("cfg", GUIDANCE))
    elif older == "flux":
        read = Sampling(
            fields.seed("seed"), fields.whole("steps", STEPS), fields.number("cfg_scale", GUIDANCE)
        )
    else:
        return Sampling()
    untouched = (read.steps, read.cfg) == (UNTOUCHED.steps, UNTOUCHED.cfg)
    return Sampling(read.seed) if untouched else read


def _base_seed(fields: Fields, generation: Fields | None) -> int | None:
    if fields.has("base_seed"):
        return fields.seed("base_seed")
    return generation.seed("base_seed") if generation else None


def _first_number(places: list[tuple[Fields | None, str]], limits: Limits) -> float | None:
    for fields, key in places:
        if fields and fields.has(key):
            return fields.number(key, limits)
    return None


def _first_whole(places: list[tuple[Fields | None, str]], limits: Limits) -> int | None:
    for fields, key in places:
        if fields and fields.has(key):
            return fields.whole(key, limits)
    return None


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value
