"""JSON files that are read with a plain complaint and written whole or not at all."""

import json
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from infrastructure.part_files import cannot_write, kept_aside, writing


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
    except RecursionError as error:
        raise BadFile(f"{path} is nested too deeply.") from error


def aside_if_broken(path: Path, kind: type) -> None:
    """Keep a copy of what stands there, if it does not read, before it is written over."""
    try:
        is_broken = path.exists() and not isinstance(read_json(path), kind)
    except BadFile:
        is_broken = True
    if is_broken:
        try:
            kept_aside(path, "broken")
        except FileNotFoundError:
            return  # it went
        except OSError as error:
            raise cannot_write(path, error) from error


def write_json(path: Path, content: Any) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    with writing(path) as part:
        # a path whose bytes are no UTF-8 holds half characters, which JSON writes as \udc..
        part.write_text(text, "utf-8", "backslashreplace")
