"""What every test gets, and the switch for the tests against a real ComfyUI."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import real_comfy_build
from tests.fake_comfy import FakeComfy
from tests.real_comfy import RealComfy
from tests.real_comfy_build import BuildFailed, Installation
from tests.runpod.emulator import RunPod
from tests.serverless import sdk as sdk_build
from tests.serverless.endpoints import EmulatedEndpoint
from tests.serverless.sdk import SdkWorker
from tests.window.studio import chromium

LEFT_OUT = pytest.StashKey[list[str]]()
INSTALLED = pytest.StashKey[Installation | BuildFailed]()
SDK = pytest.StashKey[Installation | BuildFailed]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--real", action="store_true", help="also run the tests against a real ComfyUI")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --real everything runs; without, what this machine may not have is left out and told."""
    if config.getoption("--real"):
        if hasattr(config, "workerinput"):  # files run side by side
            _longest_first(items)
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


def _longest_first(items: list[pytest.Item]) -> None:
    """Files with tests against a real server, those of few tests before others: whoever runs files side by
    side does not wait for a long one at the end."""
    count = Counter(item.path for item in items)
    real = {item.path for item in items if item.get_closest_marker("real")}
    last = len(items)
    items.sort(key=lambda item: count[item.path] if item.path in real else last)


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    return config.stash.get(LEFT_OUT, [])


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the real server, and the worker's environment, before the first test, whose time is bounded."""
    if session.config.option.collectonly:
        return
    needs: tuple[
        tuple[pytest.StashKey[Installation | BuildFailed], bool, Callable[[], Installation]], ...
    ] = (
        (INSTALLED, _asks_for(session, "comfy_installation"), real_comfy_build.install),
        (SDK, _asks_for(session, "sdk"), sdk_build.install),
    )
    for key, is_needed, build in needs:
        if is_needed:
            try:
                session.config.stash[key] = build()
            except BuildFailed as error:
                session.config.stash[key] = error


def _asks_for(session: pytest.Session, fixture: str) -> bool:
    items = [item for item in session.items if item.get_closest_marker("real")]
    return any(fixture in getattr(item, "fixturenames", ()) for item in items)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a user who has no settings, projects and versions yet."""
    folder = tmp_path / "home"
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(folder))
    return folder


@pytest.fixture(scope="session")
def comfy_installation(pytestconfig: pytest.Config) -> Installation:
    return _built(pytestconfig, INSTALLED)


def _built(config: pytest.Config, key: pytest.StashKey[Installation | BuildFailed]) -> Installation:
    installed = config.stash.get(key, None)
    assert installed, "a test against a real ComfyUI or with the real SDK carries @pytest.mark.real"
    if isinstance(installed, BuildFailed):
        pytest.fail(str(installed), pytrace=False)
    return installed


@pytest.fixture(scope="session")
def sdk(pytestconfig: pytest.Config) -> Installation:
    """An environment with the real SDK of RunPod, to run the worker in."""
    return _built(pytestconfig, SDK)


@pytest.fixture
def sdk_worker(sdk: Installation, runpod: RunPod, tmp_path: Path) -> Iterator[Callable[..., SdkWorker]]:
    """Starts workers of an endpoint: sdk_worker(endpoint, comfy.url, "w1", OUTPUT_MODE="s3")."""
    workers: list[SdkWorker] = []

    def start(endpoint: EmulatedEndpoint, comfy: str, id: str = "", **more: str) -> SdkWorker:
        id = id or f"w{len(workers) + 1}"
        given = {**runpod.worker_environment(endpoint, id), "COMFY_URL": comfy, **more}
        workers.append(SdkWorker(sdk, id, given, tmp_path / f"{id}.log"))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()


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
