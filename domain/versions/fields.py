"""JSON objects read strictly: what is wrong is told by its place, as in custom_nodes[1].repo."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.errors import BadFile

_KINDS = {str: "a text", bool: "true or false", int: "a whole number", list: "a list", dict: "an object"}
_TRUE, _FALSE = ("true", "1"), ("false", "0")


class Fields:
    """An object of JSON. Every field that is read is known; `close` refuses all others."""

    def __init__(self, value: Any, place: str = ""):
        self.place = place
        self._value: Mapping[str, Any] = typed(value, dict, place or "The file")
        self._known: set[str] = set()

    def at(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def has(self, key: str) -> bool:
        self._known.add(key)
        return self._value.get(key) is not None

    def raw(self, key: str) -> Any:
        self._known.add(key)
        return self._value.get(key)

    def text(self, key: str, *others: str) -> str:
        """Trimmed; "" when it is absent or empty. `others` are older names of the same."""
        found = next((name for name in (key, *others) if self.has(name)), key)
        value = self.raw(found)
        return typed(value, str, self.at(found)).strip() if value is not None else ""

    def needed(self, key: str, *others: str) -> str:
        if value := self.text(key, *others):
            return value
        raise BadFile(f"{self.at(key)} is missing.")

    def whole(self, key: str) -> int:
        return int(typed(self.raw(key), int, self.at(key)))

    def flag(self, key: str) -> bool:
        """Also as older files write it: 1, "true", "False"."""
        value = self.raw(key)
        said = str(value).lower()
        if value is None or (isinstance(value, bool | str | int) and said in _FALSE):
            return False
        if isinstance(value, bool | str | int) and said in _TRUE:
            return True
        raise BadFile(f"{self.at(key)} must be true or false, not {shown(value)}.")

    def object(self, key: str) -> "Fields":
        if not self.has(key):
            raise BadFile(f"{self.at(key)} is missing.")
        return Fields(self.raw(key), self.at(key))

    def objects(self, key: str) -> Iterator["Fields"]:
        for number, value in enumerate(self.list(key)):
            yield Fields(value, f"{self.at(key)}[{number}]")

    def texts(self, key: str) -> tuple[str, ...]:
        """Trimmed, without empty ones."""
        values = [typed(v, str, f"{self.at(key)}[{n}]").strip() for n, v in enumerate(self.list(key))]
        return tuple(filter(None, values))

    def list(self, key: str) -> list[Any]:
        value = self.raw(key)
        return [] if value is None else typed(value, list, self.at(key))

    def items(self) -> Iterator[tuple[str, Any]]:
        """All of them, whatever they are called."""
        self._known |= set(self._value)
        return iter(self._value.items())

    def close(self) -> None:
        for key in self._value:
            if key not in self._known:
                known = ", ".join(sorted(self._known))
                raise BadFile(f"{self.at(shown(key).strip(chr(34)))} is not known; known here are {known}.")


def typed(value: Any, kind: type, place: str) -> Any:
    if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise BadFile(f"{place} must be {_KINDS[kind]}, not {shown(value)}.")


def shown(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
