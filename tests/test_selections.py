"""The choices of the older studio's user, wherever the project has moved since."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.errors import BadFile
from infrastructure.selections import read_selections, variant_of


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("selected", "keyframes"):
        (tmp_path / folder).mkdir()
    return tmp_path


def selections(project: Path, *entries: Any) -> Path:
    path = project / "selected" / "selected_keyframes.json"
    path.write_text(json.dumps({"project": "Depot", "total_shots": 1, "selections": list(entries)}), "utf-8")
    return path


def picture(path: Path) -> Path:
    path.write_bytes(b"x")
    return path


def entry(id: Any = "001", file: str = "tram_v1_00001_.png", **more: Any) -> dict[str, Any]:
    gone = f"/somewhere/else/output/depot/selected/{file}"
    return {"shot_id": id, "selected_file": file, "export_path": gone, "source_path": gone, **more}


def test_a_path_that_still_holds_is_taken_first(project: Path, tmp_path: Path) -> None:
    far = picture(tmp_path / "far.png")
    picture(project / "selected" / "tram_v1_00001_.png")
    assert read_selections(selections(project, entry(export_path=str(far)))) == ({"001": far}, [])


def test_the_source_is_taken_where_the_export_is_gone(project: Path, tmp_path: Path) -> None:
    source = picture(tmp_path / "source.png")
    assert read_selections(selections(project, entry(source_path=str(source))))[0] == {"001": source}


@pytest.mark.parametrize("folder", ["selected", "keyframes"])
def test_a_project_moved_to_another_disk_finds_its_pictures(project: Path, folder: str) -> None:
    there = picture(project / folder / "tram_v1_00001_.png")
    assert read_selections(selections(project, entry())) == ({"001": there}, [])


def test_a_project_that_comes_from_windows_finds_its_pictures(project: Path) -> None:
    there = picture(project / "keyframes" / "tram_v1_00001_.png")
    moved = {"shot_id": 1, "source_path": "D:\\Comfy\\output\\depot\\keyframes\\tram_v1_00001_.png"}
    assert read_selections(selections(project, moved)) == ({"1": there}, [])


def test_a_picture_that_is_nowhere_is_told(project: Path) -> None:
    there = picture(project / "selected" / "b.png")
    chosen, notes = read_selections(selections(project, entry(), entry("002", "b.png")))
    assert chosen == {"002": there}
    assert notes == ["Shot 001: its chosen picture tram_v1_00001_.png was not found."]


def test_a_name_that_leads_elsewhere_stays_within_the_project(project: Path, tmp_path: Path) -> None:
    picture(project.parent / "secret.png")
    (project / "selected" / "notes.txt").write_text("x")
    chosen, notes = read_selections(
        selections(
            project, {"shot_id": "001", "selected_file": "../../secret.png"}, entry("002", "notes.txt")
        )
    )
    assert chosen == {}
    assert len(notes) == 2


def test_two_shots_with_one_picture_and_a_shot_chosen_twice_are_told(project: Path) -> None:
    there = picture(project / "selected" / "a.png")
    picture(project / "selected" / "b.png")
    chosen, notes = read_selections(
        selections(project, entry("001", "a.png"), entry("002", "a.png"), entry("001", "b.png"))
    )
    assert chosen == {"001": there, "002": there}
    assert notes == [
        "Shots 001 and 002 have the same picture, a.png.",
        "Shot 001 is chosen twice; a.png stays.",
    ]


def test_a_variant_that_does_not_fit_the_name_is_told(project: Path) -> None:
    there = picture(project / "selected" / "city_v2_v3_00001_.png")
    fitting = entry("001", there.name, selected_variant=3)
    assert read_selections(selections(project, fitting))[1] == []
    chosen, notes = read_selections(selections(project, {**fitting, "selected_variant": 2}))
    assert chosen == {"001": there}
    assert "variant 2 was chosen, city_v2_v3_00001_.png is variant 3" in notes[0]


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("tram_v1_00001_.png", 1),
        ("city_v2_v3_00001_.png", 3),
        ("city_v2_00001_.png", 2),
        ("tram.v2_v12_00001_.png", 12),
        ("tram.png", None),
        ("tram_v2.png", None),
    ],
)
def test_the_variant_is_the_last_in_the_name(name: str, variant: int | None) -> None:
    assert variant_of(name) == variant


def test_odd_entries_are_told_and_passed_over(project: Path) -> None:
    there = picture(project / "selected" / "a.png")
    chosen, notes = read_selections(
        selections(project, "x", None, {}, {"shot_id": None}, {"shot_id": "003"}, entry("001", "a.png"))
    )
    assert chosen == {"001": there}
    assert len(notes) == 5


@pytest.mark.parametrize("text", ['{"selections": null}', "{}", "3", "{", "[NaN]"])
def test_a_file_without_selections_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "selected_keyframes.json"
    path.write_text(text)
    with pytest.raises(BadFile, match=r"selected_keyframes\.json"):
        read_selections(path)
