"""A version's lock: the spec to the byte. The same spec and the same answers from outside give the same text.

It holds no time, and no path of a machine and name of a host but those that files are fetched from.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.errors import BadFile
from domain.versions.fields import Fields, shown
from domain.versions.spec import Repo, checked_id, checked_node, checked_repo, checked_target, without_secret

LOCK_VERSION = 1
_COMMIT, _SHA256 = re.compile("[0-9a-f]{40}"), re.compile("[0-9a-f]{64}")
_PACKAGE = re.compile(r"[A-Za-z0-9].* --hash=[a-z0-9]+:[0-9a-f]+")


@dataclass(frozen=True)
class Platform:
    """What the Python packages are chosen for."""

    os: str  # "linux"
    arch: str  # "x86_64"
    python: str  # "3.11"
    torch: str = ""  # uv's name of a torch backend: "cu128", "cpu"; "" for what the index gives


@dataclass(frozen=True)
class Tree(Repo):
    """A repository at a commit, with the id of all that is in it."""

    tree: str = ""
    name: str = ""  # of a node's folder


@dataclass(frozen=True)
class Origin:
    url: str
    revision: str = ""


@dataclass(frozen=True)
class LockedModel:
    target: str
    sha256: str
    size: int  # bytes
    sources: tuple[Origin, ...] = ()


@dataclass(frozen=True)
class Lock:
    id: str
    spec_sha256: str
    platform: Platform
    comfy: Tree
    nodes: tuple[Tree, ...] = ()
    models: tuple[LockedModel, ...] = ()
    requirements: tuple[str, ...] = ()  # "name==1.0 --hash=sha256:…", all there is
    uv: str = ""  # which uv found them
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        content = _content(self)
        return canonical({**content, "lock_sha256": digest(content)})

    @property
    def is_for_cpu(self) -> bool:
        """Whether its torch knows no GPU: ComfyUI does not start with it unless told so."""
        torch = next((line.split()[0] for line in self.requirements if line.startswith("torch==")), "")
        return self.platform.torch == "cpu" or torch.endswith("+cpu")

    @property
    def requirements_text(self) -> str:
        """As pip and uv read it."""
        lines = (line.replace(" --hash", " \\\n    --hash") for line in self.requirements)
        return "".join(f"{line}\n" for line in lines)


def read(content: Any) -> Lock:
    """Raises BadFile, also when the lock was changed by hand. It may come from anybody: nothing in it leads
    out of the folders of a version."""
    top = Fields(content)
    if top.whole("lock_version") != LOCK_VERSION:
        raise BadFile(f"lock_version must be {LOCK_VERSION}; resolve the version again.")
    place, python = top.object("platform"), top.object("python")
    lock = Lock(
        checked_id(top.needed("version_id"), "version_id"),
        top.needed("spec_sha256"),
        _platform(place),
        _tree(top.object("comfy")),
        tuple(map(_tree, top.objects("custom_nodes"))),
        tuple(map(_model, top.objects("models"))),
        tuple(_package(text, n) for n, text in enumerate(python.texts("requirements"))),
        _word(python, "uv"),
        {_variable(key): str(value) for key, value in top.object("env").items()},
    )
    if top.needed("lock_sha256") != digest(_content(lock)):
        raise BadFile("The lock was changed after it was made. Resolve the version again.")
    return lock


def _platform(place: Fields) -> Platform:
    system, machine, python = (_needed_word(place, key) for key in ("os", "arch", "python"))
    return Platform(system, machine, python, _word(place, "torch_backend"))


def _needed_word(fields: Fields, key: str) -> str:
    if word := _word(fields, key):
        return word
    raise BadFile(
        f"{fields.at(key)} is missing: the lock does not say which machine its Python packages are for. "
        "Resolve the version again."
    )


def _word(fields: Fields, key: str) -> str:
    """It stands in files that are run elsewhere."""
    value = fields.text(key)
    if value and not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,40}", value):
        raise BadFile(f"{fields.at(key)} must be a word, not {shown(value)}.")
    return value


def _variable(name: str) -> str:
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name):
        raise BadFile(f"env: {shown(name)} is no name of a variable.")
    return name


def canonical(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text + "\n"


def digest(content: Any) -> str:
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def _content(lock: Lock) -> dict[str, Any]:
    place = lock.platform
    return {
        "lock_version": LOCK_VERSION,
        "version_id": lock.id,
        "spec_sha256": lock.spec_sha256,
        "platform": {
            "os": place.os,
            "arch": place.arch,
            "python": place.python,
            "torch_backend": place.torch,
        },
        "comfy": _tree_content(lock.comfy),
        "custom_nodes": [
            {"name": node.name, **_tree_content(node)} for node in sorted(lock.nodes, key=lambda n: n.name)
        ],
        "models": [
            {
                "target_path": model.target,
                "sha256": model.sha256,
                "size": model.size,
                "sources": [{"url": origin.url, "revision": origin.revision} for origin in model.sources],
            }
            for model in sorted(lock.models, key=lambda m: m.target)
        ],
        "python": {"requirements": sorted(lock.requirements), "uv": lock.uv},
        "env": dict(lock.env),
    }


def _tree_content(tree: Tree) -> dict[str, str]:
    return {"repo": tree.repo, "commit": tree.commit, "tree": tree.tree}


def _tree(fields: Fields) -> Tree:
    repo = checked_repo(fields.needed("repo"), fields.at("repo"))
    commit, tree = _digits(fields, "commit", _COMMIT), _digits(fields, "tree", _COMMIT)
    name = checked_node(fields.needed("name"), fields.at("name")) if fields.place != "comfy" else ""
    return Tree(repo, "", commit, tree, name)


def _model(fields: Fields) -> LockedModel:
    sources = tuple(
        Origin(without_secret(o.needed("url"), o.at("url")), o.text("revision"))
        for o in fields.objects("sources")
    )
    target = checked_target(fields.needed("target_path"), fields.at("target_path"))
    return LockedModel(target, _digits(fields, "sha256", _SHA256), fields.whole("size"), sources)


def _digits(fields: Fields, key: str, form: re.Pattern[str]) -> str:
    digits = fields.needed(key)
    if form.fullmatch(digits):
        return digits
    raise BadFile(f"{fields.at(key)} must be hex digits in full length, not {shown(digits)}.")


def _package(text: str, number: int) -> str:
    """It becomes a line that pip and uv read, where an option could say where packages come from."""
    if _PACKAGE.fullmatch(text):
        return text
    raise BadFile(f"python.requirements[{number}] must be a package with its hash, not {shown(text)}.")
