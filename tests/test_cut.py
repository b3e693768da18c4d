"""A film's cut: where its shots stand, which edits fit, and film.json that loses nothing."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest

from domain.cut import MOST, Cut, Entry, edited, timeline
from domain.errors import BadFile, StudioError
from infrastructure.cut_file import read_cut, write_cut

LENGTHS = {"001": 30, "002": 20, "003": 10}


def cut_of(*entries):
    cut = Cut()
    for entry in entries:
        cut = cut.with_entry(entry)
    return cut


def places(cut, lengths=LENGTHS):
    return [(span.shot, span.start, span.end) for span in timeline(cut, lengths).spans]


# --- where shots stand ----------------------------------------------------------------------------


def test_without_edits_shots_follow_each_other_as_they_are():
    line = timeline(Cut(), LENGTHS)
    assert places(Cut()) == [("001", 0, 30), ("002", 30, 50), ("003", 50, 60)]
    assert (line.frames, line.is_plain, line.told) == (60, True, [])


def test_trims_shorten_and_holds_lengthen():
    cut = cut_of(Entry("001", trim_in=4, trim_out=6), Entry("002", hold=8))
    first, second, _ = timeline(cut, LENGTHS).spans
    assert places(cut) == [("001", 0, 20), ("002", 20, 48), ("003", 48, 58)]
    assert [(span.first, span.moving) for span in (first, second)] == [(4, 20), (0, 20)]


def test_a_dissolve_lays_two_shots_over_each_other():
    line = timeline(cut_of(Entry("001", dissolve=6)), LENGTHS)
    assert places(cut_of(Entry("001", dissolve=6))) == [("001", 0, 30), ("002", 24, 44), ("003", 44, 54)]
    assert [span.shot for span in line.at(23)] == ["001"]
    assert [span.shot for span in line.at(24)] == ["001", "002"]
    assert [span.shot for span in line.at(29)] == ["001", "002"]
    assert [span.shot for span in line.at(30)] == ["002"]


def test_entries_go_with_their_shots_when_the_board_has_another_order():
    cut = cut_of(Entry("001", trim_in=10), Entry("003", hold=2))
    assert places(cut, {"003": 10, "001": 30}) == [("003", 0, 12), ("001", 12, 32)]


def test_a_film_without_shots_has_no_frames():
    assert timeline(cut_of(Entry("001", dissolve=3)), {}).frames == 0


@pytest.mark.parametrize(
    ("entry", "frames", "told"),
    [
        (
            Entry("003", trim_in=6, trim_out=7),
            51,
            "Shot 003 has 10 frames: trims of 6 and 7 leave nothing of it. One frame of it is shown.",
        ),
        (
            Entry("002", dissolve=15),
            50,
            "A dissolve of 15 frames from shot 002 into 003 does not fit: 10 are the most. It has 10.",
        ),
        (
            Entry("003", dissolve=5),
            60,
            "Shot 003 is the last one: there is nothing it could dissolve into. It ends without.",
        ),
        (
            Entry("003", fade_in=8, fade_out=8),
            60,
            "A fade out of 8 frames does not fit into shot 003: 2 are the most. It has 2.",
        ),
        (
            Entry("001", dissolve=5, fade_out=5),
            55,
            "A fade out of 5 frames does not fit into shot 001: it dissolves there, or nothing is left of it."
            " It has 0.",
        ),
    ],
    ids=lambda value: value.shot if isinstance(value, Entry) else "",
)
def test_what_does_not_fit_is_refused_as_an_edit_and_shown_as_far_as_it_fits(entry, frames, told):
    line = timeline(cut_of(entry), LENGTHS)
    assert (line.frames, line.told) == (frames, [told])
    with pytest.raises(StudioError) as refused:
        edited(Cut(), LENGTHS, entry)
    assert told.startswith(str(refused.value))


def test_two_dissolves_share_a_shot_but_none_of_its_frames():
    cut = cut_of(Entry("001", dissolve=12), Entry("002", dissolve=8))
    assert not timeline(cut, LENGTHS).misfits
    with pytest.raises(StudioError, match="of 9 frames from shot 002 into 003 does not fit: 8 are the most"):
        edited(cut, LENGTHS, Entry("002", dissolve=9))


def test_a_trim_that_leaves_no_room_for_a_dissolve_is_refused():
    cut = edited(Cut(), LENGTHS, Entry("001", dissolve=12))
    with pytest.raises(StudioError, match="from shot 001 into 002 does not fit: 10 are the most"):
        edited(cut, LENGTHS, Entry("002", trim_in=10))


def test_an_old_misfit_of_another_shot_forbids_no_edit():
    cut = edited(Cut(), LENGTHS, Entry("002", dissolve=10))
    shorter = {**LENGTHS, "003": 6}
    changed = edited(cut, shorter, Entry("001", trim_in=3))
    assert timeline(changed, shorter).frames == 27 + 20


@pytest.mark.parametrize("count", [-1, MOST + 1])
def test_counts_no_film_has_are_refused(count):
    with pytest.raises(StudioError, match="frames cannot be"):
        edited(Cut(), LENGTHS, Entry("001", hold=count))


def test_a_shot_that_is_not_in_the_film_cannot_be_edited():
    with pytest.raises(StudioError, match="Shot 009 is not in the film"):
        edited(Cut(), LENGTHS, Entry("009", hold=1))


def test_at_another_rate_the_edits_take_as_long():
    cut = cut_of(Entry("001", hold=24, fade_in=1)).at(Fraction(24)).at(Fraction(30))
    assert cut.entry("001").edits == {"hold": 30, "fade_in": 1}
    assert cut.fps == 30


# --- film.json ------------------------------------------------------------------------------------


def test_a_cut_comes_back_as_it_was_saved(tmp_path):
    cut = cut_of(Entry("001", 1, 2, 3, 4, 5, 6), Entry("b-2", hold=1)).at(Fraction(24000, 1001))
    write_cut(tmp_path / "film.json", cut)
    read = read_cut(tmp_path / "film.json")
    assert (read.fps, read.entry("001").edits) == (cut.fps, cut.entry("001").edits)
    assert places(read, {"b-2": 5}) == [("b-2", 0, 6)]


def test_no_file_is_a_cut_that_does_nothing(tmp_path):
    assert read_cut(tmp_path / "film.json") == Cut()


def test_what_the_studio_does_not_know_stays_in_the_file(tmp_path):
    path = tmp_path / "film.json"
    content = {
        "fps": "25",
        "mood": ["calm"],
        "tracks": [
            {"kind": "sound", "entries": [{"file": "sea.wav", "start": 3}], "gain": -6},
            {"kind": "video", "colour": "red", "entries": [{"shot": "001", "note": "ok", "hold": 2}]},
        ],
    }
    path.write_text(json.dumps(content), "utf-8")
    cut = read_cut(path)

    write_cut(path, cut)
    assert json.loads(path.read_text("utf-8")) == content

    write_cut(path, cut.with_entry(Entry("001", trim_in=1)).with_entry(Entry("002", fade_in=4)))
    content["tracks"][1]["entries"] = [
        {"shot": "001", "note": "ok", "trim_in": 1},
        {"shot": "002", "fade_in": 4},
    ]
    assert json.loads(path.read_text("utf-8")) == content


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not valid JSON"),
        ("[]", "holds no cut of a film"),
        ('{"tracks": 3}', "tracks should be a list"),
        ('{"fps": "soon"}', "fps should be a rate"),
        ('{"fps": "1/0"}', "fps should be a rate"),
        ('{"fps": true}', "fps should be a rate"),
        ('{"tracks": [7]}', r"tracks\[0\] should be an object with a kind"),
        ('{"tracks": [{"kind": "video", "entries": {}}]}', r"tracks\[0\]\.entries should be a list"),
        ('{"tracks": [{"kind": "video", "entries": [{}]}]}', r"entries\[0\] should be an object that names"),
        (
            '{"tracks": [{"kind": "video",\n "entries": [{"shot": "1", "hold": "4"}]}]}',
            r"line 2: tracks\[0\]\.entries\[0\]\.hold should be a whole number",
        ),
        ('{"tracks": [{"kind": "video", "entries": [{"shot": "1", "hold": -4}]}]}', "hold should be"),
        ('{"tracks": [{"kind": "video", "entries": [{"shot": "1", "trim_in": true}]}]}', "trim_in should be"),
        (
            '{"tracks": [{"kind": "video", "entries": [{"shot": "1"}, {"shot": "1"}]}]}',
            r"entries\[1\]\.shot is 1, which has an entry already",
        ),
    ],
)
def test_a_bad_file_is_one_sentence_and_is_never_written_over(tmp_path, text, sentence):
    path = tmp_path / "film.json"
    path.write_text(text, "utf-8")
    with pytest.raises(BadFile, match=sentence):
        read_cut(path)
    with pytest.raises(BadFile, match=sentence):
        write_cut(path, cut_of(Entry("001", hold=1)))
    assert path.read_text("utf-8") == text


def test_an_edit_keeps_what_else_its_entry_says():
    cut = cut_of(Entry("001", hold=2, raw={"note": "ok"}))
    assert replace(cut.entry("001"), hold=0).raw == {"note": "ok"}
    assert cut.with_entry(Entry("001")).entry("001").raw == {"note": "ok"}
