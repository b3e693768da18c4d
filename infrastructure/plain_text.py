"""Text files of unknown making: their encoding is found out, and told when it had to be guessed."""

from pathlib import Path

from domain.errors import BadFile
from infrastructure.strict_json import LARGEST

_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_MOSTLY = 0.4  # of a Cyrillic text's bytes are above ASCII; of a western one's far fewer


def read_plain(path: Path) -> tuple[str, list[str]]:
    """A file in UTF-8, UTF-16 or a Windows encoding, with \\n at the ends of its lines."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadFile(f"{path} is larger than {LARGEST // 1_000_000} MB and was not read.")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise BadFile(f"There is no file {path}.") from error
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
    encoding, notes = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadFile(f"{path} is not a text that can be read. Save it as UTF-8 and try again.") from error
    if "\0" in text:
        raise BadFile(f"{path} is not a text file.")
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _encoding(data: bytes) -> tuple[str, list[str]]:
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return encoding, []
    if b"\0" in data[:200]:
        return ("utf-16-be" if data[:1] == b"\0" else "utf-16-le"), []
    try:
        data.decode()
        return "utf-8", []
    except UnicodeDecodeError:
        letters = [byte for byte in data if byte > 0x40]
        is_cyrillic = sum(byte >= 0xC0 for byte in letters) > _MOSTLY * len(letters)
        encoding = "cp1251" if is_cyrillic else "cp1252"
        return encoding, [f"The file is not UTF-8; it was read as Windows text ({encoding})."]
