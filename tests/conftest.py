"""What every test gets, and the switch for the tests against a real ComfyUI."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import real_comfy_build
from tests.fake_comfy import FakeComfy
from tests.real_comfy import RealComfy
from tests.real_comfy_build import BuildFailed, Installation
from tests.runpod.emulator import RunPod
from tests.window.studio import chromium

LEFT_OUT = pytest.StashKey[list[str]]()
INSTALLED = pytest.StashKey[Installation | BuildFailed]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--real", action="store_true", help="also run the tests against a real ComfyUI")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --real everything runs; without, what this machine may not have is left out and told."""
    if config.getoption("--real"):
        return
    real = [item for item in items if item.get_closest_marker("real")]
    seen = [item for item in items if "browser" in getattr(item, "fixturenames", ()) and item not in real]
    blind = [] if chromium() else seen
    left_out = {*real, *blind}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]
    config.stash[LEFT_OUT] = [
        *([f"{len(real)} tests against a real ComfyUI left out; run them with --real"] if real else []),
        *([f"{len(blind)} tests in a browser left out: there is no Chromium here"] if blind else []),
    ]


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    return config.stash.get(LEFT_OUT, [])


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the real server before the first test, whose time is bounded."""
    is_needed = any(item.get_closest_marker("real") for item in session.items)
    if is_needed and not session.config.option.collectonly:
        try:
            session.config.stash[INSTALLED] = real_comfy_build.install()
        except BuildFailed as error:
            session.config.stash[INSTALLED] = error


@pytest.fixture(scope="session")
def comfy_installation(pytestconfig: pytest.Config) -> Installation:
    installed = pytestconfig.stash.get(INSTALLED, None)
    assert installed, "a test against a real ComfyUI carries @pytest.mark.real"
    if isinstance(installed, BuildFailed):
        pytest.fail(str(installed), pytrace=False)
    return installed


@pytest.fixture(scope="session")
def real_comfy(
    comfy_installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealComfy]:
    """A running ComfyUI that all tests share: leave it running, with an empty queue."""
    server = RealComfy(comfy_installation, tmp_path_factory.mktemp("comfy") / "base")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def real_comfy_server(comfy_installation: Installation, tmp_path: Path) -> Iterator[Callable[..., RealComfy]]:
    """Makes running servers of a test's own, to restart or to break: real_comfy_server(max_upload_size=1)."""
    servers: list[RealComfy] = []

    def start(**flags: str | int | bool) -> RealComfy:
        servers.append(RealComfy(comfy_installation, tmp_path / f"comfy_{len(servers) + 1}", **flags))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def fake() -> Iterator[FakeComfy]:
    """A ComfyUI that behaves as it is told."""
    with FakeComfy() as server:
        yield server


@pytest.fixture
def runpod(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunPod]:
    """What this program meets in place of RunPod; nothing else may be asked for, and no pod gets the key."""
    with RunPod() as emulated:
        emulated.used_by(monkeypatch)
        yield emulated
        assert not emulated.elsewhere
        assert not emulated.leaks
