"""Files and folders that go from the disk, also read-only ones: blobs are, and what git keeps."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def remove(path: Path) -> None:
    """A file, or a folder with all that is in it. Raises OSError."""
    if path.is_symlink() or not path.is_dir():
        try:
            path.unlink(missing_ok=True)
        except PermissionError:
            _once_more(os.unlink, str(path))
    elif sys.version_info >= (3, 12):
        shutil.rmtree(path, onexc=lambda deed, name, error: _put_right(deed, name, error))
    else:
        shutil.rmtree(path, onerror=lambda deed, name, told: _put_right(deed, name, told[1]))


def _put_right(deed: Callable[..., Any], name: str, error: BaseException) -> None:
    if isinstance(error, PermissionError):
        _once_more(deed, name)
    elif not isinstance(error, FileNotFoundError):  # it went by itself
        raise error


def _once_more(deed: Callable[..., Any], name: str) -> None:
    """Windows takes nothing away that is read-only, other systems nothing out of a folder that is."""
    for path in (Path(name).parent, Path(name)):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)
    if deed in (os.unlink, os.rmdir):
        deed(name)
    else:  # it could not be looked into
        shutil.rmtree(name)
