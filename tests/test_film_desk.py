"""The Film page's deeds: the cut at the desk, what pages are told, and films rendered and kept."""

import json
import threading
import time
from pathlib import Path

import pytest

from addons import film, storyboard
from domain.errand import Errand
from domain.errors import StudioError
from domain.places import Places
from infrastructure.clip_probe import probe
from services import bin
from services.cut import open_cut
from services.feed import Feed
from services.runs import Runs
from services.studio import Studio
from tests.film_corpus import HEIGHT, WIDTH
from tests.run_bench import is_busy
from tests.test_cut_film import a_project

SHOTS = ("001", "002", "003", "004")


@pytest.fixture
def studio(tmp_path):
    """A project of three shots with clips of 30, 20 and 10 frames, and a fourth with nothing."""
    project = a_project(tmp_path)
    shots = [{"shot_id": id, "prompt": f"A door, {id}", "duration": 0.5} for id in SHOTS]
    board = {"project": "A & B", "width": WIDTH, "height": HEIGHT, "fps": 24, "shots": shots}
    project.storyboard.write_text(json.dumps(board), "utf-8")
    data = tmp_path / "data"
    studio = Studio(Places(data / "settings.json", data, data / "projects", data / "cache"))
    studio.open(project.folder)
    studio.film.tell()
    yield studio
    studio.close()


def told(studio):
    return json.loads(studio.feed.since(0).changed["film"])


def spans(studio):
    return [(span["shot"], span["start"], span["frames"]) for span in told(studio)["spans"]]


def entries(studio):
    return json.loads(studio.desk.project.cut.read_text("utf-8"))["tracks"][0]["entries"]


def done(studio, longest=60.0):
    end = time.monotonic() + longest
    while is_busy(studio.runs):
        assert time.monotonic() < end
        time.sleep(0.02)
    studio.film.tell()
    assert [e.error for e in studio.runs.errands() if e.error] == []
    return told(studio)


def test_pages_are_told_where_every_shot_stands_and_what_shows_it(studio):
    fact = told(studio)
    assert spans(studio) == [("001", 0, 30), ("002", 30, 20), ("003", 50, 10), ("004", 60, 12)]
    assert [span["kind"] for span in fact["spans"]] == ["video", "video", "video", "missing"]
    assert [span["file"] for span in fact["spans"]][:2] == ["videos/001.mp4", "videos/002.mp4"]
    assert (fact["fps"], fact["frames"], fact["unrendered"]) == (24.0, 72, ["004"])


def test_a_trim_is_on_disk_at_once_and_undone_with_the_boards_own_edits(studio):
    film.cut(studio, "001", {"trim_in": 6})
    storyboard.move(studio, ["003"], before="001")
    assert entries(studio) == [{"shot": "001", "trim_in": 6}]
    studio.film.tell()
    assert spans(studio)[:2] == [("003", 0, 10), ("001", 10, 24)]

    assert storyboard.undo(studio) == {"label": "move", "about": "003"}
    assert storyboard.undo(studio) == {"label": "cut", "about": "001"}
    studio.film.tell()
    assert spans(studio)[:2] == [("001", 0, 30), ("002", 30, 20)]
    assert entries(studio) == [{"shot": "001"}]
    storyboard.redo(studio)
    assert entries(studio) == [{"shot": "001", "trim_in": 6}]


def test_dragging_one_edge_is_one_step(studio):
    for frames in (2, 5, 9):
        film.cut(studio, "001", {"trim_out": frames})
    storyboard.undo(studio)
    assert entries(studio) == [{"shot": "001"}]


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        ({"trim_in": 30}, "leave nothing of it"),
        ({"trim_in": -1}, "-1 frames cannot be"),
        ({"trim_in": 1.5}, "a whole number of frames"),
        ({"trim_in": True}, "a whole number of frames"),
        ({"speed": 2}, "cannot have speed"),
        ({"dissolve": 21}, "does not fit: 20 are the most"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused_and_changes_nothing(studio, edits, sentence):
    with pytest.raises(StudioError, match=sentence):
        film.cut(studio, "001", edits)
    assert not studio.desk.project.cut.exists()
    assert studio.desk.undoable is None


def test_a_film_json_that_does_not_read_is_told_and_left_as_it_is(studio):
    film.cut(studio, "001", {"trim_in": 6})
    place = studio.desk.project.cut
    place.write_text("{ not yet", "utf-8")
    studio.film.tell()
    assert "film.json is not valid JSON" in told(studio)["trouble"]
    assert spans(studio)[0] == ("001", 0, 24), "shown as it was cut last"
    with pytest.raises(StudioError, match=r"film\.json is not valid JSON"):
        film.cut(studio, "002", {"hold": 3})
    with pytest.raises(StudioError, match=r"film\.json is not valid JSON"):
        storyboard.undo(studio)
    assert place.read_text("utf-8") == "{ not yet"

    place.write_text('{"tracks": []}', "utf-8")
    film.cut(studio, "002", {"hold": 3})
    assert (told(studio)["trouble"], spans(studio)[1]) == ("", ("002", 30, 23))


def test_what_others_write_into_film_json_is_noticed_and_kept_by_an_undo(studio):
    film.cut(studio, "001", {"trim_in": 6})
    place = studio.desk.project.cut
    content = json.loads(place.read_text("utf-8"))
    content["tracks"][0]["entries"].append({"shot": "003", "hold": 5, "note": "theirs"})
    place.write_text(json.dumps(content), "utf-8")
    studio.film.look()
    end = time.monotonic() + 30
    while spans(studio)[2][2] != 15 and time.monotonic() < end:
        time.sleep(0.02)
    assert spans(studio)[2] == ("003", 44, 15)
    storyboard.undo(studio)
    assert entries(studio) == [{"shot": "001"}, {"shot": "003", "hold": 5, "note": "theirs"}]


def test_an_undo_after_the_rate_changed_lasts_as_long(studio):
    film.cut(studio, "001", {"trim_in": 6})
    film.cut(studio, "001", {"trim_in": 12})
    content = json.loads(studio.desk.project.cut.read_text("utf-8"))
    content.update(fps="48", tracks=[{"kind": "video", "entries": [{"shot": "001", "trim_in": 24}]}])
    studio.desk.project.cut.write_text(json.dumps(content), "utf-8")
    storyboard.undo(studio)
    storyboard.redo(studio)
    assert entries(studio) == [{"shot": "001", "trim_in": 24}]


def test_small_videos_are_asked_for_once_and_then_told(studio):
    assert len(film.proxies(studio)) == 1
    assert film.proxies(studio) == [] or len(studio.runs.errands()) == 2
    fact = done(studio)
    assert [span["small"] for span in fact["spans"]] == [True, True, True, False]
    assert all(span["file"].startswith("cache/proxies/00") for span in fact["spans"][:3])


def test_small_videos_wait_until_nothing_else_is_ready(tmp_path):
    begun = []

    def begin(errand):
        begun.append(errand.id)
        yield from ()

    runs = Runs(begin, lambda: 1, Feed(), tmp_path / "queue.json")
    runs.pause()
    runs.add(
        [Errand("a", "proxies", "p"), Errand("b", "video", "p", "001"), Errand("c", "video", "p", "002")]
    )
    runs.resume()
    while is_busy(runs):
        time.sleep(0.01)
    runs.close()
    assert begun == ["b", "c", "a"]


def test_films_are_rendered_one_after_another_as_they_are_cut_and_kept(studio):
    film.cut(studio, "001", {"trim_in": 6})
    film.render(studio)
    film.render(studio, "gif")
    fact = done(studio)
    project = studio.desk.project
    assert [(v["number"], v["preset"], v["frames"]) for v in fact["versions"]] == [
        (2, "gif", 27),
        (1, "h264", 54),
    ]
    assert probe(project.film).frames == 54
    newest = fact["versions"][0]
    assert newest["file"].startswith("films/A-B") and newest["file"].endswith("_v002.gif")
    assert newest["bytes"] == (project.folder / newest["file"]).stat().st_size
    assert [v["plays"] for v in fact["versions"]] == [True, True]


def test_an_image_sequence_is_kept_as_a_folder_and_shown_by_its_first_picture(studio):
    film.render(studio, "png")
    version = done(studio)["versions"][0]
    assert (version["folder"], version["plays"], version["frames"]) == (True, False, 60)
    assert version["picture"].endswith("_v001/000001.png")
    assert version["bytes"] > 1000


def test_a_film_of_shots_that_were_missing_waits_for_them(studio):
    film.complete(studio)
    asked = studio.runs.errands()
    assert [(e.deed, e.shot) for e in asked] == [("keyframe", "004"), ("video", "004"), ("film", "")]
    assert set(asked[2].after) == {asked[0].id, asked[1].id}
    fact = done(studio)
    assert fact["unrendered"] == []
    assert probe(studio.desk.project.film).frames == fact["frames"] == 72


def test_a_version_thrown_away_is_in_the_bin_and_undo_brings_it_back(studio):
    film.render(studio)
    version = done(studio)["versions"][0]
    file = studio.desk.project.folder / version["file"]
    film.remove(studio, 1)
    studio.film.tell()
    assert told(studio)["versions"] == [] and not file.exists()
    assert sorted(map(Path, bin.contents(studio.desk.project)[0].places)) == [
        Path(version["file"]).with_suffix(".json"),
        Path(version["file"]),
    ]
    storyboard.undo(studio)
    studio.film.tell()
    assert [v["number"] for v in told(studio)["versions"]] == [1] and file.exists()
    storyboard.redo(studio)
    assert not file.exists()
    with pytest.raises(StudioError, match="no version 1 of the film any more"):
        film.remove(studio, 1)


def test_the_film_is_cut_again_as_a_version_was_and_that_can_be_undone(studio):
    film.cut(studio, "001", {"trim_in": 3})
    film.cut(studio, "002", {"hold": 4})
    film.render(studio)
    done(studio)
    film.cut(studio, "001", {"trim_in": 9, "fade_in": 2})
    film.cut(studio, "002", {"hold": 0})
    film.cut(studio, "003", {"trim_out": 1})
    now = studio.desk.project.cut.read_text("utf-8")

    assert film.restore(studio, 1)
    cut = open_cut(studio.desk.project)
    edits = [cut.entry(shot).edits for shot in ("001", "002", "003")]
    assert edits == [{"trim_in": 3}, {"hold": 4}, {}]
    assert not film.restore(studio, 1), "nothing is left to do"
    storyboard.undo(studio)
    assert studio.desk.project.cut.read_text("utf-8") == now
    with pytest.raises(StudioError, match="no version 7 of the film any more"):
        film.restore(studio, 7)


def test_cutting_and_undoing_at_once_comes_to_an_end(studio):
    def cut():
        for number in range(1, 15):
            film.cut(studio, "001", {"trim_in": number % 5})

    def undo():
        for _ in range(15):
            storyboard.undo(studio)

    sides = [threading.Thread(target=side, daemon=True) for side in (cut, undo, studio.film.tell)]
    for side in sides:
        side.start()
    for side in sides:
        side.join(20)
    assert not any(side.is_alive() for side in sides)


def test_a_version_whose_bin_was_emptied_is_not_said_to_be_back(studio):
    film.render(studio)
    done(studio)
    film.remove(studio, 1)
    bin.empty(studio.desk.project)
    with pytest.raises(StudioError, match="not in the bin any more"):
        studio.desk.undo()
    assert studio.desk.redoable is None
    studio.desk.undo()


def test_two_versions_are_compared_and_say_when_each_shot_begins(studio):
    film.render(studio)
    done(studio)
    film.cut(studio, "002", {"trim_out": 8})
    film.render(studio, "gif")
    done(studio)
    found = film.compare(studio, 1, 2)
    assert found == [
        {"shot": "002", "what": ("cut",), "text": "Shot 002 is cut otherwise.", "at": [1.25, 1.25]}
    ]
