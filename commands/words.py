"""What commands have in common on the command line: help with an example, and numbers that are checked."""

import argparse
from typing import Any

from domain.settings import Mode

EXIT_CODES = """exit codes: 0 done · 1 some shots failed · 2 bad input, or a workflow the backend cannot run
            3 backend unreachable · 130 interrupted. After 1, 3 and 130 the same command goes on."""


def add_command(
    commands: Any, name: str, help: str, example: str, exit_codes: str = EXIT_CODES
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(
        name.rpartition(" ")[2],
        help=help,
        description=help,
        epilog=f"example: python main.py {name} {example}\n\n{exit_codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.set_defaults(deed=f"commands.{name.replace(' ', '_')}")
    return made


def add_backend(command: argparse.ArgumentParser) -> None:
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
    command.add_argument("--version-id", metavar="ID", help="the version's id, for --backend managed")


def positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 10_000):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to 10000")
    return int(text)


def seed(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:21]) < 2**64 and len(text) <= 20):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 to 2^64 - 1")
    return int(text)


def port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to 65535")
    return int(text)


def dpi(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 50 <= int(text[:5]) <= 600):
        raise argparse.ArgumentTypeError(f"{text} is not a number from 50 to 600")
    return int(text)


def rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 1 <= rate <= 120:
        raise argparse.ArgumentTypeError(f"{text} is not between 1 and 120 frames a second")
    return rate


def bleed(text: str) -> float:
    try:
        wide = float(text)
    except ValueError:
        wide = -1.0
    if not 0 <= wide <= 20:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 20 millimetres")
    return wide
