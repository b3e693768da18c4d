"""A version's ComfyUI in the foreground, as long as somebody wants it."""

from collections.abc import Sequence

from infrastructure.versions import launch
from infrastructure.versions.builds import Build
from infrastructure.versions.store import Store


def run_until_it_ends(store: Store, build: Build, host: str, port: int, more: Sequence[str]) -> int:
    """Returns ComfyUI's own exit code."""
    lock = build.lock()
    command = [*launch.command(build, store.python(lock), lock, host, port), *more]
    return launch.run_here(command, build.comfy, launch.environment(lock))
