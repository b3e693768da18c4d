"""Cindergrace Studio: in the browser, or as commands.

Without a command the studio opens in the browser. What is slow to import is imported by the
command that needs it.
"""

import gc
import os
import signal
import sys
from io import TextIOWrapper
from pathlib import Path

from commands import carry_out, parser

CUT_OFF = 130  # as when it is interrupted


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # being told to end is being interrupted
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name with letters this terminal does not have
    try:
        code = carry_out(parser().parse_args(arguments))
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.dup2(nowhere, sys.stderr.fileno())
        return CUT_OFF
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package or package in sys.stdlib_module_names or Path(__file__).with_name(package).exists():
            raise  # nothing that installing would bring
        print(
            f"The package {package} is missing: start with python3 start.py, which installs what is "
            "needed, or install requirements.txt.",
            file=sys.stderr,
        )
        return 1
    return code


if __name__ == "__main__":
    code = main(sys.argv[1:])
    gc.freeze()  # the system takes all memory back at once; Python looks through it for a second otherwise
    sys.exit(code)
