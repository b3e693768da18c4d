"""Shows a file where it lies, in the window the system has for files."""

import shutil
import subprocess
import sys
from pathlib import Path

from domain.errors import StudioError


def reveal(path: Path) -> None:
    """Comes back at once. Raises StudioError, with the place, where there is no such window."""
    command = _command(path)
    if command is None:
        raise StudioError(f"This computer shows no folders. The file is {path}.")
    try:
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError as error:
        raise StudioError(
            f"The folder cannot be shown: {error.strerror or error}. The file is {path}."
        ) from error


def _command(path: Path) -> list[str] | None:
    if sys.platform == "win32":
        return ["explorer", f"/select,{path}"]
    if sys.platform == "darwin":
        return ["open", "-R", str(path)]
    found = shutil.which("xdg-open")
    return [found, str(path.parent)] if found else None
