"""Settings: the file of our own, and the addresses people paste."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from domain.addresses import parse_machine, parse_pod_id, parse_port, parse_url, pod_url
from domain.errors import StudioError
from domain.settings import ComfySettings, Mode, Settings
from domain.spending import Limits
from infrastructure.settings_file import SettingsFile

POD = "abc123def456gh"
FULL = Settings(
    ComfySettings(Mode.runpod, "http://10.0.0.5:8000", POD, 3000, ("http://10.0.0.6:8000", "xyz789def456gh")),
    "keyframe_flux1_dev",
    "video_wan22_14b",
    832,
    480,
    "films/depot",
    {"mine": {"deep": [1]}},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "studio" / "settings.json"


def damaged(path: Path, text: str) -> tuple[Settings, list[str]]:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return SettingsFile(path).load()


def test_settings_are_read_back_as_they_were_saved(path: Path) -> None:
    SettingsFile(path).save(FULL)
    assert SettingsFile(path).load() == (FULL, [])
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


def test_what_a_newer_studio_wrote_stays_when_this_one_saves(path: Path) -> None:
    SettingsFile(path).save(replace(FULL, extra={}))
    newer = json.loads(path.read_text("utf-8"))
    newer["new"] = {"deep": [1]}
    newer["comfy"]["lanes"] = {"gpu": 2}
    newer["limits"]["month"] = 50.0
    settings, notes = damaged(path, json.dumps(newer))
    assert notes == []

    comfy = ComfySettings(Mode.local, "http://10.0.0.9:8188")  # made anew, as a form does
    SettingsFile(path).save(replace(settings, width=512, comfy=comfy, limits=Limits(day=3.0)))
    saved = json.loads(path.read_text("utf-8"))
    assert saved["new"] == {"deep": [1]}
    assert (saved["comfy"]["lanes"], saved["comfy"]["url"]) == ({"gpu": 2}, "http://10.0.0.9:8188")
    assert (saved["limits"]["month"], saved["limits"]["day"]) == (50.0, 3.0)
    assert SettingsFile(path).load()[0].comfy == comfy


def test_what_is_no_object_keeps_nothing_besides(path: Path) -> None:
    settings, notes = damaged(path, json.dumps({"comfy": [1], "limits": "none", "new": 1}))
    assert settings == replace(Settings(), extra={"new": 1})
    assert len(notes) == 3


def test_without_a_file_the_studio_has_its_own_settings(path: Path) -> None:
    assert SettingsFile(path).load() == (Settings(), [])
    assert Settings().comfy.mode is Mode.sketch
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"width": NaN}', "\x00\x01"])
def test_a_damaged_file_is_told_kept_aside_and_replaced_by_the_studios_own(path: Path, text: str) -> None:
    settings, notes = damaged(path, text)

    assert settings == Settings()
    assert str(path) in notes[0]
    assert notes[-1] == "The file as it was is kept as settings.json.broken."
    assert path.with_name("settings.json.broken").read_text("utf-8") == text
    assert path.read_text("utf-8") == text


def test_a_value_that_cannot_be_used_is_told_and_the_others_stay(path: Path) -> None:
    SettingsFile(path).save(FULL)
    data = json.loads(path.read_text("utf-8"))
    data["comfy"] |= {"mode": "cloud", "port": 0, "pod_id": "https://evil.example/?x="}
    data["width"] = "wide"
    settings, notes = damaged(path, json.dumps(data))

    assert settings == replace(
        FULL, width=1024, comfy=ComfySettings(url="http://10.0.0.5:8000", more=FULL.comfy.more)
    )
    assert [n.split(" in the settings")[0] for n in notes[:-1]] == ["mode", "pod_id", "port", "width"]
    assert json.loads(path.with_name("settings.json.broken").read_text("utf-8")) == data


@pytest.mark.parametrize("bad", [7, "ftp://here", "short", "http://a:b@here", None, ["x"], ""])
def test_a_further_machine_that_cannot_be_used_is_told_and_the_others_stay(path: Path, bad: object) -> None:
    more = ["http://a:8188", bad, "b:8188"]
    settings, notes = damaged(path, json.dumps({"comfy": {"mode": "local", "more": more}}))
    assert settings.comfy == ComfySettings(Mode.local, more=("http://a:8188", "http://b:8188"))
    assert notes[0].startswith("more in the settings: ") and notes[0].endswith(" It is left out.")


@pytest.mark.parametrize(("kept", "more"), [(None, ()), ([], ()), ("", ()), ("b:8188", ("http://b:8188",))])
def test_no_further_machine_is_none(path: Path, kept: object, more: tuple[str, ...]) -> None:
    settings, notes = damaged(path, json.dumps({"comfy": {"more": kept}}))
    assert (settings.comfy.more, notes) == (more, [])


@pytest.mark.parametrize(
    ("text", "machine"),
    [
        (POD, POD),
        (f" {POD.upper()} ", POD),
        (f"https://{POD}-3000.proxy.runpod.net/queue", f"https://{POD}-3000.proxy.runpod.net"),
        (f"https://console.runpod.io/pods?id={POD}", POD),
        ("localhost", "http://localhost"),
        ("box:8188", "http://box:8188"),
        ("https://gpu.example/comfy/", "https://gpu.example/comfy"),
        (
            f"https://{POD}-3000.proxy.runpod.net.evil.example",
            f"https://{POD}-3000.proxy.runpod.net.evil.example",
        ),
    ],
)
def test_a_further_machine_is_a_pod_or_an_address(text: str, machine: str) -> None:
    assert parse_machine(text) == machine
    assert parse_machine(machine) == machine


def test_all_addresses_are_told_each_once() -> None:
    comfy = replace(FULL.comfy, more=("http://b:8188", POD, "http://b:8188"))
    assert comfy.addresses == (f"https://{POD}-3000.proxy.runpod.net", "http://b:8188")


def test_copies_of_damaged_files_never_replace_each_other(path: Path) -> None:
    damaged(path, "{one")
    damaged(path, "{two")
    damaged(path, "{one")
    kept = {p.name: p.read_text() for p in path.parent.iterdir() if "broken" in p.name}
    assert kept == {"settings.json.broken": "{one", "settings.json.broken-2": "{two"}


def test_the_address_is_the_pods_or_the_one_given() -> None:
    assert FULL.comfy.address == f"https://{POD}-3000.proxy.runpod.net"
    assert replace(FULL.comfy, mode=Mode.local).address == "http://10.0.0.5:8000"


@pytest.mark.parametrize(
    ("text", "pod"),
    [
        (POD, (POD, None)),
        (f"  {POD}\n", (POD, None)),
        (POD.upper(), (POD, None)),
        ("a" * 8, ("a" * 8, None)),
        ("a" * 32, ("a" * 32, None)),
        (f"https://{POD}-8188.proxy.runpod.net", (POD, 8188)),
        (f"https://{POD}-3000.proxy.runpod.net/", (POD, 3000)),
        (f"{POD}-8188.proxy.runpod.net/queue?x=1", (POD, 8188)),
        (f"wss://{POD}-8188.proxy.runpod.net/ws?clientId=1", (POD, 8188)),
        (f"https://console.runpod.io/pods?id={POD}", (POD, None)),
    ],
)
def test_a_pod_is_known_by_its_id_or_a_pasted_address(text: str, pod: tuple[str, int | None]) -> None:
    assert parse_pod_id(text) == pod


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "short",
        "a" * 33,
        "abc-123-def",
        "abc123def456g!",
        "ábc123def456gh",
        "https://evil.example/?x=",
        f"https://evil.example/?x={POD}-8188.proxy.runpod.net",
        f"https://{POD}-8188.proxy.runpod.net.evil.example",
        f"https://evil.example#{POD}-8188.proxy.runpod.net",
        f"https://{POD}-8188.proxy.runpod.net@evil.example",
        f"https://evil.example/pods?id={POD}",
        f"https://{POD}-99999.proxy.runpod.net",
        "https://short-8188.proxy.runpod.net",
        f"{POD}/../x",
        f"{POD}\r\nHost: evil",
        "https://[",
    ],
)
def test_what_is_no_pod_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(StudioError) as caught:
        parse_pod_id(text)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_a_pods_address_is_built_from_a_checked_id_only() -> None:
    assert pod_url(POD) == f"https://{POD}-8188.proxy.runpod.net"
    with pytest.raises(StudioError):
        pod_url("evil.example/?x=")
    with pytest.raises(StudioError):
        pod_url(POD, 0)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("127.0.0.1:8188", "http://127.0.0.1:8188"),
        (" http://localhost:8188/ ", "http://localhost:8188"),
        ("HTTP://LocalHost:8188", "http://localhost:8188"),
        ("https://gpu.example/comfy/?a=1#b", "https://gpu.example/comfy"),
        ("gpu.local:8188/prompt", "http://gpu.local:8188"),
        ("https://gpu.example/comfy/system_stats", "https://gpu.example/comfy"),
        ("http://gpu.example/a/../..", "http://gpu.example"),
        ("http://[::1]:8188/", "http://[::1]:8188"),
        ("http://münchen.example", "http://xn--mnchen-3ya.example"),
    ],
)
def test_a_pasted_address_is_tidied(text: str, url: str) -> None:
    assert parse_url(text) == url
    assert parse_url(url) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ftp://gpu.example",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "//gpu.example",
        "http://me:secret@gpu.example",
        "http://gpu.example:99999",
        "http://gpu.example:0",
        "http://gpu example",
        "http://gpu.example\r\nX: y",
        "http://gpu.example\\@evil.example",
        "http://a..b",
        "http://[",
        "http://" + "a" * 300,
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(StudioError) as caught:
        parse_url(text)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", ["", "x", 0, 65536, -1, "8188a", None, "８１８８", 1.5])
def test_what_is_no_port_is_refused(value: object) -> None:
    with pytest.raises(StudioError):
        parse_port(value)
    assert parse_port(" 8188 ") == 8188
