"""JSON files that are read with a plain complaint and written whole or not at all."""

import json
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from infrastructure.part_files import writing


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError as error:
        raise BadFile(f"There is no file {path}.") from error
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadFile(f"{path} is not valid JSON: {error.msg} at {place}.") from error
    except ValueError as error:
        raise BadFile(f"{path} is not a text file in UTF-8.") from error


def write_json(path: Path, content: Any) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    with writing(path) as part:
        # a path whose bytes are no UTF-8 holds half characters, which JSON writes as \udc..
        part.write_text(text, "utf-8", "backslashreplace")
