"""What the address of a model's file means: which host has it, where, and whose token opens it there."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from domain.errors import BadFile

_FILE = re.compile(r"(?P<repo>[^/@?]+/[^/@?]+)(?:@(?P<rev>[^/]+))?/(?P<file>[^?]+)")


@dataclass(frozen=True)
class Host:
    url: str
    variable: str  # that names another address for it
    token: str  # variable with the token that goes to it alone


@dataclass(frozen=True)
class HubFile:
    repo: str
    revision: str
    file: str


HUB = Host("https://huggingface.co", "HF_ENDPOINT", "HF_TOKEN")
CIVITAI = Host("https://civitai.com", "CIVITAI_ENDPOINT", "CIVITAI_TOKEN")
GOOGLE = Host("https://storage.googleapis.com", "STORAGE_EMULATOR_HOST", "GOOGLE_OAUTH_ACCESS_TOKEN")


def place_at(source: str, revision: str = "") -> tuple[Host, str] | None:
    """The host and the path there, quoted; None for an address of another kind. Raises BadFile."""
    kind, _, rest = source.partition("://")
    match kind:
        case "hf":
            found = hub_file(source)
            path = f"{found.repo}/resolve/{quote(revision or found.revision, safe='')}/{quote(found.file)}"
            return HUB, path
        case "civitai":
            return CIVITAI, rest if rest.startswith("api/") else f"api/download/{rest}"
        case "gs":
            bucket, key = in_bucket(source)
            return GOOGLE, f"{quote(bucket)}/{quote(key)}"
    return None


def hub_file(source: str) -> HubFile:
    """Raises BadFile."""
    path, _, asked = source.removeprefix("hf://").partition("?")
    if match := _FILE.fullmatch(path):
        revision = match["rev"] or dict(parse_qsl(asked)).get("rev") or "main"
        return HubFile(match["repo"], revision, match["file"])
    raise BadFile(f"{source} names no file: it should be hf://owner/name@revision/file.")


def in_bucket(source: str) -> tuple[str, str]:
    """The bucket, and the object's name in it. Raises BadFile."""
    kind, _, rest = source.partition("://")
    bucket, _, key = rest.partition("/")
    if bucket and key and not key.endswith("/"):
        return bucket, key
    raise BadFile(f"{source} names no file: it should be {kind}://bucket/file.")
