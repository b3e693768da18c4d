"""One order from the command line: files in, files or the answer out."""

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from domain.events import Progress
from domain.inline import text_of
from domain.serverless import Result
from domain.serverless_orders import Given, Order, read_graph
from infrastructure.part_files import writing
from worker.delivery import Delivered, Delivery, Files
from worker.environment import Environment
from worker.serve import run_once
from worker.site import open_site


def once(asked: argparse.Namespace, environment: Environment) -> int:
    said = _input(asked)
    site = open_site(environment)
    try:
        way = Kept(Path(asked.out_file)) if asked.out_file else None
        answer = run_once(said, site, environment, way)
    finally:
        site.close()
    if way and "error" not in answer:
        answer = way.told(answer)
    json.dump(answer, sys.stdout, ensure_ascii=False)
    sys.stdout.write("\n")
    if "error" in answer:
        print(answer["error"], file=sys.stderr)
    return 1 if "error" in answer else 0


def _input(asked: argparse.Namespace) -> Any:
    if asked.test_input:
        if asked.images or asked.workflow or asked.spec or asked.version_id:
            raise BadFile("A job's input holds all that belongs to it: give --test_input alone.")
        said = _json(asked.test_input)
        said = said.get("input", said) if isinstance(said, dict) else said
        if not asked.output:
            return said
        return {**(_json(said) if isinstance(said, str) else said), "output_mode": asked.output}
    images = [Path(name) for name in asked.images]
    inputs = tuple(Given(path.name, text_of(_read(path))) for path in images)
    graph = read_graph(_json(asked.workflow))
    version = _json(asked.spec) if asked.spec else asked.version_id
    order = Order(graph, inputs=inputs, output_mode=asked.output, version=version)
    return order.said()


def _json(text: str) -> Any:
    """What a file holds, or the text itself when it is JSON."""
    if not text.lstrip().startswith("{"):
        text = _read(Path(text)).decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadFile(f"That is no JSON: {error}.") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror or error}.") from error


@dataclass
class Kept(Delivery):
    """Files are copied to where they are wanted, however large they are; further ones beside the first."""

    to: Path
    is_outside = False
    paths: list[Path] = field(default_factory=list)

    def has_room(self) -> bool:
        return True

    def earlier(self, job_id: str) -> Result | None:
        return None

    def delivered(self, files: Files, job_id: str) -> Delivered:
        for number, (output, path) in enumerate(files):
            yield Progress(number / len(files), f"keeping {output.filename}")
            tail = f"-{len(self.paths) + 1}{Path(output.filename).suffix}"
            to = self.to.with_name(f"{self.to.stem}{tail}") if self.paths else self.to
            with writing(to) as part:
                shutil.copyfile(path, part)
            self.paths.append(to)
        return tuple(output for output, _ in files)

    def remember(self, result: Result, job_id: str) -> None:
        pass

    def told(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The answer with a path for each file. One of words alone is written as well."""
        if not self.paths and (texts := answer.get("texts")):
            with writing(self.to) as part:
                part.write_text("\n\n".join(texts), encoding="utf-8")
            return _without_bytes(answer, iter(())) | {"path": str(self.to)}
        return _without_bytes(answer, iter(self.paths))


def _without_bytes(answer: dict[str, Any], paths: Iterator[Path]) -> dict[str, Any]:
    outputs = [
        {k: v for k, v in output.items() if k not in ("data", "image")} | {"path": str(next(paths))}
        for output in answer["outputs"]
    ]
    told = {k: v for k, v in answer.items() if k != "images"} | {"outputs": outputs}
    if chain := answer.get("chain"):
        told["chain"] = [_without_bytes(one, paths) for one in chain]
    return told
