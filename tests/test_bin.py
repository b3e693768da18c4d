"""The bin: what is thrown away can be had again, whatever happened in between."""

import json
import os
from pathlib import Path

import pytest

from domain.errors import StudioError
from infrastructure.recipes import Ledger
from services import bin
from tests.folders import everything, filled, picture


@pytest.fixture
def project(tmp_path):
    return filled(tmp_path / "film")


def takes(project, stem="001_v1"):
    return [project.takes / f"{stem}.png", project.takes / f"{stem}.json"]


def test_what_is_thrown_away_is_in_the_bin_and_comes_back_as_it_was(project):
    before = everything(project.folder)
    binned = bin.discard(project, [*takes(project), project.film], "Not the right light")

    assert not project.film.exists()
    assert binned.places == ("takes/001_v1.png", "takes/001_v1.json", "film.mp4")
    assert bin.contents(project) == [binned]
    assert binned.size == sum(len(before[place]) for place in binned.places)
    restored, told = bin.restore(binned)
    assert restored == [*takes(project), project.film]
    assert told == []
    assert everything(project.folder) == before
    assert bin.contents(project) == []


def test_a_folder_goes_as_a_whole_and_its_files_are_not_asked_for_twice(project):
    before = everything(project.folder)
    binned = bin.discard(project, [project.takes / "001_v1.png", project.takes, project.takes], "Start anew")
    assert binned.places == ("takes",)
    assert not project.takes.exists()
    bin.restore(binned)
    assert everything(project.folder) == before


def test_nothing_is_restored_over_what_stands_there_now(project):
    binned = bin.discard(project, [project.film], "")
    project.film.write_bytes(b"new")
    restored, told = bin.restore(binned)

    assert project.film.read_bytes() == b"new"
    assert restored == [project.folder / "film-2.mp4"]
    assert restored[0].read_bytes() == b"film" * 1000
    assert told == ["film.mp4 is there again, so the one from the bin is called film-2.mp4 now."]


def test_a_restored_take_under_another_number_is_a_take_of_its_own(project):
    """Its recipe must not claim the picture that has the old number now."""
    old = takes(project)[0].read_bytes()
    picture(project.takes / "001_v1_last.png", "white")
    binned = bin.discard(project, [*takes(project), project.takes / "001_v1_last.png"], "")
    picture(project.takes / "001_v1.png", "lime")
    picture(project.takes / "001_v10.png", "lime")
    restored, told = bin.restore(binned)

    assert [path.name for path in restored] == ["001_v11.png", "001_v11.json", "001_v11_last.png"]
    assert len(told) == 3
    assert (project.takes / "001_v11.png").read_bytes() == old
    recipe = json.loads((project.takes / "001_v11.json").read_text())
    assert (recipe["name"], recipe["files"], recipe["job"]) == ("001_v11", ["001_v11.png"], "001")
    assert Ledger(project).skipped == []


@pytest.mark.parametrize("moves", range(4))
def test_being_killed_between_two_moves_loses_nothing(project, monkeypatch, moves):
    before, paths = everything(project.folder), [*takes(project), project.film]
    kill_after(monkeypatch, moves)
    if moves < 3:
        with pytest.raises(KeyboardInterrupt):
            bin.discard(project, paths, "why")
    else:
        bin.discard(project, paths, "why")
    monkeypatch.undo()

    assert [len(binned.places) for binned in bin.contents(project)] == [moves] * (moves > 0)
    for binned in bin.contents(project):
        assert binned.why == "why"
        bin.restore(binned)
    left = {k: v for k, v in everything(project.folder).items() if not k.startswith(".bin/")}
    assert left == before


@pytest.mark.parametrize("moves", range(3))
def test_a_restoring_that_was_killed_goes_on(project, monkeypatch, moves):
    before = everything(project.folder)
    binned = bin.discard(project, [*takes(project), project.film], "why")
    kill_after(monkeypatch, moves)
    with pytest.raises(KeyboardInterrupt):
        bin.restore(binned)
    monkeypatch.undo()

    (again,) = bin.contents(project)
    assert len(again.places) == 3 - moves
    bin.restore(again)
    assert everything(project.folder) == before


def kill_after(monkeypatch, moves):
    left, real = [moves], Path.rename

    def rename(self, to):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(self, to)

    monkeypatch.setattr(Path, "rename", rename)


def test_the_newest_comes_first_and_emptying_frees_what_they_hold(project):
    film = bin.discard(project, [project.film], "one")
    take = bin.discard(project, takes(project)[:1], "two")
    assert [binned.why for binned in bin.contents(project)] == ["two", "one"]

    assert bin.remove(take) > 0
    assert [binned.why for binned in bin.contents(project)] == ["one"]
    size = film.size
    assert bin.empty(project) > size == 4000
    assert bin.contents(project) == []
    assert not project.film.exists()


@pytest.mark.parametrize(
    "name", ["../outside.png", ".", "takes/../../outside.png", ".bin", ".lock", ".bin/x"]
)
def test_only_what_is_the_projects_can_be_thrown_away(project, name):
    outside = picture(project.folder.parent / "outside.png")
    bin.discard(project, [project.film], "")
    with pytest.raises(StudioError):
        bin.discard(project, [project.folder / name], "")
    assert outside.exists()


def test_a_link_is_thrown_away_and_not_what_it_leads_to(project, tmp_path):
    outside = picture(tmp_path / "outside.png")
    (project.takes / "link.png").symlink_to(outside)
    bin.discard(project, [project.takes / "link.png"], "")
    assert outside.exists()
    assert not os.path.lexists(project.takes / "link.png")


def test_what_is_not_there_cannot_be_thrown_away(project):
    with pytest.raises(StudioError, match="nothing there"):
        bin.discard(project, [project.takes / "gone.png"], "")
    assert not project.bin.exists()


def test_a_manifest_from_elsewhere_leads_nowhere(project, tmp_path):
    folder = project.bin / "20260101T000000-001"
    (folder / "files").mkdir(parents=True)
    picture(folder / "evil.png")
    places = ["../evil.png", str(tmp_path / "evil.png"), 3, "takes/../../x", ""]
    content = {"when": "2026-01-01T00:00:00+00:00", "why": "", "places": places}
    (folder / "manifest.json").write_text(json.dumps(content))
    assert bin.contents(project) == []


def test_a_bin_without_its_manifest_still_gives_everything_back(project):
    before = everything(project.folder)
    binned = bin.discard(project, [*takes(project), project.film], "why")
    (binned.folder / "manifest.json").write_text("{")
    (found,) = bin.contents(project)
    bin.restore(found)
    assert everything(project.folder) == before


def test_names_of_every_kind_come_back(project):
    names = ["🎬 final.png", "a\nb.png", "x" * 200 + ".png", "NUL.png", "Сцена 1.png"]
    paths = [picture(project.takes / name) for name in names]
    before = everything(project.folder)
    bin.restore(bin.discard(project, paths, "why"))
    assert everything(project.folder) == before
