"""`${NAME}` in a spec or a lock: the name of a variable, whose value stands in neither."""

import re
from collections.abc import Mapping

from domain.errors import BadFile

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def filled(text: str, values: Mapping[str, str], who: str) -> str:
    """Raises BadFile when `who` needs one that is not set."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise BadFile(f"{who} needs the variable {match[1]}, which is not set.")
        return values[match[1]]

    return VARIABLE.sub(value, text)
