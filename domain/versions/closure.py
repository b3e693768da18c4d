"""What a version is made of, in one hash: equal here and elsewhere means the same bytes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from domain.versions.fields import Fields
from domain.versions.lock import Lock, digest


@dataclass(frozen=True)
class Realization:
    """What lies in a build. No time and no path: two machines compare it byte by byte."""

    lock_sha256: str
    comfy: str  # id of the git tree
    nodes: Mapping[str, str]  # of each
    models: Mapping[str, str]  # sha256 by target
    env: str  # hash of the Python packages' files

    @property
    def closure(self) -> str:
        return digest({"comfy": self.comfy, "nodes": self.nodes, "models": self.models, "env": self.env})

    def as_json(self) -> dict[str, Any]:
        return {"closure": self.closure, **asdict(self)}


def expected(lock: Lock, lock_sha256: str, env: str, with_models: bool = True) -> Realization:
    """What realizing a lock has to come to."""
    models = {model.target: model.sha256 for model in lock.models} if with_models else {}
    return Realization(lock_sha256, lock.comfy.tree, {n.name: n.tree for n in lock.nodes}, models, env)


def read(content: Any) -> Realization:
    """Raises BadFile."""
    top = Fields(content)
    nodes = {key: str(value) for key, value in top.object("nodes").items()}
    models = {key: str(value) for key, value in top.object("models").items()}
    return Realization(top.needed("lock_sha256"), top.needed("comfy"), nodes, models, top.needed("env"))
