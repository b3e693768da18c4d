"""What a serverless worker says of itself when it is asked, without drawing anything.

The worker writes it, the studio reads it. What is read here comes over a line, so everything is looked at
with doubt.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.doubt import number
from domain.errors import BadFile
from domain.inline import bytes_of, text_of

ORDER = {"about": True}  # asks for it
LARGEST = 64 << 20  # bytes that the lists of nodes and models may have once they are unpacked
WORDS = 80  # letters of a name that are kept


@dataclass(frozen=True)
class About:
    worker: Mapping[str, str]  # its name and version; {}: a public one, of which no more is known
    server: str = ""  # "ComfyUI 0.30.0"
    gpu: str = ""
    delivery: str = ""  # one of MODES
    most: int = 0  # bytes of files in base64
    object_info: Mapping[str, Any] = field(default_factory=dict)  # the essence of ComfyUI's

    @property
    def models(self) -> int:
        """Different files, in whatever menu."""
        menus = (menu for node in self.object_info.values() for menu in node["input"]["optional"].values())
        return len({file for menu in menus for file in menu[0]})

    def brief(self) -> dict[str, Any]:
        """For a page: counts in place of lists."""
        said = {key: value for key, value in vars(self).items() if key not in ("object_info", "worker")}
        return {**said, "worker": dict(self.worker), "nodes": len(self.object_info), "models": self.models}

    def said(self) -> dict[str, Any]:
        lists: dict[tuple[str, ...], int] = {}  # each once, however many menus show it
        nodes = {
            name: {
                input: lists.setdefault(tuple(menu[0]), len(lists))
                for input, menu in node["input"]["optional"].items()
            }
            for name, node in self.object_info.items()
        }
        whole = json.dumps({"lists": list(lists), "nodes": nodes}, separators=(",", ":")).encode()
        told = {"server": self.server, "gpu": self.gpu, "delivery": self.delivery, "most": self.most}
        return {"about": {**told, "has": text_of(zlib.compress(whole, 9))}, "worker": dict(self.worker)}


def is_asked(said: Any) -> bool:
    """Of the input of a job, which may be JSON in a string."""
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except (ValueError, RecursionError):
            return False
    return isinstance(said, dict) and said.get("about") is True


def read_about(said: Any) -> About:
    """Raises BadFile."""
    match said:
        case {"about": {"has": str() as has, **told}, "worker": dict() as worker}:
            words = {key: str(told.get(key) or "")[:WORDS] for key in ("server", "gpu", "delivery")}
            who = {key: str(worker.get(key) or "")[:WORDS] for key in ("name", "version")}
            return About(who, **words, most=int(number(told.get("most"), 1e12) or 0), object_info=_has(has))
    raise BadFile("The studio cannot read what the worker says of itself. Is it a worker for ComfyUI?")


def _has(said: str) -> dict[str, Any]:
    try:
        unpacking = zlib.decompressobj()
        whole = unpacking.decompress(bytes_of(said), LARGEST)
        if not unpacking.eof:
            raise BadFile("The worker's lists of nodes and models are cut short, or absurdly long.")
        read = json.loads(whole)
        lists = [[[str(file) for file in files]] for files in read["lists"]]
        return {
            str(name): {"input": {"optional": {str(input): lists[at] for input, at in menus.items()}}}
            for name, menus in read["nodes"].items()
        }
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise BadFile("The worker's lists of nodes and models arrived damaged. Ask it again.") from error
