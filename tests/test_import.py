"""Taking over what an older studio left: nothing of it is changed, nothing of ours is lost."""

import json

import pytest
from PIL import Image

from commands import setting
from infrastructure.storyboard_files import open_storyboard
from main import main
from services import projects
from tests.folders import done, everything, filled, picture


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, tmp_path):
    monkeypatch.setattr(setting, "user_config_path", lambda name: tmp_path / "config" / name)
    return tmp_path / "config" / setting.NAME / "settings.json"


@pytest.fixture
def chosen(tmp_path):
    """A selection file with one picture that is there, one that is not, and one with a hostile id."""
    folder = tmp_path / "old" / "selected"
    folder.mkdir(parents=True)
    Image.new("RGB", (16, 16), "red").save(folder / "cat_v2_00001_.png")
    entries = [
        {"shot_id": "001", "selected_file": "cat_v2_00001_.png", "export_path": "/gone/cat_v2_00001_.png"},
        {"shot_id": "002", "selected_file": "dog_v1_00001_.png"},
        {"shot_id": "../../003", "selected_file": "cat_v2_00001_.png"},
    ]
    path = folder / "selected_keyframes.json"
    path.write_text(json.dumps({"project": "Old", "selections": entries}))
    return path


def test_chosen_pictures_of_a_moved_project_become_keyframes(chosen, tmp_path, capsys):
    assert main(["import", str(chosen), "--project", str(tmp_path / "film")]) == 0

    with Image.open(tmp_path / "film" / "keyframes" / "001.png") as picture:
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
    said = capsys.readouterr().err
    assert "Shot 002: its chosen picture dog_v1_00001_.png was not found." in said
    assert "No shot can be called '../../003'" in said
    assert sorted(p.name for p in (tmp_path / "film" / "keyframes").iterdir()) == ["001.json", "001.png"]
    assert not list(tmp_path.glob("003*"))


def test_pictures_need_a_project_to_go_into(chosen, capsys):
    assert main(["import", str(chosen)]) == 2
    assert "--project" in capsys.readouterr().err


def test_settings_are_taken_over_and_those_before_are_kept(tmp_path, own_settings, capsys):
    old = tmp_path / "settings.json"
    old.write_text(json.dumps({"comfyui": {"connection_mode": "runpod", "runpod_pod_id": "abcd1234efgh56"}}))
    own_settings.parent.mkdir(parents=True)
    own_settings.write_text(json.dumps({"comfy": {"mode": "local", "url": "http://127.0.0.1:9999"}}))

    assert main(["import", str(old)]) == 0

    comfy = json.loads(own_settings.read_text())["comfy"]
    assert (comfy["mode"], comfy["pod_id"]) == ("runpod", "abcd1234efgh56")
    kept = own_settings.with_name("settings.json.before-import")
    assert json.loads(kept.read_text())["comfy"]["url"] == "http://127.0.0.1:9999"


def test_a_storyboard_goes_into_a_project_that_has_none(tmp_path, capsys):
    board = tmp_path / "board.json"
    board.write_text(json.dumps({"project": "Old", "shots": [{"shot_id": "a", "prompt": "a red door"}]}))
    project = tmp_path / "film"

    assert main(["import", str(board), "--project", str(project)]) == 0
    assert json.loads((project / "storyboard.json").read_text())["shots"][0]["prompt"] == "a red door"
    assert "Shot a has a very short prompt." in capsys.readouterr().err

    before = everything(project)
    assert main(["import", str(board), "--project", str(project)]) == 0
    assert "was imported here before; nothing has changed." in capsys.readouterr().err
    assert everything(project) == before

    board.write_text(json.dumps({"project": "Other", "shots": [{"shot_id": "b", "prompt": "a blue door"}]}))
    assert main(["import", str(board), "--project", str(project)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert everything(project) == before


def test_a_workflow_of_another_studio_in_the_settings_does_not_stop_a_render(own_settings, tmp_path, capsys):
    own_settings.parent.mkdir(parents=True)
    own_settings.write_text(json.dumps({"keyframe_workflow": "gcp_somewhere_else"}))
    board = tmp_path / "board.json"
    shot = {"shot_id": "a", "prompt": "a red door", "duration": 0.2, "width": 256, "height": 256}
    board.write_text(json.dumps({"shots": [shot]}))

    assert main(["render", str(board), "--variants", "1"]) == 0
    assert "gcp_somewhere_else of the settings is not there" in capsys.readouterr().err


def test_a_folder_of_pictures_becomes_a_project_from_the_command_line(tmp_path, capsys):
    for number in (2, 10, 1):
        picture(tmp_path / "stills" / f"still{number}.png", (number, 0, 0))
    assert main(["import", str(tmp_path / "stills"), "--project", str(tmp_path / "film")]) == 0
    board, _ = open_storyboard(tmp_path / "film" / "storyboard.json")
    assert [shot.label for shot in board.shots] == ["still1", "still2", "still10"]
    assert "stills is a folder of pictures." in capsys.readouterr().err


def test_a_zip_is_unpacked_below_the_folder_that_is_named(tmp_path, capsys):
    path, _ = done(projects.archive(filled(tmp_path / "film"), tmp_path / "tide.zip"))
    assert main(["import", str(path), "--project", str(tmp_path / "films")]) == 0
    assert (tmp_path / "films" / "tide" / "storyboard.json").exists()
    assert "It stands in" in capsys.readouterr().err


def test_what_cannot_be_imported_is_told_with_what_can(tmp_path, capsys):
    (tmp_path / "a.docx").write_bytes(b"PK")
    assert main(["import", str(tmp_path / "a.docx"), "--project", str(tmp_path / "film")]) == 2
    assert "folders of pictures, texts, tables" in capsys.readouterr().err
    assert not (tmp_path / "film").exists()
