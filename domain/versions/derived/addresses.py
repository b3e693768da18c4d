"""Where curl finds a model, as a word of bash; tokens are variables there, and never in a text."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from domain.versions.lock import LockedModel, Origin

_HUB, _CIVITAI = "https://huggingface.co", "https://civitai.com"
_TOKENS = {"huggingface.co": "HF_TOKEN", "civitai.com": "CIVITAI_TOKEN"}
_FILE = re.compile(r"(?P<repo>[^/@?]+/[^/@?]+)(?:@(?P<rev>[^/]+))?/(?P<file>[^?]+)(?:\?rev=(?P<asked>.+))?")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class Address:
    word: str  # in double quotes
    token: str = ""  # name of the variable with the token that goes along
    secrets: tuple[str, ...] = ()  # names of all variables it needs


def of(model: LockedModel) -> Address | None:
    """The first that is in the web; None when it has none there."""
    return next((found for found in map(_of, model.sources) if found), None)


def _of(origin: Origin) -> Address | None:
    kind, _, rest = origin.url.partition("://")
    if kind == "hf" and (match := _FILE.fullmatch(rest)):
        rev = origin.revision or match["rev"] or match["asked"] or "main"
        path = f"{match['repo']}/resolve/{quote(rev)}/{quote(match['file'])}"
        return Address(f'"${{HF_ENDPOINT:-{_HUB}}}/{_plain(path)}"', "HF_TOKEN", ("HF_TOKEN",))
    if kind == "civitai":
        path = rest if rest.startswith("api/") else f"api/download/{rest}"
        return Address(
            f'"${{CIVITAI_ENDPOINT:-{_CIVITAI}}}/{_plain(path)}"', "CIVITAI_TOKEN", ("CIVITAI_TOKEN",)
        )
    if kind in ("http", "https"):
        token = _TOKENS.get(urlsplit(origin.url).hostname or "", "")
        pieces = _VARIABLE.split(origin.url)  # text and names by turns
        word = "".join(f"${{{p}:?}}" if n % 2 else _plain(p) for n, p in enumerate(pieces))
        return Address(f'"{word}"', token, tuple(dict.fromkeys(filter(None, [token, *pieces[1::2]]))))
    return None


def _plain(text: str) -> str:
    """With nothing that bash or curl's own settings read as more than a letter."""
    return re.sub(r"[^!#&'()*+,/:;=?@\[\]~%A-Za-z0-9._-]", lambda found: quote(found[0], safe=""), text)
