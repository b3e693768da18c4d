"""Settings of the older studio, read and never touched: its database, its flat JSON, its planned JSON.

Keys it had encrypted cannot be read here; the user is asked for them again.
"""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from domain.addresses import parse_pod_id, parse_port, parse_url
from domain.errors import BadFile, StudioError
from domain.settings import ComfySettings, Mode, Settings
from infrastructure.resolutions import RESOLUTIONS
from infrastructure.strict_json import parse_json, read_text

PLACES = (  # in an installation's folder, the first found wins
    "data/cindergrace.db",
    "cindergrace.db",
    "config/settings.json",
    "settings.json",
    "config/settings.json.backup",
    "settings.json.backup",
)
SECRETS = {
    "civitai_api_key": "Civitai",
    "huggingface_token": "Hugging Face",
    "google_tts_api_key": "Google text-to-speech",
    "openrouter_api_key": "OpenRouter",
}
SIZES = {r.key: (r.width, r.height) for r in RESOLUTIONS}
_USED = (
    "comfy_url",
    "backends",
    "active_backend",
    "global_resolution",
    "default_workflow_gcp",
    "default_workflow_gcv",
)
_KEPT = (  # of no use yet, but the user's own choices
    "comfy_root",
    "workflow_dir",
    "log_level",
    "use_sage_attention",
    "default_workflow_gcpl",
    "default_workflow_gcvfl",
    "default_workflow_gcl",
    "openrouter_models",
    "max_parallel_downloads",
    "model_manager_workflows_dir",
    "model_manager_archive_dir",
)


def import_settings(path: Path) -> tuple[Settings, list[str]]:
    """Settings from a file or an installation's folder, and what was taken, left and is to be asked for."""
    source = _found(path)
    if _is_database(source):
        values, locked = _from_database(source)
    else:
        values, locked = _from_json(source), []
    comfyui = values.get("comfyui")
    if isinstance(comfyui, dict) and not any(key in values for key in _USED):
        values = {**values, **_as_flat(comfyui)}
    if not any(key in values for key in (*_USED, *_KEPT, *SECRETS)) and not locked:
        raise BadFile(f"{source} holds no settings of the older studio.")
    return _settings(values, locked, source)


def _found(path: Path) -> Path:
    if not path.is_dir():
        return path
    for place in PLACES:
        if (path / place).is_file():
            return path / place
    raise BadFile(f"{path} holds no settings: neither data/cindergrace.db nor config/settings.json is there.")


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"
    except OSError:
        return False  # reading it as JSON says why


def _from_database(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The rows of the settings table; and which of them are encrypted.

    Read from a copy: opening the original could leave files beside it, or wait for its lock.
    """
    try:
        with TemporaryDirectory() as folder:
            for part in (path, path.with_name(f"{path.name}-wal")):
                if part.exists():
                    shutil.copyfile(part, Path(folder) / part.name)
            with closing(sqlite3.connect(Path(folder) / path.name)) as database:
                rows = database.execute("SELECT key, value, encrypted FROM settings").fetchall()
    except (sqlite3.Error, OSError) as error:
        raise BadFile(f"{path} is not a settings database that can be read: {error}.") from error
    locked = [key for key, value, encrypted in rows if encrypted and value]
    plain = {key: _decoded(value) for key, value, encrypted in rows if not encrypted}
    return {key: value for key, value in plain.items() if not str(key).startswith("_")}, locked


def _decoded(text: Any) -> Any:
    """Every value is text there: true, 3 and ["a"] mean what they say, the rest is a text."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        return text
    return text if isinstance(value, float) else value


def _from_json(path: Path) -> dict[str, Any]:
    data = parse_json(read_text(path), path)
    if not isinstance(data, dict):
        raise BadFile(f"{path} holds no settings.")
    return data


def _as_flat(comfyui: dict[str, Any]) -> dict[str, Any]:
    """The planned form, {"connection_mode", "url", "runpod_pod_id"}, in the keys that were built."""
    runpod = {"type": "runpod", "pod_id": comfyui.get("runpod_pod_id", "")}
    active = "runpod" if comfyui.get("connection_mode") == "runpod" else "local"
    return {"comfy_url": comfyui.get("url"), "active_backend": active, "backends": {"runpod": runpod}}


def _settings(values: dict[str, Any], locked: list[str], source: Path) -> tuple[Settings, list[str]]:
    notes: list[str] = []
    width, height = _size(values, notes)
    settings = Settings(
        comfy=_comfy(values, notes),
        keyframe_workflow=_workflow(values, "default_workflow_gcp"),
        video_workflow=_workflow(values, "default_workflow_gcv"),
        width=width,
        height=height,
        extra={key: values[key] for key in _KEPT if values.get(key) not in (None, "")},
    )
    taken = sorted(key for key in (*_USED, *_KEPT) if values.get(key) not in (None, ""))
    if isinstance(values.get("comfyui"), dict):
        taken = ["comfyui"]
    notes.insert(0, f"Read from {source}: {', '.join(taken) or 'nothing'}.")
    left = sorted(str(key) for key in values.keys() - {*taken, *_USED, *_KEPT, *SECRETS})
    if left:
        notes.append(f"Left aside, because the studio has no use for it: {', '.join(left)}.")
    secrets = [name for key, name in SECRETS.items() if key in locked or values.get(key)]
    notes += [f"The {name} key could not be taken over. Please enter it again." for name in secrets]
    return settings, notes


def _comfy(values: dict[str, Any], notes: list[str]) -> ComfySettings:
    given = values.get("backends")
    backends = {k: v for k, v in given.items() if isinstance(v, dict)} if isinstance(given, dict) else {}
    active = str(values.get("active_backend") or "local")
    chosen = backends.get(active, {})
    is_runpod = active == "runpod" or chosen.get("type") == "runpod"
    url = values.get("comfy_url") if is_runpod else chosen.get("url") or values.get("comfy_url")
    pod = chosen if is_runpod else backends.get("runpod", {})
    pod_id, port = _pod(pod, notes)
    return ComfySettings(
        mode=Mode.runpod if is_runpod else Mode.local,
        url=_url(url, notes),
        pod_id=pod_id,
        port=port,
    )


def _url(given: Any, notes: list[str]) -> str:
    if not given:
        return ComfySettings.url
    try:
        return parse_url(str(given))
    except StudioError as error:
        notes.append(f"The address was not taken over: {error}")
        return ComfySettings.url


def _pod(backend: dict[str, Any], notes: list[str]) -> tuple[str, int]:
    given = backend.get("pod_id") or backend.get("url")
    if not given:
        return "", ComfySettings.port
    try:
        pod_id, port = parse_pod_id(str(given))
        return pod_id, port or parse_port(backend.get("port") or ComfySettings.port)
    except StudioError as error:
        notes.append(f"The pod id was not taken over: {error}")
        return "", ComfySettings.port


def _size(values: dict[str, Any], notes: list[str]) -> tuple[int, int]:
    name = values.get("global_resolution")
    if not name:
        return Settings.width, Settings.height
    if not isinstance(name, str) or name not in SIZES:
        notes.append(
            f"The resolution {name} is not known here; it is {Settings.width}×{Settings.height} now."
        )
        return Settings.width, Settings.height
    return SIZES[name]


def _workflow(values: dict[str, Any], key: str) -> str:
    """A template's name, without the suffix and whatever folder came with it."""
    name = values.get(key)
    return name.replace("\\", "/").split("/")[-1].removesuffix(".json") if isinstance(name, str) else ""
