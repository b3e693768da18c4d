"""`python -m worker.download_models`: fills a volume with the models that workflow templates need.

Run it where the volume is mounted: in a pod, or in a worker's shell. What is there is not fetched again.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from domain.errors import StudioError
from infrastructure.model_downloads import HOST, address, download_model
from infrastructure.workflow_files import WorkflowFolder
from worker.installs import VOLUMES


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m worker.download_models",
        description=__doc__.splitlines()[0],
        epilog="HF_TOKEN in the environment opens what has a licence to accept; HF_ENDPOINT is another host.",
    )
    parser.add_argument("workflows", nargs="*", help="names of templates; without any they are listed")
    parser.add_argument("--to", type=Path, default=_models(), help="the models' folder (%(default)s)")
    parser.add_argument("--list", action="store_true", help="say what would be fetched, and fetch nothing")
    asked = parser.parse_args(words)
    try:
        return _filled(asked)
    except StudioError as error:
        print(error, file=sys.stderr)
        return 1


def _filled(asked: argparse.Namespace) -> int:
    folder = WorkflowFolder()
    if not asked.workflows:
        for name in folder.names():
            size = sum(float(model.get("gib", 0)) for model in folder.load(name).about.models)
            print(f"{name:34} {size:6.1f} GiB")
        return 0
    wanted: dict[Path, dict[str, Any]] = {}
    for name in asked.workflows:
        for model in folder.load(name).about.models:
            wanted[asked.to / str(model["folder"]) / str(model["file"])] = model
    for to, model in wanted.items():
        print(f"{model.get('gib', '?'):>6} GiB  {to}  ({model.get('licence', 'licence not known')})")
        if not asked.list:
            _fetched(str(model.get("source", "")), to)
    return 0


def _fetched(source: str, to: Path) -> None:
    url = address(source, os.environ.get("HF_ENDPOINT", "").rstrip("/") or HOST)
    download = download_model(url, to, os.environ.get("HF_TOKEN", ""))
    while True:
        try:
            progress = next(download)
        except StopIteration as end:
            print("        done" if end.value else "        was there", file=sys.stderr)
            return
        print(f"        {progress.fraction:4.0%} {progress.note}", file=sys.stderr)


def _models() -> Path:
    """On the volume that is mounted here."""
    return next((path for path in VOLUMES if path.is_dir()), VOLUMES[0]) / "models"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
