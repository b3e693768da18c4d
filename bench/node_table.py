"""Write domain/node_table.py anew from a running ComfyUI.

python bench/node_table.py URL > domain/node_table.py

Run it when a new ComfyUI brings node classes that the slot rules should know without a server.
"""

import json
import sys
import textwrap
import urllib.request
from collections import defaultdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from domain.node_types import FLOWS, NodeTypes

HEAD = '''\
"""What ComfyUI's own node classes give and take, as far as the slot rules need it.

Made by bench/node_table.py from a server's /object_info; not edited by hand.
"""

# What a class's outputs are, in order: only classes that give something a picture is made of.
OUTPUTS = {'''


def main() -> None:
    with urllib.request.urlopen(sys.argv[1].rstrip("/") + "/object_info", timeout=30) as answer:
        info: dict[str, Any] = json.load(answer)
    types = NodeTypes.of({k: v for k, v in info.items() if not v.get("api_node")})
    print(HEAD)
    print_groups(
        {name: " ".join(outs) for name, outs in types.outputs.items() if {*outs} & FLOWS and " " not in name}
    )
    print("}\n\n# Classes that make the size: size grid, frame step, frames of the shortest clip.\nSTEPS = {")
    print_groups({name: " ".join(map(str, steps)) for name, steps in types.steps.items()})
    print("}\n\n# Classes that end a graph.")
    print_words("SAVERS = ", types.savers)
    print("\n# Inputs for pictures and sound that may be left open: Class.input")
    print_words(
        "OPTIONAL = ", {f"{name}.{input}" for name, input in types.optional if {*types.outputs[name]} & FLOWS}
    )


def print_groups(names: dict[str, str]) -> None:
    groups: dict[str, list[str]] = defaultdict(list)
    for name, group in names.items():
        groups[group].append(name)
    for group in sorted(groups):
        if len(line := f'    "{group}": "{" ".join(sorted(groups[group]))}",') <= 110:
            print(line)
        else:
            print(f'    "{group}": """')
            print(wrapped(groups[group], "        "))
            print('    """,')


def print_words(start: str, words: Any) -> None:
    print(f'{start}"""\n{wrapped(words, "    ")}\n"""')


def wrapped(words: Any, indent: str) -> str:
    lines = textwrap.wrap(" ".join(sorted(words)), 108 - len(indent), break_long_words=False)
    return textwrap.indent("\n".join(lines), indent)


if __name__ == "__main__":
    main()
