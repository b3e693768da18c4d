"""From a spec to its lock: every name asked for its bytes, once."""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from domain.events import Event, Progress, Told, as_part
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
        with self.store.shared():
            return (yield from self._locked(wanted))

    def _locked(self, wanted: Spec) -> Generator[Event, None, Lock]:
        yield Progress(0.0, "asking for commits")
        comfy = self._tree(wanted.comfy, wanted.id)
        nodes = []
        for number, node in enumerate(wanted.nodes):
            yield Progress(0.3 * (number + 1) / (len(wanted.nodes) + 1), f"asking for {node.name}")
            nodes.append(self._tree(node, wanted.id, node.name))
        models = []
        for number, model in enumerate(wanted.models):
            start = 0.3 + 0.4 * number / len(wanted.models)
            work = self._model(model)
            models.append((yield from as_part(work, start, start + 0.4 / len(wanted.models), model.target)))
        for tree in (comfy, *nodes):
            yield from self._lacking(tree)
        yield Progress(0.7, "choosing Python packages")
        wishes = list(filter(None, [self._wish("ComfyUI", comfy), *(self._wish(n.name, n) for n in nodes)]))
        if wanted.packages:
            wishes.append(Wish("python_packages", "\n".join(wanted.packages)))
        packages = self.store.uv.resolved(wishes, self.platform)
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

    def _tree(self, repo: Repo, id: str, name: str = "") -> Tree:
        git = self.store.git
        commit = git.commit(repo.repo, repo.ref, repo.commit)
        git.keep(repo.repo, commit, id)
        return Tree(repo.repo, "", commit, git.tree(repo.repo, commit), name)

    def _lacking(self, tree: Tree) -> Generator[Event, None, None]:
        for what in self.store.git.left_out(tree.repo, tree.commit):
            yield Told(f"{tree.name or 'ComfyUI'}: {what} is not brought along.")

    def _wish(self, who: str, tree: Tree) -> Wish | None:
        content = self.store.git.file(tree.repo, tree.commit, REQUIREMENTS)
        return Wish(who, content.decode("utf-8", "replace")) if content else None

    def _model(self, model: Model) -> Generator[Event, None, LockedModel]:
        is_asked = model.source.startswith("hf://") and not self.store.is_offline  # of its revision
        blobs = self.store.blobs
        if model.algorithm == "sha256" and not is_asked and blobs.is_whole(model.checksum):
            return _model_at(
                model, model.checksum, blobs.size(model.checksum) or 0
            )  # nothing has to be asked
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
