"""Small films for tests: workflows of a few nodes, boards of a few shots, and renders of them."""

import shutil
from pathlib import Path
from typing import Any

from domain.errors import StudioError
from domain.events import Event, Failed, Saved, Told
from domain.job import Graph
from domain.project import Project
from domain.storyboard import Shot, Storyboard
from domain.workflow import About, Workflow
from infrastructure.presets_file import read_presets
from services.render import Order, Outcome, render
from tests import film_corpus
from tests.fakes import FakeBackend
from tests.graphs import node, picture

SIZE = (film_corpus.WIDTH, film_corpus.HEIGHT)
PRESETS = read_presets()


def keyframe_workflow(**more: Any) -> Workflow:
    return Workflow("keyframe_small", picture(**more), About(grid=16))


def video_workflow(fps: float = 16, step: int = 4, longest: int = 9, **more: Any) -> Workflow:
    """A video model that makes `step`·k + 1 frames, at most `longest` at once."""
    graph: Graph = {
        "model": node("UNETLoader", unet_name="a.safetensors", weight_dtype="default"),
        "clip": node("CLIPLoader", clip_name="c.safetensors", type="wan"),
        "vae": node("VAELoader", vae_name="v.safetensors"),
        "start": node("LoadImage", image="start.png"),
        "words": node("CLIPTextEncode", text="it moves", clip=["clip", 0]),
        "unwanted": node("CLIPTextEncode", text="it flickers", clip=["clip", 0]),
        "canvas": node(
            "WanImageToVideo",
            positive=["words", 0],
            negative=["unwanted", 0],
            vae=["vae", 0],
            start_image=["start", 0],
            width=640,
            height=352,
            length=33,
            batch_size=1,
        ),
        "sampler": node(
            "KSampler",
            model=["model", 0],
            positive=["canvas", 0],
            negative=["canvas", 1],
            latent_image=["canvas", 2],
            seed=7,
            steps=20,
            cfg=5.0,
            sampler_name="uni_pc",
            scheduler="simple",
            denoise=1.0,
        ),
        "decode": node("VAEDecode", samples=["sampler", 0], vae=["vae", 0]),
        "frames": node("CreateVideo", images=["decode", 0], fps=float(fps)),
        "save": node("SaveVideo", video=["frames", 0], filename_prefix="clip", format="mp4", codec="h264"),
        **more,
    }
    return Workflow("video_small", graph, About(fps=fps, frame_step=step, longest=longest, grid=16))


def a_shot(id: str, **fields: Any) -> Shot:
    return Shot(id, **{"prompt": f"A lamp in window {id}.", "seconds": 0.5, **fields})


def a_board(*shots: Shot, **fields: Any) -> Storyboard:
    return Storyboard("Lamps", shots, width=SIZE[0], height=SIZE[1], **{"base_seed": 5, **fields})


class Rendered:
    """A render carried out to its end, and all it said."""

    def __init__(self, backend: FakeBackend, folder: Path, board: Storyboard, **fields: Any):
        before = len(backend.jobs)
        self.project, self.backend, self.outcome = Project(folder), backend, Outcome()
        given = {"keyframe_workflow": keyframe_workflow(), "video_workflow": video_workflow(), **fields}
        self.order = Order(
            board, self.project, backend, presets=PRESETS, size=SIZE, **{"variants": 1, **given}
        )
        self.events: list[Event] = []
        self.error: StudioError | None = None
        try:
            self.events.extend(render(self.order, self.outcome))
        except StudioError as error:
            self.error = error
        self.ran = [job.name for job in backend.jobs[before:]]

    @property
    def failed(self) -> dict[str, str]:
        return {event.what: event.reason for event in self.events if isinstance(event, Failed)}

    @property
    def told(self) -> list[str]:
        return [event.sentence for event in self.events if isinstance(event, Told)]

    @property
    def saved(self) -> list[Path]:
        return [event.path for event in self.events if isinstance(event, Saved) and not event.reused]

    @property
    def film(self) -> list[film_corpus.Code]:
        """Which frame of which clip the film shows, one after another."""
        assert self.outcome.film, self.failed
        return film_corpus.codes(self.outcome.film)


def stamps(*folders: Path) -> dict[Path, tuple[int, int]]:
    """What tells whether a file was touched."""
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def finished_project(within: Path, board: Storyboard) -> Path:
    """Two variants a shot, and the film; tests that share it work on copies."""
    assert Rendered(FakeBackend(), within / "film", board, variants=2).outcome.film
    return within / "film"


def copy_of(project: Path, within: Path) -> Path:
    """With the times of its files."""
    return Path(shutil.copytree(project, within / "film"))
