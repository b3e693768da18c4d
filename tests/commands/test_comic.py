"""comic plan: what an author typed becomes a plan, and what was not taken as it stands is told."""

import json

import pytest
from PIL import Image

from tests.comics.storytellers import Storyteller
from tests.commands.typing import HERE, SCRIPT, planned
from tests.fake_chat import FakeChat


def test_the_example_becomes_a_plan(told, tmp_path):
    code, summary, error = planned(told, HERE / "examples" / "the-last-tram.txt", "--out", "tram.json")
    assert (code, error) == (0, "") and summary["changed"] == summary["advice"] == []
    plan = json.loads((tmp_path / "tram.json").read_text("utf-8"))
    assert (plan["title"], plan["style"], plan["language"]) == ("Останній трамвай", "noir", "uk")
    counts = summary["chapters"], summary["pages"], summary["panels"], summary["characters"]
    assert counts == (2, 5, 16, 2) and sum(len(chapter["pages"]) for chapter in plan["chapters"]) == 5


def test_what_was_not_taken_as_it_stands_is_told(told, script, tmp_path):
    code, summary, error = planned(told, script.name, "--out", "plan.json")
    assert code == 0 and [note["where"] for note in summary["changed"]] == ["line 5", "page 1"]
    assert "line 5: “(співає)”" in error and "page 1: The layout nine" in error
    plan = json.loads((tmp_path / "plan.json").read_text("utf-8"))
    assert (plan["title"], plan["style"], plan["language"]) == ("дощ", "american-classic", "uk")


def test_words_of_the_command_count_more_than_the_scripts(told, tmp_path):
    example = HERE / "examples" / "the-last-tram.txt"
    words = "--style", "manga", "--language", "en", "--max-pages", "3"
    _, summary, error = planned(told, example, "--out", "plan.json", *words)
    assert (summary["style"], summary["language"]) == ("manga", "en")
    assert "plan: It has 5 pages, 3 were asked for." in error


def test_a_comic_is_planned_and_drawn_for_a_paper(told, script, tmp_path):
    _, summary, _ = planned(told, script, "--out", "plan.json", "--paper", "square")
    plan = json.loads((tmp_path / "plan.json").read_text("utf-8"))
    assert summary["paper"] == plan["paper"] == "Square"

    def drawn(*words):
        told("comic", "art", "plan.json", *words)
        takes = (tmp_path / "plan" / "takes").glob("ch1-p1-pan1_v*.png")
        return [
            round(width / height, 1) for width, height in (Image.open(take).size for take in sorted(takes))
        ]

    assert drawn() == [1.0]
    assert drawn("--paper", "A4") == [1.0, 0.7]
    code, out, error = planned(told, script, "--out", "other.json", "--paper", "leter")
    assert (code, out) == (2, None) and "Did you mean Letter?" in error
    assert not (tmp_path / "other.json").exists()


def test_a_plan_becomes_a_script_again_and_that_the_same_plan(told, script, tmp_path):
    planned(told, script, "--out", "a.json")
    planned(told, "a.json", "--out", "a.txt")
    _, summary, _ = planned(told, "a.txt", "--out", "b.json")
    assert summary["changed"] == []
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_a_file_that_stood_there_is_kept_aside_and_the_script_never_written_over(told, script, tmp_path):
    (tmp_path / "plan.json").write_text("my own", "utf-8")
    planned(told, script, "--out", "plan.json")
    assert (tmp_path / "plan.json.before").read_text("utf-8") == "my own"
    code, _, error = planned(told, script, "--out", script)
    assert code == 2 and "is the script itself" in error and script.read_text("utf-8") == SCRIPT


@pytest.mark.parametrize(
    ("name", "content", "words", "said"),
    [
        ("gone.txt", None, (), "There is no file"),
        ("empty.txt", "\n", (), "has nothing to draw"),
        ("odd.json", "[]", (), "list of chapters"),
        ("broken.json", "{", (), "not valid JSON"),
        ("rain.txt", "Rain.", ("--style", "nuar"), "no style called nuar. Did you mean noir?"),
        ("rain.txt", "Rain.", ("--max-pages", "0"), "--max-pages"),
    ],
)
def test_what_cannot_be_planned_is_told_and_nothing_is_written(told, tmp_path, name, content, words, said):
    if content is not None:
        (tmp_path / name).write_text(content, "utf-8")
    before = sorted(tmp_path.iterdir())
    code, out, error = told("comic", "plan", name, "--out", "plan.json", *words)
    assert (code, out) == (2, "") and said in error
    assert sorted(tmp_path.iterdir()) == before


# --- an idea, with a language model and without

IDEA = "Марта знаходить ключ від останнього трамвая."


@pytest.fixture
def server():
    with FakeChat(Storyteller()) as fake:
        yield fake


def test_an_idea_alone_becomes_a_template_that_says_so(told, tmp_path):
    code, summary, error = planned(told, "--idea", IDEA, "--out", "plan.json", "--max-pages", "3")
    assert code == 0 and "This is a template, no story" in error and summary["advice"] == []
    assert (summary["pages"], summary["language"]) == (3, "uk") and summary["title"].startswith("Template: ")
    plan = json.loads((tmp_path / "plan.json").read_text("utf-8"))
    pages = [page for chapter in plan["chapters"] for page in chapter["pages"]]
    assert [page["summary"] for page in pages] == ["Template: setup", "Template: turn", "Template: ending"]
    assert not any(panel["dialogue"] for page in pages for panel in page["panels"])


def test_a_model_plans_an_idea_and_is_asked_again_next_time(told, server, tmp_path):
    words = "--model", "--chat-url", server.url, "--chat-model", "tiny"
    server.price = 0.001
    code, summary, _ = planned(told, "--idea", IDEA, "--out", "plan.json", "--max-pages", "2", *words)
    assert (code, summary["pages"], summary["changed"]) == (0, 2, [])
    used = summary["model"]
    asked = len(server.bodies)
    assert used["calls"] == used["answers"] == used["valid_at_first"] == used["valid_after_repair"] == asked
    assert used["tokens"]["in"] == 10 * asked and used["cost"] == pytest.approx(0.001 * asked)
    assert not (tmp_path / "plan.draft.json").exists()
    assert planned(told, "plan.json", "--out", "again.json")[1]["changed"] == []
    (tmp_path / "story.txt").write_text(IDEA, "utf-8")
    code, summary, _ = planned(told, "story.txt", "--model", "--out", "b.json", "--max-pages", "1")
    assert (code, summary["pages"]) == (0, 1) and len(server.bodies) > asked


def test_a_model_that_cannot_be_asked_is_told_with_its_code_and_no_key(told, server, tmp_path, monkeypatch):
    words = "--idea", IDEA, "--out", "plan.json", "--model"
    code, _, error = planned(told, *words)
    assert code == 2 and "--chat-model" in error
    code, _, error = planned(told, *words, "--chat-url", "127.0.0.1:9", "--chat-model", "tiny")
    assert code == 3 and "No model server answers at http://127.0.0.1:9/v1" in error
    monkeypatch.setenv("CHAT_API_KEY", "sk-0123456789-wrong")
    server.key = "sk-right"
    code, _, error = planned(told, *words, "--chat-url", server.url, "--chat-model", "tiny")
    assert code == 3 and "refuses the key" in error and "0123456789" not in error
    code, _, error = planned(told, *words, "--chat-url", server.url, "--chat-model", "huge")
    assert code == 3
    assert not (tmp_path / "plan.json").exists() and not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--idea"),
        (("rain.txt", "--idea", "Rain"), "one of the two"),
        (("--idea", "Rain", "--chat-model", "tiny"), "add --model"),
        (("plan.json", "--model"), "is a plan already"),
        (("--idea", " "), "what the comic is about"),
        (("--idea", "Rain", "--max-pages", "21"), "1 to 20 pages"),
        (("--idea", "Rain", "--style", "nuar"), "Did you mean noir?"),
    ],
)
def test_an_idea_that_cannot_be_planned_is_refused(told, tmp_path, words, said):
    code, out, error = told("comic", "plan", *words, "--out", "plan.json")
    assert (code, out) == (2, "") and said in error and not list(tmp_path.iterdir())
