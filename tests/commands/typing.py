"""Commands as somebody types them, and the boards and scripts they are typed for."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import main
from tests.renders import stamps

HERE = Path(main.__file__).parent


LONGEST = 60.0


SMALL = {
    "project": "Lamps",
    "width": 256,
    "height": 256,
    "variants": 1,
    "base_seed": 5,
    "shots": [
        {"shot_id": "001", "prompt": "A lamp on a pier at night.", "duration": 0.5},
        {"shot_id": "002", "prompt": "The sea, wide, in the morning.", "duration": 0.75},
    ],
}


WORKFLOWS = ["--keyframe-workflow", "keyframe_test", "--video-workflow", "video_test"]


SCRIPT = "CHARACTER Іда: висока\nPAGE 1 [nine]\nPANEL 1\nДощ.\nІДА (співає): Ґава!\n"


POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs signals and terminals")


def board(folder, content=SMALL, name="board.json"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def typed(folder, *words):
    """As in a terminal, from a folder."""
    return subprocess.run(
        [sys.executable, str(HERE / "main.py"), *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LONGEST,
        check=False,
    )


def nobody():
    """An address where nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def refused(folder, told, said, *words):
    before = stamps(folder)
    code, out, error = told(*words)
    assert (code, out) == (2, ""), error
    assert said in error
    assert "Traceback" not in error
    assert stamps(folder) == before
    assert sorted(folder.iterdir()) == sorted({folder / path.relative_to(folder).parts[0] for path in before})
    return error


def planned(told, *words):
    code, out, error = told("comic", "plan", *words)
    return code, json.loads(out) if out else None, error
