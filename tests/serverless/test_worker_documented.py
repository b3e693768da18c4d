"""docs/SERVERLESS.md says what the worker does: its settings, its input, its answer."""

import ast
import re
from pathlib import Path

from domain.job import LAST_FRAME
from domain.serverless import FRAME, INLINE, Output, Result
from domain.serverless_orders import Given, Order
from worker.environment import VARIABLES
from worker.work import FINISHED

ROOT = Path(__file__).parent.parent.parent
DOCS = (ROOT / "docs" / "SERVERLESS.md").read_text("utf-8")
FROM_ELSEWHERE = {"RUNPOD_WEBHOOK_POST_OUTPUT"}  # what the platform sets for the SDK


def test_every_variable_is_in_the_table_with_its_default_and_meaning():
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \| (?:`([^`]*)`)? ?\| (.+) \|$", DOCS, re.M)
    assert rows == [(variable.name, variable.default, variable.meaning) for variable in VARIABLES]


def test_no_variable_is_read_that_is_not_in_the_table():
    known = {variable.name for variable in VARIABLES} | FROM_ELSEWHERE
    for path in (ROOT / "worker").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Subscript(value=ast.Name("environment"), slice=ast.Constant(str(name))):
                    assert name in known, path
                case ast.Call(func=ast.Attribute(attr="is_on" | "number"), args=[ast.Constant(str(name))]):
                    assert name in known, path
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="environ")), args=[first, *_]):
                    assert isinstance(first, ast.Constant) and first.value in known, path


def test_everything_that_travels_is_named():
    given = Given("a", "A", "https://example.org", "0f", 1).said()
    order = Order({}, "u", (), "s3", "key", True, "id", True, ({},))
    said = order.said() | Order(version={"id": "x"}, inputs=(Given("a", "A"),)).said()
    result = Result((Output("a.png", data="A"),), ("t",), ("e",), 1.0, "s", {"name": "w"}, (Result(),)).said()
    for name in {*given, *said, *result, *result["outputs"][0], FINISHED, FRAME, str(LAST_FRAME)}:
        assert re.search(rf"(?<!\w){name}\b", DOCS), name
    assert f"above {INLINE >> 20} MB" in DOCS
