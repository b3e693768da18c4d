"""The open project as pages are told of it: one fact for the project, one for its cast, one for
each shot."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from domain.cast import called, known_by
from domain.project import Project
from domain.prompts import Presets
from domain.storyboard import Character, Sampling, Shot
from infrastructure.marks_file import Marks
from infrastructure.project_files import chosen_workflows
from services import picks, projects, takes
from services.desk import Desk
from services.feed import Feed
from services.history import Step

Fact = Mapping[str, Any]


class ProjectFacts:
    """Tells the feed what changed; a shot that is as it was is not looked at again."""

    def __init__(self, feed: Feed):
        self._feed = feed
        self._desk: Desk | None = None
        self._shots: dict[str, Shot] = {}

    def tell(self, desk: Desk, ids: Iterable[str] | None = None) -> None:
        """The board as it is now; of shots that did not change themselves, only `ids` are looked at.

        Without `ids` all are.
        """
        is_other = desk is not self._desk
        looked_at = None if ids is None or is_other else set(ids)
        shots = {shot.id: shot for shot in desk.board.shots}
        stale = [
            shot
            for shot in shots.values()
            if looked_at is None or shot.id in looked_at or self._shots.get(shot.id) is not shot
        ]
        gone = [id for id in self._shots if id not in shots]
        self._desk, self._shots = desk, shots
        marks = takes.marks(desk)
        facts: dict[str, Any] = {f"shot/{shot.id}": shot_fact(desk, shot, marks) for shot in stale}
        facts["project"] = project_fact(desk)
        facts["cast"] = cast_fact(desk)
        facts["order"] = list(shots)
        self._feed.put_all(facts, instead_of="shot/" if is_other else None)
        for id in gone:
            self._feed.drop(f"shot/{id}")


def project_fact(desk: Desk) -> Fact:
    board, project = desk.board, desk.project
    return {
        "name": project.name,
        "folder": _at_home(project.folder),
        "path": str(project.folder),
        "key": key_of(project),
        "title": board.title,
        "description": board.description,
        "notes": board.notes,
        "width": board.width,
        "height": board.height,
        "fps": board.fps,
        "variants": board.variants,
        "seed": board.base_seed,
        "longest": board.longest,
        "tags": board.tags,
        "workflows": chosen_workflows(project),
        "told": desk.notes,
        "undo": _step(desk.undoable),
        "redo": _step(desk.redoable),
        "film": stamp_of(project.film),
        "skipped": desk.ledger.skipped,
    }


def cast_fact(desk: Desk) -> Fact:
    """The characters, and whom each name that shots use means: an id, or nobody."""
    board, known = desk.board, known_by(desk.board)
    names = dict.fromkeys(name for shot in board.shots for name in shot.characters)
    found = {name: known.get(called(name)) for name in names}
    ids = {name: character.id if character else None for name, character in found.items()}
    in_shots: dict[str, list[str]] = {}
    for shot in board.shots:
        for id in dict.fromkeys(id for name in shot.characters if (id := ids[name])):
            in_shots.setdefault(id, []).append(shot.id)
    who = [_character(desk.project, character, in_shots) for character in board.characters]
    return {"who": who, "called": ids}


def _character(project: Project, character: Character, in_shots: Mapping[str, list[str]]) -> Fact:
    return {
        "id": character.id,
        "name": character.name,
        "words": character.words,
        "pictures": [_media(project, path) for path in character.pictures],
        "lora": character.lora,
        "notes": character.notes,
        "problems": character.problems,
        "shots": in_shots.get(character.id, []),
    }


def shot_fact(desk: Desk, shot: Shot, marks: Marks) -> Fact:
    project = desk.project
    return {
        "id": shot.id,
        "prompt": shot.prompt,
        "negative": shot.negative,
        "label": shot.label,
        "description": shot.description,
        "scene": shot.scene,
        "notes": shot.notes,
        "seconds": shot.seconds,
        "width": shot.width,
        "height": shot.height,
        "tags": shot.tags,
        "motion": {"kind": shot.motion.kind, "strength": shot.motion.strength, "notes": shot.motion.notes},
        "characters": shot.characters,
        "lora": shot.lora,
        "keyframe": _sampling(shot.keyframe),
        "video": _sampling(shot.video),
        "references": [_media(project, path) for path in shot.references],
        "start_image": _media(project, shot.start_image) if shot.start_image else None,
        "end_image": _media(project, shot.end_image) if shot.end_image else None,
        "problems": shot.problems,
        "key": stamp_of(project.keyframe(shot.id)),
        "picked": picks.take_of(project, shot.id),
        "own": picks.is_artists_own(project, shot.id),
        "vid": stamp_of(project.video(shot.id)),
        "chosen": stamp_of(project.stand_ins(shot.id)),
        "takes": [
            {
                "name": take.name,
                "files": take.files,
                "state": take.state,
                "stamp": stamp_of(project.takes / take.files[0]) if take.files else None,
                **({} if take.worked is None else {"worked": round(take.worked, 1)}),
                **marks.get(take.name, {}),
            }
            for take in desk.ledger.takes_of(shot.id)
        ],
    }


def _sampling(sampling: Sampling) -> Fact:
    return {"seed": sampling.seed, "steps": sampling.steps, "cfg": sampling.cfg}


def _media(project: Project, path: Path) -> Fact:
    """A picture of a shot: where the page finds it, if that is in the project."""
    inside = path.is_relative_to(project.folder)
    return {
        "path": str(path),
        "name": path.name,
        "media": path.relative_to(project.folder).as_posix() if inside else None,
        "stamp": stamp_of(path),
    }


def key_of(project: Project) -> str:
    """Part of the address of its pictures: all projects have files of the same names."""
    return hashlib.sha256(str(project.folder).encode("utf-8", "surrogateescape")).hexdigest()[:8]


def stamp_of(path: Path) -> str | None:
    """Changes when the file does, so that nobody sees an old picture; None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return f"{stat.st_mtime_ns:x}{stat.st_size:x}"


def _step(step: Step | None) -> Fact | None:
    return {"label": step.label, "about": step.about} if step else None


def _at_home(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def fixed_facts(presets: Presets) -> dict[str, Any]:
    """What is the same for every project: choices that its forms offer."""
    labels = {category: {k: p.label for k, p in group.items()} for category, group in presets.items()}
    sizes = [asdict(resolution) for resolution in projects.RESOLUTIONS]
    return {"told": None, "resolutions": sizes, "presets": labels}
