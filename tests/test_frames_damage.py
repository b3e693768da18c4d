"""Files that are not what they should be: one sentence each, or the last picture there is."""

import errno
import os
import re

import pytest

from domain.errors import BadFile, StudioError
from infrastructure.clip_frames import frame, last_frame
from infrastructure.clip_probe import packets, probe
from infrastructure.part_files import cannot_write
from tests import film_corpus
from tests.film_corpus import KINDS, VP9, X264, Kind, code, make, pixels_of

PRORES = KINDS["prores"].encoder
INDEX_FIRST = Kind(after=("-movflags", "+faststart"))


def is_one_sentence(error):
    text = str(error.value)
    return "\n" not in text and text.endswith(".") and len(text) < 300


@pytest.fixture
def wrong(tmp_path):
    """Files by what is wrong with them."""
    whole = make(KINDS["h264"], 1, tmp_path).read_bytes()
    contents = {
        "empty": b"",
        "cut off": whole[:-600],
        "a text": b"Once upon a time\n" * 40,
        "noise": whole[::-1],
    }
    for name, content in contents.items():
        (tmp_path / f"{name}.mp4").write_bytes(content)
    film_corpus.ffmpeg("-f", "lavfi", "-i", "sine=d=0.3", "-c:a", "aac", "-f", "mp4", tmp_path / "sound.mp4")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("empty", "is empty"),
        ("cut off", "is damaged or cut off before its end"),
        ("a text", "is not a video the studio can read"),
        ("noise", "is not a video the studio can read"),
        ("sound", "has no moving picture in it"),
        ("nowhere", "There is no file"),
    ],
)
@pytest.mark.parametrize("deed", [probe, lambda video: last_frame(video, video.with_suffix(".png"))])
def test_a_wrong_file_is_told_in_one_sentence(wrong, name, complaint, deed):
    video = wrong / f"{name}.mp4"
    with pytest.raises(BadFile, match=complaint) as error:
        deed(video)
    assert is_one_sentence(error)
    assert video.name in str(error.value)
    assert not list(wrong.glob("*.png*"))


def test_a_download_that_broke_off_is_not_taken_for_a_whole_clip(tmp_path):
    clip = make(INDEX_FIRST, 1, tmp_path)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 2 // 3])
    with pytest.raises(BadFile, match="cut off"):
        probe(clip)


@pytest.mark.parametrize("share", [0.5, 0.7, 0.9])
@pytest.mark.parametrize("encoder", [(*X264, "-g", "12", "-bf", "0"), VP9, PRORES], ids=lambda e: e[1])
def test_a_clip_cut_off_still_gives_the_last_frame_that_decodes(tmp_path, encoder, share):
    suffix = ".mov" if encoder == PRORES else ".mp4"
    clip = make(Kind(suffix, encoder=encoder, after=INDEX_FIRST.after), 1, tmp_path)
    clip.write_bytes(clip.read_bytes()[: int(clip.stat().st_size * share)])
    whole_packets = len(packets(clip).packets) - 1  # the cut goes through the last one

    assert code(pixels_of(last_frame(clip, tmp_path / "last.png"))) == (1, whole_packets - 1)
    assert 0 < whole_packets < 29


@pytest.mark.parametrize("kind", ["vp9", "gif", "animated png", "matroska", "transport stream"])
def test_other_kinds_cut_off_give_a_frame_near_the_cut(tmp_path, kind):
    clip = make(KINDS[kind], 1, tmp_path)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 3 // 4])
    _, number = code(pixels_of(last_frame(clip, tmp_path / "last.png")))
    assert 12 < number < 29


def test_a_clip_whose_end_is_overwritten_gives_the_last_frame_that_decodes(tmp_path):
    """The index still lists 30 packets; ten of them hold nothing."""
    clip = make(KINDS["prores"], 1, tmp_path)
    content = bytearray(clip.read_bytes())
    begins = [found.start() - 4 for found in re.finditer(b"icpf", content)]
    hole = slice(begins[20], begins[29] + 200)
    content[hole] = bytes(hole.stop - hole.start)
    clip.write_bytes(content)

    assert code(pixels_of(last_frame(clip, tmp_path / "last.png"))) == (1, 19)


def test_a_frame_beyond_the_end_is_refused_with_the_range(tmp_path):
    clip = make(KINDS["h264"], 1, tmp_path)
    for number in (30, -31):
        with pytest.raises(BadFile, match="its frames are 0 to 29") as error:
            frame(clip, number, tmp_path / "x.png")
        assert is_one_sentence(error)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    clip = make(KINDS["h264"], 1, tmp_path)
    taken = tmp_path / "last.png"
    taken.mkdir()
    with pytest.raises(StudioError, match=r"last\.png cannot be written") as error:
        last_frame(clip, taken)
    assert is_one_sentence(error)
    assert not list(tmp_path.glob("*.part"))


def test_a_full_disk_is_told_with_what_to_do(tmp_path):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(cannot_write(tmp_path / "x.png", full)).endswith("Make room on the disk and run it again.")
