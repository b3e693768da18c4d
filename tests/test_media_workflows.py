"""Pictures and clips that carry their workflow, as ComfyUI and popular custom nodes write them."""

import json
import random
import struct
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from domain.errors import BadFile
from infrastructure import ffmpeg, media_workflows
from infrastructure.media_workflows import carried
from infrastructure.workflow_drops import read_drop
from tests.fake_comfy_nodes import png
from tests.graphs import picture
from tests.window_graphs import picture as window

GRAPH, WINDOW = json.dumps(picture()), json.dumps(window())


def a_png(path, **texts):
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)
    return path


def chunked(path, *chunks):
    """A PNG with chunks of its own before the end."""
    parts = b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
    path.write_bytes(png()[:-12] + parts + png()[-12:])
    return path


def with_exif(path, kind, tags, comment=b""):
    exif = Image.Exif()
    for tag, text in tags.items():
        exif[tag] = text
    if comment:
        exif[0x8769] = {0x9286: comment}
    Image.new("RGB", (8, 8)).save(path, kind, exif=exif)
    return path


def a_clip(path, **tags):
    """Eight frames of black, with tags as ComfyUI's own nodes write them."""
    flags = ["-movflags", "use_metadata_tags"] if path.suffix in (".mp4", ".mov") else []
    codec = ["-c:v", "libvpx-vp9"] if path.suffix == ".webm" else []
    told = [word for key, text in tags.items() for word in ("-metadata", f"{key}={text}")]
    source = ["-f", "lavfi", "-i", "color=black:16x16:r=8:d=1"]
    ffmpeg.ask([*source, *codec, *told, *flags, path])
    return path


def test_a_png_carries_what_ran_and_what_the_window_had(tmp_path):
    found = carried(a_png(tmp_path / "a.png", prompt=GRAPH, workflow=WINDOW, parameters="a hill"))

    assert found.graph == picture()
    assert found.window == window()


@pytest.mark.parametrize(
    "chunk",
    [
        (b"zTXt", b"prompt\0\0" + zlib.compress(GRAPH.encode())),
        (b"iTXt", b"prompt\0\0\0\0\0" + GRAPH.encode()),
        (b"iTXt", b"prompt\0\1\0en\0words\0" + zlib.compress(GRAPH.encode())),
        (b"comf", b"prompt\0" + GRAPH.encode("latin-1")),  # ComfyUI's animated PNG
    ],
)
def test_every_kind_of_text_in_a_png_is_read(tmp_path, chunk):
    assert carried(chunked(tmp_path / "a.png", chunk)).graph == picture()


def test_umlauts_survive_either_encoding(tmp_path):
    graph = {"1": {"class_type": "Ä", "inputs": {"text": "Hügel"}}}
    for encoding in ("utf-8", "latin-1"):
        text = json.dumps(graph, ensure_ascii=False).encode(encoding)
        assert carried(chunked(tmp_path / "a.png", (b"tEXt", b"prompt\0" + text))).graph == graph


def test_numbers_that_only_python_writes_do_not_hide_a_graph(tmp_path):
    graph = '{"1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}, "is_changed": [NaN]}}'
    drop = read_drop(a_png(tmp_path / "a.png", prompt=graph))

    assert drop.graph == {"1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}}}


def test_a_webp_carries_them_in_the_texts_of_its_camera(tmp_path):
    tags = {0x0110: f"prompt:{GRAPH}", 0x010F: f"workflow:{WINDOW}"}
    found = carried(with_exif(tmp_path / "a.webp", "WEBP", tags))

    assert (found.graph, found.window) == (picture(), window())


def test_a_jpeg_carries_them_as_custom_nodes_write_them(tmp_path):
    tags = {0x010F: f"Prompt: {GRAPH}"}

    assert carried(with_exif(tmp_path / "a.jpg", "JPEG", tags)).graph == picture()


@pytest.mark.parametrize(
    "comment",
    [
        b"ASCII\0\0\0" + json.dumps({"prompt": picture()}).encode(),
        b"UNICODE\0" + json.dumps({"prompt": GRAPH}).encode("utf-16-be"),
    ],
)
def test_a_jpeg_may_carry_them_in_its_users_comment(tmp_path, comment):
    assert carried(with_exif(tmp_path / "a.jpg", "JPEG", {}, comment)).graph == picture()


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".webm", ".mkv"])
def test_a_clip_carries_them_in_its_tags(tmp_path, suffix):
    found = carried(a_clip(tmp_path / f"a{suffix}", prompt=GRAPH, workflow=WINDOW))

    assert (found.graph, found.window) == (picture(), window())


def test_a_clip_may_carry_both_in_its_comment(tmp_path):
    """As a popular pack writes it: the graph as text within the JSON, the window's form as it is."""
    comment = json.dumps({"prompt": GRAPH, "workflow": window(), "CreationTime": "2025"})
    found = carried(a_clip(tmp_path / "a.mp4", comment=comment))

    assert (found.graph, found.window) == (picture(), window())


def test_signs_that_mean_something_to_ffmpeg_come_back_as_they_were(tmp_path):
    graph = {"1": {"class_type": "A", "inputs": {"text": 'a=b; #c \\ "d"\nnext line = x'}}}

    assert carried(a_clip(tmp_path / "a.mp4", prompt=json.dumps(graph))).graph == graph
    comment = json.dumps({"prompt": graph}, indent=1)
    assert carried(a_clip(tmp_path / "b.mp4", comment=comment)).graph == graph


@pytest.mark.parametrize(
    "texts", [{}, {"parameters": "a hill"}, {"prompt": "a hill, oil on canvas"}, {"comment": '{"a": 1}'}]
)
def test_a_picture_of_another_program_carries_none(tmp_path, texts):
    with pytest.raises(BadFile, match=r"a\.png carries no workflow of ComfyUI"):
        carried(a_png(tmp_path / "a.png", **texts))


def test_the_graph_that_ran_comes_before_the_windows_form(tmp_path):
    drop = read_drop(a_png(tmp_path / "a.png", prompt=GRAPH, workflow=WINDOW))

    assert (drop.graph, drop.window, drop.origin, drop.name) == (picture(), None, "media", "a")


def test_a_picture_with_the_windows_form_alone_gives_that(tmp_path):
    drop = read_drop(a_png(tmp_path / "a.png", workflow=WINDOW))

    assert (drop.graph, drop.window) == (None, window())


def test_a_take_of_our_own_is_read_from_its_recipe(tmp_path):
    recipe = {"format": 1, "job": "1", "workflow": "keyframe_sd15", "graph": picture()}
    (tmp_path / "003_v2.json").write_text(json.dumps(recipe), "utf-8")
    drop = read_drop(tmp_path / "003_v2.json")

    assert (drop.graph, drop.origin, drop.name) == (picture(), "recipe", "keyframe_sd15")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"job": "1", "graph": None}, "one entry per node"),
        ({"job": "1", "graph": {"1": 5}}, "node 1 has no class_type"),
        ({"workflow": window(), "prompt": {"1": 5}}, "node 1 has no class_type"),
        ({}, "one entry per node"),
        ({"a": {"b": 1}}, "node a has no class_type"),
    ],
)
def test_json_that_is_no_workflow_is_refused(tmp_path, content, sentence):
    (tmp_path / "mine.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(BadFile, match=sentence):
        read_drop(tmp_path / "mine.json")


@pytest.mark.parametrize("content", [b"", b"[]", b"GIF89a", b"\0" * 40, b"hello", b"%PDF-1.7"])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    (tmp_path / "mine.json").write_bytes(content)
    with pytest.raises(BadFile, match=r"mine\.json is neither a workflow"):
        read_drop(tmp_path / "mine.json")


def test_a_file_is_called_by_the_name_the_artist_knows(tmp_path):
    (tmp_path / "upload-77").write_text("{", "utf-8")
    with pytest.raises(BadFile, match=r"^my film\.json is not valid JSON"):
        read_drop(tmp_path / "upload-77", "C:\\films\\my film.json")


def test_a_text_that_unpacks_to_gigabytes_is_refused(tmp_path):
    bomb = zlib.compress(b'{"1": "' + b" " * 50_000_000 + b'"}')
    with pytest.raises(BadFile, match="carries more text than a workflow has"):
        carried(chunked(tmp_path / "a.png", (b"zTXt", b"prompt\0\0" + bomb)))


def test_texts_and_pictures_too_large_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(media_workflows, "LARGEST", 100)
    monkeypatch.setattr(media_workflows, "LARGEST_PICTURE", 100)
    files = (
        a_png(tmp_path / "a.png", prompt=GRAPH),
        with_exif(tmp_path / "a.webp", "WEBP", {0x0110: f"prompt:{GRAPH}"}),
        a_clip(tmp_path / "a.mp4", prompt=GRAPH),
    )
    for file in files:
        with pytest.raises(BadFile, match="carries more text than a workflow has"):
            carried(file)


def test_a_text_nested_too_deeply_is_refused(tmp_path):
    deep = '{"1": ' * 3000 + "1" + "}" * 3000
    with pytest.raises(BadFile, match="nested too deeply"):
        carried(a_png(tmp_path / "a.png", prompt=deep))


def test_a_workflow_file_too_large_or_too_deep_is_refused(tmp_path):
    (tmp_path / "large.json").write_text('{"1": "' + " " * 8_000_000 + '"}', "utf-8")
    (tmp_path / "deep.json").write_text('{"1": ' * 3000 + "1" + "}" * 3000, "utf-8")
    for name, sentence in (("large", "is larger than 8 MB"), ("deep", "nested too deeply")):
        with pytest.raises(BadFile, match=sentence):
            read_drop(tmp_path / f"{name}.json")


def test_a_playlist_that_calls_itself_a_clip_opens_nothing(tmp_path):
    (tmp_path / "a.mp4").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", "utf-8")
    with pytest.raises(BadFile, match="neither a workflow"):
        read_drop(tmp_path / "a.mp4")


def test_half_a_picture_gives_what_is_in_that_half_or_a_sentence(tmp_path):
    whole = a_png(tmp_path / "a.png", prompt=GRAPH).read_bytes()
    for size in range(0, len(whole), 7):
        (tmp_path / "half.png").write_bytes(whole[:size])
        _read_or_told(tmp_path / "half.png")


@pytest.mark.parametrize("seed", range(120))
def test_no_damage_to_a_picture_ends_in_anything_but_a_sentence(tmp_path, seed):
    dice = random.Random(seed)
    files = (
        a_png(tmp_path / "a.png", prompt=GRAPH),
        with_exif(tmp_path / "a.webp", "WEBP", {0x0110: f"prompt:{GRAPH}"}),
        with_exif(tmp_path / "a.jpg", "JPEG", {0x010F: f"prompt:{GRAPH}"}, b"ASCII\0\0\0{}"),
    )
    content = bytearray(dice.choice(files).read_bytes())
    for _ in range(dice.randint(1, 12)):
        content[dice.randrange(min(len(content), 400))] = dice.randrange(256)
    (tmp_path / "bad").write_bytes(content[: dice.randint(1, len(content))])
    _read_or_told(tmp_path / "bad")


@pytest.mark.parametrize("size", [16, 60, 300, 800])
def test_half_a_clip_gives_a_sentence(tmp_path, size):
    whole = a_clip(tmp_path / "a.mp4", prompt=GRAPH).read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[:size])
    _read_or_told(tmp_path / "half.mp4")


def _read_or_told(path):
    try:
        read_drop(path)
    except BadFile as error:
        assert str(error)
