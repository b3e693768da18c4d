"""What `comic plan` can be asked for when there is an idea and no script."""

import argparse


def planning_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--idea", metavar="TEXT", help="instead of a script, what it is about; without --model a template"
    )
    command.add_argument(
        "--model",
        action="store_true",
        help="a language model plans it, of --idea or of the story in SCRIPT.txt",
    )
    command.add_argument(
        "--chat-url", metavar="URL", help="the model's server (default: the last one, or Ollama here)"
    )
    command.add_argument("--chat-model", metavar="NAME", help="the model (default: the last one)")
