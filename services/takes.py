"""Takes that nothing rendered: pictures of the artist's own."""

from pathlib import Path

from services import picks
from services.desk import Desk


def bring_in(desk: Desk, shot_id: str, picture: Path, is_picked: bool) -> str:
    """A copy of an own picture as a take of the shot; the same picture again is the same take.

    Returns the take's file name.
    """
    desk.shot(shot_id)
    picks.check_picture(picture)
    file = desk.ledger.bring_in(shot_id, picture)
    if is_picked:
        desk.choose(shot_id, file)
    desk.tell([shot_id])
    return file.name
