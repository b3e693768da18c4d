"""The film as pages are told of it: where each shot stands, what plays it, and the versions kept."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from domain.cut import EDITS, Cut, Span
from domain.film_version import FilmVersion
from domain.project import Project
from domain.storyboard import Storyboard
from services import proxies
from services.cut import MISSING, MOVES, Material, materials, preview
from services.films import PRESETS, versions
from services.project_facts import stamp_of

Fact = Mapping[str, Any]
_PLAYS_IN_BROWSERS = (".mp4", ".gif", ".webp")


def presets_fact() -> list[Fact]:
    """The forms a film is handed out in."""
    return [{"name": p.name, "label": p.label, "about": p.about} for p in PRESETS.values()]


def film_fact(project: Project, board: Storyboard, fps: Fraction, cut: Cut) -> Fact:
    """The film as it stands, counted in its own frames."""
    cut, shown = cut.at(fps), materials(project, board, fps)
    line = preview(cut, shown, fps)
    return {
        "fps": float(fps),
        "frames": line.frames,
        "spans": [_span(project, fps, m, s) for m, s in zip(shown, line.spans, strict=True)],
        "cut": {shot.id: edits for shot in board.shots if (edits := cut.entry(shot.id).edits)},
        "edits": EDITS,
        "misfits": [
            {"shot": m.shot, "edits": m.edits, "text": told}
            for m, told in zip(line.misfits, line.told, strict=True)
        ],
        "unrendered": [m.shot.id for m in shown if m.kind != MOVES],
    }


def versions_fact(project: Project) -> list[Fact]:
    """The films that were kept, the newest first."""
    return [_version(project, version) for version in reversed(versions(project))]


def _span(project: Project, fps: Fraction, material: Material, span: Span) -> Fact:
    small = proxies.proxy(project, span.shot, fps) if material.kind == MOVES else None
    file = small or material.path
    return {
        "shot": span.shot,
        "kind": material.kind,
        "file": file.relative_to(project.folder).as_posix() if file else None,
        "stamp": stamp_of(material.path) if material.path else None,
        "small": small is not None,
        "problem": material.problem,
        "start": span.start,
        "frames": span.frames,
        "first": span.first,
        "moving": span.moving,
        "length": span.length,
        "fade_in": span.fade_in,
        "fade_out": span.fade_out,
        "dissolve_in": span.dissolve_in,
        "dissolve_out": span.dissolve_out,
    }


def _version(project: Project, version: FilmVersion) -> Fact:
    files = _files(version.path)
    picture = files[0] if files else version.path
    return {
        "number": version.number,
        "file": version.path.relative_to(project.folder).as_posix(),
        "picture": picture.relative_to(project.folder).as_posix(),
        "stamp": stamp_of(version.path),
        "made": version.made,
        "preset": version.preset,
        "frames": version.frames,
        "fps": float(version.fps),
        "size": version.size,
        "bytes": sum(file.stat().st_size for file in files),
        "plays": version.path.suffix in _PLAYS_IN_BROWSERS,
        "folder": version.path.is_dir(),
    }


def _files(path: Path) -> Sequence[Path]:
    """A version's file, or those in its folder."""
    return sorted(path.glob("*.png")) if path.is_dir() else [path]


__all__ = ["MISSING", "film_fact", "presets_fact", "versions_fact"]
