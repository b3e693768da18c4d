"""What is there, asked of paths from anywhere: one that the system refuses to look at is not there.

A disk that was pulled out, a folder of somebody else's and a name that is too long make pathlib raise.
"""

from pathlib import Path


def is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
