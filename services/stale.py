"""What no longer is what its shot asks for: shown, never deleted.

A take is what its recipe says. It is stale when the shot would be sent with other words, pictures
or settings today. Another seed, another number of variants or another workflow is no such reason.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from domain.job import Job, files_in
from domain.project import Project
from domain.prompts import Presets
from domain.storyboard import Shot, Storyboard
from domain.take_names import numbered
from domain.workflow import Workflow
from infrastructure.hashes import sha256
from infrastructure.own_takes import OWN
from infrastructure.recipe_facts import Recipe, recipe_of
from services import keyframes, picks, segments, video_notes, videos

Keyframe = Literal["missing", "fresh", "stale", "own"]
Video = Literal["missing", "fresh", "stale", "unknown"]
Why = tuple[str, ...]  # "prompt", "references", "keyframe", …

_SETTINGS = {"width": "size", "height": "size", "frames": "length", "steps": "steps", "cfg": "cfg"}
_NAMES = {
    "prompt": "prompt",
    "negative": "negative",
    "references": "references",
    "start_image": "start image",
    "end_image": "end image",
    "lora": "lora",
    **_SETTINGS,
}


@dataclass(frozen=True)
class Today:
    """What shots would be sent with now."""

    project: Project
    board: Storyboard
    keyframe_workflow: Workflow
    video_workflow: Workflow
    presets: Presets


@dataclass(frozen=True)
class ShotState:
    keyframe: Keyframe
    keyframe_why: Why
    video: Video  # unknown: nothing says what it was made of
    video_why: Why


def of_board(today: Today) -> dict[str, ShotState]:
    """The state of every shot by its id."""
    return {shot.id: of_shot(today, shot) for shot in today.board.shots}


def stale_shots(
    board: Storyboard, states: Mapping[str, ShotState]
) -> list[tuple[str, Literal["keyframe", "video"]]]:
    """What has to be rendered for nothing to be stale; a keyframe made anew brings its video along."""
    found: list[tuple[str, Literal["keyframe", "video"]]] = []
    for shot in (shot for shot in board.shots if shot.is_renderable):
        state = states[shot.id]
        if state.keyframe == "stale":
            found.append((shot.id, "keyframe"))
        if state.video == "stale" or (state.keyframe == "stale" and state.video != "missing"):
            found.append((shot.id, "video"))
    return found


def of_shot(today: Today, shot: Shot) -> ShotState:
    return ShotState(*_keyframe(today, shot), *_video(today, shot))


def of_take(recipe: Recipe, workflow: Workflow, values: Mapping[str, Any]) -> list[str]:
    """What differs between a take and the values its shot would be sent with, in the artist's words.

    Only what the workflow has a place for counts, and settings only when the take was made with it.
    Pictures are compared by what is in them.
    """
    given = [key for key in _NAMES if key in values]
    return list(dict.fromkeys(_NAMES[key] for key in given if _is_other(recipe, workflow, key, values[key])))


def _keyframe(today: Today, shot: Shot) -> tuple[Keyframe, Why]:
    place, note = today.project.keyframe(shot.id), picks.note(today.project, shot.id)
    if not place.exists():
        return "missing", ()
    if picks.is_artists_own(today.project, shot.id):
        return "own", ()
    if note.sha256 != sha256(place):
        return "stale", ("pick",)  # a killed studio noted the choice and did not come to make it
    if shot.start_image is not None and note.of == _content(shot.start_image):
        return "fresh", ()
    is_artists_choice = note.chosen_by == picks.ARTIST
    recipe = _recipe_of_choice(today.project, note)
    if is_artists_choice and (recipe is None or shot.start_image is not None):
        return "own", ()
    if recipe and recipe.engine == OWN:
        return "own", ()
    if recipe is None and numbered(Path(note.take).stem):
        return "fresh", ()  # a take nothing is known of
    if recipe is None or shot.start_image is not None:
        return "stale", ("start image",)
    workflow = today.keyframe_workflow
    values = keyframes.values_of(workflow, today.board, shot, today.presets)
    why = _differing(today, recipe, workflow, values)
    return ("stale" if why else "fresh"), tuple(why)


def _recipe_of_choice(project: Project, note: picks.Note) -> Recipe | None:
    """The recipe of the take that was chosen, if it was one."""
    recipe = recipe_of(project.takes, Path(note.take).stem)
    if recipe is None or note.take not in recipe.files:
        return None
    picture = project.takes / note.take
    return recipe if not picture.exists() or sha256(picture) == note.of else None


def _video(today: Today, shot: Shot) -> tuple[Video, Why]:
    if not today.project.video(shot.id).exists():
        return "missing", ()
    note = video_notes.note(today.project, shot.id)
    if note is None:
        return "unknown", ()
    keyframe = today.project.keyframe(shot.id)
    why = ["keyframe"] if keyframe.exists() and sha256(keyframe) != note.keyframe else []
    why += ["seconds"] if note.seconds != shot.seconds else []
    recipes = [recipe_of(today.project.takes, name) for name in note.takes]
    known = [recipe for recipe in recipes if recipe]
    if len(known) == len(recipes):
        why += _of_segments(today, shot, known, is_as_long=note.seconds == shot.seconds)
    elif not why:
        return "unknown", ()
    return ("stale" if why else "fresh"), tuple(dict.fromkeys(why))


def _of_segments(today: Today, shot: Shot, recipes: list[Recipe], is_as_long: bool) -> Iterator[str]:
    """What differs in a shot's segments. What each begins with is told by the keyframe."""
    workflow = today.video_workflow
    values = videos.values_of(workflow, today.board, shot, today.presets)
    lengths: tuple[int, ...] = ()
    if is_as_long and all(recipe.workflow == workflow.name for recipe in recipes):
        lengths = videos.plan(workflow, today.board, shot, Path()).lengths
    if lengths and len(lengths) != len(recipes):
        yield "length"
        lengths = ()
    for number, recipe in enumerate(recipes):
        own = {"end_image": shot.end_image if number + 1 == len(recipes) else None}
        frames = {"frames": lengths[number]} if lengths else {"frames": recipe.values.get("frames")}
        asked = {**values, **own, **frames}
        kept = segments.stood_for(today.project, shot.id, recipe.name)
        stands = [recipe, *(replace(recipe, values={**recipe.values, **said}) for said in kept)]
        yield from min((_differing(today, one, workflow, asked) for one in stands), key=len)


def _differing(today: Today, recipe: Recipe, workflow: Workflow, values: Mapping[str, Any]) -> list[str]:
    differs = of_take(recipe, workflow, values)
    return [] if differs and _runs_the_same(today.project, recipe, workflow, values) else differs


def _runs_the_same(project: Project, recipe: Recipe, workflow: Workflow, values: Mapping[str, Any]) -> bool:
    """Whether other values come to the same job: a workflow may round them, or have no place for them.

    Such a take is never made again, so that it would stay stale for ever.
    """
    kept = {"seed": recipe.values.get("seed")}
    inputs = {project.folder / path: hash for path, hash in recipe.inputs.items()}
    if start := recipe.values.get("start_image"):
        kept["start_image"] = project.folder / start
    unplug = ["end_image"] if "end_image" in values and values["end_image"] is None else []
    graph = workflow.with_values(**values, **kept, unplug=unplug)
    start_image = kept.get("start_image")
    hashes = {p: inputs.get(p, "") if p == start_image else _content(p) for p in files_in(graph)}
    return Job("", graph, Path(), hashes).id == recipe.job


def _is_other(recipe: Recipe, workflow: Workflow, key: str, value: Any) -> bool:
    if key == "references":
        return _are_others(recipe, workflow, value)
    if not _has_place(workflow, key) or (key in _SETTINGS and recipe.workflow != workflow.name):
        return False
    then = recipe.values.get(key)
    if key not in ("start_image", "end_image"):
        return bool(value != then)
    had_no_place = then and then not in recipe.inputs  # with the workflow of that time
    return not had_no_place and _content(value) != (recipe.inputs[then] if then else "")


def _has_place(workflow: Workflow, key: str) -> bool:
    return workflow.takes(key) or (key in ("width", "height") and workflow.takes("aspect_ratio"))


def _are_others(recipe: Recipe, workflow: Workflow, paths: list[Path]) -> bool:
    """Whether there are other references, in as many places as both workflows have."""
    given = recipe.values.get("references", [])
    then = [recipe.inputs[path] for path in given if path in recipe.inputs]
    places = len(workflow.slots.get("reference", ()))
    if len(then) < len(given):
        places = min(places, len(then))
    return then[:places] != [_content(path) for path in paths[:places]]


def _content(path: Path | None) -> str:
    """What is in a file, or nothing."""
    try:
        return sha256(path) if path else ""
    except OSError:
        return ""
