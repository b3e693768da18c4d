"""Projects as a whole: made under safe names, found again, copied, measured."""

import json
import os
import shutil
from pathlib import Path

import pytest

from domain.errors import StudioError
from domain.events import Told
from domain.project import Project
from domain.safe_names import folder_name, plain_name
from infrastructure.project_files import leftovers_removed
from infrastructure.project_lock import locked
from infrastructure.recipes import Ledger
from infrastructure.storyboard_files import open_storyboard
from services import projects
from services.projects import RESOLUTIONS, Defaults
from tests.folders import done, everything, filled, picture


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Low Tide Post", "Low-Tide-Post"),
        ("Відплив: пошта", "Відплив-пошта"),
        ("退潮邮局", "退潮邮局"),
        ("  Ämter/Straße\r\n2 ", "Ämter-Straße-2"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\Windows", "C-Windows"),
        ("NUL", "NUL-film"),
        ("con.", "con-film"),
        (".hidden", "hidden"),
        ("🎬🎬", "film"),
        ("a\0b", "a-b"),
        ("x" * 300, "x" * 60),
        ("\udcff", "film"),
    ],
)
def test_a_folder_keeps_the_letters_of_its_title_and_nothing_that_leads_elsewhere(tmp_path, title, name):
    assert folder_name(title) == name
    project = projects.create(tmp_path, title)
    assert project.folder == tmp_path / name
    assert project.folder.parent == tmp_path


def test_three_hundred_wide_letters_still_fit_a_file_system(tmp_path):
    project = projects.create(tmp_path, "邮" * 300)
    assert len(os.fsencode(project.name)) <= 180
    assert open_storyboard(project.storyboard)[0].title == "邮" * 300


def test_a_disk_without_such_letters_gets_a_plain_name(tmp_path, monkeypatch):
    real = Path.mkdir

    def ascii_only(self, *args, **options):
        if not self.name.isascii():
            raise OSError(84, "Invalid or incomplete multibyte character")
        real(self, *args, **options)

    monkeypatch.setattr(Path, "mkdir", ascii_only)
    assert projects.create(tmp_path, "Crème brûlée").name == "Creme-brulee"
    assert projects.create(tmp_path, "退潮").name == plain_name("退潮") == "film"


def test_a_new_project_never_takes_a_folder_that_is_there(tmp_path):
    (tmp_path / "Tide").mkdir()
    names = [projects.create(tmp_path, "Tide").name for _ in range(3)]
    assert names == ["Tide-2", "Tide-3", "Tide-4"]
    assert not list((tmp_path / "Tide").iterdir())


def test_a_new_board_holds_what_was_chosen_for_it(tmp_path):
    scope = next(r for r in RESOLUTIONS if r.key == "scope_1376")
    project = projects.create(tmp_path, "Tide", Defaults(scope.width, scope.height, 25.0, "noir"))
    board, notes = open_storyboard(project.storyboard)

    assert notes == []
    assert (board.title, board.shots) == ("Tide", ())
    assert (board.width, board.height, board.fps, board.tags) == (1376, 576, 25.0, {"style": "noir"})


def test_a_size_no_board_can_have_leaves_no_folder(tmp_path):
    with pytest.raises(StudioError, match="256 to 2048"):
        projects.create(tmp_path, "Tide", Defaults(width=99999))
    assert not list(tmp_path.iterdir())


def test_every_resolution_is_a_size_a_board_can_have(tmp_path):
    keys = [r.key for r in RESOLUTIONS]
    assert len(keys) == len(set(keys))
    for resolution in RESOLUTIONS:
        named = [float(part) for part in resolution.ratio.split(":")]
        assert abs(resolution.width / resolution.height / (named[0] / named[1]) - 1) < 0.03, resolution
        assert projects.create(tmp_path, "x", Defaults(resolution.width, resolution.height))
        if resolution.ratio in ("2.39:1", "4:3"):
            assert resolution.width % 16 == resolution.height % 16 == 0, "what models draw exactly"


# --- the list of those opened last


def test_the_project_opened_last_comes_first_and_only_once(tmp_path):
    file, a, b = tmp_path / "recent.json", filled(tmp_path / "a"), filled(tmp_path / "b", 12, "Відплив")
    for project in (a, b, a, b):
        projects.remember(file, project.folder)
    first, second = projects.recent(file)

    assert (first.folder, first.title, first.shots, first.seconds) == (b.folder, "Відплив", 12, 30.0)
    assert (second.folder, second.exists, second.problem) == (a.folder, True, "")
    assert first.when >= second.when
    assert [path.stem for path in second.strip] == ["001", "002", "003"]


def test_the_strip_shows_six_pictures_from_all_over_the_film(tmp_path):
    file, project = tmp_path / "recent.json", filled(tmp_path / "a", 21)
    project.keyframe("001").unlink()
    projects.remember(file, project.folder)
    (only,) = projects.recent(file)
    assert [path.stem for path in only.strip] == ["002", "006", "010", "013", "017", "021"]


def test_a_project_that_went_is_told_as_gone_and_can_be_dropped(tmp_path):
    file, project = tmp_path / "recent.json", filled(tmp_path / "a")
    projects.remember(file, project.folder)
    project.folder.rename(tmp_path / "elsewhere")
    (gone,) = projects.recent(file)

    assert (gone.exists, gone.title, gone.strip) == (False, "Low Tide", ())
    projects.forget(file, gone.folder)
    assert projects.recent(file) == []


def test_a_board_that_does_not_read_is_told_in_the_list(tmp_path):
    file, project = tmp_path / "recent.json", filled(tmp_path / "a")
    project.storyboard.write_text("{")
    projects.remember(file, project.folder)
    (only,) = projects.recent(file)
    assert (only.title, only.shots) == ("a", 0)
    assert "not valid JSON" in only.problem


def test_a_changed_board_shows_at_once(tmp_path):
    file, project = tmp_path / "recent.json", filled(tmp_path / "a")
    projects.remember(file, project.folder)
    assert projects.recent(file)[0].shots == 3
    project.storyboard.write_text(
        '{"project": "Short", "shots": [{"prompt": "x", "duration": "1,5s"}, null]}'
    )
    (only,) = projects.recent(file)
    assert (only.title, only.shots, only.seconds) == ("Short", 1, 1.5)


@pytest.mark.parametrize(
    "text", ["", "{", "{}", "[1, null, {}]", '[{"folder": "relative", "when": "x"}]', "\xff"]
)
def test_a_damaged_list_is_an_empty_one(tmp_path, text):
    file = tmp_path / "recent.json"
    file.write_text(text, "latin-1")
    assert projects.recent(file) == []
    projects.remember(file, filled(tmp_path / "a").folder)
    assert len(projects.recent(file)) == 1


def test_the_list_holds_thirty(tmp_path):
    file = tmp_path / "recent.json"
    for number in range(33):
        projects.remember(file, projects.create(tmp_path, f"Film {number}").folder)
    assert [r.title for r in projects.recent(file)] == [f"Film {n}" for n in range(32, 2, -1)]
    projects.remember(file, tmp_path / "Film-20")
    titles = [r.title for r in projects.recent(file)]
    assert (titles[0], titles[-1], len(titles)) == ("Film 20", "Film 3", 30)


# --- copies


def test_a_copy_has_everything_but_cache_lock_and_bin(tmp_path):
    project = filled(tmp_path / "a")
    before = everything(project.folder)
    copy, said = done(projects.duplicate(project, tmp_path, "Second Cut"))

    assert copy.folder == tmp_path / "Second-Cut"
    left = {"cache/recipes.json", ".lock", "takes/002_v2.png.part"}
    assert everything(copy.folder).keys() == before.keys() - left
    assert everything(project.folder) == before
    assert open_storyboard(copy.storyboard)[0].title == "Second Cut"
    assert open_storyboard(copy.storyboard)[0].shots[0].references == (copy.folder / "references/boat.png",)
    assert len(Ledger(copy)._entries) == 3
    assert [e.fraction for e in said] == sorted(e.fraction for e in said)


def test_a_copy_without_takes_has_board_references_and_chosen_pictures(tmp_path):
    copy, _ = done(projects.duplicate(filled(tmp_path / "a"), tmp_path, "Again", with_takes=False))
    tops = {path.split("/")[0] for path in everything(copy.folder)}
    assert tops == {"storyboard.json", "project.json", "references", "keyframes"}


def test_a_copy_without_takes_has_those_that_shots_and_the_cast_refer_to_and_the_cut(tmp_path):
    project = filled(tmp_path / "a")
    shown = json.loads(project.storyboard.read_text("utf-8"))
    shown["shots"][1]["start_image"] = "takes/001_v1.png"
    shown["cast"] = [{"id": "anna", "pictures": ["takes/002_v1.png"]}]
    project.storyboard.write_text(json.dumps(shown), "utf-8")
    project.cut.write_text("{}")
    copy, _ = done(projects.duplicate(project, tmp_path, "Again", with_takes=False))
    board = open_storyboard(copy.storyboard)[0]
    assert [one.problems for one in (*board.shots, *board.characters)] == [()] * 4
    assert sorted(path.name for path in copy.takes.iterdir()) == [
        f"00{number}_v1.{suffix}" for number in (1, 2) for suffix in ("json", "png")
    ]
    assert copy.cut.exists()


def test_a_zip_tells_of_pictures_that_lie_elsewhere_also_of_the_casts(tmp_path):
    project, anna = filled(tmp_path / "a"), picture(tmp_path / "anna.png")
    shown = json.loads(project.storyboard.read_text("utf-8"))
    project.storyboard.write_text(
        json.dumps({**shown, "cast": [{"id": "anna", "pictures": [str(anna)]}]}), "utf-8"
    )
    _, said = done(projects.archive(project, tmp_path / "a.zip"))
    assert [event.sentence for event in said if isinstance(event, Told)] == [
        f"{anna} lies outside the project and is not in the zip file."
    ]


def test_a_copy_that_is_given_up_leaves_nothing(tmp_path):
    project = filled(tmp_path / "a")
    work = projects.duplicate(project, tmp_path, "Again")
    next(work), next(work), next(work)
    work.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_copy_never_goes_into_a_folder_that_is_there(tmp_path):
    (tmp_path / "Again").mkdir()
    copy, _ = done(projects.duplicate(filled(tmp_path / "a"), tmp_path, "Again"))
    assert copy.name == "Again-2"


# --- the disk


def test_the_disk_used_is_told_by_kind(tmp_path):
    project = filled(tmp_path / "a")
    (project.folder / ".bin" / "x").mkdir(parents=True)
    (project.folder / ".bin" / "x" / "old.png").write_bytes(b"x" * 33)
    (project.folder / "loop").symlink_to(project.folder)
    used = projects.disk_used(project)

    assert list(used) == ["takes", "keyframes", "videos", "films", "cache", "bin", "other"]
    assert (used["videos"], used["films"], used["cache"], used["bin"]) == (400, 4000, 2, 33)
    assert sum(used.values()) == sum(len(content) for content in everything(project.folder).values())


def test_an_emptied_cache_frees_its_bytes_and_touches_nothing_else(tmp_path):
    project = filled(tmp_path / "a")
    (project.cache / "deep").mkdir()
    (project.cache / "deep" / "part.mp4").write_bytes(b"x" * 998)
    (project.cache / "link").symlink_to(project.takes)
    before = everything(project.folder)

    assert projects.empty_cache(project) == 1000
    assert everything(project.folder) == {k: v for k, v in before.items() if not k.startswith("cache/")}


def test_an_emptying_that_was_interrupted_is_finished_by_the_next_one(tmp_path, monkeypatch):
    project = filled(tmp_path / "a")
    picture(project.cache / "thumbs" / "001_v1.png")
    (project.cache / "thumbs" / "002_v1.png.part").write_bytes(b"half")
    before, used = everything(project.folder), projects.disk_used(project)

    def killed(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(shutil, "rmtree", killed)
        projects.empty_cache(project)

    assert projects.disk_used(project) == used, "it lies in the cache still, and counts as cache"
    copy, _ = done(projects.duplicate(project, tmp_path / "copies", "Copy"))
    assert not copy.cache.exists()
    leftovers_removed(project)
    picture(project.cache / "thumbs" / "003_v1.png")
    assert projects.empty_cache(project) > used["cache"]
    assert everything(project.folder) == {k: v for k, v in before.items() if not k.startswith("cache/")}
    assert list(project.cache.iterdir()) == []


def test_a_cache_that_two_empty_at_once_is_empty(tmp_path, monkeypatch):
    project, remove = filled(tmp_path / "a"), shutil.rmtree

    def with_another(path):
        monkeypatch.setattr(shutil, "rmtree", remove)
        assert projects.empty_cache(project) > 0
        remove(path)

    monkeypatch.setattr(shutil, "rmtree", with_another)
    assert projects.empty_cache(project) > 0
    assert list(project.cache.iterdir()) == []


def test_the_cache_is_not_emptied_under_a_render(tmp_path):
    project = filled(tmp_path / "a")
    with locked(project.folder), pytest.raises(StudioError, match="Another render"):
        projects.empty_cache(project)
    assert (project.cache / "recipes.json").exists()


def test_a_project_that_is_not_there_is_not_made_by_asking(tmp_path):
    gone = Project(tmp_path / "gone")
    for deed in (projects.empty_cache, lambda p: done(projects.duplicate(p, tmp_path, "x"))):
        with pytest.raises(StudioError, match="no project folder"):
            deed(gone)
    assert projects.disk_used(gone)["takes"] == 0
    assert not list(tmp_path.iterdir())
