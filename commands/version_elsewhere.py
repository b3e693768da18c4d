"""version export: a version on other machines, as files that make it there."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from domain.errors import BadFile
from domain.versions.derived.dockerfile import dockerfile
from domain.versions.derived.filling import filling
from domain.versions.derived.model_paths import extra_model_paths
from domain.versions.derived.pod import pod_start
from domain.versions.derived.snapshot import snapshot
from domain.versions.lock import Lock
from domain.versions.spec import Spec
from infrastructure.part_files import writing
from services.versions.realizing import digest_of
from services.versions.shelf import Shelf, Version

Result = Mapping[str, Any]


def export(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    version = shelf.version(asked.id)
    lock = version.needed_lock()
    if not version.is_resolved:
        id = version.spec.id
        raise BadFile(f"{id} was changed since it was resolved: python main.py version resolve {id}")
    text = FORMS[asked.form](asked, lock, version.spec, _closure(version, lock))
    told = {"version_id": lock.id, "as": asked.form}
    if asked.output:
        _write(asked.output, text, is_script=text.startswith("#!"))
        return 0, {**told, "file": str(asked.output)}
    return 0, {**told, "text": text} if asked.json else {"lines": text.splitlines()}


FORMS: dict[str, Callable[[argparse.Namespace, Lock, Spec, str], str]] = {
    "dockerfile": lambda asked, lock, spec, closure: dockerfile(lock, closure, asked.base, asked.bake_models),
    "pod": lambda asked, lock, spec, closure: pod_start(lock, spec, closure),
    "yaml": lambda asked, lock, spec, closure: extra_model_paths(lock),
    "snapshot": lambda asked, lock, spec, closure: snapshot(lock),
    "models": lambda asked, lock, spec, closure: filling(lock),
}


def _closure(version: Version, lock: Lock) -> str:
    """Known when it is realized here, of this very lock."""
    build = version.builds.current
    realization = build.realization() if build else None
    return realization.closure if realization and realization.lock_sha256 == digest_of(lock) else ""


def _write(to: Path, text: str, is_script: bool) -> None:
    with writing(to) as part:
        part.write_text(text, "utf-8", newline="\n")
        if is_script:
            part.chmod(0o755)
