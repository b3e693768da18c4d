"""The layouts of pages, from config/comic_layouts.json."""

from functools import cache
from pathlib import Path

from domain.comic_layouts import Layout, Layouts
from infrastructure.json_files import read_json

LAYOUTS = Path(__file__).parent.parent.parent / "config" / "comic_layouts.json"


@cache
def layouts() -> Layouts:
    return {
        name: Layout(
            name,
            said["grid"][0],
            said["grid"][1],
            tuple(map(tuple, said["panels"])),
            said.get("usual", False),
        )
        for name, said in read_json(LAYOUTS).items()
    }
