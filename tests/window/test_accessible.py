"""Every page, in both looks, as axe-core judges it: names, roles, contrast, order."""

from importlib.resources import files

import pytest
from playwright.sync_api import expect

from tests.versions.world import World
from tests.window.studio import picture

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
JUDGE = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations.map(one =>
  [`${one.id} (${one.impact}): ${one.help}`,
   ...one.nodes.slice(0, 4).map(node => `    ${node.target} ${node.failureSummary}`)].join('\\n'))"""
OF_PROJECT = ("project", "storyboard", "keyframes", "video", "film", "comic")
PAGES = (*OF_PROJECT, "runs", "machines", "versions", "settings", "testbench")


@pytest.fixture(scope="module")
def folder(studio, tmp_path_factory):
    """A project with something on every page: pictures, a clip, a film."""
    folder = studio.project("accessible", "A harbour before sunrise", "A door", "")
    studio.ask("keyframe.generate", shots=["001", "002"], count=2)
    studio.wait_until_done()
    studio.ask("video.generate", shots=["001"])
    studio.wait_until_done()
    studio.ask("comic.begin", text="CHARACTER Ida\nPAGE 1\nPANEL 1\nIda waits.\nIDA: Late.\nPANEL 2\nRain.\n")
    studio.ask("comic.draw", shown=["ch1-p1-pan1"])
    studio.wait_until_done()
    own = picture(tmp_path_factory.mktemp("own") / "own.png")
    own.replace(folder / "keyframes" / "003.png")
    return folder


def judge(page):
    """In both looks, once everything on the page is drawn."""
    page.evaluate(AXE)
    page.wait_for_function("() => [...document.images].every(img => img.complete || img.loading === 'lazy')")
    for look in ("dark", "light"):
        page.evaluate("look => { document.documentElement.dataset.theme = look }", look)
        page.wait_for_timeout(300)  # colours on their way
        found = page.evaluate(JUDGE)
        assert not found, f"{look}: " + "\n".join(found)


@pytest.mark.parametrize("where", PAGES)
def test_a_page_is_clean(studio, folder, open_page, where):
    studio.ask("project.open", folder=str(folder))
    judge(open_page(studio, f"{where}/001"))


def test_versions_and_what_is_asked_of_one_are_clean(own_studio, open_page, tmp_path):
    world = World(tmp_path / "world")
    studio = own_studio(env={**world.surroundings, "STUDIO_STORE": str(tmp_path / "store")})
    world.write(studio.data / "versions")
    world.write(studio.data / "versions", version_id="film-b", comfy={"repo": 7})
    page = open_page(studio, "versions")
    page.locator(".version", has_text="film-a").get_by_role("button", name="Realize").click()
    expect(page.locator(".work")).to_have_attribute("data-state", "failed")
    page.locator(".work summary").click()
    judge(page)
    page.keyboard.press("n")
    expect(page.locator("dialog select")).to_be_visible()
    judge(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Export").click()
    expect(page.locator("dialog pre")).to_contain_text("FROM")
    judge(page)
    world.close()


def test_pods_and_a_new_one_are_clean(runpod, own_studio, open_page):
    runpod.add_pod(name="film", status="EXITED", mounts={"persistent": {"size": 60, "path": "/workspace"}})
    runpod.add_pod(name="other")
    studio = own_studio(env={**runpod.environment, "RUNPOD_API_KEY": runpod.key})
    page = open_page(studio, "machines")
    page.locator(".pod", has_text="film").get_by_role("button", name="Draw on it", exact=True).click()
    expect(page.locator(".doctor")).to_contain_text("is stopped")
    judge(page)
    page.get_by_role("button", name="New pod").click()
    expect(page.locator(".gpu input").first).to_be_checked()
    judge(page)


def test_an_endpoint_and_its_test_are_clean(runpod, own_studio, open_page):
    endpoint = runpod.add_endpoint(workers_max=0)
    real = endpoint.health
    more = {"initializing": 1, "throttled": 1, "unhealthy": 1, "running": 1}
    endpoint.health = lambda: {**real(), "workers": real()["workers"] | more}
    studio = own_studio(env={**runpod.environment, "RUNPOD_API_KEY": runpod.key})
    studio.ask("intro.use", mode="serverless", address=endpoint.id)
    page = open_page(studio, "machines")
    expect(page.locator(".machines .slots i")).to_have_count(4)
    judge(page)
    page.evaluate("() => Studio.where.go('settings')")
    page.locator("#set-test").click()
    expect(page.locator("#set-answer button")).to_be_visible()
    judge(page)


@pytest.mark.parametrize("what", ["New project", "Open …", "Contact sheet", "Duplicate", "By path"])
def test_a_question_about_a_project_is_clean(studio, folder, open_page, what):
    studio.ask("project.open", folder=str(folder))
    page = open_page(studio, "project")
    page.locator("#page-project").get_by_role("button", name=what, exact=True).click()
    judge(page)


def test_the_first_start_is_clean(own_studio, open_page):
    page = open_page(own_studio(introduced=False))
    for _ in range(3):
        judge(page)
        if page.locator(".intro footer .primary").count():
            page.locator(".intro footer .primary").click()
