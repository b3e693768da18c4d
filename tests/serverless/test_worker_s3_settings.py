"""Which bucket the worker takes, of the two families of variables that may name one."""

import time

import pytest

from domain.errors import JobFailed
from infrastructure.s3 import S3Settings, region_of
from tests.comfy_jobs import picture
from worker.delivery import set_up
from worker.environment import Environment
from worker.s3_settings import requested, s3_settings, split_bucket

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
        ("https://s3.example.org/films", "films", ("films", "https://s3.example.org")),
        ("https://x.example.co/storage/v1/s3", "films", ("films", "https://x.example.co/storage/v1/s3")),
        ("https://key:secret@films.s3.example.org", "", ("films", "https://s3.example.org")),
    ],
)
def test_a_bucket_may_be_in_the_address(url, name, expected):
    assert split_bucket(url, name) == expected


@pytest.mark.parametrize("url", ["https://account.r2.example.org", "https://films.fra1.example.org/"])
def test_without_a_bucket_it_is_the_public_workers_which_is_named_by_the_month(url, caplog):
    caplog.set_level("INFO")
    months = {time.strftime("%m-%y")}
    settings = s3_settings(Environment(BUCKET | {"BUCKET_ENDPOINT_URL": url}))
    months.add(time.strftime("%m-%y"))
    assert settings.bucket in months and settings.endpoint == url.rstrip("/")
    assert f"it is {settings.bucket}, by the month" in caplog.text


@pytest.mark.parametrize("url", ["films", "s3.example.org/films", "https://", "s3://films", "http://["])
def test_what_is_no_address_is_refused_by_the_variables_name(url):
    with pytest.raises(JobFailed, match=r"^BUCKET_ENDPOINT_URL is no address"):
        split_bucket(url, "films")


REQUEST = {
    "accessId": "its key",
    "accessSecret": "its secret",
    "bucketName": "theirs",
    "endpointUrl": "https://s3.eu-west-3.amazonaws.com",
}


def test_a_bucket_that_a_request_brings_has_nothing_of_the_workers_own():
    given = S3 | {"S3_REGION": "us-east-2", "S3_ADDRESSING_STYLE": "virtual", "S3_URL_SECONDS": "60"}
    assert requested(REQUEST, Environment(given)) == S3Settings(
        "s3Config", "theirs", REQUEST["endpointUrl"], "its key", "its secret", seconds=60
    )


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ("theirs", "lacks accessId, accessSecret, bucketName, endpointUrl:"),
        (REQUEST | {"accessSecret": ""}, "lacks accessSecret:"),
        (REQUEST | {"bucketName": ["theirs"]}, "lacks bucketName:"),
        (REQUEST | {"endpointUrl": "s3.example.org"}, "endpointUrl is no address"),
    ],
)
def test_a_bucket_that_is_half_told_is_refused_before_anything_is_drawn(counter, fake, odd, said):
    answer = counter().order({"workflow": picture()}, s3Config=odd)
    assert answer["error"].startswith("s3Config") and said in answer["error"]
    assert "its " not in answer["error"] and not fake.bodies


@pytest.mark.parametrize("none", [None, {}])
def test_a_request_without_a_bucket_is_answered_as_ever(counter, none):
    assert counter().order({"workflow": picture()}, s3Config=none)["images"][0]["type"] == "base64"


@pytest.mark.parametrize("key", ["its\nkey", "its\\key\r2"])
def test_a_key_that_no_header_takes_is_not_told(counter, caplog, key):
    given = REQUEST | {"accessId": key, "endpointUrl": "http://127.0.0.1:9"}
    answer = counter().order({"workflow": picture()}, s3Config=given)
    assert answer["error"].startswith("The bucket 'theirs' (s3Config) cannot be read: ")
    assert key not in str(answer) + caplog.text and repr(key)[1:-1] not in str(answer) + caplog.text


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
