"""The studio's deeds as commands: what can be asked for, and who does it."""

import argparse
import importlib
from typing import Any

from commands.comic_words import add_comic
from commands.version_words import add_version
from commands.words import add_backend, add_command, port, positive, rate, seed
from domain import VERSION


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="main.py",
        description="Cindergrace Studio: from a storyboard to a film, on any GPU or none. "
        "Without a command it opens in the browser.",
        epilog="example: python main.py render examples/low-tide-post.json",
    )
    top.add_argument("--host", default="127.0.0.1", metavar="NAME", help="the window's own address")
    top.add_argument("--port", type=port, metavar="N", help="its port (default: the first free from 7860)")
    top.add_argument("--no-browser", action="store_true", help="do not open the browser")
    top.add_argument("--data-dir", metavar="DIR", help="keep settings, projects and cache in one folder")
    top.add_argument("--theme", choices=("dark", "light"), help="how the window looks, from now on")
    top.add_argument("--lang", dest="language", choices=("en", "de", "uk", "zh", "ru"), help="its language")
    top.add_argument(
        "--listen", action="store_true", help="let other computers in; needs CINDERGRACE_PASSWORD"
    )
    top.add_argument("--verbose", action="store_true", help="say in the terminal what goes on")
    top.add_argument("--version", action="version", version=f"Cindergrace Studio {VERSION}")
    top.set_defaults(deed="commands.window")
    commands = top.add_subparsers(title="commands", metavar="COMMAND")
    _render(commands)
    _shots(commands)
    _pick(commands)
    _frame(commands)
    _workflows(commands)
    _check(commands)
    _testbench(commands)
    _import(commands)
    _pods(commands)
    add_comic(commands)
    add_version(commands)
    return top


def carry_out(asked: argparse.Namespace) -> int:
    """Hand over to the module that does the deed: its `run(asked)` returns the exit code."""
    code: int = importlib.import_module(asked.deed).run(asked)
    return code


def _render(commands: Any) -> None:
    command = add_command(
        commands,
        "render",
        "Make a storyboard's keyframes, clips and film.",
        "examples/low-tide-post.json --variants 3 --pick 2",
    )
    command.add_argument("board", metavar="BOARD.json", help="the storyboard")
    command.add_argument(
        "--project", metavar="DIR", help="where the film is made (default: beside the board)"
    )
    add_backend(command)
    command.add_argument("--keyframe-workflow", metavar="NAME", help="see: python main.py workflows")
    command.add_argument("--video-workflow", metavar="NAME")
    command.add_argument(
        "--variants", type=positive, metavar="N", help="keyframes a shot (default: the board's, or 2)"
    )
    command.add_argument(
        "--pick", type=positive, metavar="N", default=1, help="the variant to go on with (default: 1)"
    )
    command.add_argument("--fps", type=rate, metavar="N", help="frames a second of the film")
    command.add_argument("--json", action="store_true", help="print what was made as one JSON object")
    command.add_argument("--partial", action="store_true", help="make the film even if shots are missing")
    command.add_argument("--keep-drift", action="store_true", help="do not match colours where segments meet")


def _shots(commands: Any) -> None:
    command = add_command(
        commands,
        "shots",
        "Make one picture for each shot of a batch, with its reference pictures; JSON in, JSON out.",
        "batch.json --backend local --url http://127.0.0.1:8188",
    )
    command.add_argument("batch", metavar="BATCH.json", help="shots_with_references, workflow, batch_size")
    command.add_argument("--project", metavar="DIR", help="where the pictures go (default: beside the batch)")
    add_backend(command)


def _pick(commands: Any) -> None:
    command = add_command(
        commands, "pick", "Choose a take as a shot's keyframe.", "my-film 003 my-film/takes/003_v2.png"
    )
    command.add_argument("project", metavar="DIR", help="the project's folder")
    command.add_argument("shot", metavar="SHOT", help="the shot's id")
    command.add_argument("picture", metavar="PICTURE", help="a take, or any picture of your own")


def _frame(commands: Any) -> None:
    command = add_command(
        commands, "frame", "Save a video's last (or first, or n-th) frame as a picture.", "clip.mp4 last.png"
    )
    command.add_argument("video", metavar="VIDEO")
    command.add_argument("picture", metavar="PICTURE.png")
    which = command.add_mutually_exclusive_group()
    which.add_argument("--first", action="store_true", help="the first frame instead of the last")
    which.add_argument("--number", type=int, metavar="N", help="frame N, counted from 0; -1 is the last")


def _workflows(commands: Any) -> None:
    add_command(commands, "workflows", "List the workflows there are, and what each is for.", "")


def _check(commands: Any) -> None:
    command = add_command(
        commands,
        "check",
        "Ask a backend who it is, and whether it can run the chosen workflows.",
        "--backend local --url http://127.0.0.1:8188 --video-workflow video_wan22_i2v",
    )
    add_backend(command)
    command.add_argument("--keyframe-workflow", metavar="NAME")
    command.add_argument("--video-workflow", metavar="NAME")


def _testbench(commands: Any) -> None:
    command = add_command(
        commands,
        "testbench",
        "Try every part of a backend once, from the first hello to a clip's last frame, with times.",
        "--backend local --url http://127.0.0.1:8188 --images 4",
    )
    add_backend(command)
    command.add_argument("--keyframe-workflow", metavar="NAME", help="see: python main.py workflows")
    command.add_argument("--video-workflow", metavar="NAME")
    command.add_argument("--images", type=positive, metavar="N", default=2, help="pictures (default: 2)")
    command.add_argument("--seed", type=seed, metavar="N", default=1, help="of the first one (default: 1)")
    command.add_argument("--json", action="store_true", help="print the report as one JSON object")


def _import(commands: Any) -> None:
    command = add_command(
        commands,
        "import",
        "Take over what was made elsewhere: a storyboard, an older studio's project, choices or settings, "
        "a folder of pictures, a text or table of shots, a packed project. The source is only read.",
        "shots.csv --project my-film",
    )
    command.add_argument("source", metavar="PATH", help="the file or folder; what it is, is found out")
    command.add_argument(
        "--project", metavar="DIR", help="the project it goes into; a zip is unpacked below this folder"
    )
    command.set_defaults(deed="commands.importing")


def _pods(commands: Any) -> None:
    command = add_command(
        commands,
        "pods",
        "List the pods of the RunPod account, start or stop one, and read its log.",
        "stop my-comfyui",
    )
    command.add_argument(
        "what",
        choices=("list", "start", "stop", "restart", "terminate", "logs"),
        metavar="WHAT",
        help="list, start, stop, restart, terminate or logs",
    )
    command.add_argument("pod", nargs="?", default="", metavar="POD", help="a pod's name or id")
    command.add_argument("--all", action="store_true", help="with stop: every pod that is running")
    command.add_argument(
        "--yes", action="store_true", help="with terminate: yes, delete the pod and its disk"
    )
    command.add_argument(
        "--tail", type=positive, default=50, metavar="N", help="lines of the log (default: 50)"
    )
    command.add_argument("--json", action="store_true", help="print the pods as one JSON object")
