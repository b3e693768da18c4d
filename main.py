"""Cindergrace Studio: in the browser, or as commands.

Without a command the studio opens in the browser. What is slow to import is imported by the
command that needs it.
"""

import os
import signal
import sys

from commands import carry_out, parser


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # being told to end is being interrupted
    try:
        return carry_out(parser().parse_args(arguments))
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
