"""Whether what an image holds is what a version's lock says: the last step of its Dockerfile.

Sources by git, Python packages by their names and by the hash of every file, and the closure, if it was known
when the image was described.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from domain.errors import BadFile
from domain.versions import closure, lock
from domain.versions.fields import Fields
from domain.versions.lock import Lock, Tree, digest
from infrastructure import commands
from infrastructure.json_files import read_json
from infrastructure.versions import env_tree
from infrastructure.versions.uv import this_platform
from worker.installs import VERSION_FILE

_INFO = re.compile(r"(?P<name>[^/]+)-(?P<version>[^/-]+)\.dist-info/METADATA")


def differences(wanted: Lock, comfy: Path, env: Path) -> Iterator[str]:
    """Raises BadFile."""
    yield from _of_platform(wanted, env)
    yield from _of_tree("ComfyUI", wanted.comfy, comfy)
    for node in wanted.nodes:
        yield from _of_tree(node.name, node, comfy / "custom_nodes" / node.name)
    tree = env_tree.read_tree(env)
    yield from (f"{path} is not what its package says" for path in env_tree.foreign(env, tree))
    there = {f"{_plain(m['name'])}=={m['version']}" for path in tree.entries if (m := _info(path))}
    asked = {_plain(line.split()[0]) for line in wanted.requirements}
    yield from (f"{name} is not installed" for name in sorted(asked - there))
    yield from (f"{name} is installed, and not in the lock" for name in sorted(there - asked))
    promised = Fields(read_json(comfy / VERSION_FILE)).text("closure")
    found = [closure.expected(wanted, digest(wanted.text), tree.hash, models) for models in (True, False)]
    if promised and promised not in [one.closure for one in found]:
        yield f"its closure is {found[0].closure}, not {promised}"


def main(arguments: list[str]) -> int:
    """Returns 1 when something differs."""
    parser = argparse.ArgumentParser(prog="python -m worker.version_check", description=__doc__)
    parser.add_argument("lock", type=Path, metavar="LOCK")
    parser.add_argument("--comfy", type=Path, required=True, metavar="DIR")
    parser.add_argument("--env", type=Path, required=True, metavar="DIR")
    asked = parser.parse_args(arguments)
    found = list(_told(asked))
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


def _told(asked: argparse.Namespace) -> Iterator[str]:
    try:
        yield from differences(lock.read(read_json(asked.lock)), asked.comfy, asked.env)
    except BadFile as error:
        yield str(error)


def _of_platform(wanted: Lock, env: Path) -> Iterator[str]:
    here, asked = this_platform(), wanted.platform
    if (here.os, here.arch) != (asked.os, asked.arch):
        yield f"the lock is for {asked.os} on {asked.arch}, and this is {here.os} on {here.arch}"
    lines = (env / "pyvenv.cfg").read_text("utf-8").splitlines() if (env / "pyvenv.cfg").is_file() else []
    told = [line.partition("=")[2].strip() for line in lines if line.startswith("version")]
    if told and not f"{told[0]}.".startswith(f"{asked.python}."):
        yield f"the lock is for Python {asked.python}, and the environment has {told[0]}"


def _of_tree(what: str, tree: Tree, at: Path) -> Iterator[str]:
    git: list[str | Path] = ["git", "-C", at, "-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null"]
    ask = {"GIT_TERMINAL_PROMPT": "0"}
    found = commands.run([*git, "rev-parse", "HEAD^{tree}"], env=ask)
    if found.out.strip() != tree.tree:
        yield f"{what} has the tree {found.out.strip() or found.last_words}, not {tree.tree}"
    elif changed := commands.run([*git, "diff", "--name-only", "HEAD", "--"], env=ask).out.split("\n")[:-1]:
        yield f"{what} was changed: {', '.join(changed[:5])}"


def _info(path: str) -> re.Match[str] | None:
    return _INFO.fullmatch(path.partition("/site-packages/")[2])


def _plain(name: str) -> str:
    """A package's name in the one way that all its ways of writing come to."""
    name, mark, version = name.partition("==")
    return re.sub(r"[-_.]+", "-", name).lower() + mark + version


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
