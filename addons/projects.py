"""Project: which one is open, what is in it, and what comes in from elsewhere."""

from pathlib import Path
from typing import Any

from addons.live import live
from services.studio import Studio

ID = "project"


def build(studio: Studio) -> None:
    live(ID)


def open_project(studio: Studio, folder: str) -> None:
    studio.open(Path(folder))


def set_board(studio: Studio, field: str, value: Any) -> None:
    from domain import board_edits

    studio.desk.edit(
        "board", lambda b: board_edits.with_board_field(b, field, value), field, f"board {field}"
    )


DEEDS = {"project.open": open_project, "board.set": set_board}
