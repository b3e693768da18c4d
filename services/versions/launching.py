"""A version's ComfyUI in the foreground, as long as somebody wants it."""

from collections.abc import Sequence
from contextlib import ExitStack

from infrastructure.versions import launch, running
from infrastructure.versions.builds import Builds
from infrastructure.versions.locks import SOON, held
from infrastructure.versions.store import Store


def run_until_it_ends(
    store: Store, builds: Builds, id: str, host: str, port: int, more: Sequence[str]
) -> int:
    """Returns ComfyUI's own exit code. Raises BadFile, BackendUnreachable, Blocked."""
    pids = list[int]()
    with ExitStack() as start:
        start.enter_context(held(builds.start_lock, f"the version {id}", SOON))
        build = builds.realized(id)
        lock = build.lock()
        command = [*launch.command(build, store.python(lock), lock, host, port), *more]

        def began(pid: int) -> None:
            pids.append(pid)
            running.note(build, pid, f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}")
            start.close()

        try:
            return launch.run_here(command, build.comfy, launch.environment(lock), began)
        finally:
            for pid in pids:
                running.unnote(build, pid)
