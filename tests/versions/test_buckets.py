"""Models out of buckets, gs:// and s3://: open ones and others, by the same way as all else."""

import hashlib
import random
import re
from dataclasses import replace

import pytest

from domain.errors import BadFile
from domain.versions.derived.dockerfile import dockerfile
from domain.versions.derived.filling import filling
from domain.versions.errors import Unresolved
from domain.versions.lock import LockedModel, Origin
from infrastructure.versions import s3_source, sources, transfers
from infrastructure.versions.blobs import Blobs
from tests.folders import done
from tests.versions.signatures import ACCESS, KEY, REGION, checked
from tests.versions.test_derived import LOCK
from tests.versions.test_elsewhere import ran
from tests.versions.world import ModelHost

CONTENT = random.Random(3).randbytes(3_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
PATH = "/models/loras/my%20style.safetensors"
S3, GS = (f"{kind}://models/loras/my style.safetensors" for kind in ("s3", "gs"))


@pytest.fixture
def host(monkeypatch):
    """Both kinds of bucket, at one address; nobody's keys are here."""
    for name in (*s3_source.KEYS, "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GOOGLE_OAUTH_ACCESS_TOKEN", raising=False)
    monkeypatch.setattr(transfers, "PAUSE", 0.0)
    made = ModelHost()
    made.files[PATH] = CONTENT
    monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", made.url)
    yield made
    made.close()


@pytest.fixture
def keys(host, monkeypatch):
    """And nobody comes in without them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    host.refuses = checked()


@pytest.fixture
def store(tmp_path):
    return Blobs(tmp_path / "models")


def bring(store, source):
    return done(store.bring(DIGEST, len(CONTENT), [(source, "")]))[0].read_bytes()


@pytest.mark.parametrize("source", [S3, GS])
def test_an_open_bucket_is_read_by_anybody_and_goes_on_where_it_was(host, store, source):
    host.breaks = [1_800_000]
    assert bring(store, source) == CONTENT
    assert "Range" in host.headers[1] and "If-Range" in host.headers[1]
    assert not any("Authorization" in headers for headers in host.headers)


def test_a_bucket_of_s3_is_asked_with_a_signature_that_holds(host, keys, store):
    host.breaks = [1_800_000]
    assert bring(store, S3) == CONTENT
    assert "Range" in host.headers[1]
    assert sources.told(S3).size == len(CONTENT)  # by HEAD, which has a signature of its own


def test_wrong_keys_are_told_without_them(host, keys, store, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another/secret")
    with pytest.raises(
        Unresolved, match=r"wants to know who asks \(HTTP 403\)\. Set AWS_ACCESS_KEY_ID"
    ) as told:
        bring(store, S3)
    assert "secret" not in str(told.value) and ACCESS not in str(told.value)


def test_keys_for_a_while_go_with_their_token(keys, monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "for a while")
    assert "X-Amz-Security-Token=for%20a%20while" in sources.place_of(S3).url
    assert "X-Amz" not in repr(sources.place_of(S3))


def test_what_lies_on_this_machine_for_other_tools_is_not_taken(host, store, tmp_path, monkeypatch):
    """A version that comes only where somebody's ~/.aws is would come nowhere else."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(f"[default]\naws_access_key_id={ACCESS}\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ACCESS not in sources.place_of(S3).url
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(BadFile, match=r"cannot be asked for. Correct the variables AWS_"):
        sources.place_of(S3)


def test_a_bucket_of_google_is_asked_with_its_token_alone(host, store, monkeypatch):
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "of google")
    monkeypatch.setenv("HF_TOKEN", "of the hub")
    assert bring(store, GS) == CONTENT and sources.told(GS).size == len(CONTENT)
    assert [headers["Authorization"] for headers in host.headers] == ["Bearer of google"]
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    place = sources.place_of(GS)
    assert place.url == "https://storage.googleapis.com/models/loras/my%20style.safetensors"
    assert not sources.place_of(place.url).headers  # it may be a signed one


@pytest.mark.parametrize(
    ("source", "status", "told"),
    [
        (GS, 403, "Set GOOGLE_OAUTH_ACCESS_TOKEN to what gcloud auth print-access-token prints"),
        (S3, 301, "lies in another region. Say which: AWS_REGION"),
        (S3, 404, "is not there"),
    ],
)
def test_a_refusal_says_what_to_do(host, store, source, status, told):
    host.statuses = [status]
    with pytest.raises(Unresolved, match=told):
        bring(store, source)
    assert not store.all()


@pytest.mark.parametrize("source", ["s3://bucket", "gs://bucket/", "s3:///key", "gs://bucket/folder/"])
def test_an_address_without_a_file_is_told(source):
    with pytest.raises(BadFile, match=r"names no file: it should be (s3|gs)://bucket/file"):
        sources.place_of(source)


@pytest.mark.parametrize("source", [S3, GS])
def test_a_volume_is_filled_from_a_bucket(host, keys, tmp_path, source, monkeypatch):
    """By curl, which signs by itself."""
    if source == GS:
        host.refuses = lambda asked: 0 if asked.headers["Authorization"] == "Bearer of google" else 401
        monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "of google")
    model = LockedModel("loras/a.safetensors", DIGEST, len(CONTENT), (Origin(source),))
    script = filling(replace(LOCK, models=(model,)))
    finished = ran(script, STUDIO_VOLUME=str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "models" / "loras" / "a.safetensors").read_bytes() == CONTENT
    assert KEY not in script + finished.stderr


@pytest.mark.parametrize("source", [S3, GS])
def test_an_image_takes_keys_of_buckets_as_secrets(source):
    model = LockedModel("loras/a.safetensors", DIGEST, len(CONTENT), (Origin(source),))
    told = dockerfile(replace(LOCK, models=(model,)), bakes=True)
    names = set(re.findall(r"--mount=type=secret,id=(\w+),env=\1", told))
    assert names >= ({"GOOGLE_OAUTH_ACCESS_TOKEN"} if source == GS else set(s3_source.KEYS))
    assert not re.search(r"^(ENV|ARG) .*(AWS|GOOGLE)", told, re.MULTILINE)
