"""A bucket of the user's, where files go that are larger than a serverless job carries.

It belongs to any S3 service, or it is a network volume of RunPod's, reached by the S3 interface of its
data centre: its workers see those files on their own disk. Keys are not here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from domain.errors import StudioError

WHERE = "under “Large inputs” on the Settings page"  # it is entered
EXAMPLE = "https://s3.eu-central-1.amazonaws.com"

_VOLUMES = re.compile(r"s3api-([a-z0-9-]+)\.runpod\.io")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}")
_REGION = re.compile(r"[A-Za-z0-9-]{0,40}")


@dataclass(frozen=True)
class BucketSettings:
    address: str = ""  # of the service, when it is not Amazon's
    bucket: str = ""  # its name, or the id of the volume
    region: str = ""  # when the address does not say it

    @property
    def is_volume(self) -> bool:
        return bool(data_centre(self.address))

    @property
    def called(self) -> str:
        """As errors name it."""
        if self.is_volume:
            return f"The network volume {self.bucket!r} in {data_centre(self.address)}"
        return f"The bucket {self.bucket!r} at {_host(self.address) or 'Amazon'}"


def data_centre(address: str) -> str:
    """Of the network volumes that are reached at an address; "" for every other service."""
    volumes = _VOLUMES.fullmatch(_host(address))
    return volumes[1].upper() if volumes else ""


def parse_address(text: str) -> str:
    """A service's address as scheme, host and port; nothing for Amazon's own. Raises StudioError."""
    pasted = text.strip().removesuffix("/")
    if not pasted:
        return ""
    try:
        parts = urlsplit(pasted if "://" in pasted else f"https://{pasted}")
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_good = False
    if not is_good or any(c.isspace() or not c.isprintable() or c == "\\" for c in pasted):
        raise StudioError(f"This is not the address of an S3 service. It looks like {EXAMPLE}.")
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise StudioError(
            f"Enter the service's address alone, such as {EXAMPLE}; the bucket has its own field."
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def parse_bucket(text: str) -> str:
    """Its name, or nothing. Raises StudioError."""
    pasted = text.strip()
    if pasted and not _NAME.fullmatch(pasted):
        raise StudioError("This is no bucket's name. It has 2 to 63 letters, digits, dots and dashes.")
    return pasted


def parse_region(text: str) -> str:
    pasted = text.strip()
    if not _REGION.fullmatch(pasted):
        raise StudioError("This is no region. It has letters, digits and dashes, such as eu-central-1.")
    return pasted


READERS: Mapping[str, Callable[[str], str]] = {  # of each field as it is entered
    "address": parse_address,
    "bucket": parse_bucket,
    "region": parse_region,
}


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""
