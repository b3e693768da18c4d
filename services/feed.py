"""What every open page knows: facts by key, and what changed of them since a page last heard.

A page that has just opened has heard nothing, so it gets everything: a reload, a second window and
a studio that was started again all show the same.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


def json_text(value: Any) -> str:
    """A value as JSON that UTF-8 can carry: half a character, as broken file names have, is escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True)
class News:
    """What changed; values are JSON texts."""

    version: int
    changed: Mapping[str, str]
    gone: list[str]

    def as_json(self) -> str:
        facts = ",".join(f"{json.dumps(key)}:{text}" for key, text in self.changed.items())
        return f'{{"v":{self.version},"set":{{{facts}}},"gone":{json.dumps(self.gone)}}}'


class Feed:
    def __init__(self) -> None:
        self.version = 0
        self._facts: dict[str, tuple[int, str]] = {}  # by key: the version it changed in, and its JSON
        self._gone: dict[str, int] = {}
        self._lock = threading.Lock()
        self._wakes: set[Callable[[], None]] = set()

    def put(self, key: str, value: Any) -> None:
        """A fact as it is now; telling the same again says nothing."""
        self.put_all({key: value})

    def put_all(self, facts: Mapping[str, Any], instead_of: str | None = None) -> None:
        """Several facts at once; with `instead_of`, others whose keys begin so are gone."""
        texts = {key: json_text(value) for key, value in facts.items()}
        with self._lock:
            known = self._facts
            changed = {key: text for key, text in texts.items() if key not in known or known[key][1] != text}
            others = () if instead_of is None else (key for key in known if key.startswith(instead_of))
            gone = [key for key in others if key not in texts]
            if not changed and not gone:
                return
            self.version += 1
            for key, text in changed.items():
                known[key] = self.version, text
                self._gone.pop(key, None)
            for key in gone:
                del known[key]
                self._gone[key] = self.version
            wakes = list(self._wakes)
        for wake in wakes:
            wake()

    def drop(self, *keys: str) -> None:
        """These facts are gone; of others whose keys only begin so, nothing is said."""
        with self._lock:
            gone = [key for key in keys if self._facts.pop(key, None)]
            if not gone:
                return
            self.version += 1
            self._gone.update(dict.fromkeys(gone, self.version))
            wakes = list(self._wakes)
        for wake in wakes:
            wake()

    def since(self, version: int) -> News:
        """What a page that knows `version` has to hear; 0 knows nothing."""
        with self._lock:
            changed = {key: text for key, (at, text) in self._facts.items() if at > version}
            gone = [key for key, at in self._gone.items() if at > version] if version else []
            return News(self.version, changed, gone)

    @property
    def is_heard(self) -> bool:
        """Whether a page is open."""
        return bool(self._wakes)

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have `wake` called, from any thread, when something changed; returns how to end that."""
        with self._lock:
            self._wakes.add(wake)
        return lambda: self._wakes.discard(wake)
