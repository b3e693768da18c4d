"""A language model behind any server with OpenAI's chat interface, asked for JSON of a schema by the best way
that the server has. It runs elsewhere or on this machine (Ollama, LM Studio, llama.cpp).

Written after the public documentation. The key is sent to this server and told to nobody.
"""

import json
import re
import threading
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from domain.doubt import number
from domain.errors import BackendError, BackendUnreachable, JobFailed, JobRejected
from domain.events import Progress
from infrastructure.chat_json import Found, Schema, faults, found_in
from infrastructure.chat_stream import PAUSE, Reply, Silence, Trouble, exchange
from infrastructure.http_line import Line
from infrastructure.secrets_file import CHAT_KEY, OPENROUTER_KEY, SecretsFile

SCHEMA, OBJECT, TEXT = 0, 1, 2  # how an answer's form is asked for, best first
RETRIES = 4  # of what may pass: 429, 5xx, a broken line
FIRST_WAIT = 1.0  # seconds before the first of them; twice as long before each next one
LONGEST_WAIT = 120.0  # that a server may ask for

_FORM = re.compile(r"response.?format|json.?(?:schema|object|mode)|structured|schema|grammar", re.IGNORECASE)
_TOO_LONG = re.compile(r"context.{0,30}(?:length|size|window|exceed)|exceed.{0,40}context|too many tokens|"
                       r"prompt is too long|maximum.{0,20}tokens", re.IGNORECASE)  # fmt: skip
_MODEL = re.compile(r"model|endpoints? found", re.IGNORECASE)
_FLAGGED = re.compile(r"moderation|flagged|content policy", re.IGNORECASE)


@dataclass(frozen=True)
class Question:
    name: str  # of the schema: "panel"
    system: str
    text: str
    schema: Schema
    temperature: float = 0.7


@dataclass(frozen=True)
class Answer:
    content: dict[str, Any]
    faults: tuple[str, ...]  # what is other than the schema says


@dataclass
class Usage:
    """What was used up so far."""

    questions: int = 0
    first_try: int = 0  # answers that were as asked for, as they came
    repaired: int = 0  # … after a repair of their JSON, or at a second asking
    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = None  # USD; None where the server tells no price


@dataclass(frozen=True)
class _Manner:
    """What this server takes, as far as it is known."""

    form: int = SCHEMA
    has_temperature: bool = True
    tells_usage: bool = True
    is_streamed: bool = True


def key_for(url: str, secrets: SecretsFile) -> str:
    """OpenRouter's own key for OpenRouter; for any other server the key for chat servers."""
    parts = urlsplit(url)
    is_theirs = (parts.scheme, parts.hostname) == ("https", "openrouter.ai")
    own = secrets.get(OPENROUTER_KEY) if is_theirs else ""
    return own or secrets.get(CHAT_KEY)


class Chat:
    """May be used from many threads; what a server does not take is remembered here."""

    def __init__(self, url: str, model: str, key: str = ""):
        """`url` is the interface's base: what comes before /chat/completions."""
        self.url, self.model = url.rstrip("/"), model
        self._key = key
        self._line = Line(self.url)
        self._manner = _Manner()
        self._was_there = False
        self._lock = threading.Lock()
        self.usage = Usage()

    def ask(self, question: Question) -> Generator[Progress, None, Answer]:
        """Its events are signs of life; closing it leaves the server alone. Raises BackendUnreachable when
        nobody answers or the key is refused, JobRejected for what the server does not take, JobFailed when
        no JSON comes of it."""
        self._count(questions=1)
        for attempt in range(2):
            reply = yield from self._heard(question, is_again=attempt > 0)
            if reply.refusal or reply.end == "content_filter":
                said = f": “{self._quoted(reply.refusal)}”" if reply.refusal else "."
                raise JobFailed(f"The model {self.model} refuses to write this{said}")
            found = found_in(reply.text)
            if found.content is not None:
                return self._answer(question, found, reply, attempt)
        raise JobFailed(
            f"The model {self.model} does not answer in JSON, also when asked again. Try another model."
        )

    def _answer(self, question: Question, found: Found, reply: Reply, attempt: int) -> Answer:
        content = found.content or {}
        wrong = tuple(faults(content, question.schema))
        if reply.end == "length":
            wrong = ("the answer was cut off", *wrong)
        is_first = not attempt and found.was_clean and not wrong
        self._count(first_try=is_first, repaired=not is_first and not wrong)
        return Answer(content, wrong)

    def _heard(self, question: Question, is_again: bool) -> Generator[Progress, None, Reply]:
        tries, wait = 0, 0.0
        while True:
            manner = self._manner
            try:
                return (yield from self._once(manner, question, is_again))
            except Trouble as trouble:
                if self._comes_down(manner, trouble):
                    continue
                is_passing = trouble.status == 429 or trouble.status >= 500 or trouble.status == 408
                if not is_passing or tries == RETRIES or (trouble.wait or 0) > LONGEST_WAIT:
                    raise self._complaint(trouble) from trouble
                wait = FIRST_WAIT * 2**tries if trouble.wait is None else trouble.wait
            except Silence as silence:
                if tries == RETRIES or (silence.is_refused and not self._was_there):
                    raise self._unreachable(silence) from silence
                wait = FIRST_WAIT * 2**tries
            tries += 1
            yield from self._pause(wait)

    def _once(self, manner: _Manner, question: Question, is_again: bool) -> Generator[Progress, None, Reply]:
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        self._count(calls=1)
        with closing(exchange(self._line, headers, self._body(manner, question, is_again))) as going:
            while True:
                try:
                    letters = next(going)
                except StopIteration as stop:
                    reply: Reply = stop.value
                    break
                yield Progress(0.0, f"{letters} letters" if letters else "the model reads")
        self._was_there = True
        used = reply.usage
        self._count(
            tokens_in=int(number(used.get("prompt_tokens"), 1e9) or 0),
            tokens_out=int(number(used.get("completion_tokens"), 1e9) or 0),
            cost=number(used.get("cost"), 1e6),
        )
        return reply

    def _body(self, manner: _Manner, question: Question, is_again: bool) -> dict[str, Any]:
        system = question.system
        if manner.form != SCHEMA or is_again:
            schema = json.dumps(question.schema, ensure_ascii=False)
            system += (
                f"\n\nAnswer with one JSON object and nothing else. It follows this JSON schema:\n{schema}"
            )
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": question.text}],
        }
        if manner.form == SCHEMA:
            strict = {"name": question.name, "strict": True, "schema": question.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": strict}
        elif manner.form == OBJECT:
            body["response_format"] = {"type": "json_object"}
        if manner.has_temperature:
            body["temperature"] = question.temperature
        if manner.is_streamed:
            body["stream"] = True
            body |= {"stream_options": {"include_usage": True}} if manner.tells_usage else {}
        return body

    def _comes_down(self, manner: _Manner, trouble: Trouble) -> bool:
        """Whether what the server complains about can be left out; it is from now on."""
        if trouble.status not in (400, 415, 422, 501) or _TOO_LONG.search(trouble.said):
            return False
        said = trouble.said.lower()
        if "temperature" in said and manner.has_temperature:
            less = replace(manner, has_temperature=False)
        elif "stream_options" in said and manner.tells_usage:
            less = replace(manner, tells_usage=False)
        elif _FORM.search(said) and manner.form != TEXT:
            less = replace(manner, form=manner.form + 1)
        elif re.search(r"\bstream", said) and manner.is_streamed:
            less = replace(manner, is_streamed=False)
        else:
            return False
        with self._lock:
            if self._manner == manner:  # else another thread has learned it meanwhile
                self._manner = less
        return True

    def _pause(self, seconds: float) -> Generator[Progress, None, None]:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            yield Progress(0.0, f"the model's server wants a pause, {left:.0f} s")
            time.sleep(min(PAUSE, left))

    def _count(self, cost: float | None = None, **more: int) -> None:
        with self._lock:
            for name, count in more.items():
                setattr(self.usage, name, getattr(self.usage, name) + count)
            if cost is not None:
                self.usage.cost = (self.usage.cost or 0.0) + cost

    def _quoted(self, said: str) -> str:
        """A stranger's words, short, and never the key."""
        plain = "".join(letter for letter in said if letter.isprintable())
        return (plain.replace(self._key, "…") if self._key else plain)[:300].strip().rstrip(".")

    def _unreachable(self, silence: Silence) -> BackendUnreachable:
        if silence.is_refused:
            why = (
                str(silence) if "certificates" in str(silence) else "Is it running, and is this its address?"
            )
            return BackendUnreachable(f"No model server answers at {self.url}. {why}", "silence")
        return BackendUnreachable(
            f"The model server at {self.url} {silence}. Run it again: it goes on.", "late"
        )

    def _complaint(self, trouble: Trouble) -> BackendError:
        status, said = trouble.status, self._quoted(trouble.said)
        if status in (400, 403) and _FLAGGED.search(said):
            return JobFailed(f"{self.url} refuses to have this written: {said}.")
        if status in (401, 403):
            what = "refuses the key" if self._key else "wants a key"
            return BackendUnreachable(f"{self.url} {what} ({status}). Set {CHAT_KEY} and try again.", "401")
        if status == 402:
            return BackendUnreachable(
                f"{self.url} wants to be paid first (402): {said or 'no credit'}.", "402"
            )
        if status == 429:
            wait = f", for {trouble.wait:.0f} seconds" if trouble.wait else ""
            return BackendUnreachable(f"{self.url} asks for a pause{wait} (429). Run it again then.", "429")
        if status == 413 or (status < 500 and _TOO_LONG.search(trouble.said)):
            return JobRejected(
                f"This is longer than the model {self.model} can read. Take one with a larger context."
            )
        if status == 404 and not _MODEL.search(said):
            return BackendUnreachable(
                f"{self.url} has no chat interface (404). Its address often ends in /v1.", "404"
            )
        if status in (400, 404) and _MODEL.search(said):
            return JobRejected(f"{self.url} does not take the model {self.model}: {said}.")
        if status == 200 and said:
            return JobFailed(f"The model {self.model} gave no answer: {said}.")
        if status < 400:
            return BackendUnreachable(f"What answers at {self.url} is no model server.", "stranger")
        if status >= 500:
            return BackendUnreachable(
                f"The model server at {self.url} has trouble ({status}): {said or 'no reason given'}.",
                str(status),
            )
        return JobRejected(f"{self.url} does not take the question ({status}): {said or 'no reason given'}.")
