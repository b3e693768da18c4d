"""Which bucket of an S3 service, where, and with which keys: read from two families of variables."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from domain.errors import JobFailed
from worker.environment import Environment


@dataclass(frozen=True)
class S3Settings:
    family: str  # of the variables that it was read from
    bucket: str
    endpoint: str = ""
    access: str = ""
    secret: str = ""
    region: str = ""
    style: str = "auto"
    prefix: str = ""
    seconds: int = 604_800  # that an address is good

    @classmethod
    def of(cls, environment: Environment) -> "S3Settings":
        """S3_* when they name a bucket, else BUCKET_*."""
        common: dict[str, Any] = {
            "region": environment["S3_REGION"],
            "style": environment["S3_ADDRESSING_STYLE"],
            "prefix": environment["S3_PREFIX"],
            "seconds": int(environment.number("S3_URL_SECONDS")),
        }
        if name := environment["S3_BUCKET_NAME"]:
            return cls(
                "S3_*",
                name,
                environment["S3_ENDPOINT_URL"],
                environment["S3_BUCKET_CREDS_ACCESS_KEY_ID"],
                environment["S3_BUCKET_CREDS_SECRET_ACCESS_KEY"],
                **common,
            )
        name, endpoint = split_bucket(environment["BUCKET_ENDPOINT_URL"], environment["BUCKET_NAME"])
        keys = environment["BUCKET_ACCESS_KEY_ID"], environment["BUCKET_SECRET_ACCESS_KEY"]
        return cls("BUCKET_*", name, endpoint, *keys, **common)


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


def region_of(settings: S3Settings) -> str:
    """As set, else as the address says: "s3.eu-central-1.amazonaws.com"."""
    if settings.region:
        return settings.region
    labels = (urlsplit(settings.endpoint).hostname or "").split(".")
    place = next((labels[i + 1] for i, label in enumerate(labels[:-1]) if label == "s3"), "")
    return place if place.count("-") >= 2 else "us-east-1"
