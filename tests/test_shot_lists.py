"""Shots from plain texts and from tables: what stands there becomes a board, the rest is told by its line."""

import csv
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import BadFile
from infrastructure.shot_entries import column_of, seconds_of
from infrastructure.shot_table import is_table, read_table
from infrastructure.shot_text import read_text_of_shots
from infrastructure.storyboard_files import MOST_SHOTS, open_storyboard, write_storyboard


def text(tmp_path, content, encoding="utf-8", name="Low Tide.txt"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return read_text_of_shots(path)


def table(tmp_path, content, encoding="utf-8", name="list.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return read_table(path)


def prompts(board):
    return [shot.prompt for shot in board.shots]


# --- plain text


def test_without_empty_lines_every_line_is_a_shot(tmp_path):
    board, notes = text(tmp_path, "A red door.\nA cat on the stairs.\nRain.")
    assert (board.title, prompts(board)) == ("Low Tide", ["A red door.", "A cat on the stairs.", "Rain."])
    assert [shot.id for shot in board.shots] == ["001", "002", "003"]
    assert notes == []


def test_with_empty_lines_every_paragraph_is_a_shot(tmp_path):
    board, _ = text(tmp_path, "A red door,\nhalf open.\n\n\nA cat.\n \nRain\non glass.")
    assert prompts(board) == ["A red door, half open.", "A cat.", "Rain on glass."]


@pytest.mark.parametrize(
    ("marks", "ids"),
    [
        (("1.", "2.", "3."), ["001", "002", "003"]),
        (("001:", "002:", "010:"), ["001", "002", "010"]),
        (("1)", "2)", "3)"), ["001", "002", "003"]),
        (("A1 –", "A2 –", "B1 –"), ["A1", "A2", "B1"]),
        (("Shot 1:", "Shot 2:", "Shot 3:"), ["001", "002", "003"]),
        (("**1.**", "**2.**", "**3.**"), ["001", "002", "003"]),
        (("- S01-02:", "- S01-03:", "- S01-04:"), ["S01-02", "S01-03", "S01-04"]),
        (("Кадр 1.", "Кадр 2.", "Кадр 3."), ["001", "002", "003"]),
        (("镜头1：", "镜头2：", "镜头3："), ["001", "002", "003"]),
        (("1、", "2、", "3、"), ["001", "002", "003"]),
        (("- ", "- ", "- "), ["001", "002", "003"]),
    ],
)
def test_numbers_and_bullets_open_shots(tmp_path, marks, ids):
    said = ["A red door.", "A cat, 3.5 metres long.", "Rain."]
    board, notes = text(
        tmp_path, "\n".join(f"{mark} {words}" for mark, words in zip(marks, said, strict=True))
    )
    assert (prompts(board), [shot.id for shot in board.shots]) == (said, ids)
    assert notes == []


def test_a_numbered_shot_goes_on_to_the_next_number(tmp_path):
    board, notes = text(tmp_path, "Thoughts.\n\n1. A red door.\n\nIt opens\nslowly.\n2. Rain.\n")
    assert prompts(board) == ["A red door. It opens slowly.", "Rain."]
    assert notes == ["Line 1 stands before the first shot and was left out."]


def test_a_text_that_merely_begins_with_a_number_stays_as_it_is(tmp_path):
    board, _ = text(tmp_path, "A red door.\n\n1984. A telescreen.\n\nRain.\n\nA cat.")
    assert prompts(board) == ["A red door.", "1984. A telescreen.", "Rain.", "A cat."]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("A door. (4s)", 4.0),
        ("[3.5 s] A door.", 3.5),
        ("A door (2,5 сек) opens.", 2.5),
        ("A door.（4秒）", 4.0),
        ("A door. (ca. 6 Sek.)", 6.0),
        ("A door. (0:08)", 8.0),
        ("A door. (4)", 3.0),
        ("A door. (2 cats)", 3.0),
    ],
)
def test_a_length_in_brackets_is_the_shots(tmp_path, said, seconds):
    board, _ = text(tmp_path, f"{said}\nRain.")
    assert board.shots[0].seconds == seconds
    assert ("(" in board.shots[0].prompt) == (seconds == 3.0)


def test_headings_of_every_kind_open_scenes(tmp_path):
    board, notes = text(
        tmp_path,
        "# Low Tide\n\n## Harbour\n1. a\n2. b\nScene 2: The pier\n3. c\nINT. POST OFFICE – NIGHT\n4. d\n"
        "Сцена 5\n5. e\n第六场 海\n6. f\nThe end\n=======\n7. g\nScene of a crime (2s)\n",
    )
    assert board.title == "Low Tide"
    assert [shot.scene for shot in board.shots] == [
        "Harbour",
        "Harbour",
        "Scene 2: The pier",
        "INT. POST OFFICE – NIGHT",
        "Сцена 5",
        "第六场 海",
        "第六场 海",
    ]
    assert notes == []


def test_an_underlined_line_is_a_heading(tmp_path):
    board, _ = text(tmp_path, "Harbour\n-------\nA door.\nRain.\n\nPier\n====\nA cat.\n")
    assert [(shot.scene, shot.prompt) for shot in board.shots] == [
        ("Harbour", "A door."),
        ("Harbour", "Rain."),
        ("Pier", "A cat."),
    ]


def test_lines_with_a_name_go_where_it_says(tmp_path):
    board, notes = text(
        tmp_path,
        "1. A door: red.\nNegative: people\nKamera: slow push\nПримітки: ask Olha\n时长：4秒\n"
        "\n2. Rain.\nNotes: a\nNotes: b",
    )
    first, second = board.shots
    assert (first.prompt, first.negative, first.notes) == ("A door: red.", "people", "ask Olha")
    assert (first.tags, first.seconds, second.notes) == ({"camera": "slow push"}, 4.0, "a")
    assert notes == ["Line 7: a second notes was not understood."]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251"])
def test_a_text_is_read_in_any_encoding(tmp_path, encoding):
    board, notes = text(tmp_path, "1. Двері відчинено.\r\n2. Дощ іде по склу.\r\n", encoding)
    assert prompts(board) == ["Двері відчинено.", "Дощ іде по склу."]
    assert [note for note in notes if encoding in note] == notes[: encoding == "cp1251"]


def test_western_windows_text_is_read_and_told(tmp_path):
    board, notes = text(tmp_path, "Eine Tür – überall Straßenlärm", "cp1252")
    assert prompts(board) == ["Eine Tür – überall Straßenlärm"]
    assert notes == ["The file is not UTF-8; it was read as Windows text (cp1252)."]


def test_a_board_of_shots_written_down_is_a_board_that_reads_back(tmp_path):
    board, _ = text(tmp_path, "# Tide\n\nScene 1\n1. A red door. (4s)\nNegative: people\n2. 🎬 Rain.\n")
    write_storyboard(tmp_path / "storyboard.json", board)
    again, notes = open_storyboard(tmp_path / "storyboard.json")
    assert notes == []
    assert [replace(shot, raw={}) for shot in again.shots] == [replace(shot, raw={}) for shot in board.shots]


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"# Only a title\n"])
def test_an_empty_text_is_an_empty_board(tmp_path, content):
    assert text(tmp_path, content)[0].shots == ()


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0", b"a\0b" * 300 + b"\xff", b"\0" * 999]
)
def test_what_is_no_text_is_refused(tmp_path, content):
    with pytest.raises(BadFile, match="not a text"):
        text(tmp_path, content)


def test_more_shots_than_a_board_can_hold_are_counted(tmp_path):
    board, notes = text(tmp_path, "A door.\n" * (MOST_SHOTS + 7))
    assert len(board.shots) == MOST_SHOTS
    assert notes == [f"7 shots were left out: {MOST_SHOTS} are the most there may be."]


@pytest.mark.parametrize(
    "content", [" " * 200_000 + "(", "(" * 100_000, "#" * 100_000, "a: " * 50_000, "1" * 100_000]
)
def test_lines_made_to_be_slow_are_read_all_the_same(tmp_path, content):
    assert len(text(tmp_path, f"A door.\n{content}\nRain.\n")[0].shots) >= 2


# --- tables


def test_a_table_becomes_a_board(tmp_path):
    board, notes = table(
        tmp_path,
        "Shot,Prompt,Negative prompt,Duration (s),Notes,Scene,Camera,Budget,Width\n"
        '1,"A door, red",people,4.5,"call ""Olha""",Harbour,dolly_in,300,832\n'
        "2,Rain,,,,Pier,,,\n",
    )
    first, second = board.shots
    assert (first.id, first.prompt, first.negative, first.seconds) == ("001", "A door, red", "people", 4.5)
    assert (first.notes, first.scene, first.tags) == ('call "Olha"', "Harbour", {"camera": "dolly_in"})
    assert (first.width, first.raw["columns"], second.seconds) == (832, {"Budget": "300"}, 3.0)
    assert notes == ["Kept as they are, because their meaning is not known: Budget."]


@pytest.mark.parametrize(
    "header",
    [
        "id;prompt;seconds;description;notes;scene;camera",
        "Nr.;Bildprompt;Dauer (Sek.);Beschreibung;Anmerkungen;Szene;Kamera",
        "№;Промпт;Тривалість, с;Опис;Примітки;Сцена;Камера",
        "Кадр;Запрос;Длительность;Описание;Примечание;Сцена;Движение камеры",
        "镜号;提示词;时长（秒）;描述;备注;场景;运镜",
        "ID;PROMPT;Length in seconds;Action;Remarks;SEQUENCE;Camera_Movement",
    ],
)
def test_columns_are_known_in_five_languages(tmp_path, header):
    board, notes = table(tmp_path, f"{header}\nA1;a door;4,5;Home.;n;S;pan\n", "utf-8-sig")
    (shot,) = board.shots
    assert notes == []
    assert (shot.id, shot.prompt, shot.seconds, shot.description) == ("A1", "a door", 4.5, "Home.")
    assert (shot.notes, shot.scene, shot.tags) == ("n", "S", {"camera": "pan"})


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(tmp_path, delimiter):
    said = "a, b; c | d\te"
    path = tmp_path / "list.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([["Scene", "Prompt", "a, b; c"], ["1", said, "x"]])
    board, _ = read_table(path)
    assert prompts(board) == [said]
    assert board.shots[0].raw["columns"] == {"a, b; c": "x"}


def test_excels_own_hints_are_understood(tmp_path):
    board, notes = table(tmp_path, "sep=;\r\nprompt;seconds\r\na, b;2\r\n", "utf-8-sig")
    assert (prompts(board), board.shots[0].seconds, notes) == (["a, b"], 2.0, [])


def test_every_line_that_cannot_be_used_is_told_by_its_number(tmp_path):
    board, notes = table(
        tmp_path,
        "prompt,seconds,camera\n"
        "a,soon,pan\n"  # 2
        "\n"
        ",3,pan\n"  # 4
        '"b\nb",1,\n'  # 5 and 6
        ",,zoom\n,,zoom\n"  # 7, 8
        "c,2,pan,what,is\n",  # 9
    )
    assert prompts(board) == ["a", "b\nb", "c"]
    assert notes == [
        "Lines 4, 7–8 have neither prompt nor description and were left out.",
        "Line 9 has more cells than the table has columns; the rest was left out.",
        'Line 2: duration "soon" was not understood.',
    ]


def test_without_a_prompt_column_the_description_is_the_prompt(tmp_path):
    board, notes = table(tmp_path, "Scene,Shot,Action\n1,1,A door\n1,2,Rain\n2,1,A cat\n")
    assert [(shot.id, shot.prompt) for shot in board.shots] == [
        ("1-001", "A door"),
        ("1-002", "Rain"),
        ("2-001", "A cat"),
    ]
    assert notes == [
        "No column is called prompt, so the description is the prompt.",
        "The shots are counted anew in every scene, so the scene is part of their ids.",
    ]


def test_ids_that_are_no_file_names_are_mended_and_told(tmp_path):
    board, notes = table(
        tmp_path, "id,prompt\n../../etc,a\nNUL,b\n" + "x" * 300 + ",c\nC:\\a,d\n🎬,e\n1.0,f\n"
    )
    assert [shot.id for shot in board.shots] == ["etc", "NUL_", "x" * 64, "C_a", "005", "001"]
    assert len(notes) == 5


def test_a_table_without_a_column_for_words_is_refused(tmp_path):
    with pytest.raises(BadFile, match="no column called prompt or description"):
        table(tmp_path, "a,b\n1,2\n")
    with pytest.raises(BadFile, match="no column called prompt"):
        table(tmp_path, "")


def test_a_quotation_mark_that_is_never_closed_is_named_by_its_line(tmp_path):
    with pytest.raises(BadFile, match=r"line 3.*quotation mark is not closed"):
        table(tmp_path, 'prompt\na\n"b\n' + "c\n" * 500)
    with pytest.raises(BadFile, match="line 3"):
        table(tmp_path, 'prompt\na\n"b' + "c" * 500_000)


def test_a_hundred_thousand_lines_stay_within_bounds(tmp_path):
    path = tmp_path / "long.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "prompt", "mine"])
        rows.writerows([n, "" if n % 3 == 0 else f"A door {n}", "x" * 60] for n in range(100_000))
    tracemalloc.start()
    board, notes = read_table(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(board.shots) == MOST_SHOTS
    assert any(f"{MOST_SHOTS} shots are the most" in note for note in notes)
    assert max(map(len, notes)) < 600
    assert peak < 150 << 20


def test_a_text_that_is_a_table_is_known_as_one(tmp_path):
    for content, is_one in (("Prompt\tSeconds\na\t2\n", True), ("A door, and rain.\n", False), ("", False)):
        path = tmp_path / "list.txt"
        path.write_text(content)
        assert is_table(path) == is_one


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("4", 4.0),
        ("4,5 s", 4.5),
        ("3 Sek.", 3.0),
        ("2秒", 2.0),
        ("00:00:04", 4.0),
        ("1:02", 62.0),
        ("soon", None),
        ("-3", None),
    ],
)
def test_a_length_is_read_in_the_ways_people_write_it(said, seconds):
    assert seconds_of(said) == seconds


def test_a_columns_name_is_known_however_it_is_written():
    for name in ("Negative_Prompt", " NEGATIVE  PROMPT ", "negative-prompt"):
        assert column_of(name) == "negative"
    assert column_of("#") == "id"
    assert column_of("") is column_of("budget") is None


def test_reading_changes_nothing_in_the_file(tmp_path: Path):
    table(tmp_path, "prompt\r\na\r\n")
    assert (tmp_path / "list.csv").read_bytes() == b"prompt\r\na\r\n"
