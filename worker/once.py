"""One order from the command line: files in, files or the answer out."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from domain.inline import bytes_of, text_of
from domain.serverless_orders import Given, Order, read_graph
from infrastructure.part_files import writing
from worker.environment import Environment
from worker.serve import run_once
from worker.site import open_site


def once(asked: argparse.Namespace, environment: Environment) -> int:
    said = _input(asked)
    site = open_site(environment)
    try:
        answer = run_once(said, site, environment)
    finally:
        site.close()
    if asked.out_file and "error" not in answer:
        answer = _kept(answer, Path(asked.out_file))
    json.dump(answer, sys.stdout, ensure_ascii=False)
    sys.stdout.write("\n")
    if "error" in answer:
        print(answer["error"], file=sys.stderr)
    return 1 if "error" in answer else 0


def _input(asked: argparse.Namespace) -> Any:
    if asked.test_input:
        said = _json(asked.test_input)
        said = said.get("input", said) if isinstance(said, dict) else said
        return {**said, "output_mode": asked.output} if asked.output else said
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


def _kept(answer: dict[str, Any], to: Path) -> dict[str, Any]:
    """The files written, further ones beside the first; the answer says where in place of their bytes."""
    outputs = []
    for number, output in enumerate(answer["outputs"]):
        path = to.with_name(f"{to.stem}-{number + 1}{Path(output['filename']).suffix}") if number else to
        place = output.get("image")
        data = answer["images"][place]["data"] if place is not None else output.get("data")
        if data:
            with writing(path) as part:
                part.write_bytes(bytes_of(data))
            output = {k: v for k, v in output.items() if k not in ("data", "image")} | {"path": str(path)}
        outputs.append(output)
    return {k: v for k, v in answer.items() if k != "images"} | {"outputs": outputs}
