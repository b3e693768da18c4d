"""The contact sheet's first page, small: to see what a layout comes to before it is printed."""

from contextlib import closing

from PIL import Image

from domain.errors import StudioError
from services import contact_sheet
from services.desk import Desk

DPI = 110


def first_page(desk: Desk, columns: int, is_landscape: bool) -> tuple[Image.Image, int]:
    """The page, and how many there are."""
    layout = contact_sheet.Layout(columns, is_landscape, DPI)
    with closing(contact_sheet.drawn(desk.project, desk.board, layout)) as pages:  # type: ignore[type-var]
        for page, count in pages:
            return page, count
    raise StudioError("There is nothing to print.")
