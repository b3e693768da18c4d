"""Which bucket of an S3 service, where, and with which keys: read from two families of variables."""

from typing import Any
from urllib.parse import urlsplit

from domain.errors import JobFailed
from infrastructure.s3 import S3Settings
from worker.environment import Environment


def s3_settings(environment: Environment) -> S3Settings:
    """S3_* when they name a bucket, else BUCKET_*. Raises JobFailed when neither does."""
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
    return S3Settings("BUCKET_*", name, endpoint, *keys, **common)


def split_bucket(url: str, name: str) -> tuple[str, str]:
    """The bucket and the service's address of "https://films.s3.example.org" or "https://example.org/films"."""
    parts = urlsplit(url)
    host, path = parts.netloc, parts.path.strip("/")
    if path:
        name = name or path.split("/")[0]
    elif not name or host.startswith(f"{name}."):
        first, _, rest = host.partition(".")
        if rest.startswith(("s3.", "s3-")) or (name and first == name):
            name, host = first, rest
    if not name:
        raise JobFailed("BUCKET_ENDPOINT_URL names no bucket. Set BUCKET_NAME as well.")
    return name, f"{parts.scheme}://{host}"
