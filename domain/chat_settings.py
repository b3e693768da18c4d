"""Which language model is asked, and where: any server with OpenAI's chat interface."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from domain.addresses import parse_url

CHAT_URL = "http://127.0.0.1:11434/v1"  # Ollama, unless told otherwise
_OWN_BASES = {"openrouter.ai": "/api/v1"}


@dataclass(frozen=True)
class ChatSettings:
    url: str = CHAT_URL  # the interface's base: what comes before /chat/completions
    model: str = ""


def parse_chat_url(text: str) -> str:
    """A server's address as the base of its interface, also from the whole address of a question, or from
    its host alone. Raises StudioError."""
    url = parse_url(text).removesuffix("/").removesuffix("/chat/completions")
    parts = urlsplit(url)
    return url if parts.path else url + _OWN_BASES.get(parts.hostname or "", "/v1")
