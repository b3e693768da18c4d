"""Characters as an artist works on them: added, changed, put into shots, deleted, taken along, undone."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain import board_edits, cast_edits
from domain.cast import cast_of
from domain.errors import StudioError
from domain.project import Project
from domain.prompts import keyframe_parts
from domain.storyboard import Character, Shot, Storyboard
from infrastructure.storyboard_files import open_storyboard
from services import cast, clipboard, takes
from services.as_sent import as_sent
from services.desk import Conflict, Desk
from services.feed import Feed
from services.project_facts import ProjectFacts
from services.stale import Today
from tests.renders import PRESETS, keyframe_workflow, video_workflow
from tests.test_cast import a_picture

ANNA = Character("anna", "Anna Berg", "a woman of sixty")


def board(*shots: Shot, characters: tuple[Character, ...] = (ANNA,)) -> Storyboard:
    return Storyboard("Harbour", shots, characters=characters)


def shot(id: str, *names: str, **fields: Any) -> Shot:
    return Shot(id, "A walk on the pier.", characters=names, **fields)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return a_desk(tmp_path / "one", {"prompt": "A pier.", "characters": ["Anna Berg", "a gull"]}, {})


def a_desk(folder: Path, *shots: dict[str, Any], **fields: Any) -> Desk:
    folder.mkdir()
    rows = [{"shot_id": f"{n:03d}", "prompt": "x", **shot} for n, shot in enumerate(shots, 1)]
    cast = [{"id": "anna", "name": "Anna Berg", "words": "a woman of sixty"}]
    content = {"project": folder.name, "shots": rows, "cast": cast, **fields}
    (folder / "storyboard.json").write_text(json.dumps(content), "utf-8")
    return Desk(Project(folder), lambda desk, ids: None)


def on_disk(desk: Desk) -> Storyboard:
    return open_storyboard(desk.project.storyboard)[0]


# --- edits ----------------------------------------------------------------------------------------


def test_a_new_character_has_an_id_nobody_else_is_called_by() -> None:
    made = board()
    for name in ("Anna", "ANNA BERG", "Tom/../Ü", "安娜", "***"):
        made = cast_edits.with_new_character(made, name)
    assert [c.id for c in made.characters] == ["anna", "anna-2", "anna-berg", "tom-ü", "安娜", "character"]


def test_shots_that_call_a_character_by_name_keep_it_when_it_is_renamed() -> None:
    made = cast_edits.with_character_field(
        board(shot("001", "anna berg", "Tom"), shot("002")), "anna", "name", "Eva"
    )
    assert [c.name for c in cast_of(made.shots[0], made)] == ["Eva"]
    assert made.shots[0].characters == ("anna", "Tom")
    assert made.shots[1].characters == ()


def test_a_deleted_character_leaves_its_shots_and_no_one_else_does() -> None:
    made = cast_edits.without_character(board(shot("001", "Anna Berg", "Tom", "anna")), "anna")
    assert (made.characters, made.shots[0].characters) == ((), ("Tom",))


def test_putting_into_several_shots_leaves_each_its_own_and_says_nobody_twice() -> None:
    made = cast_edits.with_called(
        board(shot("001", "Anna Berg"), shot("002", "Tom")), ["001", "002"], ["anna"]
    )
    assert [s.characters for s in made.shots] == [("Anna Berg",), ("Tom", "anna")]
    made = cast_edits.without_called(made, ["001", "002"], ["ANNA"])
    assert [s.characters for s in made.shots] == [(), ("Tom",)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("id", "eva"), ("raw", {}), ("words", 3), ("pictures", "x"), ("pictures", ["relative.png"])],
)
def test_what_cannot_be_meant_is_refused(field: str, value: Any) -> None:
    with pytest.raises(StudioError):
        cast_edits.with_character_field(board(), "anna", field, value)


def test_who_or_what_is_gone_is_said() -> None:
    with pytest.raises(StudioError, match="no character eva any more"):
        cast_edits.without_character(board(), "eva")
    with pytest.raises(StudioError, match="no shot 009 any more"):
        cast_edits.with_called(board(), ["009"], ["anna"])
    with pytest.raises(StudioError, match="needs a name"):
        cast_edits.with_new_character(board(), "  ")


# --- the file -------------------------------------------------------------------------------------


def test_every_deed_on_the_cast_is_on_disk_and_undone_in_one_step(desk: Desk) -> None:
    tom = cast.add(desk, "Tom", ["002"])
    cast.set_field(desk, tom, "words", "a boy with a telescope", "")
    cast.set_field(desk, "anna", "name", "Anna")
    cast.put_in(desk, ["001", "002"], "characters", [tom, "a fisherman"])
    cast.take_out(desk, ["001"], "characters", ["anna"])
    cast.remove(desk, tom)
    after = on_disk(desk)
    assert [(c.id, c.name) for c in after.characters] == [("anna", "Anna")]
    assert [s.characters for s in after.shots] == [("a gull", "a fisherman"), ("a fisherman",)]
    for _ in range(6):
        desk.undo()
    before = on_disk(desk)
    assert [c.name for c in before.characters] == ["Anna Berg"]
    assert [s.characters for s in before.shots] == [("Anna Berg", "a gull"), ()]
    for _ in range(6):
        desk.redo()
    assert [s.characters for s in on_disk(desk).shots] == [s.characters for s in after.shots]


def test_a_character_that_stood_in_the_file_by_name_only_keeps_being_called_so(tmp_path: Path) -> None:
    desk = a_desk(tmp_path / "one", {"characters": ["Eva"]}, cast=[{"name": "Eva"}])
    cast.set_field(desk, "Eva", "name", "Eva Holm")
    again = on_disk(desk)
    assert [(c.id, c.name) for c in cast_of(again.shots[0], again)] == [("Eva", "Eva Holm")]


def test_words_changed_elsewhere_meanwhile_are_asked_about(desk: Desk) -> None:
    cast.set_field(desk, "anna", "words", "theirs")
    with pytest.raises(Conflict) as conflict:
        cast.set_field(desk, "anna", "words", "mine", "a woman of sixty")
    assert conflict.value.theirs == "theirs"


def test_a_picture_that_is_lost_stops_the_characters_shots_until_it_is_taken_away(tmp_path: Path) -> None:
    lost = [{"id": "anna", "name": "Anna", "pictures": ["references/gone.png"]}]
    desk = a_desk(tmp_path / "one", {"characters": ["anna"]}, {}, cast=lost)
    assert [s.is_renderable for s in desk.board.shots] == [False, True]
    cast.put_in(desk, ["002"], "characters", ["anna"])
    assert [s.is_renderable for s in desk.board.shots] == [False, False]
    cast.set_field(desk, "anna", "pictures", [])
    assert [s.is_renderable for s in desk.board.shots] == [True, True]
    desk.undo()
    assert [s.is_renderable for s in desk.board.shots] == [False, False]


# --- several shots --------------------------------------------------------------------------------


def test_references_are_added_to_each_shot_and_taken_out_of_each(desk: Desk, tmp_path: Path) -> None:
    first, second = (str(takes.reference(desk, a_picture(tmp_path / f"{n}.png", n))) for n in ("red", "blue"))
    cast.put_in(desk, ["001"], "references", [first])
    cast.put_in(desk, ["001", "002"], "references", [second])
    assert [[p.name for p in s.references] for s in desk.board.shots] == [
        [Path(first).name, Path(second).name],
        [Path(second).name],
    ]
    cast.take_out(desk, ["001", "002"], "references", [second])
    assert [len(s.references) for s in desk.board.shots] == [1, 0]
    with pytest.raises(StudioError, match="Nothing can be added to prompt"):
        cast.put_in(desk, ["001"], "prompt", ["x"])


def test_a_scene_is_renamed_for_all_its_shots_in_one_step_and_moving_into_it_joins_it(desk: Desk) -> None:
    desk.set_field(["001", "002"], "scene", " The pier ")
    desk.set_field(["001", "002"], "scene", "Dawn")
    assert [s.scene for s in on_disk(desk).shots] == ["Dawn", "Dawn"]
    moved = board_edits.with_moved(board(shot("001", scene="A"), shot("002", scene="B")), ["002"], "001", "A")
    assert [(s.id, s.scene) for s in moved.shots] == [("002", "A"), ("001", "A")]


# --- copied into another project ------------------------------------------------------------------


def test_pasted_shots_bring_their_characters_with_pictures_in_one_step(desk: Desk, tmp_path: Path) -> None:
    picture = takes.reference(desk, a_picture(tmp_path / "anna.png"))
    cast.set_field(desk, "anna", "pictures", [str(picture)])
    other = a_desk(tmp_path / "other", {}, cast=[])
    clipboard.paste(other, json.loads(json.dumps(clipboard.copy(desk, ["001"]))), None)
    found = on_disk(other)
    assert [(c.id, c.name, c.words) for c in found.characters] == [("anna", "Anna Berg", "a woman of sixty")]
    assert found.characters[0].pictures[0].parent == other.project.folder / "references"
    assert [c.id for c in cast_of(found.shots[1], found)] == ["anna"]
    assert found.shots[1].characters == ("anna", "a gull")
    assert found.shots[1].is_renderable
    other.undo()
    while other.undoable:
        other.undo()
    assert on_disk(other).characters == ()


def test_a_character_that_is_there_already_stays_as_it_is(desk: Desk, tmp_path: Path) -> None:
    other = a_desk(tmp_path / "other", {}, cast=[{"id": "ANNA", "words": "another one"}])
    clipboard.paste(other, clipboard.copy(desk, ["001"]), None)
    assert [(c.id, c.words) for c in on_disk(other).characters] == [("ANNA", "another one")]
    before = clipboard.copy(desk, ["002"])
    clipboard.paste(other, {key: value for key, value in before.items() if key != "cast"}, None)  # older
    assert len(on_disk(other).shots) == 3


def test_copies_that_are_no_copies_are_refused(desk: Desk) -> None:
    copied = clipboard.copy(desk, ["001"])
    for odd in ({"cast": [{"id": "x", "words": {}}]}, {"shots": []}, {"shots": "x"}):
        with pytest.raises(StudioError):
            clipboard.paste(desk, {**copied, **odd}, None)
    assert len(clipboard.paste(desk, {**copied, "cast": "x"}, None)) == 1


# --- what pages are told --------------------------------------------------------------------------


def test_pages_are_told_the_cast_and_whom_each_name_means(desk: Desk) -> None:
    feed = Feed()
    ProjectFacts(feed).tell(desk)
    told = json.loads(feed.since(0).changed["cast"])
    assert told["called"] == {"Anna Berg": "anna", "a gull": None}
    assert [(c["id"], c["shots"], c["words"]) for c in told["who"]] == [("anna", ["001"], "a woman of sixty")]


def test_a_prompt_is_told_in_the_pieces_it_is_sent_in_with_what_is_left_out(desk: Desk) -> None:
    desk.set_field(["001"], "prompt", "A pier in golden hour light.")
    desk.set_field(["001"], "tags.lighting", "golden_hour")
    desk.set_field(["001"], "negative", "text")
    desk.edit("board", lambda board: board_edits.with_board_field(board, "tags.style", "noir"))
    today = Today(desk.project, desk.board, keyframe_workflow(), video_workflow(), PRESETS)
    told = json.loads(json.dumps(as_sent(today, desk.shot("001"))))
    parts = keyframe_parts(desk.shot("001"), desk.board, PRESETS)
    assert [(p["origin"], p["text"]) for p in told["picture"]["parts"]] == [(p.origin, p.text) for p in parts]
    assert {p["origin"] for p in told["picture"]["parts"]} >= {"shot", "character:anna", "style"}
    assert [(out["origin"], out["tag"]) for out in told["picture"]["left_out"]] == [
        ("lighting", "golden_hour")
    ]
    assert told["clip"]["negative"] == "text"
