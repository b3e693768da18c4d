"""A browser, a running studio, and pages that must be silent: no error, nothing sent elsewhere."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.window.studio import RunningStudio, chromium

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--force-color-profile=srgb",
]
expect.set_options(timeout=30_000)  # what CI's computer draws in, when it is busy
# the studio ended while the page was still loading parts of Gradio; what is missing there is told as 404
ENDED = r"dynamically imported module|ERR_CONTENT_LENGTH_MISMATCH|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|"
AWAY = (
    "ERR_INTERNET_DISCONNECTED|ERR_SOCKET_NOT_CONNECTED|ERR_NETWORK_CHANGED|"  # a test took the network away
)
# a small video is made anew when its video is, and the page is told a moment later
ANEW = r"status of 404 .*/cache/proxies/|"
HARMLESS = re.compile(
    ENDED
    + ANEW
    + AWAY
    + r"svelte-i18n|ERR_ABORTED|net::ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|status of 40[09]"
)


@pytest.fixture(scope="session")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """One for all tests, with a folder: a browser that has seen the studio before keeps Gradio compiled."""
    with sync_playwright() as playwright:
        profile = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=chromium(),
            args=ARGUMENTS,
            viewport={"width": 1440, "height": 900},
            reduced_motion="reduce",
            locale="en-US",
        )
        yield profile
        profile.close()


@pytest.fixture
def browser(profile: BrowserContext) -> Browser:
    assert profile.browser
    return profile.browser


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """A studio that tests share; each opens a project of its own."""
    running = RunningStudio(tmp_path_factory.mktemp("studio")).start()
    yield running
    running.stop()


@pytest.fixture
def own_studio(tmp_path: Path) -> Iterator[Callable[..., RunningStudio]]:
    """Makes studios of a test's own, to kill, to fill or to set up: own_studio(introduced=False)."""
    made: list[RunningStudio] = []

    def start(*flags: str, **how: object) -> RunningStudio:
        folder = tmp_path / f"studio_{len(made) + 1}"
        folder.mkdir()
        made.append(RunningStudio(folder, *flags, **how))  # type: ignore[arg-type]
        return made[-1].start()

    yield start
    for running in made:
        running.stop()


@pytest.fixture
def context(profile: BrowserContext) -> Iterator[BrowserContext]:
    """The profile, left as it was found."""
    yield profile
    for page in profile.pages:
        page.close()
    profile.clear_permissions()
    profile.clear_cookies()
    profile.unroute_all()
    profile.set_offline(False)


@pytest.fixture
def open_page(context: BrowserContext) -> Iterator[Callable[..., Page]]:
    """Opens pages of a studio, which must have nothing to complain of when the test ends."""
    problems: list[str] = []
    forgotten: set[str] = set()  # addresses whose pages remember nothing of earlier tests

    def open(studio: RunningStudio, where: str = "storyboard") -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("console", lambda said: problems.append(_told(said)) if said.type == "error" else None)
        page.on(
            "request",
            lambda request: problems.append(f"left: {request.url}") if _leaves(request.url) else None,
        )
        if studio.address not in forgotten:
            forgotten.add(studio.address)
            _forget(page, studio.address)
        page.goto(f"{studio.address}#{where}")
        page.bring_to_front()  # a key that is pressed before the browser knows whose it is, nobody gets
        page.wait_for_function("() => window.Studio && Studio.ready && Studio.core.connected()")
        return page

    yield open
    real = [problem for problem in problems if not HARMLESS.search(problem)]
    assert not real, real


def _forget(page: Page, address: str) -> None:
    """What pages of an address keep in the browser; a new page has no session of its own yet."""
    line = page.context.new_cdp_session(page)
    line.send(
        "Storage.clearDataForOrigin",
        {"origin": address.rstrip("/"), "storageTypes": "local_storage"},
    )
    line.detach()


def _told(said: ConsoleMessage) -> str:
    return f"said: {said.text} ({said.location.get('url', '')})"


def _leaves(url: str) -> bool:
    return not re.match(r"(http://127\.0\.0\.1:\d+/|data:|blob:)", url)


@pytest.fixture
def page(studio: RunningStudio, open_page: Callable[..., Page]) -> Page:
    return open_page(studio)
