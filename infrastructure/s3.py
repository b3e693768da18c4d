"""A bucket of an S3 service: Amazon's, or any that speaks alike."""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from boto3 import Session
from boto3.exceptions import Boto3Error
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from domain.buckets import data_centre
from domain.errors import JobFailed
from infrastructure.http_line import USER_AGENT, authorities, is_here

ATTEMPTS = 4
CONNECT, SILENCE = 10, 60  # seconds
log = logging.getLogger(__name__)

_BROKEN = (Boto3Error, BotoCoreError, ClientError, ValueError)  # ValueError: an address that is none


@dataclass(frozen=True)
class S3Settings:
    family: str  # of the variables that it was read from
    bucket: str
    endpoint: str = ""
    access: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    region: str = ""
    style: str = "auto"
    seconds: int = 604_800  # that an address is good
    token: str = field(default="", repr=False)  # of keys that are good for a while
    is_open: bool = False  # to everybody: nothing is signed


class S3Bucket:
    def __init__(self, settings: S3Settings):
        self._settings = settings
        try:
            self._client = opened(settings)
        except _BROKEN as error:
            raise self._refused("be opened", error) from error

    def put(self, path: Path, key: str, mime: str) -> None:
        """In parts and from disk, however large it is."""
        try:
            self._client.upload_file(str(path), self._settings.bucket, key, ExtraArgs={"ContentType": mime})
        except _BROKEN as error:
            raise self._refused(f"take {path.name}", error) from error

    def write(self, key: str, text: str) -> None:
        try:
            self._client.put_object(
                Bucket=self._settings.bucket, Key=key, Body=text.encode(), ContentType="application/json"
            )
        except _BROKEN as error:
            raise self._refused("be written into", error) from error

    def read(self, key: str) -> str | None:
        try:
            reply = self._client.get_object(Bucket=self._settings.bucket, Key=key)
            return str(reply["Body"].read().decode("utf-8", "replace"))
        except ClientError as error:
            if _code(error) in ("NoSuchKey", "404"):
                return None
            if _code(error) in ("AccessDenied", "403"):  # also of what is not there, where keys may not list
                log.info("the bucket %s does not say whether %s is there", self._settings.bucket, key)
                return None
            raise self._refused("be read", error) from error
        except _BROKEN as error:
            raise self._refused("be read", error) from error

    def size(self, key: str) -> int | None:
        try:
            return int(self._client.head_object(Bucket=self._settings.bucket, Key=key)["ContentLength"])
        except _BROKEN:
            return None

    def url(self, key: str) -> str:
        asked = {"Bucket": self._settings.bucket, "Key": key}
        try:
            signed = self._client.generate_presigned_url(
                "get_object", Params=asked, ExpiresIn=self._settings.seconds
            )
        except _BROKEN as error:
            raise self._refused("give an address", error) from error
        return str(signed)

    def _refused(self, what: str, error: Exception) -> JobFailed:
        said = without_keys(str(error), self._settings.access, self._settings.secret)[:200]
        name, family = self._settings.bucket, self._settings.family
        failed = JobFailed(f"The bucket {name!r} ({family}) cannot {what}: {said}")
        failed.details = [{"kind": "delivery", "bucket": name, "settings": family, "message": said}]
        return failed


def opened(settings: S3Settings) -> Any:
    """boto3's client. It leaves under our name, and goes to this machine never by a proxy."""
    style = settings.style if settings.style in ("path", "virtual") else "auto"
    config = Config(
        signature_version=UNSIGNED if settings.is_open else "s3v4",
        s3={"addressing_style": style},
        connect_timeout=CONNECT,
        read_timeout=SILENCE,
        retries={"max_attempts": ATTEMPTS, "mode": "standard"},
        user_agent=USER_AGENT,
        proxies={} if is_here(settings.endpoint) else None,
        # services other than Amazon's do not know the newer checksums
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return Session().client(  # of its own: the one that boto3 keeps is not for many threads
        "s3",
        endpoint_url=settings.endpoint or None,
        aws_access_key_id=settings.access or None,
        aws_secret_access_key=settings.secret or None,
        aws_session_token=settings.token or None,
        region_name=region_of(settings),
        verify=authorities(),
        config=config,
    )


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def without_keys(said: str, *keys: str) -> str:
    """Python tells a header that it does not take, with all that is in it."""
    for key in filter(None, keys):
        said = said.replace(key, "…").replace(repr(key)[1:-1], "…")
    return said


def region_of(settings: S3Settings) -> str:
    """As set, else as the address says: "s3.eu-central-1.amazonaws.com", "s3api-eu-ro-1.runpod.io"."""
    if known := settings.region or data_centre(settings.endpoint):
        return known
    labels = (urlsplit(settings.endpoint).hostname or "").split(".")
    place = next((labels[i + 1] for i, label in enumerate(labels[:-1]) if label == "s3"), "")
    return place if place.count("-") >= 2 else "us-east-1"
