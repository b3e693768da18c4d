"""How pages are drawn: nothing is made anew under the hand, and only what changed is touched."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def paused(studio):
    """Nothing begins until the test is over."""
    studio.ask("run.pause")
    yield
    studio.ask("run.cancel_all")
    studio.ask("run.resume")


def waits(page, count):
    expect(page.locator("#dock .job[data-state=waiting]")).to_have_count(count)


@pytest.fixture
def board(studio, tmp_path):
    return studio.project(f"drawn-{tmp_path.name}", "A harbour", "A door", "A cat")


def test_a_button_of_the_dock_is_pressed_while_something_is_told(studio, board, paused, open_page):
    page = open_page(studio, "storyboard")
    studio.ask("keyframe.generate", shots=["001"], count=1)
    waits(page, 1)
    box = page.locator("#dock").get_by_role("button", name="Go on").bounding_box()
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    studio.ask("keyframe.generate", shots=["002"], count=1)
    waits(page, 2)
    page.mouse.up()
    page.wait_for_function("() => !Studio.core.fact('queue').paused")
    studio.wait_until_done()


def test_what_comes_to_the_page_later_draws_nothing_but_itself(studio, board, open_page):
    page = open_page(studio, "storyboard")
    draws = page.evaluate("""() => {
        const { follow, flush } = Studio.core, draws = [];
        for (const name of ['earlier', 'later']) {
            follow(['project'], document.body, () => draws.push(name));
            flush();
        }
        return draws;
    }""")
    assert draws == ["earlier", "later"]


@pytest.mark.parametrize(
    ("where", "row"),
    [
        ("storyboard", ".board .card[data-shot='{}'] .words p"),
        ("keyframes", ".shotrow[data-shot='{}'] small"),
        ("video", ".videorow[data-shot='{}'] small"),
        ("film", ".clip[data-shot='{}'] .time"),
    ],
)
def test_a_run_is_drawn_on_its_own_shot_and_no_other_is_touched(studio, board, paused, open_page, where, row):
    page = open_page(studio, where)
    for shot in ("001", "002"):
        expect(page.locator(f"#page-{where}").locator(row.format(shot))).to_have_count(1)
    if where == "video":  # the plan, which comes a little later, draws the page once more
        expect(page.locator("#page-video").get_by_text("frames ·")).to_be_visible()
    page.evaluate("place => { document.querySelector(place).textContent = 'as it was' }", row.format("002"))
    studio.ask("keyframe.generate", shots=["001"], count=1)
    waits(page, 1)
    page.evaluate("() => Studio.core.flush()")
    expect(page.locator(row.format("002"))).to_have_text("as it was")


def test_who_writes_in_a_field_goes_on_when_one_above_it_goes(studio, board, open_page):
    page = open_page(studio)
    said = page.evaluate(
        """() => {
          const { h, keyed } = Studio.core, place = document.body.appendChild(h('div'));
          const draw = ids => keyed(place, ids, id => id, id => h('input', { id: `field-${id}` }));
          draw(['a', 'b', 'c', 'd']);
          place.children[2].focus();
          const moved = [];
          new MutationObserver(list => moved.push(...list)).observe(place, { childList: true });
          draw(['b', 'c', 'd']);
          return Promise.resolve().then(() => [document.activeElement.id, moved.length,
            [...place.children].map(one => one.id).join()]);
        }"""
    )
    assert said == ["field-c", 1, "field-b,field-c,field-d"]


def test_a_picture_that_fails_does_not_leave_the_one_before_in_its_place(studio, board, open_page):
    page = open_page(studio)
    hidden = page.evaluate(
        """async () => {
          const { h, show } = Studio.core, img = document.body.appendChild(h('img'));
          const canvas = h('canvas', { width: 4, height: 4 });
          show(img, canvas.toDataURL());
          await img.decode();
          show(img, 'data:image/png;base64,AAAA');
          for (let n = 0; n < 200 && !img.hidden; n++) await new Promise(requestAnimationFrame);
          return img.hidden && !img.hasAttribute('src');
        }"""
    )
    assert hidden


LISTENERS = """() => {
  const { follow, h } = Studio.core, said = [];
  window.watched = ['one', 'two'].map(name => {
    const place = document.body.appendChild(h('div'));
    Object.defineProperty(place, 'offsetParent', { get() { said.push('asked'); return document.body } });
    follow(['nothing'], place, () => said.push('drawn'));
    return place;
  });
  Studio.core.flush();
  return said;
}"""


def test_places_are_asked_whether_they_are_seen_before_the_first_is_drawn(studio, board, open_page):
    page = open_page(studio)
    expect(page.locator(".card").first).to_be_visible()
    assert page.evaluate(LISTENERS) == ["asked", "asked", "drawn", "drawn"]


def test_a_place_that_has_gone_is_not_drawn_any_more(studio, board, open_page):
    page = open_page(studio)
    expect(page.locator(".card").first).to_be_visible()
    drawn = page.evaluate(
        """() => {
          const { follow, flush, h } = Studio.core, place = document.body.appendChild(h('div.gone', {}, 'x'));
          let drawn = 0;
          flush();
          follow(['nothing'], place, () => drawn++);
          flush();
          place.remove();
          flush();
          document.body.append(place);
          flush();
          follow(['nothing'], document.body, () => {}); // which has everything drawn again
          flush();
          return drawn;
        }"""
    )
    assert drawn == 1


def test_rows_of_the_light_table_that_never_had_pictures_are_not_measured(studio, open_page):
    studio.project("long-table", *[f"A door, {n}" for n in range(60)])
    page = open_page(studio, "keyframes")
    page.keyboard.press("l")
    expect(page.locator(".table section")).to_have_count(60)
    page.wait_for_function("() => document.querySelector('.table section').isNear")
    assert page.locator('.table section[style*="min-height"]').count() == 0


def test_what_cannot_go_to_the_clipboard_is_selected(studio, board, open_page):
    page = open_page(studio, "project")
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_role("button", name="Copy the path").click()
    expect(page.get_by_text("This browser keeps its clipboard closed.")).to_be_visible()
    assert page.evaluate("() => String(getSelection())") == str(board)


def test_a_recipe_that_cannot_go_to_the_clipboard_is_shown_and_selected(studio, board, open_page):
    studio.ask("keyframe.generate", shots=["001"], count=1)
    studio.wait_until_done()
    page = open_page(studio, "keyframes/001")
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_role("button", name="Copy the recipe").click()
    expect(page.get_by_text("This browser keeps its clipboard closed.")).to_be_visible()
    assert '"001_v1"' in page.evaluate("() => String(getSelection())")
