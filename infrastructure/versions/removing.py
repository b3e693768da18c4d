"""Files and folders that go from the disk."""

import shutil
from pathlib import Path


def remove(path: Path) -> None:
    """A file, or a folder with all that is in it. Raises OSError."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path)
