"""A language model asked over HTTP: JSON of the asked form comes back, or one sentence says why not."""

import time
from pathlib import Path
from random import Random

import pytest

from domain.errors import BackendUnreachable, JobFailed, JobRejected
from domain.events import Progress
from infrastructure import chat, chat_stream
from infrastructure.chat import Chat, Question, key_for
from infrastructure.chat_json import faults, found_in
from infrastructure.secrets_file import SecretsFile
from tests.fake_answers import HANG_UP, Answer, Cut, Slow, page
from tests.fake_chat import FakeChat, error

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
QUESTION = Question("answer", "You are brief.", "Is it raining? Дощ?", SCHEMA)
KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def server():
    with FakeChat() as fake:
        yield fake


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(chat, "FIRST_WAIT", 0.01)


def answered(work):
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value


def asked(server, **more):
    made = Chat(server.url, more.pop("model", "tiny"), more.pop("key", ""))
    return made, answered(made.ask(QUESTION))


# --- the form of the answer


def test_a_server_that_knows_schemas_is_given_a_strict_one(server):
    made, answer = asked(server)
    assert answer.content == {"answer": "yes"} and answer.faults == ()
    form = server.bodies[0]["response_format"]["json_schema"]
    assert form["strict"] is True and form["schema"] == SCHEMA
    assert (made.usage.questions, made.usage.first_try, made.usage.calls) == (1, 1, 1)
    assert (made.usage.tokens_in, made.usage.tokens_out, made.usage.cost) == (10, 4, None)


def test_a_server_that_knows_less_is_asked_for_less_and_that_is_remembered(server):
    server.forms = set()
    made, answer = asked(server)
    assert answer.content == {"answer": "yes"}
    answered(made.ask(QUESTION))
    assert server.formats == ["json_schema", "json_object", "text", "text"]
    assert '"required": ["answer"]' in server.bodies[-1]["messages"][0]["content"]


@pytest.mark.parametrize("name", ["temperature", "stream_options", "stream"])
def test_what_a_server_does_not_take_is_left_out(server, name):
    server.refuses = {name}
    made, answer = asked(server)
    assert answer.content == {"answer": "yes"} and made.usage.calls == 2
    assert not server.refuses & server.bodies[-1].keys()


def test_an_answer_that_comes_whole_is_taken_as_well(server):
    server.is_streaming = False
    assert asked(server)[1].content == {"answer": "yes"}


@pytest.mark.parametrize(
    "said",
    [
        'Sure! Here it is:\n```json\n{"answer": "так"}\n```\nAnything else?',
        'Well, {"answer": "так"} is what I think.',
        '<think>Is it {"answer": "ні"}?</think>\n{"answer": "так"}',
        '<think>I say {"answer": "ні"}.</think> {"answer": "так"',
        'In {braces}, as {you} like: {"answer": "так"} {done}',
        '{"answer": "так",}',
        "{'answer': 'так'}",
        '{"answer": "так"',
        '{"answer": "так',
    ],
)
def test_prose_fences_thoughts_and_slips_around_json_are_taken_off(server, said):
    server.write = lambda body: said
    made, answer = asked(server)
    assert answer.content == {"answer": "так"}
    assert (made.usage.first_try, made.usage.repaired) == (0, 1)


def test_a_model_that_answers_in_prose_is_asked_once_more_and_then_given_up(server):
    answers = ["I would rather not.", {"answer": "yes"}]
    server.write = lambda body: answers.pop(0)
    made, answer = asked(server)
    assert answer.content == {"answer": "yes"} and (made.usage.first_try, made.usage.repaired) == (0, 1)
    server.write = lambda body: "No."
    with pytest.raises(JobFailed, match="does not answer in JSON"):
        asked(server)


def test_what_is_other_than_the_schema_says_is_told(server):
    server.write = lambda body: {"answer": 7, "more": 1}
    _, answer = asked(server)
    assert answer.faults == ("the answer has an unknown more", "answer must be of type string")
    server.write, server.ends = lambda body: '{"answer": "ye', "length"
    assert asked(server)[1].faults == ("the answer was cut off",)


@pytest.mark.parametrize("seed", range(300))
def test_no_damage_to_a_text_crashes_its_reader(seed):
    random = Random(seed)
    text = list('```json\n{"a": [1, {"b": "ї\\u0457"}], "answer": "yes", "c": null}\n``` <think>')
    for _ in range(random.randint(1, 12)):
        at = random.randrange(len(text))
        text[at : at + random.randint(0, 4)] = random.choices(
            '{}[]",:\\u\udc80\n`<NaN', k=random.randint(0, 4)
        )
    content, _ = found_in("".join(text) * random.choice((1, 1, 1, 50)))
    list(faults(content, SCHEMA))


def test_text_nested_without_end_is_no_answer():
    assert found_in('{"a":' * 20_000).content is None
    assert found_in("[" * 100_000).content is None
    assert found_in("{[" * 150_000).content is None


# --- what goes wrong


def test_a_busy_server_is_asked_again_when_it_says(server):
    server.instead = [error(429, "slow down", **{"Retry-After": "0.3"}), page(503), HANG_UP, Cut(3)]
    start = time.monotonic()
    made, answer = asked(server)
    assert answer.content == {"answer": "yes"} and made.usage.calls == 5
    assert time.monotonic() - start >= 0.3


@pytest.mark.parametrize(
    ("instead", "kind", "said"),
    [
        ([error(429, "", **{"Retry-After": "900"})], BackendUnreachable, "for 900 seconds"),
        ([page(502)] * 5, BackendUnreachable, "has trouble (502)"),
        ([HANG_UP] * 5, BackendUnreachable, "broke off its answer"),
        ([error(402, "no credits")], BackendUnreachable, "wants to be paid"),
        ([error(400, "maximum context length is 8192 tokens")], JobRejected, "larger context"),
        ([error(404, "No endpoints found for tiny.")], JobRejected, "does not take the model tiny"),
        ([error(403, "Your input was flagged")], JobFailed, "refuses to have this written"),
        ([Answer(404)], BackendUnreachable, "often ends in /v1"),
        ([page(200)], BackendUnreachable, "is no model server"),
        ([Answer(302, b"", {"Location": "http://127.0.0.1:1/"})], BackendUnreachable, "is no model server"),
        ([Answer(200, b'{"error": {"code": 400, "message": "bad\\nmodel"}}')], JobRejected, "bad model"),
    ],
)
def test_what_cannot_be_helped_is_said_in_one_sentence(server, instead, kind, said):
    server.instead = list(instead)
    with pytest.raises(kind, match=said.replace("(", r"\(").replace(")", r"\)")):
        asked(server)


def test_a_wrong_key_is_told_without_it_and_a_right_one_goes_to_the_server(server):
    server.key = KEY
    with pytest.raises(BackendUnreachable, match="wants a key"):
        asked(server)
    with pytest.raises(BackendUnreachable, match="refuses the key") as caught:
        asked(server, key="sk-wrong-key")
    assert "sk-wrong-key" not in str(caught.value)
    assert asked(server, key=KEY)[1].content == {"answer": "yes"}
    server.instead = [error(400, f"odd request by {KEY}")]
    with pytest.raises(JobRejected) as rejected:
        asked(server, key=KEY)
    assert KEY not in str(rejected.value)


def test_a_model_that_is_not_there_is_named(server):
    with pytest.raises(JobRejected, match=r"does not take the model huge: model 'huge' not found"):
        asked(server, model="huge")


def test_a_refusal_is_told_in_the_models_words(server):
    server.refusal = "I cannot help with that."
    with pytest.raises(JobFailed, match="refuses to write this: “I cannot help with that”"):
        asked(server)


def test_nobody_at_the_address_is_said(server):
    url = server.url.replace(str(server._server.server_port), "9")
    with pytest.raises(BackendUnreachable, match="No model server answers"):
        answered(Chat(url, "tiny").ask(QUESTION))


# --- while it goes


def test_while_a_model_reads_there_are_signs_of_life(server):
    server.instead = [Slow(0.7)]
    events = list(Chat(server.url, "tiny").ask(QUESTION))
    assert Progress(0.0, "the model reads") in events


def test_closing_it_leaves_the_server_alone(server):
    server.write, server.beat = lambda body: {"answer": "x" * 500}, 0.1
    work = Chat(server.url, "tiny").ask(QUESTION)
    while "letters" not in next(work).note:
        pass
    work.close()
    assert server.cut_off.wait(30), "the server goes on writing"


def test_closing_it_before_the_first_letter_waits_for_no_answer(server):
    server.instead = [Slow(600)]  # far longer than this test may take
    work = Chat(server.url, "tiny").ask(QUESTION)
    next(work)
    work.close()


def test_a_price_is_counted_where_the_server_tells_one(server):
    server.price = 0.25
    made, _ = asked(server)
    answered(made.ask(QUESTION))
    assert made.usage.cost == 0.5


def test_openrouter_gets_its_own_key_and_nobody_else_does(tmp_path):
    secrets = SecretsFile(tmp_path / "s.json", {"OPENROUTER_API_KEY": "or-key", "CHAT_API_KEY": "chat-key"})
    assert key_for("https://openrouter.ai/api/v1", secrets) == "or-key"
    others = (
        "https://openrouter.ai.example.org/v1",
        "http://openrouter.ai/v1",
        "http://127.0.0.1//openrouter.ai/",
    )
    assert [key_for(url, secrets) for url in (*others, "http://127.0.0.1:11434/v1")] == ["chat-key"] * 4


# --- what a real server said (llama.cpp by xllamacpp 2026.10, recorded)


def recorded(name, status=200, kind="application/json; charset=utf-8"):
    path = Path(__file__).parent / "recordings" / "chat" / f"llama_cpp_{name}"
    return Answer(status, path.read_bytes(), {"Content-Type": kind})


def test_a_recorded_stream_is_read(server):
    server.instead = [recorded("answer.sse", kind="text/event-stream")]
    made, answer = asked(server)
    assert answer.content.keys() == {"name", "mood"} and answer.content["mood"] in ("calm", "tense")
    assert (made.usage.tokens_in, made.usage.tokens_out) == (46, 24)


def test_recorded_complaints_are_understood(server):
    server.instead = [recorded("too_long.json", 400)]
    with pytest.raises(JobRejected, match="larger context"):
        asked(server)
    server.instead = [recorded("no_such_route.json", 404)]
    with pytest.raises(BackendUnreachable, match="often ends in /v1"):
        asked(server)
    server.instead = [recorded("bad_schema.json", 400)]
    server.bodies.clear()
    assert asked(server)[1].content == {"answer": "yes"}
    assert server.formats == ["json_schema", "json_object"]


def test_a_model_that_writes_without_end_is_left(server, monkeypatch):
    monkeypatch.setattr(chat_stream, "MOST_LETTERS", 2000)
    server.write = lambda body: {"answer": "x" * 50_000}
    with pytest.raises(JobFailed, match="it wrote without end"):
        asked(server)
