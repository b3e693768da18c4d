"""From a spec to its lock: every name asked for its bytes, once."""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from domain.events import Event, Progress, Told, as_part, retold
from domain.versions import spec
from domain.versions.errors import Drift, Unresolved
from domain.versions.lock import Lock, LockedModel, Origin, Platform, Tree
from domain.versions.spec import Model, Repo, Spec
from infrastructure.hashes import md5
from infrastructure.versions import sources, uv
from infrastructure.versions.store import Store
from infrastructure.versions.uv import Wish

REQUIREMENTS = "requirements.txt"


@dataclass(frozen=True)
class Resolver:
    store: Store
    platform: Platform
    takes_new: bool = False  # fetch what nobody tells the hash of, and believe it

    def lock(self, wanted: Spec) -> Generator[Event, None, Lock]:
        """Raises Unresolved, NotInStore, Drift, Blocked."""
        with (yield from self.store.joined()):
            return (yield from self._locked(wanted))

    def _locked(self, wanted: Spec) -> Generator[Event, None, Lock]:
        yield Progress(0.0, "asking for commits")
        comfy = yield from as_part(self._tree(wanted.comfy, wanted.id), 0.0, 0.0, "ComfyUI")
        nodes = []
        for number, node in enumerate(wanted.nodes):
            start = 0.3 * (number + 1) / (len(wanted.nodes) + 1)
            yield Progress(start, f"asking for {node.name}")
            asked = self._tree(node, wanted.id, node.name)
            nodes.append((yield from as_part(asked, start, start, node.name)))
        models = []
        for number, model in enumerate(wanted.models):
            start = 0.3 + 0.4 * number / len(wanted.models)
            work = self._model(model)
            models.append((yield from as_part(work, start, start + 0.4 / len(wanted.models), model.target)))
        for tree in (comfy, *nodes):
            yield from self._lacking(tree)
        choosing = Progress(0.7, "choosing Python packages")
        yield choosing
        wishes = list[Wish]()
        for tree in (comfy, *nodes):
            wishes += yield from as_part(self._wishes(tree), 0.7, 0.7)
        if wanted.packages:
            wishes.append(Wish("python_packages", "\n".join(wanted.packages)))
        packages = yield from retold(self.store.uv.resolved(wishes, self.platform), lambda _: choosing)
        return Lock(
            wanted.id,
            spec_sha256(wanted),
            self.platform,
            comfy,
            tuple(nodes),
            tuple(models),
            packages,
            uv.version() if packages else "",
            wanted.env,
        )

    def _tree(self, repo: Repo, id: str, name: str = "") -> Generator[Event, None, Tree]:
        git = self.store.git
        commit = yield from git.commit(repo.repo, repo.ref, repo.commit)
        yield from git.keep(repo.repo, commit, id)
        return Tree(repo.repo, "", commit, git.tree(repo.repo, commit), name)

    def _lacking(self, tree: Tree) -> Generator[Event, None, None]:
        left_out = yield from as_part(self.store.git.left_out(tree.repo, tree.commit), 0.7, 0.7)
        for what in left_out:
            yield Told(f"{tree.name or 'ComfyUI'}: {what} is not brought along.")

    def _wishes(self, tree: Tree) -> Generator[Event, None, list[Wish]]:
        content = yield from self.store.git.file(tree.repo, tree.commit, REQUIREMENTS)
        return [Wish(tree.name or "ComfyUI", content.decode("utf-8", "replace"))] if content else []

    def _model(self, model: Model) -> Generator[Event, None, LockedModel]:
        is_asked = model.source.startswith("hf://") and not self.store.is_offline  # of its revision
        blobs = self.store.blobs
        is_known = model.algorithm == "sha256" and not is_asked
        if is_known and (yield from blobs.looking(model.checksum)):  # nothing has to be asked
            return _model_at(model, model.checksum, blobs.size(model.checksum) or 0)
        told = sources.Told() if self.store.is_offline else sources.told(model.source)
        digest = model.checksum if model.algorithm == "sha256" else told.sha256
        if model.algorithm == "sha256" and told.sha256 and told.sha256 != model.checksum:
            raise Drift(f"{model.source} has the sha256 {told.sha256}, and the spec says {model.checksum}.")
        is_md5 = model.algorithm == "md5"
        if digest and told.size is not None and not is_md5:
            return _model_at(model, digest, told.size, told.revision)
        if not (digest or is_md5 or self.takes_new or sources.place_of(model.source).file):
            raise Unresolved(
                f"Nobody tells what {model.source} contains. Add its checksum to the spec, or take "
                "what comes with --accept-new."
            )
        taken, size = yield from self.store.blobs.take_in(
            model.source, lambda part, found: _check(model, digest, part, found)
        )
        return _model_at(model, taken, size, told.revision)


def spec_sha256(wanted: Spec) -> str:
    return hashlib.sha256(spec.text(wanted).encode()).hexdigest()


def _model_at(model: Model, sha256: str, size: int, revision: str = "") -> LockedModel:
    return LockedModel(model.target, sha256, size, (Origin(model.source, revision),))


def _check(model: Model, sha256: str, part: Path, found: str) -> None:
    """Raises Drift."""
    if sha256 and found != sha256:
        raise Drift(f"{model.source} is not what was said: its sha256 is {found}, not {sha256}.")
    if model.algorithm == "md5" and (said := md5(part)) != model.checksum:
        raise Drift(f"{model.source} is not what the spec says: its md5 is {said}, not {model.checksum}.")
