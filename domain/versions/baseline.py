"""What a workflow came to, kept to compare with: per workflow and kind of GPU, for the same seed gives the
same picture to the bit on the same kind only."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from domain.errors import BadFile
from domain.versions.fields import Fields
from domain.versions.lock import canonical

VERSION = 1


@dataclass(frozen=True)
class Artifact:
    name: str
    file: str  # sha256 of all its bytes
    pixels: str = ""  # of a picture: sha256 of what is seen, whatever file that is packed into

    @property
    def counts(self) -> str:
        """What has to be equal."""
        return self.pixels or self.file


@dataclass(frozen=True)
class Outcome:
    closure: str  # of the version that made it
    artifacts: tuple[Artifact, ...]


@dataclass(frozen=True)
class Baselines:
    """Of one version: outcomes by workflow (its sha256) and kind of GPU."""

    outcomes: Mapping[tuple[str, str], Outcome] = field(default_factory=dict)

    def devices(self, workflow: str) -> list[str]:
        return sorted(device for one, device in self.outcomes if one == workflow)

    def with_one(self, workflow: str, device: str, outcome: Outcome) -> "Baselines":
        return replace(self, outcomes={**self.outcomes, (workflow, device): outcome})

    @property
    def text(self) -> str:
        listed = [
            {
                "workflow_sha256": workflow,
                "device": device,
                "closure": outcome.closure,
                "artifacts": [vars(artifact) for artifact in outcome.artifacts],
            }
            for (workflow, device), outcome in sorted(self.outcomes.items())
        ]
        return canonical({"baseline_version": VERSION, "outcomes": listed})


def read(content: Any) -> Baselines:
    """Raises BadFile."""
    top = Fields(content)
    if top.whole("baseline_version") != VERSION:
        raise BadFile(f"baseline_version must be {VERSION}; keep the baseline again.")
    return Baselines(dict(map(_outcome, top.objects("outcomes"))))


def differences(was: Outcome, now: Outcome) -> list[str]:
    """One line each."""
    before, after = ({one.name: one.counts for one in side.artifacts} for side in (was, now))
    lines = []
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            lines.append(f"{name} does not come any more")
        elif name not in before:
            lines.append(f"{name} did not come before")
        elif before[name] != after[name]:
            lines.append(f"{name} has {after[name]}, not {before[name]}")
    return lines


def _outcome(fields: Fields) -> tuple[tuple[str, str], Outcome]:
    artifacts = tuple(
        Artifact(one.needed("name"), one.needed("file"), one.text("pixels"))
        for one in fields.objects("artifacts")
    )
    place = fields.needed("workflow_sha256"), fields.needed("device")
    return place, Outcome(fields.needed("closure"), artifacts)
