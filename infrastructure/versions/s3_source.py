"""A file in a bucket of an S3 service, as an address that anybody may fetch it by, for a while.

Keys, region and the service's own address come from the variables that all tools of S3 know; without keys the
bucket has to be open to everybody. Nothing is read from ~/.aws: a version comes out the same everywhere.
"""

import os

from domain.errors import BadFile
from domain.versions.hosts import in_bucket

KEYS = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
_WEEK = 604_800  # seconds; the longest there is, for what is large and comes slowly


def signed(source: str, method: str) -> str:
    """Raises BadFile."""
    from botocore.exceptions import BotoCoreError  # boto3 takes a second to load

    from infrastructure.s3 import S3Settings, opened

    bucket, key = in_bucket(source)
    access, secret = map(_said, KEYS)
    settings = S3Settings(
        "AWS_*",
        bucket,
        _said("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
        access,
        secret,
        _said("AWS_REGION", "AWS_DEFAULT_REGION"),
        token=_said("AWS_SESSION_TOKEN"),
        is_open=not (access and secret),
    )
    try:
        client = opened(settings)
        asked = {"Bucket": bucket, "Key": key}
        deed = "head_object" if method == "HEAD" else "get_object"
        return str(client.generate_presigned_url(deed, Params=asked, ExpiresIn=_WEEK))
    except (BotoCoreError, ValueError) as error:
        # what it says may hold a key
        raise BadFile(f"{source} cannot be asked for. Correct the variables AWS_….") from error


def _said(*names: str) -> str:
    return next(filter(None, (os.environ.get(name, "").strip() for name in names)), "")
