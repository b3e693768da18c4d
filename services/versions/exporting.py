"""What a version is elsewhere: files made of its lock, for an image, a pod, a volume, another program."""

from collections.abc import Callable
from dataclasses import dataclass

from domain.errors import BadFile
from domain.versions.derived.dockerfile import dockerfile
from domain.versions.derived.filling import filling
from domain.versions.derived.model_paths import extra_model_paths
from domain.versions.derived.pod import pod_start
from domain.versions.derived.snapshot import snapshot
from domain.versions.lock import Lock
from domain.versions.spec import Spec
from services.versions.realizing import digest_of
from services.versions.shelf import Version


@dataclass(frozen=True)
class Image:
    """How a Dockerfile is wanted."""

    base: str = ""  # the worker's image
    with_models: bool = False


FORMS: dict[str, Callable[[Lock, Spec, str, Image], str]] = {
    "dockerfile": lambda lock, wanted, closure, image: dockerfile(
        lock, closure, image.base, image.with_models
    ),
    "pod": lambda lock, wanted, closure, image: pod_start(lock, wanted, closure),
    "yaml": lambda lock, wanted, closure, image: extra_model_paths(lock),
    "snapshot": lambda lock, wanted, closure, image: snapshot(lock),
    "models": lambda lock, wanted, closure, image: filling(lock),
}


def exported(version: Version, form: str, image: Image | None = None) -> str:
    """`form` is one of FORMS. Raises StudioError, also when the spec is newer than its lock."""
    lock = version.needed_lock()
    if not version.is_resolved:
        id = version.spec.id
        raise BadFile(f"{id} was changed since it was resolved. Resolve it again.")
    return FORMS[form](lock, version.spec, _closure(version, lock), image or Image())


def _closure(version: Version, lock: Lock) -> str:
    """Known when it is realized here, of this very lock."""
    build = version.builds.current
    realization = build.realization() if build else None
    return realization.closure if realization and realization.lock_sha256 == digest_of(lock) else ""
