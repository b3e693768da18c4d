"""What a store lacks to realize a lock: what would be fetched, or is missed without the network."""

from dataclasses import dataclass

from domain.versions.errors import NotInStore
from domain.versions.lock import Lock, LockedModel, Tree
from infrastructure.versions.store import Store, shortly


@dataclass(frozen=True)
class Lacking:
    trees: tuple[Tree, ...]  # whose files are not all here
    models: tuple[LockedModel, ...]
    packages: int  # of an environment that is not made yet; they may be in the cache


def lacking(store: Store, lock: Lock, with_models: bool) -> Lacking:
    trees = [tree for tree in (lock.comfy, *lock.nodes) if not store.git.has_files(tree.repo, tree.commit)]
    models = [m for m in lock.models if store.blobs.size(m.sha256) is None] if with_models else []
    packages = 0 if store.environment(lock).is_dir() else len(lock.requirements)
    return Lacking(tuple(trees), tuple(models), packages)


def check_all_here(store: Store, lock: Lock, with_models: bool) -> None:
    """Raises NotInStore. Packages are not asked after: their cache says when it has one."""
    found, parts = lacking(store, lock, with_models), []
    if found.trees:
        parts.append(f"files of {shortly([tree.repo for tree in found.trees])}")
    if found.models:
        parts.append(f"the models {shortly([model.target for model in found.models])}")
    if parts:
        raise NotInStore(
            f"What {lock.id} needs is not in the store, and nothing may be fetched: {'; '.join(parts)}. "
            "Realize it once with the network."
        )
