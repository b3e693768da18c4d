"""The versions whose ComfyUI the studio starts itself: one for each that was asked for."""

import threading
from dataclasses import replace

from domain.places import Places
from domain.settings import ComfySettings, Mode
from domain.status import Status
from infrastructure.managed import ManagedBackend
from infrastructure.versions.store import Store, store_folder
from services.versions.shelf import Shelf


class Managed:
    """May be asked from many threads."""

    def __init__(self, shelf: Shelf):
        self.shelf = shelf
        self._backends: dict[str, ManagedBackend] = {}
        self._lock = threading.Lock()

    @classmethod
    def at(cls, places: Places) -> "Managed":
        return cls(Shelf((places.versions,), Store(store_folder(places.data))))

    def ids(self) -> list[str]:
        """Of all there are."""
        return [version.spec.id for version in self.shelf.all()]

    def backend(self, id: str) -> ManagedBackend:
        with self._lock:
            if id not in self._backends:
                self._backends[id] = ManagedBackend(self.shelf.store, self.shelf.builds(id), id)
            self._backends[id].wanted()
            return self._backends[id]

    def only(self, comfy: ComfySettings) -> None:
        """All that these settings do not draw with end, in a thread, as it may take seconds; those with a job
        end after it."""
        self._retire(comfy)
        threading.Thread(target=self._end_retired, name="end").start()

    def _retire(self, comfy: ComfySettings) -> None:
        for id, backend in self._all():
            if comfy.mode is not Mode.managed or id != comfy.version:
                backend.retire()

    def _end_retired(self) -> None:
        for _, backend in self._all():
            backend.end_if_retired()

    def glance(self, comfy: ComfySettings, drawing: ComfySettings) -> Status | None:
        """Started for the look, and ended after it unless it draws; None for settings without a version.
        Raises StudioError."""
        if comfy.mode is not Mode.managed:
            return None
        backend = self.backend(comfy.version)
        try:
            backend.check()
            return backend.status()
        finally:
            self._retire(drawing)
            self._end_retired()

    def at_address(self, comfy: ComfySettings) -> ComfySettings:
        """What stands for a version while it runs: its ComfyUI at an address."""
        with self._lock:
            backend = self._backends.get(comfy.version) if comfy.mode is Mode.managed else None
        address = backend.address if backend else ""
        return replace(comfy, mode=Mode.local, url=address, more=()) if address else comfy

    def close(self) -> None:
        for _, backend in self._all():
            backend.close()

    def _all(self) -> list[tuple[str, ManagedBackend]]:
        with self._lock:
            return list(self._backends.items())
