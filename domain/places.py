"""Where the studio keeps its things on this machine."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    settings: Path  # settings.json
    data: Path  # queue, recent projects, own workflows
    projects: Path  # where new projects go
    cache: Path  # may be deleted at any time

    @property
    def queue(self) -> Path:
        return self.data / "queue.json"

    @property
    def secrets(self) -> Path:
        return self.settings.with_name("secrets.json")

    @property
    def tries(self) -> Path:
        """Workflows that are being tried out before they are kept."""
        return self.cache / "tries"

    @property
    def workflows(self) -> Path:
        return self.data / "workflows"

    @property
    def versions(self) -> Path:
        """Specs and locks of versions of ComfyUI."""
        return self.data / "versions"

    @property
    def recent(self) -> Path:
        return self.data / "recent.json"

    @property
    def reports(self) -> Path:
        """The last reports of the test bench."""
        return self.data / "bench.json"

    @property
    def bench(self) -> Path:
        """Pictures and clips that the test bench made."""
        return self.cache / "bench"

    @property
    def instance(self) -> Path:
        """The note of the studio that is open."""
        return self.cache / "instance.json"

    @property
    def spending(self) -> Path:
        """What rented machines cost."""
        return self.data / "spending.json"

    @property
    def pod_starts(self) -> Path:
        """How long pods took to start."""
        return self.data / "pod_starts.json"
