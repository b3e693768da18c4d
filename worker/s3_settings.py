"""Which bucket of an S3 service, where, and with which keys.

Read from two families of variables, or from `s3Config`, which a request may bring beside its `input`.
"""

import logging
import time
from typing import Any
from urllib.parse import urlsplit

from domain.errors import JobFailed
from domain.serverless_orders import BadOrder
from infrastructure.s3 import S3Settings
from worker.environment import Environment

REQUESTED = "s3Config"
MONTHLY = "%m-%y"  # name of the public worker's bucket
_WANTED = "accessId", "accessSecret", "bucketName", "endpointUrl"

log = logging.getLogger(__name__)


def s3_settings(environment: Environment) -> S3Settings:
    """S3_* when they name a bucket, else BUCKET_*. Raises JobFailed when their address is none."""
    common: dict[str, Any] = {
        "region": environment["S3_REGION"],
        "style": environment["S3_ADDRESSING_STYLE"],
        "seconds": int(environment.number("S3_URL_SECONDS")),
    }
    if name := environment["S3_BUCKET_NAME"]:
        return S3Settings(
            "S3_*",
            name,
            environment["S3_ENDPOINT_URL"],
            environment["S3_BUCKET_CREDS_ACCESS_KEY_ID"],
            environment["S3_BUCKET_CREDS_SECRET_ACCESS_KEY"],
            **common,
        )
    name, endpoint = split_bucket(environment["BUCKET_ENDPOINT_URL"], environment["BUCKET_NAME"])
    keys = environment["BUCKET_ACCESS_KEY_ID"], environment["BUCKET_SECRET_ACCESS_KEY"]
    if not name:
        name = time.strftime(MONTHLY)
        log.info("no variable names a bucket: it is %s, by the month, as with the public worker", name)
    return S3Settings("BUCKET_*", name, endpoint, *keys, **common)


def requested(said: Any, environment: Environment) -> S3Settings:
    """A request's bucket, of which nothing but the lifetime of addresses is the worker's. Raises BadOrder."""
    given = {name: said.get(name) for name in _WANTED} if isinstance(said, dict) else {}
    texts = {name: value.strip() for name, value in given.items() if isinstance(value, str)}
    if missing := [name for name in _WANTED if not texts.get(name)]:
        raise BadOrder(f"{REQUESTED} lacks {', '.join(missing)}: give all of it as texts, or leave it out.")
    name, endpoint = split_bucket(texts["endpointUrl"], texts["bucketName"], f"{REQUESTED}'s endpointUrl")
    keys = texts["accessId"], texts["accessSecret"]
    seconds = int(environment.number("S3_URL_SECONDS"))
    return S3Settings(REQUESTED, name, endpoint, *keys, seconds=seconds)


def split_bucket(url: str, name: str, of: str = "BUCKET_ENDPOINT_URL") -> tuple[str, str]:
    """The bucket and the service's address of "https://films.s3.example.org" or "https://example.org/films".

    No bucket when neither names one. Raises JobFailed for what is no address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    host, path = parts.netloc.rpartition("@")[2], parts.path.strip("/")
    if parts.scheme not in ("http", "https") or not host:
        raise JobFailed(f"{of} is no address: it should begin with https:// and go on with a host.")
    if path:
        first = path.split("/")[0]
        name, host = (first, host) if name in ("", first) else (name, f"{host}/{path}")
    elif not name or host.startswith(f"{name}."):
        first, _, rest = host.partition(".")
        if rest.startswith(("s3.", "s3-")) or (name and first == name):
            name, host = first, rest
    return name, f"{parts.scheme}://{host}"
