"""Shows a folder in the system's own file manager, on the machine the studio runs on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from domain.errors import StudioError


def show_folder(folder: Path) -> None:
    """Raises StudioError when this machine has nothing to show folders with."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.name == "nt":
        os.startfile(folder)  # type: ignore[attr-defined,unused-ignore]
        return
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if opener is None:
        raise StudioError(f"This machine has no program that shows folders. It is {folder}.")
    quiet = subprocess.DEVNULL
    subprocess.Popen([opener, str(folder)], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
