"""Settings that come in from a file: the planned JSON, or what an older studio kept."""

from dataclasses import replace
from pathlib import Path

from domain.settings import Settings
from infrastructure.settings_file import SettingsFile
from infrastructure.settings_import import import_settings
from services.connections import taken


def taken_over(file: Path, kept: Settings, kept_in: Path) -> tuple[Settings, list[str]]:
    """The settings with what a file says on top, and sentences about what was taken and what was left.

    The settings as they were are kept beside the file they stand in.
    """
    found, notes = import_settings(file)
    untold = Settings()
    size = (found.width, found.height)
    is_told = size != (untold.width, untold.height)
    settings = replace(
        kept,
        comfy=taken(found.comfy, kept.comfy),
        keyframe_workflow=found.keyframe_workflow or kept.keyframe_workflow,
        video_workflow=found.video_workflow or kept.video_workflow,
        width=found.width if is_told else kept.width,
        height=found.height if is_told else kept.height,
        extra={**kept.extra, **found.extra},
    )
    if kept_in.exists() and settings != kept:
        notes.append(SettingsFile(kept_in).put_aside("before-import"))
    return settings, [note.replace(str(file), file.name) for note in notes]
