"""What the test bench found, stage by stage, and the same as text for a bug report.

A report is made to be pasted where anybody can read it: it carries no password, no pod's id and
no name of anybody's home.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from domain import VERSION
from domain.addresses import without_secrets
from domain.status import Status

RUNNING, OK, FAILED, SKIPPED = "running", "ok", "failed", "skipped"

_POD = re.compile(r"[a-z0-9]{8,32}(?=(?:-\d+)?\.proxy\.runpod\.net)")  # who knows the id can use the pod
_HOMES = re.compile(
    r"(?<![\w.])/(?:home|Users)/[^/\s:\"']+|(?<![\w.])/root\b|[A-Za-z]:[\\/]Users[\\/][^\\/:\"'<>|\n]+(?=[\\/])"
)


@dataclass(frozen=True)
class Stage:
    """One stage, as it begins (running) and as it ends (ok, failed, skipped)."""

    name: str
    title: str
    state: str = RUNNING
    seconds: float = 0.0
    detail: str = ""  # one line: what was found, what broke, or why it was skipped
    facts: Mapping[str, Any] = field(default_factory=dict)  # the same for programs


@dataclass(frozen=True)
class Report:
    """`pictures`, `clip` and `last_frame` lie in the folder the bench was given."""

    backend: Status
    when: str  # "2025-05-01 12:00 UTC"
    studio: Mapping[str, str]  # what the studio itself runs on
    stages: tuple[Stage, ...]
    pictures: tuple[Path, ...] = ()
    clip: Path | None = None
    last_frame: Path | None = None

    @property
    def is_good(self) -> bool:
        return not self.failures

    @property
    def failures(self) -> list[Stage]:
        return [stage for stage in self.stages if stage.state == FAILED]

    @property
    def seconds(self) -> float:
        return round(sum(stage.seconds for stage in self.stages), 3)

    @property
    def summary(self) -> str:
        counts = {state: sum(s.state == state for s in self.stages) for state in (OK, FAILED, SKIPPED)}
        told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        return f"{told}, in {seconds(self.seconds)}"

    def text(self) -> str:
        backend = self.backend
        card = backend.gpu + (f", {_gib(backend.vram_total)} of VRAM" if backend.vram_total else "")
        where = f"{backend.name} at {backend.address}" if backend.address else backend.name
        runs_on = ", ".join(f"{name} {value}" for name, value in self.studio.items())
        head = {
            "Studio": f"Cindergrace Studio {VERSION}, {runs_on}",
            "Backend": where,
            "GPU": card or "not known",
            "Time": self.when,
        }
        wide = max(len(stage.title) for stage in self.stages)
        lines = [f"{name + ':':9} {value}" for name, value in head.items()]
        lines += [""]
        lines += [
            f"{s.state:8} {s.title:{wide}} {seconds(s.seconds) if s.seconds else '':>9}  {s.detail}".rstrip()
            for s in self.stages
        ]
        return clean_text("\n".join([*lines, "", self.summary])) + "\n"

    def as_json(self) -> dict[str, Any]:
        backend = {name: clean(v) if isinstance(v, str) else v for name, v in asdict(self.backend).items()}
        return {
            "studio": {"version": VERSION, **self.studio},
            "when": self.when,
            "backend": backend,
            "stages": [{**asdict(stage), "detail": clean(stage.detail)} for stage in self.stages],
            "is_good": self.is_good,
            "seconds": self.seconds,
        }


def clean(text: str) -> str:
    """One line that tells nobody's secrets."""
    return " ".join(clean_text(text).split())


def clean_text(text: str) -> str:
    shown = _POD.sub("…", without_secrets(text))
    for home in {str(Path.home()), str(Path.home().resolve())}:
        if len(home) > 1:
            shown = re.sub(rf"(?<![\w.]){re.escape(home)}(?![\w.-])", "~", shown)
    return _HOMES.sub("~", shown)


def seconds(count: float) -> str:
    return f"{1000 * count:.0f} ms" if count < 0.1 else f"{count:.2f} s" if count < 10 else f"{count:.1f} s"


def size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"


def speed(count: int, took: float) -> str:
    return f"{count / 1e6 / max(took, 1e-6):.1f} MB/s"


def _gib(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB"
