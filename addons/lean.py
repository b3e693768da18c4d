"""What Gradio does while it starts that nobody here has a use for, and that is half of the start.

Should Gradio rename what is meant here, it does as much as ever, and the studio starts slower.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any


def without_extras() -> None:
    """To be called before gradio is imported for the first time."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


@contextmanager
def without_servers() -> Iterator[None]:
    """Each step of making a page makes a whole server for it; only the one that is mounted serves."""
    import gradio.blocks as blocks

    own = blocks.App
    blocks.App = _NoApp  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        blocks.App = own  # type: ignore[misc]


class _NoApp:
    @staticmethod
    def create_app(*given: Any, **named: Any) -> None:
        return None


def _without_stubs(load: Callable[[ModuleType], None], module: ModuleType) -> None:
    """It writes the events of each component down for editors, at every import."""
    load(module)
    if hasattr(module, "create_or_modify_pyi"):
        module.create_or_modify_pyi = lambda *about: None


def _without_pandas(load: Callable[[ModuleType], None], module: ModuleType) -> None:
    """It asks whether something is a table, should the program keep answers; the other parts wait for one."""
    if "pandas" in sys.modules:
        load(module)
        return
    sys.modules["pandas"] = _Later("pandas")
    try:
        load(module)
    finally:
        del sys.modules["pandas"]


class _Later(ModuleType):
    """A module that is imported when it is first used."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


_LIGHTER = {"gradio.component_meta": _without_stubs, "gradio.caching": _without_pandas}


class _Finder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _LIGHTER:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            spec.loader = _Lighter(spec.loader, _LIGHTER[name])
        return spec


class _Lighter(Loader):
    def __init__(self, own: Loader, how: Callable[[Callable[[ModuleType], None], ModuleType], None]):
        self._own, self._how = own, how

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._how(self._own.exec_module, module)
