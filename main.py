"""Cindergrace Studio: in the browser, or as commands.

Without a command the studio opens in the browser. What is slow to import is imported by the
command that needs it.
"""

import signal
import sys

from commands import carry_out, parser


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # being told to end is being interrupted
    return carry_out(parser().parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
