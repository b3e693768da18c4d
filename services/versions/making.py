"""From a spec to a lock, and to a build that was tried: what is asked for most."""

from collections.abc import Generator
from dataclasses import dataclass, replace

from domain.events import Event, as_part
from domain.versions.lock import Platform
from infrastructure.versions.store import Store
from services.versions.probing import Prober
from services.versions.realizing import Realized, Realizer
from services.versions.resolving import Resolver
from services.versions.shelf import Shelf, Version


@dataclass(frozen=True)
class Maker:
    shelf: Shelf
    platform: Platform
    prober: Prober | None = None  # without one, a build is switched to untried
    takes_new: bool = False  # fetch what nobody tells the hash of, and believe it

    def resolved(self, version: Version) -> Generator[Event, None, bool]:
        """Returns whether the lock is another than before. Raises Unresolved, NotInStore, Drift."""
        found = yield from Resolver(self.store(version), self.platform, self.takes_new).lock(version.spec)
        return version.keep(found)

    def realized(self, version: Version) -> Generator[Event, None, Realized]:
        """Resolved first, unless it is. Raises Drift, Unresolved, NotInStore, CannotWrite, Blocked."""
        share = 0.0
        if not version.is_resolved:
            share = 0.15
            yield from as_part(self.resolved(version), 0.0, share)
        store, lock = self.store(version), version.needed_lock()
        attempt = None
        if prober := self.prober:
            attempt = lambda build, lock: prober.attempt(build, lock, store.python(lock))
        version.remember()
        realizer = Realizer(store, version.builds, attempt)
        return (yield from as_part(realizer.realize(lock, not version.spec.skips_models), share, 1.0))

    def store(self, version: Version) -> Store:
        """Which fetches nothing where the spec says so."""
        store = self.shelf.store
        return replace(store, is_offline=store.is_offline or version.spec.is_offline)
