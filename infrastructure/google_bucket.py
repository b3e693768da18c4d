"""Files into a bucket of Google Cloud Storage, with a token that somebody has already; the worker, which has
a service's key, has its own way (`worker/gcs.py`)."""

import base64
import hashlib
import mimetypes
import os
import time
from dataclasses import dataclass
from urllib.parse import quote

import requests

from domain.errors import BadFile
from domain.versions.errors import Unresolved
from domain.versions.hosts import GOOGLE
from infrastructure.http_line import Session

_LIMITS = 10.0, 120.0  # seconds to get through; seconds of silence
_PASSING = (408, 429)


@dataclass(frozen=True)
class GoogleBucket:
    name: str
    tries: int = 3
    pause: float = 0.5  # seconds before the second try; doubles

    def put(self, content: bytes, key: str) -> str:
        """Returns its gs:// address. Google compares what came with its MD5 before it is there. Raises
        Unresolved, and BadFile without a token."""
        token = os.environ.get(GOOGLE.token, "").strip()
        if not token:
            raise BadFile(
                f"Nobody may write into the bucket {self.name} without a token. Set {GOOGLE.token} to what "
                "gcloud auth print-access-token prints."
            )
        digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        headers = {"Authorization": f"Bearer {token}", "Content-MD5": digest, "Content-Type": kind}
        base = os.environ.get(GOOGLE.variable, "").rstrip("/") or GOOGLE.url
        url = f"{base}/{quote(self.name, safe='')}/{quote(key)}"
        for number in range(max(1, self.tries)):
            if number:
                time.sleep(self.pause * 2 ** (number - 1))
            status = _sent(url, content, headers)
            if status in (200, 201):
                return f"gs://{self.name}/{key}"
            if status and status < 500 and status not in _PASSING:
                break
        told = f"refuses it (HTTP {status})" if status else "does not answer"
        raise Unresolved(f"The bucket {self.name} {told}. Its name, {GOOGLE.token} and the network decide.")


def _sent(url: str, content: bytes, headers: dict[str, str]) -> int:
    """The status; 0 for a line that broke."""
    try:
        with Session() as line:
            return line.put(url, data=content, headers=headers, timeout=_LIMITS).status_code
    except requests.RequestException:
        return 0
