"""The artist's own folder of workflows: kept whole, and what goes from it goes to a bin beside it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from domain.errors import StudioError
from domain.job import Graph
from infrastructure.json_files import write_json
from infrastructure.part_files import cannot_write, writing
from infrastructure.workflow_files import ABOUT, SHIPPED

BIN = ".bin"


class OwnWorkflows:
    def __init__(self, folder: Path):
        self.folder = folder

    def has(self, name: str) -> bool:
        return self._graph(name).exists()

    def write(self, name: str, graph: Graph, about: Mapping[str, Any], replace: bool = False) -> Path:
        """Keep a workflow with what it is about. One of its name is only replaced on demand, and binned."""
        self._refuse_taken(name, replace)
        with writing(self._graph(name)) as graph_part, writing(self._about(name)) as about_part:
            write_json(graph_part, graph)
            write_json(about_part, dict(about))
            self._refuse_taken(name, replace)
            self._to_bin(name)
        return self._graph(name)

    def discard(self, name: str) -> list[Path]:
        """Move a workflow and what stands beside it to the bin; returns where the files lie now."""
        self._require(name)
        return self._to_bin(name)

    def _require(self, name: str) -> None:
        if not self.has(name):
            is_ours = (SHIPPED / f"{name}.json").is_file() and Path(name).name == name
            raise StudioError(
                f"{name} comes with the studio and stays as it is. Keep a copy under another name first."
                if is_ours
                else f"There is no workflow {name} in {self.folder}."
            )

    def _refuse_taken(self, name: str, replace: bool) -> None:
        if self.has(name) and not replace:
            raise StudioError(
                f"There is a workflow called {name} already. Choose another name, or replace it."
            )
        if (SHIPPED / f"{name}.json").is_file() and not replace:
            raise StudioError(
                f"{name} is the name of a template of the studio. Choose another one, or replace it: yours "
                "then counts instead."
            )

    def _to_bin(self, name: str) -> list[Path]:
        files = [file for file in self._files(name) if file.exists()]
        number = 0
        while any(self._binned(file, name, number).exists() for file in files):
            number += 1
        try:
            return [file.replace(self._made(self._binned(file, name, number))) for file in files]
        except OSError as error:
            raise cannot_write(self.folder / BIN, error) from error

    def _binned(self, file: Path, name: str, number: int) -> Path:
        """The files of one workflow share a number: mine.json, mine-1.json, mine-1.about.json."""
        return self.folder / BIN / f"{name}{f'-{number}' if number else ''}{file.name[len(name) :]}"

    @staticmethod
    def _made(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _files(self, name: str) -> list[Path]:
        return [self.folder / f"{name}{end}" for end in (".json", ABOUT, ".models", ".json.models")]

    def _graph(self, name: str) -> Path:
        if not name or Path(name).name != name or "\\" in name:
            raise StudioError(f"No workflow can be called {name!r}.")
        return self.folder / f"{name}.json"

    def _about(self, name: str) -> Path:
        return self.folder / f"{name}{ABOUT}"
