"""A bucket of Google Cloud Storage."""

import logging
from datetime import timedelta
from pathlib import Path

from google.api_core.exceptions import Forbidden, GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage
from google.oauth2.service_account import Credentials

from domain.errors import JobFailed
from worker.environment import Environment

PIECE = 8 << 20  # bytes of one request
LONGEST = 120.0  # seconds of silence
log = logging.getLogger(__name__)

_BROKEN = (GoogleAPIError, GoogleAuthError, OSError, ValueError, AttributeError)  # requests' are OSErrors


class GcsBucket:
    def __init__(self, environment: Environment):
        self._name = environment["GCS_BUCKET"]
        self._is_public = environment.is_on("GCS_PUBLIC")
        self._good_for = timedelta(seconds=environment.number("GCS_SIGNED_URL_TTL"))
        project = environment["GCS_PROJECT"] or environment["GOOGLE_CLOUD_PROJECT"] or None
        key = environment["GOOGLE_APPLICATION_CREDENTIALS"]
        try:
            self._bucket = storage.Client(project=project).bucket(self._name)
            self._signer = Credentials.from_service_account_file(key) if key else None
        except _BROKEN as error:
            raise self._refused("be opened", error) from error

    def put(self, path: Path, key: str, mime: str) -> None:
        try:
            self._bucket.blob(key, chunk_size=PIECE).upload_from_filename(
                str(path), content_type=mime, timeout=LONGEST
            )
        except _BROKEN as error:
            raise self._refused(f"take {path.name}", error) from error

    def write(self, key: str, text: str) -> None:
        try:
            self._bucket.blob(key).upload_from_string(text, "application/json", timeout=LONGEST)
        except _BROKEN as error:
            raise self._refused("be written into", error) from error

    def read(self, key: str) -> str | None:
        try:
            return str(self._bucket.blob(key).download_as_text(timeout=LONGEST))
        except NotFound:
            return None
        except Forbidden:  # also of what is not there, where keys may not list
            log.info("the bucket %s does not say whether %s is there", self._name, key)
            return None
        except _BROKEN as error:
            raise self._refused("be read", error) from error

    def size(self, key: str) -> int | None:
        try:
            blob = self._bucket.get_blob(key, timeout=LONGEST)
        except _BROKEN:
            return None
        return None if blob is None else int(blob.size)

    def url(self, key: str) -> str:
        blob = self._bucket.blob(key)
        if self._is_public:
            return str(blob.public_url)
        try:
            return str(blob.generate_signed_url(self._good_for, version="v4", credentials=self._signer))
        except _BROKEN as error:
            raise self._refused("sign an address; set GOOGLE_APPLICATION_CREDENTIALS", error) from error

    def _refused(self, what: str, error: Exception) -> JobFailed:
        said = str(error)[:200]
        failed = JobFailed(f"The bucket {self._name!r} (GCS_*) cannot {what}: {said}")
        failed.details = [{"kind": "delivery", "bucket": self._name, "settings": "GCS_*", "message": said}]
        return failed
