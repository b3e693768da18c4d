"""What each kind of errand does. The board is read when an errand begins, so the newest words count."""

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from domain.errand import RUNNING, WAITING, Errand
from domain.errors import BadFile, Blocked, JobRejected, StudioError
from domain.events import Event, Saved
from domain.project import Project
from domain.storyboard import Shot
from infrastructure.recipe_facts import recipe_of
from infrastructure.recipes import Ledger
from infrastructure.there import is_file
from infrastructure.workflow_files import read_workflow
from services import comic_errands, films, keyframes, picks, proxies, shot_errands, stale, tries, videos
from services.cut import open_cut
from services.desk import Desk
from services.means import Means, errand
from services.stale import Today
from services.videos import Maker

Work = Generator[Event, None, None]


def lacks(means_now: Callable[[], Means]) -> str:
    """What whoever draws lacks of nodes and models; "" when nothing, or when nobody answers."""
    try:
        means = means_now()
        means.backend.check(means.keyframe_workflow.graph, means.video_workflow.graph)
    except JobRejected as error:
        return str(error)
    except StudioError:
        return ""
    return ""


def desk_for(errand: Errand, desk_of: Callable[[Path], Desk]) -> Desk:
    """The desk of an errand's project. Raises Blocked for as long as its board is there and does not read."""
    project = Project(Path(errand.project))
    try:
        return desk_of(project.folder)
    except BadFile as error:
        if is_file(project.storyboard):
            raise Blocked(str(error)) from error
        raise


def begin(errand: Errand, desk: Desk, means: Callable[[], Means]) -> Work:
    """Carry out an errand; its project is held meanwhile, and told of what is new."""
    deed = _DEEDS.get(errand.deed)
    if deed is None:
        raise StudioError(f"This version of the studio does not know how to do “{errand.deed}”.")
    with desk.at_work():
        try:
            desk.look()
        except BadFile as error:
            raise Blocked(str(error)) from error  # all of this project would break as well
        try:
            with closing(deed(errand, desk, means())) as work:
                yield from work
        finally:
            desk.tell([errand.shot] if errand.shot else ())


def _keyframe(errand: Errand, desk: Desk, means: Means) -> Work:
    """One take of a shot: variant `variant`, or with the seed `seed`."""
    shot = _renderable(desk, errand.shot)
    values = keyframes.values_of(means.keyframe_workflow, desk.board, shot, means.presets)
    number, seed = int(errand.values.get("variant", 1)), errand.values.get("seed")
    if seed is None:
        seed = keyframes.seed_of(shot, number, desk.seed())
    wanted = keyframes.wanted(means.keyframe_workflow, shot, {**values, "seed": seed})
    take = yield from keyframes.make(means.backend, desk.ledger, wanted)
    picture = keyframes.picture(take)
    if errand.values.get("choose"):
        desk.choose(shot.id, picture)
    else:
        desk.choose_first(shot.id, picture)


def _video(errand: Errand, desk: Desk, means: Means) -> Work:
    """A shot's video; made anew from segment `from` on, counted from 1, with the seeds from `seed` on."""
    shot = _renderable(desk, errand.shot)
    start = _start(desk, shot)
    plan = videos.plan(means.video_workflow, desk.board, shot, start)
    if first := int(errand.values.get("from", 0)):
        plan = replace(plan, anew=videos.Anew(first - 1, int(errand.values["seed"])))
    yield from videos.make_one(maker(desk, means), plan, {})


def _film(errand: Errand, desk: Desk, means: Means) -> Work:
    """The film of the videos there are, as it is cut, in the form `preset`; kept as a version."""
    board, project = desk.board, desk.project
    wanted = videos.film_format(means.video_workflow, board)
    shots, preset = [shot.id for shot in board.shots], str(errand.values.get("preset", "h264"))
    yield from films.render_film(project, shots, open_cut(project), wanted, preset, board.title)


def _proxies(errand: Errand, desk: Desk, means: Means) -> Work:
    """Small videos for the player, of those shots that have none yet."""
    shots = [shot.id for shot in desk.board.shots]
    yield from proxies.make(desk.project, shots, videos.film_format(means.video_workflow, desk.board).fps)


def _try(errand: Errand, desk: Desk, means: Means) -> Work:
    """One quick run of a workflow that is not kept yet; what it makes lies in the project's cache."""
    flow = read_workflow(Path(errand.values["workflow"]))
    wanted = tries.wanted(flow, desk.board, tries.a_picture(desk.project), int(time.time()))
    ledger = Ledger(Project(desk.project.cache / "tries"))
    take = yield from ledger.carry_out(means.backend, wanted)
    for file in take.files:
        yield Saved(file, take.reused)


def _renderable(desk: Desk, id: str) -> Shot:
    shot = desk.shot(id)
    if not shot.is_renderable:
        raise StudioError(" ".join(shot.problems) or f"Shot {id} has no prompt yet. Write what is seen.")
    return shot


def _start(desk: Desk, shot: Shot) -> Path:
    if shot.start_image is not None:
        return desk.start_from(shot.id, shot.start_image)
    chosen = picks.chosen(desk.project, shot.id)
    if chosen is None:
        raise StudioError(f"Shot {shot.id} has no keyframe to start from. Make one and choose it first.")
    return chosen


def maker(desk: Desk, means: Means) -> Maker:
    """What stays the same for every shot of the project that is made."""
    board, workflow = desk.board, means.video_workflow
    format = videos.film_format(workflow, board)
    return Maker(means.backend, desk.ledger, workflow, board, means.presets, format, desk.seed())


_DEEDS: dict[str, Callable[[Errand, Desk, Means], Work]] = {
    "keyframe": _keyframe,
    "video": _video,
    "film": _film,
    "proxies": _proxies,
    "try": _try,
    **comic_errands.DEEDS,
    **shot_errands.DEEDS,
}


def unmade_variants(
    desk: Desk, means: Means, shot: Shot, count: int, asked: Iterable[Errand] = ()
) -> list[int]:
    """The numbers of the next `count` variants of a shot that there is no take of yet, and that none of
    what was `asked` for will make."""
    values = keyframes.values_of(means.keyframe_workflow, desk.board, shot, means.presets)
    on_its_way = {
        errand.values.get("variant")
        for errand in asked
        if (errand.deed, errand.project, errand.shot) == ("keyframe", str(desk.project.folder), shot.id)
        and errand.state in (WAITING, RUNNING)
    }
    numbers: list[int] = []
    number = 0
    while len(numbers) < count:
        number += 1
        if number in on_its_way:
            continue
        seed = keyframes.seed_of(shot, number, desk.seed())
        wanted = keyframes.wanted(means.keyframe_workflow, shot, {**values, "seed": seed})
        if desk.ledger.done(means.backend, wanted) is None:
            numbers.append(number)
    return numbers


def for_stale(desk: Desk, today: Today) -> list[Errand]:
    """What makes nothing stale any more: chosen keyframes anew with their seeds, and their videos."""
    run, wanted = uuid4().hex[:8], dict[tuple[str, str], Errand]()
    for id, kind in stale.stale_shots(today.board, stale.of_board(today)):
        shot, folder = desk.shot(id), desk.project.folder
        if kind == "keyframe" and shot.start_image is None:
            wanted[id, kind] = errand(kind, folder, id, run, seed=_seed_of_choice(desk, id), choose=True)
        elif kind == "video":
            before = wanted.get((id, "keyframe"))
            wanted[id, kind] = replace(errand(kind, folder, id, run), after=(before.id,) if before else ())
    return list(wanted.values())


def for_missing(desk: Desk, run: str) -> list[Errand]:
    """What gives every shot of the film a video: keyframes first where there are none."""
    folder, wanted = desk.project.folder, list[Errand]()
    for shot in desk.board.shots:
        if desk.project.video(shot.id).exists():
            continue
        before: tuple[str, ...] = ()
        if shot.start_image is None and picks.chosen(desk.project, shot.id) is None:
            wanted.append(errand("keyframe", folder, shot.id, run, variant=1))
            before = (wanted[-1].id,)
        wanted.append(replace(errand("video", folder, shot.id, run), after=before))
    return wanted


def _seed_of_choice(desk: Desk, shot_id: str) -> int | None:
    """The seed of the take that is chosen now, so that the new one differs only by what changed."""
    recipe = recipe_of(desk.project.takes, Path(picks.take_of(desk.project, shot_id)).stem)
    seed = recipe.values.get("seed") if recipe else None
    return seed if isinstance(seed, int) else None
