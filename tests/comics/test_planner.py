"""A plan by a language model: whatever it says, the rules hold, or one sentence says why there is no plan."""

import json
import re
from collections import Counter

import pytest

from domain.comic import STYLES
from domain.comic_prompts import asks_for_no_text
from domain.comic_rules import chapters_for, unnamed
from domain.errors import BackendUnreachable, JobFailed, StudioError
from domain.events import Progress
from domain.languages import is_latin, share_in
from domain.plan_request import PlanRequest
from infrastructure import chat
from infrastructure.chat import Chat
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.plan_json import plan_json, read_plan
from services.planning import planner
from services.planning.drafts import draft_path
from services.planning.prompts import shape
from tests.comics.storytellers import Storyteller, Vandal
from tests.fake_answers import HANG_UP
from tests.fake_chat import FakeChat, error
from tests.test_chat import answered

REQUEST = PlanRequest("Марта знаходить ключ від останнього трамвая.", "noir", "uk", 4)


@pytest.fixture
def server():
    with FakeChat(Storyteller()) as fake:
        yield fake


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(chat, "FIRST_WAIT", 0.01)


def planned(server, to, request=REQUEST):
    made = Chat(server.url, "tiny")
    return answered(planner.plan(made, request, to / "plan.json")), made.usage


def check_rules(comic, request):
    """All of the plan's rules that can be counted."""
    assert comic.style in STYLES and comic.title and comic.language == request.language
    assert 1 <= len(comic.pages) <= request.pages
    assert [page.number for page in comic.pages] == list(range(1, len(comic.pages) + 1))
    least, most = chapters_for(len(comic.pages))
    assert least <= len(comic.chapters) <= most
    ids = [one.id for one in (*comic.chapters, *comic.pages, *comic.characters)]
    ids += [panel.id for _, panel in comic.panels]
    assert all(ids) and len(ids) == len(set(ids))
    known = {character.id for character in comic.characters}
    for page in comic.pages:
        assert len(page.panels) == len(layouts()[page.layout].panels)
        assert request.pages > 1 or len(page.panels) <= 4
    names = [page.layout for page in comic.pages]
    assert not any(a == b == c for a, b, c in zip(names, names[1:], names[2:], strict=False))
    for _, panel in comic.panels:
        there = {actor.character for actor in panel.actors}
        assert panel.action and all(id in known or id.startswith("anon-") for id in there)
        assert len(panel.lines) <= 3
        for line in panel.lines:
            assert line.character in known or line.character.startswith("anon-")
            assert line.is_off or line.character in there
            assert len(line.text.split()) <= 25
        assert panel.image_prompt and is_latin(panel.image_prompt) and asks_for_no_text(panel.image_prompt)
    lettered = " ".join(word for _, panel in comic.panels for word in panel.words)
    assert share_in(unnamed(comic, lettered), request.language) >= 0.9
    assert plan_json(read_plan(plan_json(comic))) == plan_json(comic)


@pytest.mark.parametrize("pages", [1, 2, 4, 11])
def test_a_model_that_answers_as_asked_makes_a_plan_at_the_first_try(server, tmp_path, pages):
    request = PlanRequest(REQUEST.idea, "manga", "uk", pages)
    (comic, changed, advice), usage = planned(server, tmp_path, request)
    check_rules(comic, request)
    assert len(comic.pages) == pages and changed == advice == []
    assert all(0 <= character.seed < 1_000_000 for character in comic.characters)
    panels = len(list(comic.panels))
    asked = Counter(server.write.asked)
    assert asked == Counter(characters=1, chapters=1, action=panels, findings=1 if panels >= 5 else 0)
    assert usage.first_try == usage.questions == usage.calls == len(server.bodies)


@pytest.mark.parametrize("seed", range(300))
def test_no_damage_to_the_answers_breaks_a_rule(server, tmp_path, seed):
    pages = (1, 2, 3, 5)[seed % 4]
    request = PlanRequest(REQUEST.idea, "noir", "uk", pages)
    server.write = Vandal(seed)
    try:
        (comic, _, _), _ = planned(server, tmp_path, request)
    except StudioError as error:
        assert str(error).endswith((".", "”")) and len(str(error)) < 400
        return
    check_rules(comic, request)


def test_a_plan_that_was_cut_short_goes_on_at_the_first_missing_panel(server, tmp_path):
    answers = server.write

    def cut(body):
        if len(answers.asked) == 7:
            server.instead = [error(402, "no credit")] * 9
        return answers(body)

    server.write = cut
    with pytest.raises(BackendUnreachable, match="wants to be paid"):
        planned(server, tmp_path)
    kept = json.loads(draft_path(tmp_path / "plan.json").read_text("utf-8"))
    assert len(kept["done"]) >= 4 and "tiny" not in json.dumps(kept)
    server.instead, server.write = [], Storyteller()
    (comic, _, _), _ = planned(server, tmp_path)
    check_rules(comic, REQUEST)
    left = len(list(comic.panels)) - len(kept["done"])
    assert Counter(server.write.asked) == Counter(action=left, findings=1)


def test_a_draft_of_another_request_is_kept_aside(server, tmp_path):
    draft = draft_path(tmp_path / "plan.json")
    draft.write_text("{}", "utf-8")
    planned(server, tmp_path)
    assert draft.with_name("plan.draft.json.before").read_text("utf-8") == "{}"


def test_what_is_in_another_language_is_asked_for_again_and_then_left_out_with_its_words(server, tmp_path):
    class English(Storyteller):
        def action(self, text):
            said = super().action(text)
            is_late = "must be in Ukrainian" in text and "Write panel 2" in text
            said["dialogue"][0]["text"] = "Добре." if is_late else "You should have come, my dear old friend."
            said["imagePrompt"] = "Марта у депо"
            return said

    server.write = English()
    (comic, changed, advice), _ = planned(server, tmp_path, PlanRequest(REQUEST.idea, "noir", "uk", 1))
    check_rules(comic, PlanRequest(REQUEST.idea, "noir", "uk", 1))
    texts = [[line.text for line in panel.lines] for panel in comic.pages[0].panels]
    assert "Добре." in texts[1] and not any("dear" in text for texts in texts for text in texts)
    assert any("“You should have come, my dear old friend.”" in found.said for found in changed)
    assert any("not in Latin letters" in found.said for found in changed) and advice == []


def test_balloons_that_stay_too_long_or_too_many_are_parted_or_left_out_with_their_words(server, tmp_path):
    class Talker(Storyteller):
        def action(self, text):
            said = super().action(text)
            said["dialogue"] = [{"characterId": "Марта", "text": "Так само. " * 20}] * 3
            return said

    server.write = Talker()
    (comic, changed, _), _ = planned(server, tmp_path, PlanRequest(REQUEST.idea, "noir", "uk", 1))
    check_rules(comic, PlanRequest(REQUEST.idea, "noir", "uk", 1))
    assert {line.character for _, panel in comic.panels for line in panel.lines} == {"char-1"}
    assert all(line.text.endswith("само.") for _, panel in comic.panels for line in panel.lines)
    assert any("A balloon more than 3 was left out" in found.said for found in changed)


def test_the_review_has_panels_written_anew_and_is_over_after_two_passes(server, tmp_path):
    class Critic(Storyteller):
        def findings(self, text):
            notes = [{"panelId": id, "type": "other", "description": "Too vague.", "fix": "Show the key."}
                     for id in ("ch1-p1-pan1", "ch9-p9-pan9")]  # fmt: skip
            return {"findings": notes}

    server.write = Critic()
    (comic, changed, _), _ = planned(server, tmp_path)
    panels = len(list(comic.panels))
    assert Counter(server.write.asked) == Counter(characters=1, chapters=1, findings=2, action=panels + 2)
    assert any("Show the key." in body["messages"][1]["content"] for body in server.bodies)
    told = [(found.where, found.said) for found in changed]
    assert ("ch1-p1-pan1", "Written anew after the review: Too vague. Show the key.") in told
    assert any("There is no panel ch9-p9-pan9" in said for _, said in told)


def test_panels_in_which_the_same_happens_are_written_anew_also_when_the_model_sees_nothing(server, tmp_path):
    class Parrot(Storyteller):
        def action(self, text):
            said = super().action(text)
            if "Show another moment" not in text and "Write panel 2" in text and "number 1 of" in text:
                said["action"] = super().action(text.replace("Write panel 2", "Write panel 1"))["action"]
            return said

    server.write = Parrot()
    (_, changed, advice), _ = planned(server, tmp_path)
    assert advice == [] and [found.where for found in changed] == ["ch1-p1-pan2"]


def test_a_panel_that_the_model_refuses_shows_what_the_outline_says(server, tmp_path):
    class Prude(Storyteller):
        def action(self, text):
            return "I cannot write this." if "Write panel 2" in text else super().action(text)

    server.write = Prude()
    request = PlanRequest(REQUEST.idea, "noir", "uk", 1)
    (comic, changed, _), usage = planned(server, tmp_path, request)
    check_rules(comic, request)
    assert any("without words. The model tiny does not answer" in found.said for found in changed)
    assert usage.questions - usage.first_try - usage.repaired == 2


def test_outlines_beyond_the_rules_are_brought_within_them(server, tmp_path):
    class Sprawling(Storyteller):
        def chapters(self, text):
            page = self._page(2, 9) | {"layout": "grid-2x2", "panels": [f"{w} дія" for w in "абвгґд"]}
            return {"title": "Т", "chapters": [{"title": f"Р{n}", "pages": [page] * 2} for n in range(5)]}

    server.write = Sprawling()
    request = PlanRequest(REQUEST.idea, "noir", "uk", 6)
    (comic, changed, _), _ = planned(server, tmp_path, request)
    check_rules(comic, request)
    assert len(comic.pages) == 6 and server.write.asked.count("chapters") == 2
    said = " ".join(found.said for found in changed)
    assert "A page more than was asked for" in said and "more than 2 chapters" in said


def test_a_comic_of_one_page_has_at_most_four_panels(server, tmp_path):
    class Crowded(Storyteller):
        def chapters(self, text):
            assert "action" not in re.findall(r"- ([\w-]+): \d panels", text)
            said = super().chapters(text)
            said["chapters"][0]["pages"][0] |= {"layout": "action", "panels": [f"{w} дія" for w in "абвгґ"]}
            return said

    server.write = Crowded()
    request = PlanRequest(REQUEST.idea, "noir", "uk", 1)
    (comic, changed, _), _ = planned(server, tmp_path, request)
    check_rules(comic, request)
    assert comic.pages[0].layout == "grid-2x2" and "It had 5 panels" in changed[0].said


def test_progress_only_grows_and_closing_ends_it(server, tmp_path):
    events = list(planner.plan(Chat(server.url, "tiny"), REQUEST, tmp_path / "plan.json"))
    shares = [event.fraction for event in events if isinstance(event, Progress)]
    assert all(0 <= share <= 1 for share in shares)
    server.write, server.beat = Storyteller(), 0.05
    work = planner.plan(Chat(server.url, "tiny"), REQUEST, tmp_path / "other.json")
    next(work)
    work.close()


def test_layouts_are_described_as_they_are_drawn():
    assert shape(layouts()["manga-3"]) == shape(layouts()["big-bottom"])
    assert shape(layouts()["two-horizontal"]) == "1 top, full width (50 %); 2 bottom, full width (50 %)"
    assert "3 middle, full width" in shape(layouts()["action"])


def test_a_request_that_cannot_be_planned_is_refused_before_anybody_is_asked(server, tmp_path):
    for request in (
        PlanRequest(" ", "noir", "uk"),
        PlanRequest("x", "nuar", "uk"),
        PlanRequest("x", "noir", "uk", 21),
    ):
        with pytest.raises(StudioError):
            planned(server, tmp_path, request)
    assert not server.bodies and not list(tmp_path.iterdir())
    server.instead = [HANG_UP] * 9
    with pytest.raises(BackendUnreachable):
        planned(server, tmp_path)
    server.instead, server.write = [], lambda body: "No."
    with pytest.raises(JobFailed, match="does not answer in JSON"):
        planned(server, tmp_path)
