"""`python -m worker`: serve on the platform, carry out one workflow here, or say what is wrong.

Results go to standard output, everything else to standard error. At import it needs only Python.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from domain.errors import StudioError
from worker.environment import Environment


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m worker", description=__doc__.splitlines()[0])
    parser.add_argument(
        "deed", nargs="?", choices=("serve", "doctor"), help="what to do; with a workflow only that"
    )
    parser.add_argument("--workflow", metavar="FILE", help="carry out this workflow, in ComfyUI's API format")
    parser.add_argument("--images", metavar="FILE", nargs="+", default=[], help="files the workflow names")
    parser.add_argument("--output", choices=("base64", "s3", "gcs"), default="", help="how the result comes")
    parser.add_argument("--out-file", metavar="FILE", help="where the result goes, in place of the answer")
    parser.add_argument("--test_input", metavar="FILE", help="a job's input, as a file or as JSON itself")
    parser.add_argument("--version-id", metavar="ID", default="", help="only with this version installed")
    parser.add_argument("--spec", metavar="FILE", help="only with what this describes installed")
    parser.add_argument("--verbose", action="store_true", help="tell more")
    return parser


def main(words: Sequence[str]) -> int:
    asked, others = arguments().parse_known_args(words)
    if others and asked.deed != "serve":
        arguments().error(f"unrecognized arguments: {' '.join(others)}")
    sys.argv = [sys.argv[0], *others]  # the SDK reads its own from there
    environment = Environment(os.environ)
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    level = "DEBUG" if asked.verbose else environment.level
    logging.getLogger().setLevel(level)
    if level == "DEBUG":
        for library in ("urllib3", "botocore"):  # they tell addresses whose signatures are keys
            logging.getLogger(library).setLevel("INFO")
    try:
        return _done(asked, environment)
    except StudioError as error:
        print(error, file=sys.stderr)
    except ModuleNotFoundError as error:
        print(f"The package {error.name} is missing: install worker/requirements.txt.", file=sys.stderr)
    return 1


def _done(asked: argparse.Namespace, environment: Environment) -> int:
    if asked.deed == "doctor":
        from worker.doctor import doctor

        return doctor(environment)
    if asked.deed == "serve" and not (asked.workflow or asked.test_input):
        from worker.serve import serve

        serve(environment)
        return 0
    if asked.workflow or asked.test_input:
        from worker.once import once

        return once(asked, environment)
    arguments().print_help(sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
