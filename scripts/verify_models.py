"""`scripts/verify_models.py …` is `main.py version verify-models …`: the name of older instructions."""

import sys
from pathlib import Path


def hand_over(arguments: list[str]) -> int:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from main import main

    return main(["version", "verify-models", *arguments])


if __name__ == "__main__":
    sys.exit(hand_over(sys.argv[1:]))
