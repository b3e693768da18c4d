"""A film on paper: shots in order, each with a prompt and how long it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Sampling:
    """What the artist set for the sampler; None leaves the workflow's own value."""

    seed: int | None = None  # None: choose one and write it down; 0 is a seed
    steps: int | None = None
    cfg: float | None = None


@dataclass(frozen=True)
class Motion:
    """How the camera moves: kind is static, push, pull, pan, tilt, zoom, crane, orbit, … or a free word."""

    kind: str = ""
    strength: float = 0.5  # 0 to 1; 0 is a strength
    notes: str = ""


@dataclass(frozen=True)
class Shot:
    id: str  # ^[A-Za-z0-9_-]+$, unique in its board; stem of its files
    prompt: str
    negative: str = ""
    label: str = ""
    description: str = ""
    scene: str = ""  # the scene it belongs to, in the artist's words; shots of one scene follow each other
    notes: str = ""
    seconds: float = 3.0
    width: int | None = None  # pixels of the finished picture; None: the board's
    height: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)  # "lighting": "golden_hour", or any free words
    motion: Motion = Motion()
    characters: tuple[str, ...] = ()
    lora: str = ""
    keyframe: Sampling = Sampling()
    video: Sampling = Sampling()
    references: tuple[Path, ...] = ()  # absolute
    start_image: Path | None = None
    end_image: Path | None = None
    problems: tuple[str, ...] = ()  # why this shot cannot be made as it stands: "Start image … is not there."
    raw: Mapping[str, Any] = field(default_factory=dict)  # the file's own object, kept on save

    @property
    def is_renderable(self) -> bool:
        return bool(self.prompt.strip()) and not self.problems


@dataclass(frozen=True)
class Character:
    """Somebody or something that stays the same from shot to shot."""

    id: str  # what shots call it; they may also use its name
    name: str = ""
    words: str = ""  # how it looks, said in the prompt of each shot it is in
    pictures: tuple[Path, ...] = ()  # absolute
    lora: str = ""
    notes: str = ""  # for the artist, never sent
    problems: tuple[str, ...] = ()  # why the shots it is in cannot be made: a picture is not there
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Storyboard:
    title: str
    shots: tuple[Shot, ...] = ()
    description: str = ""
    notes: str = ""
    width: int = 1024
    height: int = 576
    fps: float | None = None  # None: the video workflow's own
    variants: int | None = None
    base_seed: int | None = None
    longest: float | None = None  # seconds of a segment, when the board limits it
    tags: Mapping[str, str] = field(default_factory=dict)  # style of the whole film
    characters: tuple[Character, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)


def advice(board: Storyboard) -> list[str]:
    """What an artist may want to look at before rendering. None of it is wrong."""
    said = []
    for shot in board.shots:
        width, height = shot.width or board.width, shot.height or board.height
        if 0 < len(shot.prompt.strip()) < 20:
            said.append(f"Shot {shot.id} has a very short prompt.")
        if not shot.description.strip():
            said.append(f"Shot {shot.id} has no description.")
        if not 0.5 <= width / height <= 2.5:
            said.append(f"Shot {shot.id} has an unusual shape, {width}×{height}.")
        if shot.seconds > 10:
            said.append(f"Shot {shot.id} runs for {shot.seconds:g} seconds, which is long for one shot.")
    total = sum(shot.seconds for shot in board.shots)
    if total > 120:
        said.append(f"The film runs for {total:g} seconds.")
    return said
