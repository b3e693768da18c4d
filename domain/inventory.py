"""What a server has, and what graphs need of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """A model file that a graph names."""

    file: str
    folder: str  # below models/
    node: str
    input: str
    is_there: bool | None  # None: nobody was asked, or the server does not say


@dataclass(frozen=True)
class Needs:
    """What one graph needs of a server."""

    lacking_nodes: tuple[str, ...]  # classes the server does not know
    models: tuple[Model, ...]

    @property
    def lacking_models(self) -> list[Model]:
        return [model for model in self.models if model.is_there is False]

    @property
    def are_met(self) -> bool:
        return not self.lacking_nodes and not self.lacking_models


@dataclass(frozen=True)
class Inventory:
    nodes: int  # classes the server knows
    needs: tuple[Needs, ...]  # of each graph, in their order
