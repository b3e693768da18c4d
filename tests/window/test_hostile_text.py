"""Words that look like markup, scripts or addresses stay words: typed, read from files, said by servers."""

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from playwright.sync_api import Page, expect

from tests.film_corpus import KINDS, make
from tests.window import hostile
from tests.window.hostile import MODEL, NAME, TEXT, words
from tests.window.studio import RunningStudio

HAS = "([place, words]) => [...document.querySelectorAll(place)].some(one => one.textContent.includes(words))"
# every field that takes words, each left again like by somebody who goes on to the next
TYPE = """async ([words, place]) => {
  const others = ['range', 'checkbox', 'radio', 'file', 'color', 'number'], told = [];
  const fields = [...document.querySelectorAll(`${place} :is(input, textarea, [contenteditable=true])`)]
    .filter(one => one.checkVisibility() && !one.disabled && !one.readOnly && !others.includes(one.type));
  for (const field of fields) {
    if (!field.isConnected) continue;
    field.focus();
    field.select();
    document.execCommand('insertText', false, words);
    const value = field.value;
    field.blur();
    await new Promise(requestAnimationFrame);
    const label = field.ariaLabel ?? field.labels?.[0]?.textContent.trim() ?? field.placeholder;
    told.push({ label: field.closest('[data-field]')?.dataset.field ?? label, value });
  }
  return told;
}"""
MADE = 'img[src="x"], svg[onload], [onerror], a[href^="javascript:" i]'
FOUND = """made => {
  const seen = [...document.querySelectorAll('body *')].filter(one => one.checkVisibility());
  const name = one => `${one.tagName}#${one.id}.${one.getAttribute('class')}`;
  const flow = one => getComputedStyle(one).overflowX;
  const rolls = one => ['auto', 'scroll'].includes(flow(one)) && !one.matches('input, textarea, pre');
  const right = one => one.getBoundingClientRect().right, ROW = '.shotrow, .clip, .set-card';
  const words = one => { const range = document.createRange(); range.selectNodeContents(one); return range };
  return {
    ran: window.pwned,
    made: [...document.querySelectorAll(made)].map(name),
    scripts: [...document.scripts].filter(one => one.textContent === 'window.pwned=1').length,
    wide: document.documentElement.scrollWidth > innerWidth,
    sideways: seen.filter(one => rolls(one) && one.scrollWidth > one.clientWidth + 1).map(name),
    outside: seen.filter(one => one.matches('button, input, select, textarea, a')
      && right(one) > innerWidth + 1).map(name),
    spilt: seen.filter(one => one.closest(ROW) && !one.childElementCount && flow(one) === 'visible'
      && right(words(one)) > right(one.closest(ROW)) + 1).map(name),
  };
}"""
NOTHING = {"made": [], "scripts": 0, "wide": False, "sideways": [], "outside": [], "spilt": []}
REFUSED = f"ComfyUI refused the workflow: “{TEXT}"


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """One whose project, workflows and server are full of such words, with a failed run and a report."""
    folder = tmp_path_factory.mktemp("hostile")
    clip = make(replace(KINDS["h264"], frames=24, fps=Fraction(12)), 1, folder / "clip")
    with hostile.server() as server:
        running = RunningStudio(folder)
        hostile.workflow(running.data / "workflows", "mine")
        comfy = {"mode": "local", "url": server.url}
        settings = {"is_introduced": True, "comfy": comfy, "keyframe_workflow": "mine"}
        (running.data / "settings.json").write_text(json.dumps({**settings, "video_workflow": "video_test"}))
        running.start()
        project = hostile.project(running.data / "projects" / "hostile", clip)
        running.ask("project.open", folder=str(project))
        running.ask("keyframe.generate", shots=["001"], count=1)
        running.wait_until_done()
        running.ask("bench.run", images=1)
        yield running
        running.stop()


def are_only_words(page: Page) -> None:
    found = page.evaluate(FOUND, MADE)
    assert found.pop("ran", None) is None
    assert found == NOTHING


def typed(page: Page, place: str = "body") -> list[str]:
    """The fields that took the words; others take numbers only, and names only their beginning."""
    told = page.evaluate(TYPE, [TEXT, place])
    others = [one for one in told if not TEXT.startswith(one["value"])]
    assert not [one["label"] for one in others if not one["value"].isdigit()]
    return [one["label"] for one in told if one["value"] == TEXT]


SHOWN = {
    "project": [("#rail .project b", TEXT), (".recent", TEXT)],
    "storyboard/001": [(".card p", TEXT), (".card .name", TEXT), (".sent", TEXT), (".menu, .chips", NAME)],
    "keyframes/001": [
        *((".facts", words(word)) for word in ("prompt", "negative", "seed", "steps", "lora")),
        *((".facts", words(word)) for word in ("workflow", "server", "brought_in")),
        (".changes", words("why")),
        (".shotrow", TEXT),
    ],
    "video/001": [(".videorow", TEXT), (".videoplan .name", TEXT), (".videoplan .sent", TEXT)],
    "film": [(".version", words("preset")), (".inspector header", TEXT)],
    "comic": [(".comicpage footer b", words("chapter")), (".person summary", words("name"))],
    "runs": [
        (".run .why", words("error")),
        (".run .why", REFUSED),
        (".run .where", words("server")),
        (".run .what", words("workflow")),
        ("#dock .job[data-state=failed]", REFUSED),
    ],
    "settings": [
        *(("#set-keyframe-about", words(word)) for word in ("purpose", "vram", "licence")),
        ("#set-keyframe-about", MODEL),
        ("#set-intake", words("title")),
    ],
    "testbench": [
        (".who", words("card")),
        (".stages", MODEL),
        (".bench .text pre", MODEL),
        (".reports", words("card")),
    ],
}
FIELDS = {
    "project": {"title", "description", "notes", "tags.style"},
    "storyboard/001": {"Find a shot", "label", "prompt", "scene", "negative", "lora", "motion.notes"},
    "video/001": {"prompt", "motion.kind", "motion.notes"},
    "comic": {"language"},
    "runs": {"Find a run"},
    "settings": {"Address of ComfyUI", "RunPod", "Hugging Face"},
}


@pytest.mark.parametrize("where", SHOWN)
def test_words_that_come_from_anywhere_or_are_typed_are_only_words(studio, open_page, where):
    page = open_page(studio, where)
    for place, said in SHOWN[where]:
        page.wait_for_function(HAS, arg=[place, said])
    page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true })")
    are_only_words(page)
    assert FIELDS.get(where, set()) <= set(typed(page))
    are_only_words(page)


def test_words_of_a_comics_panel_are_only_words(studio, open_page):
    page = open_page(studio, "comic")
    page.locator(".area").first.click()
    page.wait_for_function(HAS, arg=[".whos", words("name")])
    page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true })")
    are_only_words(page)
    assert {"sfx", "mood"} <= set(typed(page, ".comic .inspector"))
    are_only_words(page)
    page.keyboard.press("Escape")
    page.locator(".comic .head").get_by_role("button", name="Read").click()
    are_only_words(page)


@pytest.mark.parametrize(
    ("mode", "label"),
    [("RunPod pod", "Pod id, or the pod's address"), ("RunPod Serverless", "Endpoint id, or its address")],
)
def test_words_typed_for_a_machine_that_is_rented_are_only_words(studio, open_page, mode, label):
    page = open_page(studio, "settings")
    expect(page.locator("#set-mode input:checked")).to_have_count(1)
    page.locator("#set-mode").get_by_label(mode, exact=True).check(force=True)
    expect(page.get_by_label(label)).to_be_visible()
    assert label in typed(page, "#set-connection")
    expect(page.locator("#set-connection .set-fault [data-kind=bad]")).to_contain_text(
        '<img src=x onerror="window.pwned=1">'
    )
    are_only_words(page)


DIALOGS = {
    "project": ["New project", "Open …", "Duplicate", "Contact sheet", "By path"],
    "keyframes/001": ["Use its values", "Use elsewhere"],
    "film": ["Compare versions"],
    "runs": ["Recipe"],
}


@pytest.mark.parametrize("where", DIALOGS)
def test_words_in_dialogs_are_only_words(studio, open_page, where):
    page = open_page(studio, where)
    for name in DIALOGS[where]:
        page.get_by_role("button", name=name).first.dispatch_event("click")
        expect(page.locator("dialog[open]")).to_be_visible()
        are_only_words(page)
        typed(page, "dialog")
        are_only_words(page)
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_have_count(0)
