"""A shot that goes on where another one ends."""

from domain import board_edits
from domain.errors import StudioError
from domain.storyboard import Shot
from infrastructure.clip_frames import last_frame
from services import takes
from services.desk import Desk


def go_on(desk: Desk, shot_id: str) -> str:
    """A new shot behind this one that begins with the true last frame of its video; returns its id.

    It keeps the look and who is seen. What happens next is for the artist to say.
    """
    shot, video = desk.shot(shot_id), desk.project.video(shot_id)
    if not video.is_file():
        raise StudioError(
            f"Shot {shot_id} has no video yet. Make it first: the new shot begins where it ends."
        )
    end = last_frame(video, desk.project.cache / "ends" / f"{shot_id}_last.png")
    picture = takes.reference(desk, end)
    new = Shot(
        "",
        "",
        negative=shot.negative,
        seconds=shot.seconds,
        width=shot.width,
        height=shot.height,
        tags=shot.tags,
        characters=shot.characters,
        lora=shot.lora,
        start_image=picture,
    )
    before = {shot.id for shot in desk.board.shots}
    taken = desk.used_ids()
    desk.edit("continue", lambda board: board_edits.with_new_shots(board, [new], shot_id, taken), shot_id)
    return next(shot.id for shot in desk.board.shots if shot.id not in before)
