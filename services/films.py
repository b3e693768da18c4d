"""The film handed out: rendered in one of several forms, and every version kept beside the others."""

import json
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from datetime import datetime, timezone
from hashlib import sha256 as digest
from pathlib import Path

from domain.cut import Cut
from domain.errors import StudioError
from domain.events import Event, Progress, Saved, Told, as_part
from domain.film_version import Difference, FilmVersion, ShownShot, compare
from domain.project import Project
from domain.safe_names import folder_name
from infrastructure.clip_probe import Clip, known, probe
from infrastructure.cut_file import cut_object
from infrastructure.film_exports import PRESETS, Preset, export, shown_frames
from infrastructure.film_versions import next_number, read_versions, write_version
from infrastructure.hashes import sha256
from infrastructure.part_files import writing, writing_folder
from services.cut import assemble, film_cache, plan
from services.film_parts import Format, link

__all__ = ["PRESETS", "Difference", "FilmVersion", "Format", "Preset", "compare", "render_film", "versions"]

_NOTES = 1  # version of what makes two films equal
_ASSEMBLING = 0.4  # share of the time, where the film is written in another form afterwards


def render_film(
    project: Project, shots: Sequence[str], cut: Cut, wanted: Format, preset: str = "h264", title: str = ""
) -> Generator[Event, None, FilmVersion]:
    """Make the film of these shots, in this order, and keep it; an equal one is not made again."""
    form = PRESETS.get(preset)
    if not form:
        raise StudioError(f"There is no preset {preset}. There are: {', '.join(PRESETS)}.")
    with film_cache(project) as cache:
        found = plan(project, shots, cut, wanted)
        yield from map(Told, found.told)
        shown = tuple(ShownShot(span, sha256(found.clips[span.shot].path)) for span in found.timeline.spans)
        key = _key(form, wanted, shown)
        version = next((kept for kept in reversed(versions(project)) if kept.key == key), None)
        is_reused = version is not None
        if version is None:
            share = _ASSEMBLING if form.encoder else 1
            film = yield from as_part(assemble(found, cache / "whole" / "film.mp4", cache), 0, share)
            version = _new(project, form, known(film.path), title)
            version = replace(version, key=key, shots=shown, cut=cut_object(cut.at(wanted.fps)))
            yield from as_part(_written(form, known(film.path), version), share, 1)
            write_version(version)
        yield Saved(version.path, is_reused)
        if form.name == "h264" and not _is_same(version.path, project.film):
            with writing(project.film) as part:
                link(version.path, part)
            yield Saved(project.film)
        yield Progress(1, "done")
    return version


def versions(project: Project) -> list[FilmVersion]:
    """The films that were kept, the newest last."""
    return read_versions(project.films)


def _key(form: Preset, wanted: Format, shown: Sequence[ShownShot]) -> str:
    content = [_NOTES, form.name, str(wanted.fps), wanted.pixels, [asdict(shot) for shot in shown]]
    return digest(json.dumps(content).encode()).hexdigest()


def _new(project: Project, form: Preset, film: Clip, title: str) -> FilmVersion:
    number = next_number(project.films)
    stem = folder_name(title or project.name)
    return FilmVersion(
        project.films / f"{stem}_v{number:03}{form.suffix}",
        number,
        title or project.name,
        datetime.now(timezone.utc).isoformat(timespec="seconds"),
        form.name,
        shown_frames(form, film.frames, film.fps),
        film.fps / form.step(film.fps),
        form.size((film.width, film.height)),
        key="",
    )


def _written(form: Preset, film: Clip, version: FilmVersion) -> Generator[Progress, None, None]:
    """The film in its form, at its place; counted before it stands there."""
    place = writing if form.suffix else writing_folder
    with place(version.path) as part:
        if not form.encoder:
            link(film.path, part)
            return
        with closing(export(form, film, part)) as work:
            for frames in work:
                yield Progress(min(1.0, frames / version.frames), f"Writing {version.path.name}")
        made = probe(part).frames if form.suffix else len(list(part.iterdir()))
        if made != version.frames:
            told = f"{version.path.name} came out with {made} frames instead of {version.frames}"
            raise StudioError(f"{told}, so it was not kept.")


def _is_same(one: Path, other: Path) -> bool:
    if not other.exists():
        return False
    return one.samefile(other) or (
        one.stat().st_size == other.stat().st_size and sha256(one) == sha256(other)
    )
