"""Keys go in and are used, and nothing but how they end comes out for a page."""

import json
import os
import stat

import pytest

from domain.errors import StudioError
from infrastructure.secrets_file import NAMES, SecretsFile

KEY = "hf_abcdefghijklmnop1234"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config" / "secrets.json"


def test_a_key_that_is_put_in_is_there_for_whoever_needs_it(path):
    SecretsFile(path, {}).put("HF_TOKEN", f"  {KEY}\n")
    assert SecretsFile(path, {}).get("HF_TOKEN") == KEY


def test_a_page_sees_how_a_key_ends_and_no_more(path):
    secrets = SecretsFile(path, {})
    secrets.put("HF_TOKEN", KEY)
    assert secrets.hints()["HF_TOKEN"] == {"end": "…1234", "from": "file"}
    assert secrets.hints()["CIVITAI_TOKEN"] == {"end": "", "from": ""}
    assert KEY not in json.dumps(secrets.hints())
    assert tuple(secrets.hints()) == NAMES


def test_of_a_short_key_nothing_is_shown(path):
    secrets = SecretsFile(path, {})
    secrets.put("HF_TOKEN", "abcd1234")
    assert secrets.hints()["HF_TOKEN"]["end"] == "…"


def test_the_environment_wins_and_is_never_written_down(path):
    secrets = SecretsFile(path, {"HF_TOKEN": "from-the-environment-9999"})
    secrets.put("HF_TOKEN", KEY)
    assert secrets.get("HF_TOKEN") == "from-the-environment-9999"
    assert secrets.hints()["HF_TOKEN"] == {"end": "…9999", "from": "environment"}
    assert "9999" not in path.read_text("utf-8")


@pytest.mark.skipif(os.name != "posix", reason="files have no such modes here")
def test_only_its_owner_may_read_the_file(path):
    secrets = SecretsFile(path, {})
    secrets.put("HF_TOKEN", KEY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    secrets.hints()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_cleared_key_is_gone_and_the_others_stay(path):
    secrets = SecretsFile(path, {})
    secrets.put("HF_TOKEN", KEY)
    secrets.put("CIVITAI_TOKEN", "civitai-0123456789")
    secrets.clear("HF_TOKEN")
    assert (secrets.get("HF_TOKEN"), secrets.get("CIVITAI_TOKEN")) == ("", "civitai-0123456789")
    assert KEY not in path.read_text("utf-8")


@pytest.mark.parametrize(
    "key", ["", "   ", "two words here", "schlüssel-mit-umlaut", "a\x00bcdef", "x" * 2000]
)
def test_what_cannot_be_a_key_is_refused_without_saying_it_again(path, key):
    with pytest.raises(StudioError) as refused:
        SecretsFile(path, {}).put("HF_TOKEN", key)
    assert not key.strip() or key not in str(refused.value)
    assert not path.exists()


def test_a_key_for_nobody_is_refused(path):
    with pytest.raises(StudioError):
        SecretsFile(path, {}).put("PATH", KEY)


@pytest.mark.parametrize("content", ["{", "[1]", '{"HF_TOKEN": 3}', ""])
def test_a_damaged_file_holds_no_keys_and_is_kept_aside(path, content):
    path.parent.mkdir(parents=True)
    path.write_text(content, "utf-8")
    secrets = SecretsFile(path, {})
    assert secrets.get("HF_TOKEN") == ""
    secrets.put("HF_TOKEN", KEY)
    assert secrets.get("HF_TOKEN") == KEY
    assert path.with_name("secrets.json.broken").read_text("utf-8") == content
