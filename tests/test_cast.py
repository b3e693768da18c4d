"""Characters: what the board says of them reaches each shot they are in, and survives in its file."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from domain.cast import cast_of, lora_of, references_of
from domain.prompts import keyframe_prompt, video_prompt
from domain.storyboard import Character, Shot, Storyboard
from infrastructure.boards.fields import shown
from infrastructure.storyboard_files import read_storyboard, write_storyboard
from services import keyframes
from tests.boards import PROMPT, board_with, refusal, shot, written
from tests.fakes import FakeBackend, values_of
from tests.graphs import node
from tests.renders import PRESETS, Rendered, a_board, a_shot, keyframe_workflow

ANNA = Character("anna", "Anna Berg", "a woman of sixty in a red knitted cap", lora="cg_anna")
TOM = Character("tom", words="A boy with a brass telescope.")


def board_of(*characters: Character, shot: Shot | None = None, **fields: Any) -> Storyboard:
    return a_board(*([shot] if shot else []), characters=characters, **fields)


def in_shot(*names: str, **fields: Any) -> Shot:
    return a_shot("001", characters=names, **{"prompt": "A walk on the pier.", **fields})


def a_picture(path: Path, colour: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), colour).save(path)
    return path


def rewritten(tmp_path: Path, board: Storyboard) -> tuple[dict[str, Any], Storyboard]:
    path = tmp_path / "again.json"
    write_storyboard(path, board)
    again, notes = read_storyboard(path)
    assert notes == []
    return json.loads(path.read_text("utf-8")), again


# --- who is in a shot -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["anna", "ANNA", "Anna Berg", "anna berg", " Anna Berg "])
def test_a_shot_may_call_a_character_by_id_or_name(name: str) -> None:
    assert cast_of(in_shot(name), board_of(TOM, ANNA)) == [ANNA]


def test_a_character_called_twice_is_in_the_shot_once_and_order_is_the_shots() -> None:
    assert cast_of(in_shot("tom", "anna", "Anna Berg"), board_of(ANNA, TOM)) == [TOM, ANNA]


def test_an_id_goes_before_a_name_and_the_first_of_two_alike_before_the_second() -> None:
    double = Character("berg", "anna")
    assert cast_of(in_shot("anna"), board_of(double, ANNA, Character("Anna"))) == [ANNA]


def test_whom_the_board_does_not_know_changes_nothing() -> None:
    stranger, nobody = in_shot("cg_mara", lora="cg_mara"), in_shot(lora="cg_mara")
    board = board_of(ANNA)
    assert cast_of(stranger, board) == []
    assert keyframe_prompt(stranger, board, PRESETS) == keyframe_prompt(nobody, board, PRESETS)
    assert (references_of(stranger, board), lora_of(stranger, board)) == ((), "cg_mara")


# --- words ----------------------------------------------------------------------------------------


def test_a_characters_words_follow_the_shots_own_in_picture_and_clip() -> None:
    shot = in_shot("tom", "anna", tags={"lighting": "neon", "camera": "pan_left"})
    said = (
        "A walk on the pier. A boy with a brass telescope. A woman of sixty in a red knitted cap. "
        "{} light, saturated colour spilling onto every surface."
    )
    board = board_of(ANNA, TOM)
    assert keyframe_prompt(shot, board, PRESETS) == said.format("Neon")
    assert video_prompt(shot, board, PRESETS) == said.format("Camera: pan left across the scene. Neon")


def test_words_that_the_prompt_says_are_not_said_again() -> None:
    shot = in_shot("anna", prompt="A woman of sixty, in a red knitted cap, walks.")
    board = board_of(replace(ANNA, words="woman of sixty in a red knitted cap"))
    assert keyframe_prompt(shot, board, PRESETS) == shot.prompt
    assert video_prompt(shot, board, PRESETS) == shot.prompt


def test_the_same_words_of_two_characters_are_said_once() -> None:
    twins = [Character(id, words="a girl in a yellow coat") for id in ("ida", "eva")]
    prompt = keyframe_prompt(in_shot("ida", "eva"), board_of(*twins), PRESETS)
    assert prompt == "A walk on the pier. A girl in a yellow coat."


def test_a_characters_notes_are_never_sent() -> None:
    board = board_of(replace(ANNA, notes="Secretly the lighthouse keeper."))
    for prompt in (keyframe_prompt, video_prompt):
        assert "Secretly" not in prompt(in_shot("anna"), board, PRESETS)


# --- pictures and LoRAs ---------------------------------------------------------------------------


def test_pictures_of_characters_stand_behind_the_shots_own_in_the_shots_order() -> None:
    own, shared, of_anna, of_tom = (Path(f"/pictures/{n}.png") for n in range(4))
    anna, tom = replace(ANNA, pictures=(of_anna, shared)), replace(TOM, pictures=(of_tom,))
    shot = in_shot("tom", "anna", references=(own, shared))
    assert references_of(shot, board_of(anna, tom)) == (own, shared, of_tom, of_anna)


def test_the_lora_is_the_shots_own_else_its_first_characters_who_has_one() -> None:
    board = board_of(TOM, ANNA, replace(ANNA, id="eva", name="", lora="cg_eva"))
    assert lora_of(in_shot("tom", "anna", "eva"), board) == "cg_anna"
    assert lora_of(in_shot("anna", lora="mine.pt"), board) == "mine.pt"
    assert lora_of(in_shot("tom"), board) == ""


def test_a_lora_called_like_a_character_of_the_shot_is_that_characters() -> None:
    """Older boards name the LoRA by the character's id."""
    board = board_of(Character("cg_mara", lora="mara_v2.safetensors"))
    assert lora_of(in_shot("cg_mara", lora="cg_mara"), board) == "mara_v2.safetensors"


def test_pictures_and_lora_of_a_character_reach_the_graph(tmp_path: Path) -> None:
    pictures = (a_picture(tmp_path / "anna.png"), a_picture(tmp_path / "side.png", "blue"))
    loaders = {f"load{n}": node("LoadImage", image=f"{n}.png") for n in (1, 2)}
    words = node(
        "TextEncodeQwenImageEditPlus",
        prompt="a hill",
        clip=["model", 1],
        vae=["model", 2],
        image1=["load1", 0],
        image2=["load2", 0],
    )
    lora = {"model": ["model", 0], "clip": ["model", 1], "strength_model": 1.0, "strength_clip": 1.0}
    loader = node("LoraLoader", "[lora]", lora_name="none.safetensors", **lora)
    workflow = keyframe_workflow(**loaders, words=words, lora=loader)
    workflow.graph["sampler"]["inputs"]["model"] = ["lora", 0]
    board = board_of(replace(ANNA, pictures=pictures), shot=in_shot("anna"))
    (variant,) = keyframes.plan(workflow, board, 1, 5, PRESETS)
    values = values_of(variant.wanted.graph)
    assert values["reference"] == list(pictures)
    assert values["lora"] == "cg_anna.safetensors"
    assert "red knitted cap" in values["prompt"]


def test_what_a_character_brings_and_a_workflow_has_no_place_for_is_told(tmp_path: Path) -> None:
    anna = replace(ANNA, pictures=(a_picture(tmp_path / "anna.png"),))
    made = Rendered(FakeBackend(), tmp_path / "film", board_of(anna, shot=in_shot("anna")))
    told = [sentence for sentence in made.told if "left out in shot 001" in sentence]
    assert [sentence.split(" ha")[0] for sentence in told] == ["All reference pictures", "A LoRA"]


# --- in a board's file ----------------------------------------------------------------------------

ON_FILE = {
    "id": "anna",
    "name": "Anna Berg",
    "words": "a woman in a red cap",
    "pictures": ["cast/anna.png", {"path": "cast/side.png", "angle": "left"}],
    "lora": "cg_anna",
    "notes": "Never laughs.",
    "mine": {"age": 60},
}


def test_a_cast_is_read_in_full_with_paths_from_the_boards_folder(tmp_path: Path) -> None:
    pictures = a_picture(tmp_path / "cast" / "anna.png"), a_picture(tmp_path / "cast" / "side.png")
    board, notes = board_with(tmp_path, shot(characters=["anna"]), cast=[ON_FILE, "tom", {"name": "Ida"}])
    anna, tom, ida = board.characters
    assert notes == []
    assert replace(anna, raw={}) == Character(
        "anna", "Anna Berg", "a woman in a red cap", pictures, "cg_anna", "Never laughs."
    )
    assert (tom.id, ida.id, ida.name) == ("tom", "Ida", "Ida")
    assert references_of(board.shots[0], board) == pictures


def test_a_cast_survives_writing_with_what_we_do_not_know(tmp_path: Path) -> None:
    for name in ("anna", "side"):
        a_picture(tmp_path / "cast" / f"{name}.png")
    cast = [ON_FILE, "tom", {"name": "Ida"}]
    board, _ = board_with(tmp_path, shot(characters=["anna"]), cast=cast)
    document, again = rewritten(tmp_path, board)
    assert document["cast"] == cast
    assert again.characters == board.characters


def test_what_is_changed_of_a_character_is_written_and_the_rest_stays(tmp_path: Path) -> None:
    for name in ("anna", "side", "new"):
        a_picture(tmp_path / "cast" / f"{name}.png")
    board, _ = board_with(tmp_path, shot(), cast=[ON_FILE, "tom"])
    anna, tom = board.characters
    changed = (
        replace(anna, id="anna2", name="", words="", lora="", notes="", pictures=anna.pictures[1:]),
        replace(tom, words="a boy", pictures=(tmp_path / "cast" / "new.png",)),
        Character("ida", words="a girl"),
    )
    document, again = rewritten(tmp_path, replace(board, characters=changed))
    assert document["cast"] == [
        {"id": "anna2", "pictures": ["cast/side.png"], "mine": {"age": 60}},
        {"id": "tom", "words": "a boy", "pictures": ["cast/new.png"]},
        {"id": "ida", "words": "a girl"},
    ]
    assert [replace(c, raw={}) for c in again.characters] == [replace(c, raw={}) for c in changed]


@pytest.mark.parametrize("older", [["cg_mara", {"id": "cg_tom", "strength": 0.7, "notes": {"deep": 1}}]])
def test_an_older_boards_list_of_characters_gives_names_that_bring_nothing(
    tmp_path: Path, older: Any
) -> None:
    entry = shot(characters=["cg_mara", "cg_tom"])
    board, notes = board_with(tmp_path, entry, characters=older)
    bare, _ = board_with(tmp_path, entry)
    assert notes == []
    assert [(c.id, c.words, c.pictures, c.lora) for c in board.characters] == [
        ("cg_mara", "", (), ""),
        ("cg_tom", "", (), ""),
    ]
    assert keyframe_prompt(board.shots[0], board, PRESETS) == keyframe_prompt(bare.shots[0], bare, PRESETS)
    assert lora_of(board.shots[0], board) == lora_of(bare.shots[0], bare) == "cg_mara"


def test_what_is_added_to_an_older_boards_character_goes_beside_the_older_list(tmp_path: Path) -> None:
    older = ["cg_mara", {"id": "cg_tom", "strength": 0.7}]
    board, _ = board_with(tmp_path, shot(characters=["cg_tom"]), characters=older)
    mara, tom = board.characters
    document, again = rewritten(tmp_path, replace(board, characters=(mara, replace(tom, words="a boy"))))
    assert document["characters"] == older
    assert document["cast"] == [{"id": "cg_mara"}, {"id": "cg_tom", "strength": 0.7, "words": "a boy"}]
    assert keyframe_prompt(again.shots[0], again, PRESETS) == f"{PROMPT} A boy."


@pytest.mark.parametrize("given", ["cg_mara, cg_tom", {"anna": "a woman"}, [3, None, {}, {"id": 7}], 3, None])
def test_characters_of_another_shape_are_nobody_and_stay_in_the_file(tmp_path: Path, given: Any) -> None:
    board, notes = board_with(tmp_path, shot(), characters=given)
    assert (board.characters, notes) == ((), [])
    assert rewritten(tmp_path, board)[0]["characters"] == given


def test_a_cast_with_mistakes_is_mended_once_and_told(tmp_path: Path) -> None:
    board, notes = board_with(
        tmp_path, shot(), cast=[{"id": "anna", "words": ["red cap", "old"], "name": 7}, {"words": "x"}]
    )
    assert notes == [
        'Character anna: name 7 read as "7".',
        'Character anna: words a list read as "red cap, old".',
        "The board: cast[1] names nobody and was left aside.",
    ]
    assert board.characters[0].words == "red cap, old"
    document = json.loads(_file_of(tmp_path, board))
    assert document["cast"][0]["as_imported"] == {"words": ["red cap", "old"], "name": 7}
    assert document["cast"][1] == {"words": "x"}
    changed = replace(board, characters=(*board.characters, TOM))
    assert json.loads(_file_of(tmp_path, changed))["cast"][2] == {"words": "x"}


def _file_of(tmp_path: Path, board: Storyboard) -> str:
    write_storyboard(tmp_path / "again.json", board)
    return (tmp_path / "again.json").read_text("utf-8")


def test_a_cast_that_is_no_list_is_left_aside_and_kept(tmp_path: Path) -> None:
    board, notes = board_with(tmp_path, shot(), cast={"anna": "a woman"})
    assert notes == [f"The board: cast {shown({'a': 1})} is not a list of characters and was left aside."]
    document = json.loads(_file_of(tmp_path, replace(board, characters=(TOM,))))
    assert document["as_imported"]["cast"] == {"anna": "a woman"}
    assert [entry["id"] for entry in document["cast"]] == ["tom"]


def test_a_field_of_a_character_that_can_mean_anything_is_refused_with_its_place(tmp_path: Path) -> None:
    message = refusal(tmp_path, {"cast": [{"id": "anna", "words": {"hair": "grey"}}], "shots": [shot()]})
    assert "cast[0].words: an object is not a text." in message


def test_a_picture_that_is_not_there_stops_the_shots_its_character_is_in(tmp_path: Path) -> None:
    shots = [shot(characters=["Anna"]), shot(shot_id="002")]
    board, notes = board_with(tmp_path, *shots, cast=[{"id": "anna", "pictures": ["gone.png"]}])
    assert [s.is_renderable for s in board.shots] == [False, True]
    assert 'Character anna: The picture 1 "gone.png" was not found' in board.shots[0].problems[0]
    assert notes == list(board.shots[0].problems)
    again, _ = read_storyboard(written(tmp_path, json.loads(_file_of(tmp_path, board))))
    assert again.shots[0].problems == board.shots[0].problems


def test_a_cast_written_elsewhere_still_finds_its_pictures(tmp_path: Path) -> None:
    picture = a_picture(tmp_path / "refs" / "a.png")
    entry = {"id": "anna", "pictures": ["refs/a.png"], "mine": 1}
    board, _ = board_with(tmp_path, shot(), cast=[entry])
    project = tmp_path / "elsewhere"
    document, again = rewritten(project, board)
    assert again.characters[0].pictures == (picture,)
    assert document["cast"] == [{**entry, "pictures": [str(picture)]}]


def test_a_board_made_here_keeps_its_characters(tmp_path: Path) -> None:
    picture = a_picture(tmp_path / "anna.png")
    made = replace(ANNA, pictures=(picture,), notes="Old.")
    document, again = rewritten(tmp_path, Storyboard("New", (Shot("001", PROMPT),), characters=(made, TOM)))
    assert [replace(c, raw={}) for c in again.characters] == [made, TOM]
    assert document["cast"][0]["pictures"] == ["anna.png"]
