"""The page's scripts: what one takes from another is there, and none outgrows its subject."""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "addons" / "static" / "js"
SCRIPTS = {path.name: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.js"))}
IMPORT = re.compile(r"import \{([^}]+)\} from '\./([\w-]+\.js)'")
FROM = re.compile(r"^(?:import\b|export\s*[{*])[^;']*'\./([\w-]+\.js)'", re.MULTILINE)
EXPORT = re.compile(r"export (?:async )?(?:function|const|let|class) (\w+)")


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_a_script_takes_from_another_is_there(name):
    missing = [
        f"{word} of {other}"
        for words, other in IMPORT.findall(SCRIPTS[name])
        for word in (word.split(" as ")[0].strip() for word in words.split(",") if word.strip())
        if word not in EXPORT.findall(SCRIPTS.get(other, ""))
    ]
    assert not missing


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_names_nothing_twice_and_uses_what_it_takes(name):
    text = SCRIPTS[name]
    taken = [
        word.split(" as ")[-1].strip()
        for words, _ in IMPORT.findall(text)
        for word in words.split(",")
        if word.strip()
    ]
    own = re.findall(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", text, re.MULTILINE)
    names = [*taken, *own]
    assert len(names) == len(set(names)), sorted(n for n in set(names) if names.count(n) > 1)
    rest = IMPORT.sub("", text)
    assert not [word for word in taken if not re.search(rf"\b{word}\b", rest)]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_at_most_300_lines_and_makes_no_markup_of_text(name):
    text = SCRIPTS[name]
    assert len(text.splitlines()) <= 300
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
    )


def test_no_scripts_import_each_other_in_a_circle():
    ring = circle(SCRIPTS)
    assert not ring, " → ".join(ring)


def test_a_circle_of_scripts_is_seen():
    a, b = "import { name } from './b.js';\n", "import * as c from './c.js';\n"
    assert set(circle({"a.js": a, "b.js": b, "c.js": "// c\nimport './a.js';\n"})) == {"a.js", "b.js", "c.js"}
    assert circle({"a.js": a, "b.js": b}) == []


def circle(scripts: dict[str, str]) -> list[str]:
    """Scripts that import each other in a ring, or nothing."""
    try:
        TopologicalSorter({name: FROM.findall(text) for name, text in scripts.items()}).prepare()
    except CycleError as error:
        return error.args[1]
    return []
