"""Where curl finds a model, as a word of bash; tokens are variables there, and never in a text."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from domain.versions.hosts import CIVITAI, HUB, in_bucket, place_at
from domain.versions.lock import LockedModel, Origin
from domain.versions.variables import VARIABLE

_AMAZON = "https://s3.${AWS_REGION:-us-east-1}.amazonaws.com"
SIGNED = "AWS_ACCESS_KEY_ID"  # in place of a token: what is asked for is signed with it
_S3 = (SIGNED, "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL")
_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # sha256 of a body that is none
SIGN = f"""\
printf 'header = "x-amz-content-sha256: {_NOTHING}"\\n'; \
printf 'user = "%s:%s"\\n' "$AWS_ACCESS_KEY_ID" "${{AWS_SECRET_ACCESS_KEY:-}}"; \
printf 'aws-sigv4 = "aws:amz:%s:s3"\\n' "${{AWS_REGION:-us-east-1}}"; \
if [ -n "${{AWS_SESSION_TOKEN:-}}" ]; then \
printf 'header = "x-amz-security-token: %s"\\n' "$AWS_SESSION_TOKEN"; fi"""  # settings of curl


@dataclass(frozen=True)
class Address:
    word: str  # in double quotes
    token: str = ""  # name of the variable with the token that goes along
    secrets: tuple[str, ...] = ()  # names of all variables it needs


def of(model: LockedModel) -> Address | None:
    """The first that is in the web; None when it has none there."""
    return next((found for found in map(_of, model.sources) if found), None)


def _of(origin: Origin) -> Address | None:
    """Raises BadFile."""
    if found := place_at(origin.url, origin.revision):
        host, path = found
        return Address(f'"${{{host.variable}:-{host.url}}}/{_plain(path)}"', host.token, (host.token,))
    kind = origin.url.partition("://")[0]
    if kind == "s3":
        bucket, key = in_bucket(origin.url)
        return Address(f'"${{AWS_ENDPOINT_URL:-{_AMAZON}}}/{_plain(f"{bucket}/{quote(key)}")}"', SIGNED, _S3)
    if kind in ("http", "https"):
        place = urlsplit(origin.url).hostname
        token = next((host.token for host in (HUB, CIVITAI) if urlsplit(host.url).hostname == place), "")
        names = [token, *VARIABLE.findall(origin.url)]
        return Address(quoted(origin.url), token, tuple(dict.fromkeys(filter(None, names))))
    return None


def quoted(text: str) -> str:
    """A word of bash; a variable that is not set ends it."""
    pieces = VARIABLE.split(text)  # text and names by turns
    return '"' + "".join(f"${{{p}:?}}" if n % 2 else _plain(p) for n, p in enumerate(pieces)) + '"'


def _plain(text: str) -> str:
    """With nothing that bash or curl's own settings read as more than a letter."""
    return re.sub(r"[^!#&'()*+,/:;=?@\[\]~%A-Za-z0-9._-]", lambda found: quote(found[0], safe=""), text)
