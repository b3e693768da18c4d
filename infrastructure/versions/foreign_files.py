"""Files of other tools, in JSON or YAML."""

from pathlib import Path
from typing import Any

import yaml

from domain.errors import BadFile
from infrastructure.json_files import read_json


def read_file(file: Path) -> Any:
    """Raises BadFile."""
    if file.suffix.lower() not in (".yaml", ".yml"):
        return read_json(file)
    try:
        return yaml.safe_load(file.read_text("utf-8-sig"))
    except OSError as error:
        raise BadFile(f"{file} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, ValueError) as error:
        raise BadFile(f"{file} is not valid YAML.") from error
