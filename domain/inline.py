"""Files inside of JSON: base64, and the data URIs of browsers."""

import base64
import binascii

from domain.errors import BadFile


def text_of(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def bytes_of(text: str) -> bytes:
    """What base64 or a data URI stands for. Raises BadFile."""
    if text.startswith("data:"):
        head, _, text = text.partition(",")
        if not head.endswith(";base64"):
            raise BadFile("A data URI is read with base64 only.")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadFile("What should be base64 is none.") from error
