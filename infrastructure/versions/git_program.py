"""The git program as stores use it: its settings whatever this machine has set, and what it complains of."""

import os
from contextlib import suppress
from pathlib import Path

from domain.errors import CannotWrite, StudioError
from domain.versions.errors import Unresolved
from infrastructure.commands import Done

_SETTINGS = (
    "protocol.ext.allow=never",
    "core.hooksPath=/dev/null",
    "core.autocrlf=false",
    "core.symlinks=true",
    "core.trustctime=false",  # each new hard link changes it
    "core.longpaths=true",
    "http.lowSpeedLimit=1",  # bytes a second; a server that says nothing at all
    "http.lowSpeedTime=120",  # for so many seconds is given up
    "safe.directory=*",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
    "transfer.fsckObjects=false",
)
SURROUNDINGS = {"GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1", "LC_ALL": "C"}


def settings() -> list[str]:
    return [word for setting in _SETTINGS for word in ("-c", setting)]


def is_at_work(store: Path) -> bool:
    """Whether one runs there that outlived who started it: it still needs its locks."""
    place = os.fsencode(store.absolute())
    for words in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            said = words.read_bytes()
            is_git = said.partition(b"\0")[0].rpartition(b"/")[2].startswith(b"git")
            # one that git itself started has it in its surroundings
            if is_git and (place in said or place in words.with_name("environ").read_bytes()):
                return True
    return False


def is_full(done: Done) -> bool:
    return "No space left" in done.said or "Disk quota exceeded" in done.said


def fault(repo: str, done: Done) -> StudioError:
    if is_full(done):
        return CannotWrite(f"{repo} cannot be kept: the disk is full. Make room on it and run it again.")
    return Unresolved(why(repo, done))


def why(repo: str, done: Done) -> str:
    said = next((s for s in done.said.splitlines() if s.startswith(("fatal:", "error:"))), done.last_words)
    return f"{repo} cannot be fetched: {said.partition(': ')[2] or said}"
