"""Which language model is asked: kept in the settings, from an address as people paste it."""

import json

import pytest

from domain.chat_settings import CHAT_URL, ChatSettings, parse_chat_url
from domain.errors import StudioError
from domain.settings import Settings
from infrastructure.settings_file import SettingsFile


@pytest.mark.parametrize(
    ("pasted", "base"),
    [
        ("localhost:11434", "http://localhost:11434/v1"),
        ("http://127.0.0.1:1234/v1/", "http://127.0.0.1:1234/v1"),
        ("https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1"),
        ("https://openrouter.ai", "https://openrouter.ai/api/v1"),
        ("https://example.org/llm/v2?key=secret", "https://example.org/llm/v2"),
    ],
)
def test_an_address_becomes_the_base_of_the_interface(pasted, base):
    assert parse_chat_url(pasted) == base


@pytest.mark.parametrize("pasted", ["", "ftp://x", "http://me:secret@x/v1", "a b"])
def test_what_is_no_address_is_refused(pasted):
    with pytest.raises(StudioError) as refused:
        parse_chat_url(pasted)
    assert "secret" not in str(refused.value)


def test_the_model_is_kept_and_files_from_before_still_load(tmp_path):
    file = SettingsFile(tmp_path / "settings.json")
    (tmp_path / "settings.json").write_text('{"theme": "dark", "chat": {"voice": "low"}}', "utf-8")
    settings, notes = file.load()
    assert notes == [] and settings.chat == ChatSettings(CHAT_URL, "")
    chosen = ChatSettings("http://127.0.0.1:1234/v1", "tiny")
    file.save(Settings(extra=settings.extra, chat=chosen))
    assert file.load()[0].chat == chosen
    assert json.loads((tmp_path / "settings.json").read_text("utf-8"))["chat"]["voice"] == "low"


@pytest.mark.parametrize("broken", ["7", "[]", '{"url": 7}', '{"url": "ftp://x"}', '{"model": []}'])
def test_what_cannot_be_used_is_told_and_the_studios_own_taken(tmp_path, broken):
    (tmp_path / "settings.json").write_text(f'{{"chat": {broken}}}', "utf-8")
    settings, notes = SettingsFile(tmp_path / "settings.json").load()
    assert settings.chat == ChatSettings() and notes
