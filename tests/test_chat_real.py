"""The chat client against a real llama.cpp server."""

import pytest

from domain.errors import JobRejected
from infrastructure.chat import Chat, Question
from tests.real_chat import RealChat, install
from tests.test_chat import answered

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
SCHEMA = {
    "type": "object",
    "properties": {
        "mood": {"type": "string", "enum": ["calm", "tense"]},
        "panels": {"type": "string", "enum": ["one", "two"]},
    },
    "required": ["mood", "panels"],
    "additionalProperties": False,
}
QUESTION = Question("page", "You are brief.", "A lighthouse at night.", SCHEMA)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    server = RealChat(install(), tmp_path_factory.mktemp("chat") / "log.txt")
    yield server
    server.stop()


def test_a_real_server_answers_in_the_form_of_the_schema_at_once(real):
    made = Chat(real.url, "gemma")
    answer = answered(made.ask(QUESTION))
    assert answer.faults == () and answer.content["mood"] in ("calm", "tense")
    assert (made.usage.calls, made.usage.first_try) == (1, 1)
    assert made.usage.tokens_in > 5 and made.usage.tokens_out > 5 and made.usage.cost is None


def test_what_is_too_long_for_the_model_is_said(real):
    with pytest.raises(JobRejected, match="longer than the model gemma can read"):
        answered(Chat(real.url, "gemma").ask(Question("page", "Be brief.", "word " * 3000, SCHEMA)))


def test_a_real_server_answers_after_a_question_was_given_up(real):
    endless = {
        **SCHEMA,
        "properties": {**SCHEMA["properties"], "mood": {"type": "string", "minLength": 1500}},
    }
    work = Chat(real.url, "gemma").ask(Question("page", "Write at length.", "Go on.", endless))
    while "letters" not in next(work).note:
        pass
    work.close()
    answered(Chat(real.url, "gemma").ask(QUESTION))
