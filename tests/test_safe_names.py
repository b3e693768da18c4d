"""File names made from names anybody may have sent."""

import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from domain.safe_names import is_reserved, safe_name, unique

HOSTILE = [
    "../../etc/passwd",
    "..\\..\\windows\\system32",
    "/etc/passwd",
    "C:\\Windows\\x.png",
    "\\\\server\\share\\x.png",
    "..",
    ".",
    "",
    "   ",
    "....",
    "a/../../b.png",
    "a\r\nSet-Cookie: x.png",
    "a\x00b.png",
    "CON",
    "con.txt",
    "aux .png",
    "nul.tar.gz",
    "COM1",
    "lpt9.log",
    "name. . .",
    "trailing ",
    "x" * 300 + ".png",
    "日" * 300 + ".png",
    "👩‍👩‍👧‍👦" * 60 + ".png",
    "e\u0301" * 200,
    '<>:"|?*.png',
    "\u202egnp.exe",
    "\ud800.png",
    "-rf",
    "~/x",
    "a" * 90 + ".thisisnotasuffix",
    "x." + "y" * 300,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_becomes_one_name_on_every_system(text: str, tmp_path: Path) -> None:
    name = safe_name(text)

    assert name and name == name.strip(" .")
    assert len(name.encode()) <= 100
    assert PurePosixPath(name).name == name and PureWindowsPath(name).name == name
    assert not PureWindowsPath(name).drive and not PurePosixPath(name).is_absolute()
    assert not set(name) & set('<>:"/\\|?*')
    assert all(c.isprintable() or c in "\u200c\u200d" for c in name)
    assert not is_reserved(name)
    assert unicodedata.is_normalized("NFC", name)
    (tmp_path / name).write_text("x")
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert safe_name(name) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ComfyUI_00001_.png", "ComfyUI_00001_.png"),
        ("../../etc/passwd", "etc_passwd"),
        ("a\r\nb.png", "a b.png"),
        ("CON", "_CON"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("name. . .", "name"),
        ("e\u0301te\u0301.png", "été.png"),
        ("Straße 日本 🚋.webp", "Straße 日本 🚋.webp"),
        ("👩‍👧.png", "👩‍👧.png"),
        ("city.v2_v3_00001_.png", "city.v2_v3_00001_.png"),
        ("contact.png", "contact.png"),
        ("..", "unnamed"),
        ("x" * 300 + ".png", "x" * 96 + ".png"),
        ("日" * 300 + ".png", "日" * 32 + ".png"),
    ],
)
def test_what_is_readable_stays_and_so_does_the_suffix(text: str, name: str) -> None:
    assert safe_name(text) == name


@pytest.mark.parametrize(
    ("text", "longest", "name"),
    [
        ("日本", 5, "日"),
        ("ax\u0301", 2, "a"),
        ("ax\u0301\u0302", 4, "a"),
        ("👩‍👧", 7, "👩"),
        ("a❤\ufe0f", 4, "a"),
    ],
)
def test_a_long_name_is_cut_between_characters_as_people_see_them(text: str, longest: int, name: str) -> None:
    assert safe_name(text, longest) == name


def test_the_longest_length_can_be_chosen() -> None:
    assert safe_name("abcdefgh.png", longest=8) == "abcd.png"


def test_equal_names_are_told_apart_also_where_case_does_not_count() -> None:
    assert unique(["a.png", "A.png", "a.png", "a-2.png", "b"]) == [
        "a.png",
        "A-2.png",
        "a-3.png",
        "a-2-2.png",
        "b",
    ]
    assert unique(["é", "e\u0301"]) == ["é", "e\u0301-2"]
    assert unique([]) == []
