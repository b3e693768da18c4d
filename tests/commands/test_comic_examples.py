"""The scripts in examples/, from the script to a book for reader programs, as somebody types it.

Drawn by the sketch engine with workflows of the user's own, which are the shipped ones for small pictures.
"""

import io
import json
import re
import shutil
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image
from platformdirs import user_data_path

from commands.setting import NAME
from tests.commands.typing import HERE

BOOKS = {  # language and direction, as reader programs are told them, and how many portraits and panels
    "the-last-tram": ("uk", "No", 2, 16),
    "the-red-umbrella": ("en", "YesAndRightToLeft", 3, 19),
}
SMALL = "--keyframe-workflow", "small_keyframe", "--panel-workflow", "small_panel"
NOT_IN_THE_PLAN = re.compile(r"(?:READING|PAGE|PANEL|СТОРІНКА|ПАНЕЛЬ)\b.*|@(?:who|хто):.*")
KEYWORD = re.compile(r"(?:@\w+|[A-ZА-ЯІЇЄҐ]+(?: \d+| \([^)]*\))?): *|(?:CHARACTER|ПЕРСОНАЖ) ")


@pytest.fixture
def small(home):
    folder = user_data_path(NAME) / "workflows"
    folder.mkdir(parents=True)
    for name, shipped in (("small_keyframe", "keyframe_sd15"), ("small_panel", "keyframe_qwen_edit_3ref")):
        shutil.copy(HERE / "workflow_templates" / f"{shipped}.json", folder / f"{name}.json")
        about = json.loads((HERE / "workflow_templates" / f"{shipped}.about.json").read_text("utf-8"))
        (folder / f"{name}.about.json").write_text(json.dumps(about | {"sizes": [[320, 320]]}), "utf-8")


def texts(plan):
    """Everything that a plan says, in whatever field."""
    if isinstance(plan, str):
        yield plan
    elif isinstance(plan, dict | list):
        for value in plan.values() if isinstance(plan, dict) else plan:
            yield from texts(value)


def words(text):
    return re.findall(r"\w+", text)


def said(script):
    """What an author has written, without the words that only tell what it is: a part of a line each."""
    for line in script.splitlines():
        if not NOT_IN_THE_PLAN.fullmatch(line.strip()):
            for part in re.split("[():]", KEYWORD.sub("", line.strip(), count=1)):
                yield " ".join(words(part))


def test_every_example_is_tried():
    assert {path.stem for path in (HERE / "examples").glob("*.txt")} == {*BOOKS}


@pytest.mark.parametrize("name", BOOKS)
def test_every_word_of_an_example_is_in_its_plan(told, tmp_path, name):
    script = HERE / "examples" / f"{name}.txt"
    code, out, _ = told("comic", "plan", script, "--out", "plan.json")
    assert code == 0 and json.loads(out)["changed"] == []
    plan = " ".join(words(" ".join(texts(json.loads((tmp_path / "plan.json").read_text("utf-8"))))))
    assert [part for part in said(script.read_text("utf-8")) if part not in plan] == []


@pytest.mark.parametrize("name", BOOKS)
def test_an_example_becomes_a_book_without_anything_missing(told, small, tmp_path, name):
    language, direction, portraits, panels = BOOKS[name]
    shutil.copy(HERE / "examples" / f"{name}.txt", tmp_path)
    code, out, _ = told("comic", "art", f"{name}.txt", "--json", *SMALL)
    made = json.loads(out)
    assert code == 0 and made["jobs"] == {"run": portraits + panels, "reused": 0, "failed": 0}
    assert (len(made["characters"]), len(made["panels"])) == (portraits, panels)
    code, out, _ = told("comic", "export", f"{name}.txt", "--format", "cbz", "--dpi", "100", "--json")
    book = json.loads(out)
    assert code == 0 and (book["pages"], book["findings"]) == (5, [])
    with zipfile.ZipFile(Path(book["files"][0])) as archive:
        info = ElementTree.fromstring(archive.read("ComicInfo.xml"))
        pages = [archive.read(one) for one in archive.namelist() if one.endswith(".jpg")]
    told_to_readers = {one: info.findtext(one) for one in ("PageCount", "LanguageISO", "Manga")}
    assert told_to_readers == {"PageCount": "5", "LanguageISO": language, "Manga": direction}
    assert {Image.open(io.BytesIO(page)).size for page in pages} == {(827, 1169)} and len({*pages}) == 5
