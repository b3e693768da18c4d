"""What was made elsewhere comes in whole, once, and without touching its source."""

import json
from pathlib import Path

import pytest
from PIL import Image

from domain import board_edits
from domain.errors import BadFile, StudioError
from domain.project import Project
from domain.storyboard import Shot
from infrastructure.import_notes import ImportNotes
from infrastructure.project_lock import locked
from infrastructure.recipes import Ledger
from infrastructure.storyboard_files import open_storyboard
from services import picks, projects
from services.desk import Desk
from services.import_media import Takes
from services.imports import Kind, import_any, import_new, kind_of
from services.projects import Defaults
from tests.folders import done, everything, filled, picture
from tests.older import older


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "film")


def media(project):
    return [path for path in project.takes.iterdir() if path.suffix != ".json"]


def imported(path, project):
    """The board after an import, and what was told; the source stays as it was, and twice is once."""
    before = everything(path) if path.is_dir() else path.read_bytes()
    (_, told), _ = done(import_any(path, project))
    after = everything(project.folder)
    (_, again), _ = done(import_any(path, project))

    assert everything(project.folder) == after, "a second import changed something"
    assert any("nothing has changed" in sentence for sentence in again)
    assert (everything(path) if path.is_dir() else path.read_bytes()) == before
    assert not list(project.folder.rglob("*.part"))
    return open_storyboard(project.storyboard)[0], told


def colour(path):
    with Image.open(path) as image:
        return image.convert("RGB").getpixel((0, 0))


# --- what it is


def test_everything_that_can_be_imported_is_known_for_what_it_is(tmp_path):
    def text(name, content):
        path = tmp_path / name
        path.write_text(content)
        return path

    (tmp_path / "install" / "config").mkdir(parents=True)
    (tmp_path / "install" / "config" / "settings.json").write_text("{}")
    kinds = {
        older(tmp_path / "old"): Kind.older,
        filled(tmp_path / "own").folder: Kind.project,
        picture(tmp_path / "stills" / "a.png").parent: Kind.pictures,
        tmp_path / "install": Kind.settings,
        text("a.json", '{"shots": []}'): Kind.board,
        text("b.json", "[]"): Kind.board,
        text("c.json", '{"selections": []}'): Kind.choices,
        text("d.json", '{"comfy_url": ""}'): Kind.settings,
        text("e.txt", "A door."): Kind.text,
        text("f.TXT", "Prompt\tSeconds\na\t2"): Kind.table,
        text("g.csv", "prompt"): Kind.table,
        text("h.zip", ""): Kind.zip,
    }
    assert {path: kind_of(path) for path in kinds} == kinds


def test_what_is_nothing_to_import_is_refused_with_a_sentence(tmp_path):
    older(tmp_path / "output" / "one")
    older(tmp_path / "output" / "two")
    (tmp_path / "empty").mkdir()
    for path, said in (
        (tmp_path / "gone", "There is no"),
        (tmp_path / "empty", "holds nothing that can be imported"),
        (tmp_path / "output", "several projects. Import one of them: one, two"),
        (picture(tmp_path / "a.png"), "Import the folder it lies in"),
    ):
        with pytest.raises(BadFile, match=said):
            kind_of(path)


# --- pictures


def test_each_picture_is_a_shot_in_the_order_people_count(tmp_path, project):
    folder = tmp_path / "Low Tide"
    for number, name in enumerate(["10 rain on glass.png", "2.png", "1.PNG", "shot_a.jpg"]):
        picture(folder / name, (number * 60, 0, 0), (832, 480))
    (folder / "notes.txt").write_text("x")
    (folder / ".DS_Store").write_text("x")
    picture(folder / "sub" / "x.png")
    board, told = imported(folder, project)

    assert (board.title, board.width, board.height) == ("Low Tide", 832, 480)
    assert [(s.id, s.label) for s in board.shots] == [
        ("001", "1"),
        ("002", "2"),
        ("003", "10 rain on glass"),
        ("004", "shot_a"),
    ]
    assert [s.description for s in board.shots] == ["", "", "rain on glass", ""]
    assert sorted(p.name for p in media(project)) == [
        f"00{n}_v1.{s}" for n, s in zip("1234", ["png"] * 3 + ["jpg"], strict=True)
    ]
    assert all(picks.artists_choice(project, shot.id) for shot in board.shots)
    assert told[0] == "Low Tide is a folder of pictures."
    assert "No pictures, and left where they are: notes.txt." in told
    assert "Folders in it were not looked into: sub." in told
    ledger = Ledger(project)
    assert ledger.skipped == []
    assert [take.files for take in ledger.takes_of("003")] == [("003_v1.png",)], "it is a take like others"
    assert ledger.recipe("003_v1")["brought_in"] == "10 rain on glass.png"


def test_a_picture_that_was_taken_upright_stands_upright(tmp_path, project):
    for number, suffix in enumerate((".jpg", ".png", ".tif", ".webp")):
        image = Image.new("RGB", (64, 32), (0, number * 40, 255))
        exif = Image.Exif()
        exif[0x0112] = 6
        path = tmp_path / "stills" / f"still{number}{suffix}"
        path.parent.mkdir(exist_ok=True)
        image.save(path, exif=exif)
    board, _ = imported(path.parent, project)

    assert (board.width, board.height) == (256, 256)
    for shot in board.shots:
        with Image.open(project.keyframe(shot.id)) as keyframe:
            assert keyframe.size == (32, 64)
        with Image.open(project.takes / f"{shot.id}_v1.png") as take:
            assert (take.size, take.getexif().get(0x0112, 1)) == ((32, 64), 1)


@pytest.mark.parametrize("mode", ["CMYK", "LAB", "F", "I", "I;16", "1", "P", "LA"])
def test_pictures_of_every_kind_are_taken(tmp_path, project, mode):
    folder = tmp_path / "stills"
    folder.mkdir()
    Image.new(mode, (40, 30)).save(folder / ("a.png" if mode in ("LA",) else "a.tif"))
    board, told = imported(folder, project)
    assert picks.chosen(project, "001")
    assert len(board.shots) == 1, told


def test_what_only_looks_like_a_picture_is_told_and_passed_over(tmp_path, project):
    folder = picture(tmp_path / "stills" / "a.png").parent
    (folder / "b.png").write_text("no picture")
    (folder / "c.jpg").write_bytes(picture(tmp_path / "x.jpg", size=(400, 400)).read_bytes()[:600])
    picture(folder / "d.png", "blue")
    board, told = imported(folder, project)
    assert [shot.label for shot in board.shots] == ["a", "d"]
    assert {"b.png is not a picture that can be read.", "c.jpg is not a picture that can be read."} <= {*told}


def test_a_picture_that_is_there_twice_is_one_shot(tmp_path, project):
    folder = picture(tmp_path / "stills" / "a.png").parent
    picture(folder / "b.png")
    board, told = imported(folder, project)
    assert [shot.label for shot in board.shots] == ["a"]
    assert "b.png is the same picture as a.png." in told


def test_pictures_that_came_to_the_folder_come_to_the_end_of_the_board(tmp_path, project):
    folder = picture(tmp_path / "stills" / "b.png").parent
    imported(folder, project)
    picks.choose(project, "001", picture(tmp_path / "mine.png", "lime"))
    picture(folder / "a.png", "blue")
    board, _ = imported(folder, project)
    assert [shot.label for shot in board.shots] == ["b", "a"]
    assert colour(project.keyframe("001")) == (0, 255, 0)


def test_a_shot_that_was_taken_off_the_board_does_not_come_back(tmp_path, project):
    folder = picture(tmp_path / "stills" / "a.png").parent
    picture(folder / "b.png", "blue")
    board, _ = imported(folder, project)
    document = json.loads(project.storyboard.read_text())
    project.storyboard.write_text(json.dumps({**document, "shots": document["shots"][1:]}))
    board, _ = imported(folder, project)
    assert [shot.label for shot in board.shots] == ["b"]


@pytest.mark.parametrize("stop", range(1, 6))
def test_an_import_of_pictures_that_was_stopped_goes_on(tmp_path, project, stop):
    folder = tmp_path / "stills"
    for number in range(5):
        picture(folder / f"{number}.png", (number, 0, 0))
    work = import_any(folder, project)
    for _ in range(stop):
        next(work)
    work.close()
    board, _ = imported(folder, project)
    assert [shot.label for shot in board.shots] == list("01234")
    assert len(media(project)) == 5


def test_names_of_every_kind_become_shots(tmp_path, project):
    folder = tmp_path / "stills"
    names = [
        "🎬.png",
        "a\r\nb.png",
        "x" * 240 + ".png",
        "NUL.png",
        "Сцена.png",
        "a..png",
        "%2e%2e.png",
        "²³.png",
    ]
    for number, name in enumerate(names):
        picture(folder / name, (number, 0, 0))
    board, _ = imported(folder, project)
    assert len(board.shots) == len(names)
    assert all(path.name.isascii() for path in project.takes.iterdir())


def test_nothing_is_brought_into_a_project_that_renders(tmp_path, project):
    folder = picture(tmp_path / "stills" / "a.png").parent
    with locked(project.folder), pytest.raises(StudioError, match="Another render"):
        done(import_any(folder, project))


def test_what_is_edited_while_pictures_come_in_stays_and_they_are_one_step(tmp_path):
    desk = Desk(filled(tmp_path / "film"), lambda desk, ids: None)
    for number in range(3):
        picture(tmp_path / "stills" / f"{number}.png", (number, 0, 0))
    work = import_any(tmp_path / "stills", desk.project, desk)
    next(work), next(work)
    desk.set_field(["001"], "prompt", "Edited meanwhile")
    desk.edit("add", lambda b: board_edits.with_new_shots(b, [Shot("", "New")], None, desk.used_ids()))
    _, told = done(work)[0]
    shots = open_storyboard(desk.project.storyboard)[0].shots
    assert (shots[0].prompt, shots[3].prompt) == ("Edited meanwhile", "New")
    assert [shot.label for shot in shots[4:]] == ["0", "1", "2"] and "New shots: 3." in told[1]
    assert all(picks.chosen(desk.project, shot.id) for shot in shots[4:])
    desk.undo()
    assert [shot.prompt for shot in desk.board.shots][3:] == ["New"]


def test_a_list_never_replaces_shots_that_were_written_while_it_was_read(tmp_path):
    project = projects.begin(tmp_path, "Film")
    desk = Desk(project, lambda desk, ids: None)
    (tmp_path / "shots.csv").write_text("prompt\nA harbour\n")
    work = import_any(tmp_path / "shots.csv", project, desk)
    next(work)
    desk.set_field(["001"], "prompt", "Mine")
    with pytest.raises(StudioError, match="is there already"):
        done(work)
    assert [shot.prompt for shot in open_storyboard(project.storyboard)[0].shots] == ["Mine"]


def test_what_comes_in_never_takes_the_name_of_a_job_that_has_just_begun(tmp_path, project):
    ledger = Ledger(project)
    begun, next_one = ("fake", "begun"), ("fake", "next")
    ledger._begin(begun)
    assert ledger._name(begun, "001") == "001_v1"
    takes = Takes(project, ImportNotes(project), ledger)
    assert takes.picture(picture(tmp_path / "a.png"), "001", 1).name == "001_v2.png"
    assert ledger._name(next_one, "001") == "001_v3"


# --- an older project


def test_an_older_project_comes_with_all_its_media(tmp_path, project):
    board, told = imported(older(tmp_path / "old-town"), project)

    assert [shot.id for shot in board.shots] == ["001", "002", "a_b"]
    takes = {path.name: path for path in media(project)}
    assert takes.keys() == {
        *("001_v1.png", "001_v2.png", "002_v1.png", "a_b_v3.png", "a_b_v4.png"),
        *("001.01_v1.mp4", "001.02_v1.mp4", "a_b.01_v1.mp4"),
    }
    assert [colour(takes[name]) for name in ("001_v1.png", "001_v2.png", "002_v1.png", "a_b_v3.png")] == [
        (255, 0, 0),
        (0, 128, 0),
        (0, 0, 255),
        (255, 255, 255),
    ]
    assert (colour(project.keyframe("001")), colour(project.keyframe("a_b"))) == (
        (0, 128, 0),
        (255, 255, 255),
    )
    assert not project.keyframe("002").exists()
    assert [path.name for path in project.videos.iterdir()] == ["a_b.mp4"]
    assert "Left, because they belong to no shot: keyframes/ComfyUI_00001_.png, video/other.mp4." in told
    assert "A picture was chosen for shot ../x, which is not on the board." in told
    assert "Left in audio, which has no place here yet: narration_1.mp3." in told
    assert "Shots with several clips, which a render joins: 001." in told
    assert Ledger(project).skipped == []


def test_two_shots_that_share_a_name_are_told(tmp_path, project):
    shots = [{"shot_id": id, "filename_base": "city", "prompt": "A city."} for id in ("001", "002")]
    _, told = imported(older(tmp_path / "old", shots), project)
    assert "The shots 001, 002 share one name for their pictures; all went to 001." in told


def test_of_several_boards_the_one_that_fits_the_pictures_is_taken_and_the_others_told(tmp_path, project):
    folder = older(tmp_path / "old")
    (folder / "storyboards" / "later.json").write_text('{"project": "Later", "shots": [{"prompt": "x"}]}')
    (folder / "storyboards" / "broken.json").write_text("{")
    board, told = imported(folder, project)
    assert board.title == "Old Town"
    assert any("storyboard_old.json was taken" in s and "Not taken: later.json" in s for s in told)
    assert any("broken.json is not valid JSON" in s for s in told)


def test_a_later_choice_is_not_undone_by_importing_again(tmp_path, project):
    folder = older(tmp_path / "old")
    imported(folder, project)
    picks.choose(project, "001", picture(tmp_path / "mine.png", "lime"))
    imported(folder, project)
    assert colour(project.keyframe("001")) == (0, 255, 0)


@pytest.mark.parametrize("stop", [1, 2, 4, 8])
def test_an_import_of_an_older_project_that_was_stopped_goes_on(tmp_path, project, stop):
    folder = older(tmp_path / "old")
    work = import_any(folder, project)
    for _ in range(stop):
        next(work)
    work.close()
    imported(folder, project)
    assert len(media(project)) == 8


def test_names_in_an_older_project_lead_nowhere(tmp_path, project):
    folder = older(
        tmp_path / "old", [{"shot_id": "../../x", "filename_base": "../city", "prompt": "A city."}]
    )
    picture(folder / "keyframes" / "..-city_v1_00001_.png")
    imported(folder, project)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film", "old"]
    assert (project.takes / "x_v1.png").exists()


def test_an_older_project_without_a_board_is_refused(tmp_path, project):
    folder = older(tmp_path / "old")
    (folder / "storyboards" / "storyboard_old.json").unlink()
    with pytest.raises(BadFile, match="no storyboard"):
        done(import_any(folder, project))


# --- lists of shots, boards


def test_a_list_fills_a_new_project_and_keeps_its_look(tmp_path):
    project = projects.create(tmp_path, "Tide", Defaults(1376, 576, 25.0, "noir"))
    path = tmp_path / "list.csv"
    path.write_text("prompt;scene\nA door;Harbour\n")
    board, told = imported(path, project)
    assert (board.title, board.width, board.fps, board.tags) == ("Tide", 1376, 25.0, {"style": "noir"})
    assert board.shots[0].scene == "Harbour"
    assert told[0] == "list.csv is a table of shots."


def test_a_board_that_has_shots_is_never_replaced(tmp_path):
    project, path = filled(tmp_path / "film"), tmp_path / "list.txt"
    path.write_text("A door.")
    before = everything(project.folder)
    with pytest.raises(StudioError, match="is there already"):
        done(import_any(path, project))
    assert everything(project.folder) == before


def test_the_pictures_a_board_refers_to_come_along(tmp_path, project):
    far = picture(tmp_path / "refs" / "boat.png", "brown")
    shot = {"shot_id": "001", "prompt": "A boat.", "references": ["refs/boat.png", "refs/gone.png"]}
    path = tmp_path / "board.json"
    anna = picture(tmp_path / "refs" / "anna.png", "green")
    cast = [{"id": "anna", "pictures": [str(anna)]}]
    path.write_text(json.dumps({"shots": [{**shot, "start_image": str(far)}], "cast": cast}))
    board, told = imported(path, project)

    assert (
        board.shots[0].references[0] == board.shots[0].start_image == project.folder / "references/boat.png"
    )
    assert board.characters[0].pictures == (project.folder / "references/anna.png",)
    assert any("gone.png" in sentence for sentence in told)
    assert json.loads(project.storyboard.read_text())["shots"][0]["start_image"] == "references/boat.png"


# --- into a project of its own


@pytest.mark.parametrize(
    "make", [older, lambda folder: picture(folder / "a.png").parent], ids=["older", "pictures"]
)
def test_importing_twice_into_new_projects_makes_one(tmp_path, make):
    source, root = make(tmp_path / "Old Town"), tmp_path / "films"
    (first, _), _ = done(import_new(source, root))
    before = everything(root)
    (second, told), _ = done(import_new(source, root))
    assert first == second == Project(root / "Old-Town")
    assert everything(root) == before
    assert "nothing has changed" in told[-1]


def test_a_copy_of_a_project_is_not_taken_for_the_import(tmp_path):
    source, root = picture(tmp_path / "stills" / "a.png").parent, tmp_path / "films"
    (first, _), _ = done(import_new(source, root))
    done(projects.duplicate(first, root, "A copy"))
    (again, _), _ = done(import_new(source, root))
    assert again == first


def test_an_import_that_fails_leaves_no_project(tmp_path):
    path, root = tmp_path / "list.csv", tmp_path / "films"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BadFile):
        done(import_new(path, root))
    assert list(root.iterdir()) == []


def test_what_belongs_elsewhere_says_where(tmp_path, project):
    own = filled(tmp_path / "own").folder
    for deed in (import_any(own, project), import_new(own, tmp_path)):
        with pytest.raises(StudioError, match="opened as it is"):
            done(deed)
    assert not Path(project.folder).exists()
