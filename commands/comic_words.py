"""What can be asked of the commands for comics."""

from argparse import ArgumentParser
from typing import Any

from commands.planning_options import planning_options
from commands.words import add_backend, add_command, bleed, dpi, positive

FORMATS = ("pdf", "cbz", "epub", "webtoon", "editor", "png", "jpeg")


def add_comic(commands: Any) -> None:
    said, example = (
        "Make a comic: its plan, its pictures, its pages.",
        "plan examples/the-last-tram.txt --out tram.json",
    )
    comic = add_command(commands, "comic", said, example)
    steps = comic.add_subparsers(title="steps", metavar="STEP", required=True)
    _add_plan(steps)
    _add_art(steps)
    _add_pages(steps)
    _add_export(steps)


def _add_plan(steps: Any) -> None:
    command = add_command(
        steps,
        "comic plan",
        "Make a comic's plan of a script, of another program's plan or project, or of an idea.",
        "examples/the-last-tram.txt --out tram.json",
    )
    command.add_argument(
        "script",
        nargs="?",
        metavar="SCRIPT.txt",
        help="a script or screenplay, a plan, or an editor's project",
    )
    planning_options(command)
    command.add_argument("--out", required=True, metavar="PLAN.json", help="the plan; as a script in a .txt")
    command.add_argument("--style", metavar="STYLE", help="how it is drawn (default: the script's)")
    command.add_argument(
        "--language", metavar="L", help="of what is lettered (default: what it is written in)"
    )
    _paper(command, "the script's, or A4")
    command.add_argument(
        "--max-pages", type=positive, metavar="N", help="of an idea (default: 5); of a script, told beyond"
    )


def _add_art(steps: Any) -> None:
    command = add_command(
        steps,
        "comic art",
        "Draw a portrait of each character of a plan, and all panels.",
        "tram.json --variants 2",
    )
    command.add_argument("plan", metavar="PLAN.json", help="the plan, or the script")
    command.add_argument("--project", metavar="DIR", help="where the pictures go (default: beside the plan)")
    _paper(command, "the plan's")
    add_backend(command)
    command.add_argument(
        "--keyframe-workflow", metavar="NAME", help="for portraits, and panels without anybody"
    )
    command.add_argument(
        "--panel-workflow", metavar="NAME", help="for all other panels (default: by how many are seen)"
    )
    command.add_argument(
        "--variants", type=positive, metavar="N", default=1, help="of each panel (default: 1)"
    )
    command.add_argument("--json", action="store_true", help="print what was made as one JSON object")


def _add_pages(steps: Any) -> None:
    command = add_command(
        steps,
        "comic pages",
        "Put the pictures of a plan's panels on lettered pages, as PNG files or one book.",
        "tram.json --dpi 300",
    )
    _pages(command, "a folder, or a file that ends in .pdf, .cbz or .epub (default: pages in the project)")


def _add_export(steps: Any) -> None:
    command = add_command(
        steps,
        "comic export",
        "Make a file of a comic: to print, to read, or to go on with in another program.",
        "tram.json --format pdf --bleed 3 --dpi 300 --out tram.pdf",
    )
    command.add_argument("--format", required=True, choices=FORMATS, help="what is made")
    _pages(command, "the file, or the folder for png, jpeg and webtoon (default: in the project)")
    command.add_argument(
        "--bleed",
        type=bleed,
        metavar="MM",
        default=0.0,
        help="what is printed beyond the cut at each side (default: 0)",
    )
    command.add_argument("--author", metavar="NAME", default="", help="who made it, for the book's data")


def _paper(command: ArgumentParser, default: str) -> None:
    papers = "A4, A3, Letter, Square or Instagram; A4-landscape is on its side"
    command.add_argument("--paper", metavar="NAME", help=f"{papers} (default: {default})")


def _pages(command: ArgumentParser, out: str) -> None:
    command.add_argument("plan", metavar="PLAN.json", help="the plan, or the script")
    command.add_argument("--project", metavar="DIR", help="where the pictures are (default: beside the plan)")
    command.add_argument("--out", metavar="OUT", help=out)
    command.add_argument("--dpi", type=dpi, metavar="N", help="300 for print (default: the paper's)")
    _paper(command, "the plan's")
    command.add_argument("--json", action="store_true", help="print what was made as one JSON object")
