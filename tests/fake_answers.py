"""Bad answers for the fake ComfyUI: what a proxy, a login, a broken line or a stranger says in its place."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Slow:
    """The right answer, later."""

    seconds: float


@dataclass(frozen=True)
class Cut:
    """The right answer, with its true length, and the line breaks after so many bytes of it."""

    bytes: int
    seconds: float = 0.0  # that it is silent before it breaks


HANG_UP = "hang up"  # the request is not even looked at
DO_AND_HANG_UP = "do it and hang up"  # the request does what it should, and nobody hears of it


def page(status: int, text: str = "Bad gateway", **headers: str) -> Answer:
    """What a proxy or a login says."""
    body = f"<!DOCTYPE html><html><head><title>{text}</title></head><body>{text}</body></html>"
    return Answer(status, body.encode(), {"Content-Type": "text/html; charset=UTF-8", **headers})
