"""docs/DESIGNED_OUT.md has a line for every failure, with its tests; and what the source itself shows."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from domain.buckets import BucketSettings
from domain.chat_settings import ChatSettings
from domain.settings import ComfySettings, Settings

HOUSE = Path(__file__).parent.parent


OURS = [
    path
    for floor in ("domain", "infrastructure", "services", "addons", "commands")
    for path in (HOUSE / floor).rglob("*.py")
]


ROW = re.compile(r"^\| (\d+) \|[^|]+\|[^|]+\|([^|]*)\|$", re.MULTILINE)


ROWS = ROW.findall((HOUSE / "docs" / "DESIGNED_OUT.md").read_text("utf-8"))


TABLE = {int(number): tests for number, tests in ROWS}


def all_tests() -> set[str]:
    sources = [path.read_text("utf-8") for path in (HOUSE / "tests").rglob("test_*.py")]
    return {found for source in sources for found in re.findall(r"^def (test_\w+)", source, re.MULTILINE)}


def test_every_failure_has_its_line():
    assert [int(number) for number, _ in ROWS] == list(range(1, 42))


@pytest.mark.parametrize("number", TABLE)
def test_every_line_names_tests_that_exist_or_says_why_none_is_needed(number):
    tests = TABLE[number]
    named = re.findall(r"`(test_\w+)`", tests)

    assert not {*named} - all_tests()
    assert named or re.search(r"\w+ \w+ \w+", tests), f"{number}: neither a test nor a reason"


def test_nothing_but_the_clients_of_the_outside_world_ever_waits_by_the_clock():
    above = [
        path for path in OURS if path.parent.name != "infrastructure" and "infrastructure" not in path.parts
    ]
    calls = [
        (path, n)
        for path in above
        for n in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(n, ast.Call)
    ]

    assert len(above) > 20
    assert not [
        f"{path.name}:{call.lineno}"
        for path, call in calls
        if ast.unparse(call.func).endswith("sleep") and path.name != "routes.py"  # it paces what a page hears
    ]


def test_no_module_keeps_what_two_runs_or_pages_would_share():
    kept = []
    for path in OURS:
        tree = ast.parse(path.read_text("utf-8"))
        kept += [f"{path.name}:{n.lineno}" for n in ast.walk(tree) if isinstance(n, ast.Global)]
        for statement in tree.body:
            value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
            if isinstance(value, (ast.Dict, ast.List)) and not ast.unparse(value).strip("[]{}"):
                kept.append(f"{path.name}:{statement.lineno}")
    assert not kept


KINDS = Settings, ComfySettings, BucketSettings, ChatSettings


def test_settings_name_no_folder_of_a_server_and_hold_no_secret():
    names = {field.name for kind in KINDS for field in fields(kind)}

    assert names == {
        *("comfy", "keyframe_workflow", "video_workflow", "width", "height", "last_project", "extra"),
        *("theme", "language", "is_introduced", "limits", "bucket", "chat"),
        *("mode", "url", "pod_id", "port", "more", "pod_name", "endpoint", "version"),
        *("address", "region"),
        *("model",),
    }


def test_the_gate_runs_every_test_against_a_real_server_and_lets_no_failure_pass():
    gate = (HOUSE / ".ci" / "run").read_text("utf-8")

    assert re.search(r"^set -\w*e", gate, re.MULTILINE)
    assert re.search(r"start\.py test .*--real", gate)
    assert "|| true" not in gate
