"""Keys for services on the net: in a file of their own that only this user may read.

What stands in the environment wins and is never written down. Nobody above is shown a key, only how
it ends.
"""

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from domain.errors import BadFile, StudioError
from infrastructure.part_files import writing
from infrastructure.strict_json import parse_json, read_text

RUNPOD_KEY = "RUNPOD_API_KEY"
OPENROUTER_KEY = "OPENROUTER_API_KEY"
CHAT_KEY = "CHAT_API_KEY"  # for whatever chat server is set up
S3_ACCESS, S3_SECRET = "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"
NAMES = (RUNPOD_KEY, "HF_TOKEN", "CIVITAI_TOKEN", OPENROUTER_KEY, CHAT_KEY, S3_ACCESS, S3_SECRET)
SHOWN, LONG_ENOUGH = 4, 16  # letters of its end that are shown, of a key at least so long
_KEY = re.compile(r"[!-~]{4,1000}")
_MODE = 0o600


class SecretsFile:
    def __init__(self, path: Path, environment: Mapping[str, str] = os.environ):
        self._path, self._environment = path, environment

    def get(self, name: str) -> str:
        """The key, or nothing. What has letters that no key has is none: an error would tell it."""
        key = self._environment.get(name, "").strip() or self._read().get(name, "")
        return key if _KEY.fullmatch(key) else ""

    def put(self, name: str, key: str) -> None:
        """Keep a key. Raises StudioError for what cannot be one, without saying it again."""
        if name not in NAMES:
            raise StudioError("The studio knows no service that takes this key.")
        plain = key.strip()
        if not _KEY.fullmatch(plain):
            raise StudioError("That is not a key: it has blanks or unusual letters in it, or is very short.")
        self._write({**self._read(), name: plain})

    def clear(self, name: str) -> None:
        kept = self._read()
        if kept.pop(name, None) is not None:
            self._write(kept)

    def hints(self) -> dict[str, dict[str, str]]:
        """What may be shown of each key: "…abcd", where it comes from, or nothing."""
        kept = self._read()
        return {name: self._hint(name, kept) for name in NAMES}

    def _hint(self, name: str, kept: Mapping[str, str]) -> dict[str, str]:
        given = self._environment.get(name, "").strip()
        key = given or kept.get(name, "")
        end = key[-SHOWN:] if len(key) >= LONG_ENOUGH else ""
        origin = "environment" if given else "file" if key else ""
        return {"end": f"…{end}" if key else "", "from": origin}

    def _read(self) -> dict[str, str]:
        """A file that does not read holds no keys; it is put aside before it would be written over."""
        try:
            with suppress(OSError):
                if os.name == "posix" and self._path.stat().st_mode & 0o077:
                    self._path.chmod(_MODE)
            content = parse_json(read_text(self._path), self._path.name)
        except BadFile:
            return {}
        known = content.items() if isinstance(content, dict) else ()
        return {name: key for name, key in known if isinstance(key, str)}

    def _write(self, keys: Mapping[str, str]) -> None:
        if self._path.exists() and not self._read():
            with suppress(OSError):
                self._path.replace(self._path.with_name(f"{self._path.name}.broken"))
        with writing(self._path) as part:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(dict(keys), file, indent=2)
