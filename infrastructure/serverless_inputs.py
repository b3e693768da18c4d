"""A job's files that are larger than it carries: they go into a bucket of the user's before it does.

Each lies there under its content, so that none is sent twice. Workers fetch it from an address that is
signed for as long as the job may live; from a network volume, which signs none, by its path.
"""

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

from domain.buckets import WHERE, BucketSettings
from domain.errors import BackendUnreachable, JobRejected
from domain.events import Progress
from domain.job import Job
from domain.serverless_orders import Given
from infrastructure.hashes import sha256
from infrastructure.patience import Patience
from infrastructure.secrets_file import S3_ACCESS, S3_SECRET, SecretsFile
from infrastructure.serverless_orders import (
    excess,
    files_of,
    inline,
    refuse_large_workflow,
    too_large,
    unreadable,
)

if TYPE_CHECKING:
    from infrastructure.s3_store import S3Store

AMAZON = "https://s3.amazonaws.com"
FOLDER = "cindergrace/inputs"
KEPT = 3600.0  # seconds that a file is believed to be there still
WEEK = 7 * 86_400.0  # seconds; longer no address is good, and no job lives
WORD = 0.5  # seconds between two words while another file is on its way
_NO_KEYS = f"{{bucket}} has no keys yet. Enter both {WHERE}."

Sent = Generator[Progress, None, None]


@dataclass(frozen=True)
class Store:
    """A bucket, with its keys."""

    place: BucketSettings
    access: str
    secret: str = field(repr=False)

    @property
    def has_keys(self) -> bool:
        return bool(self.access and self.secret)


def store_of(place: BucketSettings, secrets: SecretsFile) -> Store | None:
    """The user's, as it is set up; None when no bucket is named."""
    return Store(place, secrets.get(S3_ACCESS), secrets.get(S3_SECRET)) if place.bucket else None


class Inputs:
    """`store` gives the bucket as it is set up now. May be used from many threads."""

    def __init__(self, store: Callable[[], Store | None]):
        self._store = store
        self._opened: tuple[Store, S3Store] | None = None
        self._there: dict[tuple[BucketSettings, str], float] = {}  # files, and when they were seen
        self._sending, self._opening = threading.Lock(), threading.Lock()

    def refuse(self, job: Job, is_public: bool) -> None:
        """Raises JobRejected for a job that can go nowhere. `is_public`: its worker is not one of ours."""
        refuse_large_workflow(job)
        if not excess(job):
            return
        store = self._store()
        if is_public:
            advice = "This endpoint's worker takes no others: use the studio's own, or smaller pictures."
        elif not store:
            advice = f"Name a bucket {WHERE}, or use smaller pictures."
        elif not store.has_keys:
            advice = _NO_KEYS.format(bucket=store.place.called)
        else:
            return
        raise too_large(inline(files_of(job)), advice)

    def bring(self, job: Job) -> Sent:
        """Have all that is too large lie in the bucket; nothing is sent that lies there already."""
        files, store = excess(job), None
        while files and store != (now := self._needed()):  # else another bucket was named meanwhile
            store = now
            for path in files.values():
                yield from self._patiently(store, path, _key(job, path), job.hashes[path])

    def given(self, job: Job, seconds: float) -> list[Given]:
        """The same files as the worker is told of them; their addresses are good for so long."""
        found = []
        for name, path in excess(job).items():
            store, key = self._needed(), _key(job, path)
            given = Given(name, sha256=job.hashes[path], size=_size(path))
            if store.place.is_volume:
                found.append(replace(given, volume=key))
            else:
                found.append(replace(given, url=self._bucket(store).url(key, min(WEEK, seconds))))
        return found

    def _patiently(self, store: Store, path: Path, key: str, digest: str) -> Sent:
        patience, heard = Patience(store.place.address or AMAZON), set[str]()
        while True:
            try:
                for event in self._brought(store, path, key, digest):
                    if event.note not in heard:  # it gets further than before
                        patience.renew()
                        heard.add(event.note)
                    yield event
                return
            except BackendUnreachable as error:
                yield from patience.after(error)

    def _brought(self, store: Store, path: Path, key: str, digest: str) -> Sent:
        """One file after another: of jobs that need the same one, the first sends it."""
        if self._is_there(store, key):
            return
        while not self._sending.acquire(timeout=WORD):
            yield Progress(0, "waiting for another upload")
        try:
            bucket, size = self._bucket(store), _size(path)
            if not self._is_there(store, key) and (yield from bucket.size(key)) != size:
                yield from bucket.put(path, key, digest)
                if (yield from bucket.size(key)) != size:
                    raise _unseen(store, path)
            if not store.place.is_volume:
                yield from bucket.see_handed_out(key)
            self._there[store.place, key] = time.monotonic()
        finally:
            self._sending.release()

    def _is_there(self, store: Store, key: str) -> bool:
        seen = self._there.get((store.place, key))
        return seen is not None and time.monotonic() - seen < KEPT

    def _needed(self) -> Store:
        if store := self._store():
            return store
        raise JobRejected(f"The bucket for large inputs is gone. Name it again {WHERE}.")

    def _bucket(self, store: Store) -> "S3Store":
        with self._opening:
            if self._opened is None or self._opened[0] != store:
                self._opened = store, _opened(store)
            return self._opened[1]


def tried(store: Store) -> Sent:
    """Go through it with a small file as with large ones. Raises StudioError."""
    if not store.has_keys:
        raise JobRejected(_NO_KEYS.format(bucket=store.place.called))
    bucket, key = _opened(store), f"{FOLDER}/trial-{uuid4().hex}.txt"
    with TemporaryDirectory(prefix="cindergrace-") as folder:
        file = Path(folder) / "trial.txt"
        file.write_text(f"{store.place.called} takes files of the studio's.", "utf-8")
        yield from bucket.put(file, key, sha256(file))
        try:
            if (yield from bucket.size(key)) != file.stat().st_size:
                raise _unseen(store, file)
            if not store.place.is_volume:
                yield from bucket.see_handed_out(key)
        finally:
            bucket.remove(key)


def _opened(store: Store) -> "S3Store":
    from infrastructure.s3 import S3Settings  # boto3 takes a second to load
    from infrastructure.s3_store import S3Store

    place = store.place
    settings = S3Settings("", place.bucket, place.address, store.access, store.secret, place.region)
    return S3Store(settings, place.called)


def _unseen(store: Store, path: Path) -> JobRejected:
    return JobRejected(
        f"{store.place.called} took {path.name} and does not show it afterwards. Are its keys allowed to "
        "read there as well, and is there room for it?"
    )


def _key(job: Job, path: Path) -> str:
    return f"{FOLDER}/{job.hashes[path]}{path.suffix.lower()}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise unreadable(error) from error
