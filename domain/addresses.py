"""Addresses as people paste them, reduced to what the studio needs and checked.

A pod's address is always built from its id, so that no pasted text decides where pictures go.
"""

import re
from urllib.parse import urlsplit

from domain.errors import StudioError

PORT = 8188
URL = f"http://127.0.0.1:{PORT}"
SERVERLESS = "https://api.runpod.ai"

_POD_ID = re.compile(r"[a-z0-9]{8,32}")
_POD_HOST = re.compile(r"([a-z0-9]+)(?:-(\d{1,5}))?\.proxy\.runpod\.net")
_POD_PAGE = re.compile(r"[?&/](?:id=|pods?/)([a-z0-9]{8,32})(?:[/?&#]|$)")
_ENDPOINT = re.compile(r"/(?:v2|endpoints?)/([a-z0-9]{8,32})(?:[/?&#]|$)")
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
_IN_TEXT = re.compile(r"(https?://)(?:[^/\s]*@)?([^\s?#]*)(?:[?#]\S+)?", re.IGNORECASE)
_NAME = re.compile(r"[^\s.:/?#\[\]]+")  # of one word: no address, unless it is this machine's own
_PAGES = ("/prompt", "/queue", "/history", "/view", "/ws", "/system_stats", "/object_info", "/index.html")


def pod_url(pod_id: str, port: int = PORT) -> str:
    """The address of a pod's ComfyUI, built from a checked id and nothing else."""
    id, _ = parse_pod_id(pod_id)
    return f"https://{id}-{parse_port(port)}.proxy.runpod.net"


def parse_pod_id(text: str) -> tuple[str, int | None]:
    """A pod's id, and the port where a pasted address names one."""
    pasted = text.strip().lower()
    if _POD_ID.fullmatch(pasted):
        return pasted, None
    host = _POD_HOST.fullmatch(_host_of(pasted))
    if host and _POD_ID.fullmatch(host[1]):
        return host[1], parse_port(host[2]) if host[2] else None
    page = _POD_PAGE.search(pasted)
    if page and re.fullmatch(r"(?:[a-z0-9-]+\.)*runpod\.io", _host_of(pasted)):
        return page[1], None
    if not pasted:
        raise StudioError("There is no pod id. Copy it from the pod's card in RunPod.")
    raise StudioError(
        f"{_shown(text)} is not a pod id. It has 8 to 32 small letters and digits, such as abc123def456gh; "
        "the pod's proxy address does as well."
    )


def parse_endpoint(text: str) -> str:
    """A serverless endpoint's id, also from a pasted address of its interface or its page."""
    pasted = text.strip()
    if _POD_ID.fullmatch(pasted.lower()):
        return pasted.lower()
    page = _ENDPOINT.search(pasted.lower())
    if page and re.fullmatch(r"(?:[a-z0-9-]+\.)*runpod\.(?:io|ai)", _host_of(pasted.lower())):
        return page[1]
    if not pasted:
        raise StudioError("There is no endpoint id. Copy it from the endpoint's page in RunPod.")
    raise StudioError(
        f"{_shown(text)} is not an endpoint's id. It has 8 to 32 small letters and digits, such as "
        "abc123def456gh."
    )


def endpoint_url(endpoint: str) -> str:
    return f"{SERVERLESS}/v2/{parse_endpoint(endpoint)}"


def parse_url(text: str) -> str:
    """A server's address as scheme, host, port and path, without what a pasted one carries along."""
    pasted = text.strip()
    if not pasted:
        raise StudioError(f"There is no address. A ComfyUI on this machine is at {URL}.")
    if any(c.isspace() or not c.isprintable() or c == "\\" for c in pasted):
        raise StudioError(f"{_shown(text)} is not an address: it has blanks or backslashes in it.")
    if "://" not in pasted:
        if re.match(r"[a-z][a-z0-9+.-]*:(?!\d)", pasted, re.IGNORECASE):
            raise _wrong_scheme(text)
        pasted = f"http://{pasted}"
    try:
        parts = urlsplit(pasted)
        port = parts.port
    except ValueError as error:
        raise StudioError(f"{_shown(text)} is not an address such as {URL}.") from error
    if parts.scheme not in ("http", "https"):
        raise _wrong_scheme(text)
    if parts.username is not None or parts.password is not None:
        raise StudioError(
            "The address has a name or password in it. Leave that out; it would end up in recipes."
        )
    if port == 0:
        raise StudioError(f"{_shown(text)} has port 0; ComfyUI listens on {PORT} unless told otherwise.")
    host = _checked_host(parts.hostname, text) + (f":{port}" if port else "")
    return f"{parts.scheme}://{host}{_path(parts.path)}"


def parse_machine(text: str) -> str:
    """One of several machines as it is kept: a pod's id, or the address of a ComfyUI."""
    pasted = text.strip()
    if _NAME.fullmatch(pasted) and pasted.lower() != "localhost":
        return parse_pod_id(pasted)[0]
    host = _host_of(pasted.lower())
    if host.endswith((".proxy.runpod.net", ".runpod.io")):
        pod_id, port = parse_pod_id(pasted)
        return pod_url(pod_id, port) if port else pod_id
    return parse_url(pasted)


def machine_url(machine: str, port: int = PORT) -> str:
    """Where a machine answers; the port is a pod's, when only its id is known."""
    return machine if "://" in machine else pod_url(machine, port)


def is_pod(machine: str) -> bool:
    """Whether a machine, as `parse_machine` keeps it, is a pod: its id, or its proxy's address."""
    return "://" not in machine or ".proxy.runpod.net" in machine


def without_secrets(text: str) -> str:
    """A text whose addresses have lost name, password and token: fit to be shown."""
    return _IN_TEXT.sub(r"\1\2", text)


def parse_port(value: object) -> int:
    text = str(value).strip()
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    raise StudioError(
        f"{_shown(text)} is not a port. A port is a number from 1 to 65535, for ComfyUI mostly {PORT}."
    )


def _host_of(text: str) -> str:
    try:
        return urlsplit(text if "://" in text else f"https://{text}").hostname or ""
    except ValueError:
        return ""


def _checked_host(host: str | None, text: str) -> str:
    if host and ":" in host:
        return f"[{host}]"  # IPv6; urlsplit has checked it
    try:
        plain = (host or "").encode("idna").decode()
    except UnicodeError:
        plain = ""
    if not _HOST.fullmatch(plain):
        raise StudioError(f"{_shown(text)} names no server. An address looks like {URL}.")
    return plain


def _path(path: str) -> str:
    """A server behind a proxy may live in a folder; a page of ComfyUI's own is no folder."""
    path = "" if ".." in path.split("/") else path.rstrip("/")
    for page in _PAGES:
        if path == page or path.endswith(page):
            return path[: -len(page)].rstrip("/")
    return path


def _wrong_scheme(text: str) -> StudioError:
    return StudioError(f"{_shown(text)} is not an address for ComfyUI. It begins with http:// or https://.")


def _shown(text: str) -> str:
    flat = "".join(c if c.isprintable() else "?" for c in text.strip())
    return f'"{flat}"' if len(flat) <= 60 else f'"{flat[:59]}…"'
