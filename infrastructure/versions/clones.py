"""Repositories as somebody works in them: where they come from, at which commit, and what was changed."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from domain.errors import StudioError
from infrastructure import commands

_SETTINGS = ("safe.directory=*", "core.fsmonitor=false", "core.hooksPath=/dev/null")


@dataclass(frozen=True)
class Clone:
    url: str  # without who asks; "" when it comes from nowhere
    commit: str
    tag: str  # that the commit is, if it is one
    changed: tuple[str, ...]  # paths of files that no commit has as they are
    added: tuple[str, ...]  # … and that it does not have at all, but for what it ignores
    is_published: bool  # a branch or tag of where it comes from has the commit, as far as is known here
    tracked: frozenset[str]


def clone(folder: Path) -> Clone | None:
    """None for a folder that is no repository. Raises StudioError without git."""
    if not (folder / ".git").exists():
        return None
    commit = _said(folder, "rev-parse", "--verify", "HEAD")
    if not commit:
        return None
    branches = _said(folder, "branch", "--remotes", "--contains", commit)
    tags = _said(folder, "tag", "--points-at", commit).split()
    changed = _said(folder, "diff", "--name-only", "-z", "HEAD", "--").split("\0")
    added = _said(folder, "ls-files", "--others", "--exclude-standard", "--directory", "-z").split("\0")
    tracked = _said(folder, "ls-files", "-z").split("\0")
    url = _without_user(_said(folder, "config", "--get", "remote.origin.url"))
    return Clone(
        url,
        commit,
        tags[0] if tags else "",
        tuple(filter(None, changed)),
        tuple(path for path in added if path and not path.endswith(("__pycache__/", ".pyc"))),
        bool(branches or tags),
        frozenset(filter(None, tracked)),
    )


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return url
    host = parts.hostname + (f":{parts.port}" if parts.port else "")
    return parts._replace(netloc=host).geturl()


def _said(folder: Path, *words: str) -> str:
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    try:
        done = commands.run(
            ["git", *settings, "-C", folder, *words],
            env={"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        )
    except FileNotFoundError as error:
        raise StudioError("git is not installed. Install it, and run this again.") from error
    return done.out.strip("\n") if done.code == 0 else ""
