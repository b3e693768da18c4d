"""Which bucket the worker takes, of the two families of variables that may name one."""

import pytest

from domain.errors import JobFailed
from infrastructure.s3 import S3Settings, region_of
from worker.delivery import set_up
from worker.environment import Environment
from worker.s3_settings import s3_settings, split_bucket

S3 = {
    "S3_BUCKET_NAME": "films",
    "S3_BUCKET_CREDS_ACCESS_KEY_ID": "key",
    "S3_BUCKET_CREDS_SECRET_ACCESS_KEY": "secret",
}
BUCKET = {
    "BUCKET_ENDPOINT_URL": "https://old.s3.eu-central-1.amazonaws.com",
    "BUCKET_ACCESS_KEY_ID": "old key",
    "BUCKET_SECRET_ACCESS_KEY": "old secret",
}


def test_either_family_names_a_bucket_and_the_first_wins():
    first, second = (s3_settings(Environment(given)) for given in (S3 | BUCKET, BUCKET))
    assert (first.family, first.bucket, first.access, first.secret) == ("S3_*", "films", "key", "secret")
    assert (second.family, second.bucket, second.access) == ("BUCKET_*", "old", "old key")
    assert second.endpoint == "https://s3.eu-central-1.amazonaws.com"


def test_s3_is_preferred_to_gcs_and_nothing_is_set_up_by_itself():
    assert set_up(Environment({"GCS_BUCKET": "a", **S3})) == ["s3", "gcs"]
    assert set_up(Environment({"GCS_BUCKET": "a"})) == ["gcs"]
    assert set_up(Environment({})) == []


@pytest.mark.parametrize(
    ("url", "name", "expected"),
    [
        ("https://films.s3.amazonaws.com", "", ("films", "https://s3.amazonaws.com")),
        ("https://films.s3-us-west-2.amazonaws.com/", "", ("films", "https://s3-us-west-2.amazonaws.com")),
        ("https://s3.example.org/films", "", ("films", "https://s3.example.org")),
        (
            "https://account.r2.cloudflarestorage.com",
            "films",
            ("films", "https://account.r2.cloudflarestorage.com"),
        ),
        ("https://films.fra1.example.org", "films", ("films", "https://fra1.example.org")),
        ("http://127.0.0.1:9000/films", "", ("films", "http://127.0.0.1:9000")),
    ],
)
def test_a_bucket_may_be_in_the_address(url, name, expected):
    assert split_bucket(url, name) == expected


def test_an_address_without_a_bucket_is_refused():
    with pytest.raises(JobFailed, match="Set BUCKET_NAME"):
        split_bucket("https://storage.example.org", "")


@pytest.mark.parametrize(
    ("endpoint", "region", "expected"),
    [
        ("", "", "us-east-1"),
        ("https://s3.eu-central-1.amazonaws.com", "", "eu-central-1"),
        ("https://s3.eu-central-1.amazonaws.com", "auto", "auto"),
        ("https://s3.amazonaws.com", "", "us-east-1"),
        ("https://account.r2.cloudflarestorage.com", "auto", "auto"),
    ],
)
def test_the_region_is_set_or_read_from_the_address(endpoint, region, expected):
    assert region_of(S3Settings("S3_*", "films", endpoint, region=region)) == expected
