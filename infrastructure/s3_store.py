"""A bucket as the studio uses it: files go there in parts and from disk, and workers are given addresses.

What goes wrong is told to the artist, who can mend it; no sentence holds a key or a signed address.
"""

from collections.abc import Callable, Generator
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import requests
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError
from botocore.parsers import ResponseParserError

from domain.buckets import WHERE
from domain.errors import BackendError, BackendUnreachable, BadFile, JobFailed, JobRejected, StudioError
from domain.events import Progress
from infrastructure.http_line import NoAuthorities, Session
from infrastructure.s3 import CONNECT, SILENCE, S3Settings, opened

PART = 8 << 20  # bytes; what is larger goes in parts of so many
ONCE = 300.0  # seconds that an address is good which is only tried
WORD = 0.5  # seconds between two words about how far it is
SOON = 5.0  # … that something is waited for which is not needed
MADE = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds between looks whether a file was put together all the same
_BROKEN = (Boto3Error, BotoCoreError, ClientError, ResponseParserError, ValueError)
_LOOKING = "looking into the bucket"
_SILENCE = (ConnectionError, HTTPClientError)
_PASSING = (408, 429)  # what a service that refuses says when it would take it later
_AGAIN = ("RequestTimeout", "SlowDown", "NoSuchUpload")  # the last when it was completed and nobody heard
_KEYS = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "Unauthorized")
_REGION = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301")

T = TypeVar("T")


class Stopped(Exception):
    """Nobody wants the file there any more; ends the request it is the body of."""


# raised again in the thread that asks
_ANY = (*_BROKEN, Stopped, StudioError, OSError, LookupError, TypeError, RuntimeError)


class S3Store:
    """`called` is how errors name it. May be used from many threads; raises BackendUnreachable while the
    service is silent or has trouble, JobRejected for what it refuses."""

    def __init__(self, settings: S3Settings, called: str):
        self._bucket, self._called = settings.bucket, called
        self._host = urlsplit(settings.endpoint).hostname or "Amazon"
        try:
            self._client = opened(settings)
        except _BROKEN as error:
            raise self._complaint(error) from error

    def size(self, key: str) -> Generator[Progress, None, int | None]:
        """Nothing also where the service does not tell: it says why when something is put there."""
        asked = {"Bucket": self._bucket, "Key": key}
        try:
            return int((yield from self._answer(lambda: self._client.head_object(**asked)))["ContentLength"])
        except JobRejected:
            return None

    def put(self, path: Path, key: str, digest: str) -> Generator[Progress, None, None]:
        """Closing it stops the transfer, and nothing of it stays there. Raises JobFailed for what has not
        this sha256 any more: it must not lie under that content's name."""
        upload = _Upload(self._client, {"Bucket": self._bucket, "Key": key}, path, digest)
        yield Progress(0, upload.note())
        try:
            yield from self._answer(upload.carried_out, upload.note)
        except OSError as error:
            raise BadFile(f"{path} cannot be read: {error.strerror or error}.") from error
        finally:
            upload.stop()

    def remove(self, key: str) -> None:
        """Where the keys allow it, and somebody answers soon."""
        _InThread(lambda: self._client.delete_object(Bucket=self._bucket, Key=key)).join(SOON)

    def url(self, key: str, seconds: float) -> str:
        """Where anybody may fetch it, for so long."""
        asked = {"Bucket": self._bucket, "Key": key}
        try:
            return str(
                self._client.generate_presigned_url("get_object", Params=asked, ExpiresIn=round(seconds))
            )
        except _BROKEN as error:
            raise self._complaint(error) from error

    def see_handed_out(self, key: str) -> Generator[Progress, None, None]:
        """Whether it comes by its address, as a worker will ask for it. Raises JobRejected."""
        try:
            status = yield from self._answer(lambda: _status(self.url(key, ONCE)))
        except NoAuthorities as error:
            raise BackendUnreachable(str(error)) from error
        except requests.RequestException as error:
            raise self._silence() from error
        if status not in (200, 206):
            raise JobRejected(
                f"{self._called} takes files and does not hand them out by a signed address ({status}). Is "
                f"its region right {WHERE}?"
            )

    def _answer(
        self, ask: Callable[[], T], note: Callable[[], str] = lambda: _LOOKING
    ) -> Generator[Progress, None, T]:
        """In a thread of its own: boto3 may take minutes to find out that nobody is there, and whoever
        ends the studio does not wait for that."""
        answer = _InThread(ask)
        while not answer.join(WORD):
            yield Progress(0, note())
        yield Progress(0, note())
        try:
            return answer.result()
        except _BROKEN as error:
            raise self._complaint(error) from error

    def _complaint(self, error: Exception) -> BackendError:
        if isinstance(error, _SILENCE):
            return self._silence()
        if isinstance(error, ResponseParserError):
            said = f"What answers at {self._host} is no S3 service. Correct the address {WHERE}."
            return JobRejected(said)
        if not isinstance(error, ClientError):
            return JobRejected(f"{self._called} cannot be asked for. Correct what is entered {WHERE}.")
        status, code = _refusal(error)
        if _is_passing(error):
            return BackendUnreachable(f"{self._called} has trouble ({code}).", str(status))
        return JobRejected(f"{self._called} {_meaning(code, status)}")

    def _silence(self) -> BackendUnreachable:
        said = f"{self._host} does not answer. Is the network up, and the address {WHERE} right?"
        return BackendUnreachable(said, "silence")


class _InThread(Generic[T]):
    """Something that is asked beside all else, and is let go when the program ends."""

    def __init__(self, ask: Callable[[], T]):
        self._ask = ask
        self._thread = Thread(target=self._run, name="bucket", daemon=True)
        self._error: Exception | None = None
        self._thread.start()

    def join(self, seconds: float) -> bool:
        """Whether it is over by then."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def result(self) -> T:
        if self._error:
            raise self._error
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._ask()
        except _ANY as error:
            self._error = error


def _refusal(error: ClientError) -> tuple[int, str]:
    """The status, and the service's code, which is letters only."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    said = str(error.response.get("Error", {}).get("Code") or "")
    return status, "".join(c for c in said if c.isalnum())[:40] or str(status)


def _is_passing(error: Exception) -> bool:
    """Whether the service may take it later, or have taken it."""
    if not isinstance(error, ClientError):
        return isinstance(error, _SILENCE)
    status, code = _refusal(error)
    return status >= 500 or status in _PASSING or code in _AGAIN


def _status(url: str) -> int:
    first = {"Range": "bytes=0-0"}
    with Session() as line, line.get(url, headers=first, stream=True, timeout=(CONNECT, SILENCE)) as reply:
        return reply.status_code


def _meaning(code: str, status: int) -> str:
    if code in _KEYS or status == 401:
        return f"refuses the keys ({code}). Enter them again {WHERE}."
    if code == "RequestTimeTooSkewed":
        return f"finds the time wrong ({code}). Set this machine's clock."
    if code in _REGION or status in (301, 307):
        return f"lies in another region ({code}). Enter its region {WHERE}."
    if code in ("NoSuchBucket", "404") or status == 404:
        return f"is not there ({code}). Correct its name or the address {WHERE}."
    if status == 403:
        return f"does not let these keys in ({code}). They have to be allowed to read and write there."
    return f"does not take it ({code}). Look at what is entered {WHERE}."


class _Upload:
    """One file on its way; in a thread, which also sees to it that nothing half is left there."""

    def __init__(self, client: Any, to: dict[str, str], path: Path, digest: str):
        self._client, self._to, self._path, self._digest = client, to, path, digest
        self._size = 0
        self.sent, self.is_stopped = 0, False

    def note(self) -> str:
        return f"uploading {self._path.name} ({min(1.0, self.sent / max(1, self._size)):.0%})"

    def stop(self) -> None:
        self.is_stopped = True

    def carried_out(self) -> None:
        hashed = sha256()
        with self._path.open("rb") as file, ExitStack() as broken:
            self._size = self._path.stat().st_size
            if self._size <= PART:
                content = file.read(self._size)
                hashed.update(content)
                self._see_unchanged(hashed.hexdigest())
                self._client.put_object(**self._to, Body=_Part(self, content, 0))
                return
            upload = {**self._to, "UploadId": self._client.create_multipart_upload(**self._to)["UploadId"]}
            broken.callback(self._given_up, upload)
            parts = []
            for start in range(0, self._size, PART):
                content = file.read(min(PART, self._size - start))
                hashed.update(content)
                parts.append(self._part(upload, _Part(self, content, start), start // PART + 1))
            self._see_unchanged(hashed.hexdigest())
            self._put_together(upload, parts)
            broken.pop_all()

    def _part(self, upload: dict[str, str], body: "_Part", number: int) -> dict[str, Any]:
        reply = self._client.upload_part(**upload, PartNumber=number, Body=body)
        return {"PartNumber": number, "ETag": reply["ETag"]}

    def _put_together(self, upload: dict[str, str], parts: list[dict[str, Any]]) -> None:
        """A service that is long at it may still be when its proxy or our patience ends: ending the upload
        then would take away what was sent."""
        try:
            self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        except _BROKEN as error:
            if not _is_passing(error) or not self._is_made():
                raise

    def _is_made(self) -> bool:
        for pause in MADE:
            if self.is_stopped:
                return False
            with suppress(*_BROKEN):
                if self._client.head_object(**self._to)["ContentLength"] == self._size:
                    return True
            sleep(pause)
        return False

    def _see_unchanged(self, digest: str) -> None:
        if digest != self._digest:
            raise JobFailed(f"{self._path.name} was changed while it was sent. Ask for it again.")

    def _given_up(self, upload: dict[str, str]) -> None:
        with suppress(*_BROKEN):  # the service forgets it by itself, sooner or later
            self._client.abort_multipart_upload(**upload)


class _Part:
    """A stretch of a file, as boto3 reads it: once for the signature, and again while it is sent."""

    def __init__(self, upload: _Upload, content: bytes, start: int):
        self._upload, self._content, self._start, self._at = upload, content, start, 0

    def __len__(self) -> int:
        return len(self._content)

    def read(self, most: int = -1) -> bytes:
        if self._upload.is_stopped:
            raise Stopped
        end = len(self) if most is None or most < 0 else self._at + most
        content = self._content[self._at : end]
        self._at += len(content)
        self._upload.sent = self._start + self._at
        return content

    def seek(self, to: int, whence: int = 0) -> int:
        if self._upload.is_stopped:
            raise Stopped  # else it would be tried again
        self._at = to + (0, self._at, len(self))[whence]
        return self._at

    def tell(self) -> int:
        return self._at
