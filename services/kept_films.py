"""The versions of a film as the artist handles them: compared, shown where they lie, thrown away."""

from typing import Any

from domain.errors import StudioError
from domain.film_version import FilmVersion, compare
from domain.project import Project
from infrastructure.opener import show
from services import bin
from services.desk import Desk
from services.films import versions
from services.history import Step


def differences(project: Project, before: int, after: int) -> list[dict[str, Any]]:
    """How the shots of two versions differ, and the second at which each begins in either."""
    old, new = version_of(project, before), version_of(project, after)
    starts = [{shown.span.shot: shown.span.start for shown in version.shots} for version in (old, new)]
    rates = [version.frames / _frames(version) for version in (old, new)]
    return [
        {
            "shot": found.shot,
            "what": found.what,
            "text": found.sentence,
            "at": [
                None if found.shot not in start else start[found.shot] * rate / float(version.fps)
                for start, rate, version in zip(starts, rates, (old, new), strict=True)
            ],
        }
        for found in compare(old, new)
    ]


def throw_away(desk: Desk, number: int) -> None:
    """Into the project's bin; undoing brings it back."""
    version = version_of(desk.project, number)
    note = version.path.with_name(f"{version.path.stem}.json")
    binned: bin.Binned | None = None

    def discard() -> None:
        nonlocal binned
        binned = bin.discard(desk.project, [version.path, note], f"version {number} of the film")

    def restore() -> None:
        if binned:
            bin.restore(binned)

    with desk.in_turn():
        discard()
        desk.took(Step("film", restore, discard, f"v{number}"))
    desk.tell(())


def show_in_folder(project: Project, number: int) -> None:
    """In the system's own window of files."""
    show(version_of(project, number).path)


def version_of(project: Project, number: int) -> FilmVersion:
    for version in versions(project):
        if version.number == number:
            return version
    raise StudioError(f"There is no version {number} of the film any more.")


def _frames(version: FilmVersion) -> int:
    """The film's own frames; forms with a slower rate have fewer."""
    return max((shown.span.end for shown in version.shots), default=version.frames)
