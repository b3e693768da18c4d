"""How long it takes to see what is stale: 500 shots with 5,000 takes, every shot chosen and joined.

    python -m bench.stale [--shots 500] [--keep DIR]

The first look reads the recipes of the chosen takes and hashes the keyframes and their takes, of a
megabyte each; later ones only see that nothing changed. The aim is well under a second for those,
also when all is stale.
"""

import argparse
import os
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

from bench import plan
from domain.project import Project
from domain.storyboard import Character, Storyboard
from infrastructure import hashes
from infrastructure.hashes import sha256
from infrastructure.json_files import write_json
from infrastructure.presets_file import read_presets
from infrastructure.storyboard_files import read_storyboard
from infrastructure.workflow_files import WorkflowFolder
from services import picks, stale, video_notes
from services.stale import Today

PICTURE = 1 << 20  # bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=500)
    parser.add_argument("--keep", metavar="DIR")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = plan.made(Path(asked.keep or folder), asked.shots)
        board, project = read_storyboard(path)[0], Project(path.parent)
        for shot in board.shots:
            _chosen_and_joined(project, board, shot.id)
        print(f"{len(board.shots)} shots, {len(list(project.takes.glob('*.json')))} takes")
        hashes._digest.cache_clear()  # as in a studio that has just been started
        _look("the first time", project, board)
        _look("again", project, board)
        _look("all shots stale", project, replace(board, tags={"style": "noir"}))
        cast = tuple(Character(f"c{n}", words=f"a person of {n} years") for n in range(20))
        everywhere = tuple(replace(s, characters=("c1", "c2", "c3")) for s in board.shots)
        _look("all stale by their cast", project, replace(board, shots=everywhere, characters=cast))


def _look(title: str, project: Project, board: Storyboard) -> None:
    folder = WorkflowFolder()
    today = Today(project, board, folder.load(plan.KEYFRAME), folder.load(plan.VIDEO), read_presets())
    start = time.perf_counter()
    states = stale.of_board(today)
    seconds = time.perf_counter() - start
    count = sum("stale" in (s.keyframe, s.video) for s in states.values())
    assert not any(s.video == "unknown" or s.keyframe == "own" for s in states.values())
    print(f"{title:24} {seconds:.3f} s, {count} stale")


def _chosen_and_joined(project: Project, board: Storyboard, id: str) -> None:
    """The first take as the keyframe, and a video with its note."""
    take, keyframe, video = project.takes / f"{id}_v1.png", project.keyframe(id), project.video(id)
    for path in (keyframe, video):
        path.parent.mkdir(exist_ok=True)
    keyframe.write_bytes(os.urandom(PICTURE))
    take.unlink(missing_ok=True)
    os.link(keyframe, take)
    hash = sha256(keyframe)
    write_json(keyframe.with_suffix(".json"), asdict(picks.Note(take.name, hash, hash, "", "studio")))
    video.write_text(id)
    shot = next(shot for shot in board.shots if shot.id == id)
    segments = sorted(path.stem for path in project.takes.glob(f"{id}.*.json"))
    video_notes.keep(project, shot, segments, hash)


if __name__ == "__main__":
    main()
