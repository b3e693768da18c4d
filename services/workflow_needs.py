"""What a workflow needs, and whether a server has it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.inventory import Model
from domain.slot_rules.media import loaders
from domain.workflow import Workflow
from infrastructure.comfy_answers import missing_node
from infrastructure.comfy_server import ComfyServer
from infrastructure.preflight import models, unknown


@dataclass(frozen=True)
class Needs:
    models: tuple[Model, ...]
    missing: tuple[str, ...]  # sentences about nodes that the server lacks
    faults: tuple[str, ...]  # what the server would refuse besides missing nodes, models and pictures
    unsure: tuple[str, ...]
    is_asked: bool  # whether a server was asked

    @property
    def missing_models(self) -> tuple[Model, ...]:
        return tuple(model for model in self.models if model.is_there is False)

    @property
    def are_met(self) -> bool | None:
        """None: nobody was asked."""
        if not self.is_asked:
            return None
        return not (self.missing or self.faults or self.missing_models)

    @property
    def lacking(self) -> tuple[int, int]:
        """How much is missing, the worst first: a server that lacks a node looks at nothing else."""
        return len(self.missing), len(self.faults) + len(self.missing_models)

    def lacks(self, but: Collection[str] = ()) -> tuple[str, ...]:
        """All of it in sentences, but for model files that are named elsewhere."""
        models = (model for model in self.missing_models if model.file not in but)
        said = (f"{model.file} is missing; it belongs in models/{model.folder}" for model in models)
        return (*self.missing, *self.faults, *said)

    def with_folders(self, folders: Mapping[str, str]) -> "Needs":
        """The same, with the folders that a file itself gives for its models."""
        told = (replace(m, folder=folders.get(m.file, m.folder)) for m in self.models)
        return replace(self, models=tuple(told))


def needs(workflow: Workflow, server: ComfyServer | None, info: dict[str, Any] | None = None) -> Needs:
    """`info` is what is known of the server's nodes already; with it, it need not be there any more."""
    graph = workflow.graph
    if info is None:
        if server is None:
            return Needs(tuple(models(graph)), (), (), (), False)
        info = server.object_info()
    found = tuple(models(graph, info))
    lacking = unknown(graph, info)
    if lacking:  # a server that lacks a node looks at nothing else
        told = dict.fromkeys(
            missing_node(kind, f"“{workflow.reader.label(id)}”") for id, kind in lacking.items()
        )
        return Needs(found, tuple(told), (), (), True)
    # models may still be fetched, and pictures come from the shots
    excused = {(model.node, model.input) for model in found if model.is_there is False}
    excused |= {*loaders(workflow.reader)}
    faults = server.faults(graph, info) if server else None
    told = dict.fromkeys(f.said for f in faults or () if (f.node, f.input) not in excused)
    unsure = () if faults is not None else ("The server cannot check this workflow without running it.",)
    return Needs(found, (), tuple(told), unsure, True)
