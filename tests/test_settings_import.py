"""Settings of the older studio, in the three forms it had or planned."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from domain.errors import BadFile
from domain.settings import ComfySettings, Mode, Settings
from infrastructure.settings_import import SECRETS, SIZES, import_settings

POD = "abc123def456gh"
FLAT: dict[str, Any] = {
    "comfy_url": "http://192.168.1.5:8188/",
    "comfy_root": "~/ComfyUI",
    "backends": {
        "local": {"name": "Here", "url": "http://192.168.1.5:8188", "type": "local"},
        "runpod": {"name": "Pod", "url": "", "type": "runpod", "pod_id": POD},
    },
    "active_backend": "runpod",
    "global_resolution": "480p_portrait",
    "default_workflow_gcp": "gcp_flux1_dev.json",
    "default_workflow_gcv": "gcv_wan22.json",
    "openrouter_models": ["a/b"],
    "max_parallel_downloads": 3,
    "use_sage_attention": True,
    "theme": "dark",
    "video_initial_wait": 60,
}
IMPORTED = Settings(
    ComfySettings(Mode.runpod, "http://192.168.1.5:8188", POD, 8188),
    "gcp_flux1_dev",
    "gcv_wan22",
    480,
    832,
    extra={
        "comfy_root": "~/ComfyUI",
        "use_sage_attention": True,
        "openrouter_models": ["a/b"],
        "max_parallel_downloads": 3,
    },
)


def database(folder: Path, values: dict[str, Any], encrypted: tuple[str, ...] = ()) -> Path:
    path = folder / "data" / "cindergrace.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT, encrypted INTEGER)")
        rows = [(k, v if isinstance(v, str) else json.dumps(v), 0) for k, v in values.items()]
        rows += [(key, "gAAAAA-not-for-us", 1) for key in encrypted]
        base.executemany("INSERT INTO settings VALUES (?, ?, ?)", [*rows, ("_salt", "xyz", 0)])
        base.commit()
    return path


def flat(folder: Path, values: Any, name: str = "settings.json") -> Path:
    path = folder / "config" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(values), "utf-8")
    return path


def test_a_database_is_imported_and_the_four_keys_are_asked_for(tmp_path: Path) -> None:
    path = database(tmp_path, FLAT, tuple(SECRETS))
    before = path.read_bytes()
    settings, notes = import_settings(tmp_path)

    assert settings == IMPORTED
    assert [n for n in notes if "enter it again" in n] == [
        f"The {name} key could not be taken over. Please enter it again." for name in SECRETS.values()
    ]
    assert "Left aside, because the studio has no use for it: theme, video_initial_wait." in notes
    assert "xyz" not in str(settings) + str(notes)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["cindergrace.db"]
    assert import_settings(tmp_path) == (settings, notes)


def test_what_a_database_has_not_yet_put_in_order_is_imported_too(tmp_path: Path) -> None:
    path = database(tmp_path, {"comfy_url": "http://old:1"})
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA journal_mode=WAL")
        base.execute("UPDATE settings SET value = 'http://new:1' WHERE key = 'comfy_url'")
        base.commit()
        assert import_settings(path)[0].comfy.url == "http://new:1"


def test_flat_json_is_imported_equally(tmp_path: Path) -> None:
    settings, notes = import_settings(flat(tmp_path, FLAT))
    assert settings == IMPORTED
    assert not any("enter it again" in note for note in notes)


def test_a_key_in_plain_text_is_asked_for_and_not_shown(tmp_path: Path) -> None:
    settings, notes = import_settings(
        flat(tmp_path, {**FLAT, "civitai_api_key": "s3cret", "huggingface_token": ""})
    )
    assert "s3cret" not in str(settings) + str(notes)
    assert [n for n in notes if "key could not" in n] == [
        "The Civitai key could not be taken over. Please enter it again."
    ]


@pytest.mark.parametrize("mode", ["local", "runpod"])
def test_the_planned_form_is_imported(tmp_path: Path, mode: str) -> None:
    planned = {
        "connection_mode": mode,
        "url": "http://gpu:8188",
        "runpod_pod_id": POD,
        "output_dir": "output",
    }
    settings, notes = import_settings(flat(tmp_path, {"comfyui": planned}))
    assert settings == Settings(ComfySettings(Mode[mode], "http://gpu:8188", POD))
    assert "comfyui" in notes[0]


def test_the_database_comes_before_the_json_and_the_json_before_its_backup(tmp_path: Path) -> None:
    flat(tmp_path, {"comfy_url": "http://backup:1"}, "settings.json.backup")
    assert import_settings(tmp_path)[0].comfy.url == "http://backup:1"
    flat(tmp_path, {"comfy_url": "http://flat:1"})
    assert import_settings(tmp_path)[0].comfy.url == "http://flat:1"
    database(tmp_path, {"comfy_url": "http://base:1"})
    assert import_settings(tmp_path)[0].comfy.url == "http://base:1"


def test_another_backend_than_the_first_brings_its_address(tmp_path: Path) -> None:
    backends = {"lan": {"name": "LAN", "url": "http://lan:8188", "type": "remote"}}
    settings, _ = import_settings(
        flat(tmp_path, {"comfy_url": "http://here:8188", "backends": backends, "active_backend": "lan"})
    )
    assert settings.comfy == ComfySettings(Mode.local, "http://lan:8188")


def test_values_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    values = {
        "comfy_url": "ftp://x",
        "backends": {"runpod": {"pod_id": "https://evil.example/?x="}},
        "global_resolution": "8k",
    }
    settings, notes = import_settings(flat(tmp_path, values))
    assert settings == Settings(ComfySettings(Mode.local))
    assert any(note.startswith("The address was not taken over:") for note in notes)
    assert any(note.startswith("The pod id was not taken over:") for note in notes)
    assert "The resolution 8k is not known here; it is 1024×576 now." in notes


@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_every_resolution_is_known(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    settings, _ = import_settings(flat(tmp_path, {"global_resolution": name}))
    assert (settings.width, settings.height) == size


def test_what_holds_no_settings_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="neither"):
        import_settings(tmp_path)
    with pytest.raises(BadFile, match="There is no file"):
        import_settings(tmp_path / "gone.json")
    for content in ({}, [], {"shots": []}, 3):
        with pytest.raises(BadFile, match="holds no settings"):
            import_settings(flat(tmp_path, content))
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"SQLite format 3\0" + b"x" * 500)
    with pytest.raises(BadFile, match="not a settings database"):
        import_settings(broken)
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as base:
        base.execute("CREATE TABLE things (a)")
    with pytest.raises(BadFile, match="no such table"):
        import_settings(other)
