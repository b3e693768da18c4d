"""The bucket for large inputs as it is entered, kept, and named in errors."""

import json
from dataclasses import replace

import pytest

from domain.buckets import BucketSettings, parse_address, parse_bucket, parse_region
from domain.errors import StudioError
from domain.settings import Settings
from infrastructure.s3 import S3Settings, region_of
from infrastructure.secrets_file import SecretsFile
from infrastructure.serverless_inputs import Store, store_of
from infrastructure.settings_file import SettingsFile
from services import buckets

FILMS = BucketSettings("https://s3.eu-central-1.amazonaws.com", "films", "eu-central-1")
VOLUME = BucketSettings("https://s3api-eu-ro-1.runpod.io", "abc123def4")


def test_it_is_kept_with_the_settings_and_what_a_newer_studio_wrote_stays(tmp_path):
    path = tmp_path / "settings.json"
    SettingsFile(path).save(Settings(bucket=FILMS))
    newer = json.loads(path.read_text("utf-8"))
    newer["bucket"]["days"] = 3
    path.write_text(json.dumps(newer), "utf-8")
    settings, notes = SettingsFile(path).load()
    assert (settings.bucket, notes) == (FILMS, [])
    SettingsFile(path).save(replace(settings, bucket=VOLUME))
    assert json.loads(path.read_text("utf-8"))["bucket"] == {**vars(VOLUME), "days": 3}


@pytest.mark.parametrize(
    ("bucket", "said"),
    [
        ([1], "bucket in the settings is not an object"),
        ({"bucket": "two words"}, "bucket in the settings: This is no bucket's name"),
        ({"address": "ftp://films"}, "address in the settings: This is not the address of an S3 service"),
        ({"region": 3}, "region in the settings: 3 cannot be used"),
    ],
)
def test_what_cannot_be_used_is_told_and_left_out(tmp_path, bucket, said):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"bucket": bucket, "width": 512}), "utf-8")
    settings, notes = SettingsFile(path).load()
    assert (settings.bucket, settings.width) == (BucketSettings(), 512)
    assert notes[0].startswith(said)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" https://S3.eu-central-1.amazonaws.com/ ", "https://s3.eu-central-1.amazonaws.com"),
        ("s3api-eu-ro-1.runpod.io", "https://s3api-eu-ro-1.runpod.io"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("  ", ""),
    ],
)
def test_a_services_address_is_tidied(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "https://",
        "ftp://s3.example.org",
        "https://a b",
        "https://host/films",
        "https://key:secret@host",
        "a:99999999",
    ],
)
def test_what_is_no_services_address_is_refused_without_saying_it_again(text):
    with pytest.raises(StudioError) as refused:
        parse_address(text)
    assert "secret" not in str(refused.value)


def test_a_form_tells_each_fault_beside_its_field():
    form = buckets.entered({"address": "s3.example.org", "bucket": "two words", "region": "?"}, FILMS)
    assert form.faults.keys() == {"bucket", "region"}
    assert form.bucket == replace(FILMS, address="https://s3.example.org")
    assert buckets.entered({"address": "", "bucket": "", "region": ""}, FILMS).bucket == BucketSettings()


def test_a_volume_is_known_by_its_address_which_says_the_region():
    assert VOLUME.is_volume and not FILMS.is_volume and not BucketSettings().is_volume
    assert not BucketSettings("https://s3api-eu-ro-1.runpod.io.example.org").is_volume
    assert VOLUME.called == "The network volume 'abc123def4' in EU-RO-1"
    assert region_of(S3Settings("", "abc123def4", VOLUME.address)) == "EU-RO-1"


def test_keys_come_from_where_all_keys_do_and_no_text_shows_them(tmp_path):
    secrets = SecretsFile(tmp_path / "secrets.json", {"S3_SECRET_ACCESS_KEY": "neverToBeSeenAgain7777"})
    secrets.put("S3_ACCESS_KEY_ID", "AKIAENTERED")
    assert store_of(BucketSettings(), secrets) is None
    store = store_of(FILMS, secrets)
    assert store == Store(FILMS, "AKIAENTERED", "neverToBeSeenAgain7777") and store.has_keys
    assert "neverToBeSeenAgain" not in repr(store)


@pytest.mark.parametrize("text", ["two words", "-a", "a/b", "x" * 64])
def test_what_is_no_bucket_is_refused(text):
    with pytest.raises(StudioError):
        parse_bucket(text)


def test_what_is_no_region_is_refused():
    assert parse_region(" eu-central-1 ") == "eu-central-1"
    with pytest.raises(StudioError):
        parse_region("eu central")
