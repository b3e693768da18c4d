"""Shows files and folders in the system's own window for them, on the machine the studio runs on."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

from domain.errors import StudioError


def show_folder(folder: Path) -> None:
    """A folder, which is made where there is none yet."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StudioError(f"There is no folder {folder}: {error.strerror or error}.") from error
    show(folder)


def show(path: Path) -> None:
    """A folder, or a file where it lies; comes back at once. Raises StudioError, with the place, where
    there is no such window."""
    command = _command(path)
    if command is None:
        raise StudioError(f"This machine has no program that shows folders. It is {path}.")
    quiet = subprocess.DEVNULL
    try:
        shown = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    except OSError as error:
        raise StudioError(f"It cannot be shown: {error.strerror or error}. It is {path}.") from error
    threading.Thread(target=shown.wait, name="shown", daemon=True).start()  # or its end stays noted for ever


def _command(path: Path) -> list[str] | None:
    if sys.platform == "win32":
        return ["explorer", str(path) if path.is_dir() else f"/select,{path}"]
    if sys.platform == "darwin":
        return ["open", str(path)] if path.is_dir() else ["open", "-R", str(path)]
    opener = shutil.which("xdg-open")
    return [opener, str(path if path.is_dir() else path.parent)] if opener else None
