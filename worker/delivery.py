"""How the files of a job leave the worker: inside of the answer, or by way of a bucket."""

import json
import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from domain.errors import BadFile, JobFailed
from domain.events import Progress
from domain.inline import text_of
from domain.serverless import Output, Result, read_result
from worker.environment import Environment

log = logging.getLogger(__name__)

Files = Sequence[tuple[Output, Path]]
Delivered = Generator[Progress, None, tuple[Output, ...]]


class Delivery(Protocol):
    is_outside: bool  # files can be fetched while the order goes on

    def has_room(self) -> bool:
        """Whether as much as was delivered last would still go out."""
        ...

    def earlier(self, job_id: str) -> Result | None:
        """What an equal job handed out before, if that is still there."""
        ...

    def delivered(self, files: Files, job_id: str) -> Delivered: ...

    def remember(self, result: Result, job_id: str) -> None: ...


class Inline:
    """In base64. An answer that the platform would refuse is refused here, with a reason."""

    is_outside = False

    def __init__(self, most: int):
        self._most, self._used, self._last = most, 0, 0

    def has_room(self) -> bool:
        return self._used + self._last <= self._most

    def earlier(self, job_id: str) -> Result | None:
        return None

    def delivered(self, files: Files, job_id: str) -> Delivered:
        self._last = sum(path.stat().st_size for _, path in files)
        self._used += self._last
        if (size := self._used) > self._most:
            sentence = (
                f"The result has {_mb(size)} MB, and an answer carries {_mb(self._most)} MB. Set up a bucket "
                "(S3_BUCKET_NAME or GCS_BUCKET) for the worker, or make it smaller."
            )
            error = JobFailed(sentence)
            error.details = [{"kind": "too_large", "size": str(size), "most": str(self._most)}]
            raise error
        yield Progress(0.5, "packing")
        return tuple(replace(output, data=text_of(path.read_bytes())) for output, path in files)

    def remember(self, result: Result, job_id: str) -> None:
        pass


class Bucket(Protocol):
    """Every method raises JobFailed with a sentence."""

    def put(self, path: Path, key: str, mime: str) -> None: ...

    def write(self, key: str, text: str) -> None: ...

    def read(self, key: str) -> str | None: ...

    def size(self, key: str) -> int | None: ...

    def url(self, key: str) -> str: ...


class ByBucket:
    """Each job has a folder, named by its content; when all is there a manifest says what belongs to it."""

    is_outside = True

    def __init__(self, bucket: Bucket, prefix: str):
        self._bucket, self._prefix = bucket, prefix.strip("/")

    def has_room(self) -> bool:
        return True

    def earlier(self, job_id: str) -> Result | None:
        text = self._bucket.read(self._key(job_id, "manifest.json"))
        if text is None:
            return None
        try:
            result = read_result(json.loads(text))
        except (ValueError, BadFile):
            return None
        keys = [self._key_of(output, job_id) for output in result.outputs]
        if any(self._bucket.size(k) != o.size for k, o in zip(keys, result.outputs, strict=True)):
            return None
        outputs = (replace(o, url=self._bucket.url(k)) for k, o in zip(keys, result.outputs, strict=True))
        return replace(result, outputs=tuple(outputs))

    def delivered(self, files: Files, job_id: str) -> Delivered:
        placed = []
        for number, (output, path) in enumerate(files):
            yield Progress(number / len(files), f"storing {output.filename}")
            key = self._key_of(output, job_id)
            self._bucket.put(path, key, output.mime)
            placed.append(replace(output, url=self._bucket.url(key)))
        return tuple(placed)

    def remember(self, result: Result, job_id: str) -> None:
        """The manifest comes last; the addresses in it are of no use later and are made anew."""
        unsigned = tuple(replace(output, url=output.url.partition("?")[0]) for output in result.outputs)
        told = replace(result, outputs=unsigned).said()
        self._bucket.write(self._key(job_id, "manifest.json"), json.dumps(told))

    def _key_of(self, output: Output, job_id: str) -> str:
        """The name is kept; the node's id keeps equal names apart."""
        return self._key(job_id, f"{output.node_id}/{output.subfolder}/{output.filename}")

    def _key(self, job_id: str, name: str) -> str:
        parts = [part for part in f"{self._prefix}/{job_id}/{name}".split("/") if part not in ("", ".", "..")]
        return "/".join(parts)


def delivery(environment: Environment, mode: str, s3_config: Any = None) -> Delivery:
    """By `mode`, or into the bucket that came along, or as is set up. Raises JobFailed when that is not."""
    if s3_config and mode in ("", "s3"):
        return _s3(environment, s3_config)
    mode = mode or environment["OUTPUT_MODE"] or (set_up(environment) or ["base64"])[0]
    if mode == "base64":
        return Inline(int(environment.number("MAX_INLINE_MB") * (1 << 20)))
    if mode not in set_up(environment):
        raise JobFailed(
            f"This worker has no bucket for {mode}. {_WANTS.get(mode, 'It is none of base64, s3, gcs.')}"
        )
    return _OPENED[mode](environment)


def set_up(environment: Environment) -> list[str]:
    """The buckets there are settings for, the preferred one first."""
    has_s3 = environment["S3_BUCKET_NAME"] or environment["BUCKET_ENDPOINT_URL"]
    return (["s3"] if has_s3 else []) + (["gcs"] if environment["GCS_BUCKET"] else [])


def _s3(environment: Environment, s3_config: Any = None) -> Delivery:
    """Into the bucket of a request, or else the worker's own."""
    from infrastructure.s3 import S3Bucket  # boto3 takes a second to load
    from worker.s3_settings import requested, s3_settings

    settings = requested(s3_config, environment) if s3_config else s3_settings(environment)
    prefix = "" if s3_config else environment["S3_PREFIX"]
    log.info("delivering into the bucket %s, by %s", settings.bucket, settings.family)
    return ByBucket(S3Bucket(settings), prefix)


def _gcs(environment: Environment) -> Delivery:
    from worker.gcs import GcsBucket

    return ByBucket(GcsBucket(environment), environment["GCS_PREFIX"])


_OPENED: dict[str, Callable[[Environment], Delivery]] = {"s3": _s3, "gcs": _gcs}
_WANTS = {
    "s3": "Set S3_BUCKET_NAME, S3_BUCKET_CREDS_ACCESS_KEY_ID and S3_BUCKET_CREDS_SECRET_ACCESS_KEY.",
    "gcs": "Set GCS_BUCKET and GOOGLE_APPLICATION_CREDENTIALS.",
}


def _mb(size: int) -> str:
    return f"{size / (1 << 20):.1f}"
