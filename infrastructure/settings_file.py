"""The user's settings, kept as one JSON file. A damaged file is put aside, never overwritten unread."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from domain.addresses import parse_endpoint, parse_machine, parse_pod_id, parse_port, parse_url
from domain.buckets import READERS, BucketSettings
from domain.chat_settings import ChatSettings, parse_chat_url
from domain.errors import BadFile, CannotWrite, StudioError
from domain.settings import ComfySettings, Mode, Settings
from domain.spending import Limits
from domain.versions.spec import checked_id
from infrastructure.json_files import write_json
from infrastructure.part_files import kept_aside
from infrastructure.strict_json import parse_json, read_text

_KEYS = {"comfy", "keyframe_workflow", "video_workflow", "width", "height", "last_project"}
_KEYS |= {"theme", "language", "is_introduced", "limits", "bucket", "chat"}
_PIXELS = range(256, 4097)


class SettingsFile:
    def __init__(self, path: Path):
        self._path = path

    def load(self) -> tuple[Settings, list[str]]:
        """The settings, and sentences about what in the file could not be used."""
        if not self._path.exists():
            return Settings(), []
        notes: list[str] = []
        try:
            data = parse_json(read_text(self._path), self._path)
            if not isinstance(data, dict):
                raise BadFile(f"{self._path} holds no settings.")
            settings = _settings(data, notes)
        except BadFile as error:
            settings = Settings()
            notes.append(f"{error} The studio starts with its own settings.")
        if notes:
            notes.append(self.put_aside("broken"))
        return settings, notes

    def save(self, settings: Settings) -> None:
        """What the file holds besides stays: a newer studio may have written it."""
        own = {
            "comfy": {
                **settings.extra.get("comfy", {}),
                **vars(settings.comfy),
                "mode": settings.comfy.mode.value,
            },
            "keyframe_workflow": settings.keyframe_workflow,
            "video_workflow": settings.video_workflow,
            "width": settings.width,
            "height": settings.height,
            "last_project": settings.last_project,
            "theme": settings.theme,
            "language": settings.language,
            "is_introduced": settings.is_introduced,
            "limits": {**settings.extra.get("limits", {}), **vars(settings.limits)},
            "bucket": {**settings.extra.get("bucket", {}), **vars(settings.bucket)},
            "chat": {**settings.extra.get("chat", {}), **vars(settings.chat)},
        }
        write_json(self._path, {**settings.extra, **own})

    def put_aside(self, why: str) -> str:
        """Copies the file beside itself, and says where."""
        try:
            aside = kept_aside(self._path, why)
        except OSError as error:
            return f"No copy of the file could be kept: {error.strerror}."
        except CannotWrite as error:
            return f"No copy of the file could be kept: {error}"
        return f"The file as it was is kept as {aside.name}."


def _settings(data: dict[str, Any], notes: list[str]) -> Settings:
    comfy, default = data.get("comfy", {}), Settings()
    if not isinstance(comfy, dict):
        notes.append("comfy in the settings is not an object; its values are the studio's own.")
        comfy = {}
    limits = data.get("limits", {})
    if not isinstance(limits, dict):
        notes.append("limits in the settings is not an object; nothing limits what may be spent.")
        limits = {}
    bucket = data.get("bucket", {})
    if not isinstance(bucket, dict):
        notes.append("bucket in the settings is not an object; large inputs have nowhere to go.")
        bucket = {}
    chat = data.get("chat", {})
    if not isinstance(chat, dict):
        notes.append("chat in the settings is not an object; no language model is chosen.")
        chat = {}

    def taken(values: dict[str, Any], key: str, read: Callable[[Any], Any], otherwise: Any) -> Any:
        if values.get(key) in (None, ""):
            return otherwise
        try:
            return read(values[key])
        except (StudioError, ValueError, TypeError) as error:
            reason = str(error) if isinstance(error, StudioError) else f"{values[key]!r} cannot be used."
            notes.append(f"{key} in the settings: {reason} It is now {_shown(otherwise)}.")
            return otherwise

    return Settings(
        ComfySettings(
            taken(comfy, "mode", Mode, default.comfy.mode),
            taken(comfy, "url", lambda v: parse_url(_text(v)), default.comfy.url),
            taken(comfy, "pod_id", lambda v: parse_pod_id(_text(v))[0], ""),
            taken(comfy, "port", parse_port, default.comfy.port),
            _machines(comfy.get("more"), notes),
            taken(comfy, "pod_name", _text, ""),
            taken(comfy, "endpoint", lambda v: parse_endpoint(_text(v)), ""),
            taken(comfy, "version", lambda v: checked_id(_text(v), "version"), ""),
        ),
        taken(data, "keyframe_workflow", _text, ""),
        taken(data, "video_workflow", _text, ""),
        taken(data, "width", _pixels, default.width),
        taken(data, "height", _pixels, default.height),
        taken(data, "last_project", _text, ""),
        _besides(data, {"comfy": comfy, "limits": limits, "bucket": bucket, "chat": chat}),
        taken(data, "theme", _theme, ""),
        taken(data, "language", _text, ""),
        data.get("is_introduced") is True,
        Limits(
            **{key: taken(limits, key, _amount, getattr(default.limits, key)) for key in vars(default.limits)}
        ),
        BucketSettings(**{key: taken(bucket, key, _bucket_reader(key), "") for key in READERS}),
        ChatSettings(
            taken(chat, "url", lambda v: parse_chat_url(_text(v)), default.chat.url),
            taken(chat, "model", _text, ""),
        ),
    )


def _bucket_reader(key: str) -> Callable[[Any], str]:
    return lambda value: READERS[key](_text(value))


def _besides(data: dict[str, Any], inside: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """All that is not known here."""
    known: dict[str, Collection[str]] = {"comfy": vars(ComfySettings()), "limits": vars(Limits())}
    known |= {"bucket": READERS, "chat": vars(ChatSettings())}
    more = {key: _others(values, known[key]) for key, values in inside.items()}
    return {**_others(data, _KEYS), **{key: others for key, others in more.items() if others}}


def _others(values: dict[str, Any], known: Collection[str]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in known}


def _machines(value: Any, notes: list[str]) -> tuple[str, ...]:
    """Each by itself: one that cannot be used leaves the others as they are."""
    kept: list[str] = []
    for machine in value if isinstance(value, list) else [value] if value else []:
        try:
            kept.append(parse_machine(_text(machine)))
        except (StudioError, ValueError) as error:
            reason = str(error) if isinstance(error, StudioError) else f"{machine!r} cannot be used."
            notes.append(f"more in the settings: {reason} It is left out.")
    return tuple(dict.fromkeys(kept))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _amount(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise ValueError
    return float(value)


def _theme(value: Any) -> str:
    if value not in ("dark", "light"):
        raise ValueError
    return str(value)


def _pixels(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value not in _PIXELS:
        raise ValueError
    return value


def _shown(value: Any) -> str:
    return "empty" if value == "" else str(value.value if isinstance(value, Mode) else value)
