"""The studio's deeds as commands: what can be asked for, and who does it."""

import argparse
import importlib
from typing import Any

from commands.planning_options import planning_options
from domain import VERSION
from domain.settings import Mode

EXIT_CODES = """exit codes: 0 done · 1 some shots failed · 2 bad input, or a workflow the backend cannot run
            3 backend unreachable · 130 interrupted. After 1, 3 and 130 the same command goes on."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="main.py",
        description="Cindergrace Studio: from a storyboard to a film, on any GPU or none. "
        "Without a command it opens in the browser.",
        epilog="example: python main.py render examples/low-tide-post.json",
    )
    top.add_argument("--host", default="127.0.0.1", metavar="NAME", help="the window's own address")
    top.add_argument("--port", type=_port, metavar="N", help="its port (default: the first free from 7860)")
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
    _comic(commands)
    return top


def carry_out(asked: argparse.Namespace) -> int:
    """Hand over to the module that does the deed: its `run(asked)` returns the exit code."""
    code: int = importlib.import_module(asked.deed).run(asked)
    return code


def _command(commands: Any, name: str, help: str, example: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name.rpartition(" ")[2],
        help=help,
        description=help,
        epilog=f"example: python main.py {name} {example}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.set_defaults(deed=f"commands.{name.replace(' ', '_')}")
    return made


def _backend(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--backend", choices=[mode.value for mode in Mode], help="who draws (default: sketch)"
    )
    several = "; several times: all of them draw"
    command.add_argument(
        "--url", action="append", metavar="URL", help=f"address of ComfyUI, for --backend local{several}"
    )
    command.add_argument(
        "--pod-id",
        action="append",
        metavar="ID",
        help=f"the pod's id or its proxy URL, for --backend runpod{several}",
    )
    command.add_argument("--endpoint", metavar="ID", help="the endpoint's id, for --backend serverless")


def _render(commands: Any) -> None:
    command = _command(
        commands,
        "render",
        "Make a storyboard's keyframes, clips and film.",
        "examples/low-tide-post.json --variants 3 --pick 2",
    )
    command.add_argument("board", metavar="BOARD.json", help="the storyboard")
    command.add_argument(
        "--project", metavar="DIR", help="where the film is made (default: beside the board)"
    )
    _backend(command)
    command.add_argument("--keyframe-workflow", metavar="NAME", help="see: python main.py workflows")
    command.add_argument("--video-workflow", metavar="NAME")
    command.add_argument(
        "--variants", type=_positive, metavar="N", help="keyframes a shot (default: the board's, or 2)"
    )
    command.add_argument(
        "--pick", type=_positive, metavar="N", default=1, help="the variant to go on with (default: 1)"
    )
    command.add_argument("--fps", type=_rate, metavar="N", help="frames a second of the film")
    command.add_argument("--json", action="store_true", help="print what was made as one JSON object")
    command.add_argument("--partial", action="store_true", help="make the film even if shots are missing")
    command.add_argument("--keep-drift", action="store_true", help="do not match colours where segments meet")


def _shots(commands: Any) -> None:
    command = _command(
        commands,
        "shots",
        "Make one picture for each shot of a batch, with its reference pictures; JSON in, JSON out.",
        "batch.json --backend local --url http://127.0.0.1:8188",
    )
    command.add_argument("batch", metavar="BATCH.json", help="shots_with_references, workflow, batch_size")
    command.add_argument("--project", metavar="DIR", help="where the pictures go (default: beside the batch)")
    _backend(command)


def _pick(commands: Any) -> None:
    command = _command(
        commands, "pick", "Choose a take as a shot's keyframe.", "my-film 003 my-film/takes/003_v2.png"
    )
    command.add_argument("project", metavar="DIR", help="the project's folder")
    command.add_argument("shot", metavar="SHOT", help="the shot's id")
    command.add_argument("picture", metavar="PICTURE", help="a take, or any picture of your own")


def _frame(commands: Any) -> None:
    command = _command(
        commands, "frame", "Save a video's last (or first, or n-th) frame as a picture.", "clip.mp4 last.png"
    )
    command.add_argument("video", metavar="VIDEO")
    command.add_argument("picture", metavar="PICTURE.png")
    which = command.add_mutually_exclusive_group()
    which.add_argument("--first", action="store_true", help="the first frame instead of the last")
    which.add_argument("--number", type=int, metavar="N", help="frame N, counted from 0; -1 is the last")


def _workflows(commands: Any) -> None:
    _command(commands, "workflows", "List the workflows there are, and what each is for.", "")


def _check(commands: Any) -> None:
    command = _command(
        commands,
        "check",
        "Ask a backend who it is, and whether it can run the chosen workflows.",
        "--backend local --url http://127.0.0.1:8188 --video-workflow video_wan22_i2v",
    )
    _backend(command)
    command.add_argument("--keyframe-workflow", metavar="NAME")
    command.add_argument("--video-workflow", metavar="NAME")


def _testbench(commands: Any) -> None:
    command = _command(
        commands,
        "testbench",
        "Try every part of a backend once, from the first hello to a clip's last frame, with times.",
        "--backend local --url http://127.0.0.1:8188 --images 4",
    )
    _backend(command)
    command.add_argument("--keyframe-workflow", metavar="NAME", help="see: python main.py workflows")
    command.add_argument("--video-workflow", metavar="NAME")
    command.add_argument("--images", type=_positive, metavar="N", default=2, help="pictures (default: 2)")
    command.add_argument("--seed", type=_seed, metavar="N", default=1, help="of the first one (default: 1)")
    command.add_argument("--json", action="store_true", help="print the report as one JSON object")


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 10_000):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to 10000")
    return int(text)


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:21]) < 2**64 and len(text) <= 20):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 to 2^64 - 1")
    return int(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to 65535")
    return int(text)


def _dpi(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 50 <= int(text[:5]) <= 600):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 50 to 600")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 1 <= rate <= 120:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 120 frames a second")
    return rate


def _import(commands: Any) -> None:
    command = _command(
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
    command = _command(
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
        "--tail", type=_positive, default=50, metavar="N", help="lines of the log (default: 50)"
    )
    command.add_argument("--json", action="store_true", help="print the pods as one JSON object")


def _comic(commands: Any) -> None:
    said, example = (
        "Make a comic: its plan, its pictures, its pages.",
        "plan examples/the-last-tram.txt --out tram.json",
    )
    comic = _command(commands, "comic", said, example)
    steps = comic.add_subparsers(title="steps", metavar="STEP", required=True)
    command = _command(
        steps,
        "comic plan",
        "Make a comic's plan of a script, of another program's plan, or of an idea (with a language model).",
        "examples/the-last-tram.txt --out tram.json",
    )
    command.add_argument("script", nargs="?", metavar="SCRIPT.txt", help="the script, or a plan as JSON")
    planning_options(command)
    command.add_argument("--out", required=True, metavar="PLAN.json", help="the plan; as a script in a .txt")
    command.add_argument("--style", metavar="STYLE", help="how it is drawn (default: the script's)")
    command.add_argument(
        "--language", metavar="L", help="of what is lettered (default: what it is written in)"
    )
    command.add_argument(
        "--max-pages", type=_positive, metavar="N", help="of an idea (default: 5); of a script, told beyond"
    )
    command = _command(
        steps,
        "comic art",
        "Draw a portrait of each character of a plan, and all panels.",
        "tram.json --variants 2",
    )
    command.add_argument("plan", metavar="PLAN.json", help="the plan, or the script")
    command.add_argument("--project", metavar="DIR", help="where the pictures go (default: beside the plan)")
    _backend(command)
    command.add_argument(
        "--keyframe-workflow", metavar="NAME", help="for portraits, and panels without anybody"
    )
    command.add_argument(
        "--panel-workflow", metavar="NAME", help="for all other panels (default: by how many are seen)"
    )
    command.add_argument(
        "--variants", type=_positive, metavar="N", default=1, help="of each panel (default: 1)"
    )
    command.add_argument("--json", action="store_true", help="print what was made as one JSON object")
    command = _command(
        steps,
        "comic pages",
        "Put the pictures of a plan's panels on lettered pages, as PNG files or one CBZ.",
        "tram.json --dpi 300",
    )
    command.add_argument("plan", metavar="PLAN.json", help="the plan, or the script")
    command.add_argument("--project", metavar="DIR", help="where the pictures are (default: beside the plan)")
    command.add_argument(
        "--out", metavar="OUT", help="a folder, or a file that ends in .cbz (default: pages in the project)"
    )
    command.add_argument("--dpi", type=_dpi, metavar="N", default=150, help="300 for print (default: 150)")
    command.add_argument("--json", action="store_true", help="print what was made as one JSON object")
