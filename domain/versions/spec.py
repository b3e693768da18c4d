"""A version's spec, as versions/<id>.json has it: which ComfyUI, which nodes, models and packages.

It may say a branch or nothing where the lock says a commit. Whatever is wrong raises BadFile with its place.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from domain.errors import BadFile
from domain.versions.fields import Fields, shown
from domain.versions.git_address import has_variable_elsewhere
from domain.versions.variables import VARIABLE

SCHEMA_VERSION = 2
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_REF = re.compile(r"(?!-)[^\s~^:?*\[\\\x00-\x1f]{1,200}")
_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._+-]{0,99}")
_HEX = {"sha256": 64, "md5": 32}
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSWORD|CREDENTIAL|API_?KEY|ACCESS_?KEY", re.IGNORECASE)
_SECRET = re.compile(r"\b(hf_|ghp_|github_pat_|glpat-|sk-|rpa_|AKIA)[A-Za-z0-9_-]{12,}")
_LEGACY = ("target_dir", "install_requirements")  # in files of an older tool, without a meaning here


@dataclass(frozen=True)
class Repo:
    repo: str
    ref: str = ""
    commit: str = ""  # 40 hex digits, or not said


@dataclass(frozen=True)
class Node(Repo):
    name: str = ""  # its folder below custom_nodes


@dataclass(frozen=True)
class Model:
    source: str
    target: str  # below the folder of models, "loras/style.safetensors"
    algorithm: str = ""  # "sha256", "md5" or not said
    checksum: str = ""  # hex


@dataclass(frozen=True)
class Spec:
    id: str
    comfy: Repo
    nodes: tuple[Node, ...] = ()
    models: tuple[Model, ...] = ()
    packages: tuple[str, ...] = ()  # as pip takes them
    env: Mapping[str, str] = field(default_factory=dict)
    is_offline: bool = False
    skips_models: bool = False
    advice: tuple[str, ...] = ()  # what was read and has no meaning


def read(content: Any) -> Spec:
    top, advice = Fields(content), list[str]()
    top.raw("$schema")
    if top.raw("schema_version") != SCHEMA_VERSION:
        said = shown(top.raw("schema_version"))
        raise BadFile(f"schema_version must be {SCHEMA_VERSION}, the only one supported, not {said}.")
    id = checked_id(top.needed("version_id", "id"), "version_id")
    comfy = Repo(*_repo(top.object("comfy"), advice))
    nodes = tuple(_node(fields, advice) for fields in top.objects("custom_nodes"))
    _no_two("custom_nodes", [node.name for node in nodes], "name")
    models = tuple(_model(fields, advice) for fields in top.objects("models"))
    _no_two("models", [model.target for model in models], "target")
    _none_in_another([model.target for model in models])
    packages = tuple(_package(text, n) for n, text in enumerate(top.texts("python_packages")))
    env = _env(top.object("env")) if top.has("env") else {}
    options = Fields(top.raw("options") or {}, "options")
    offline, skips = options.flag("offline"), options.flag("skip_models")
    options.close()
    top.close()
    return Spec(id, comfy, nodes, models, packages, env, offline, skips, tuple(advice))


def as_json(spec: Spec) -> dict[str, Any]:
    """As it is written; what is not said is left out."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "version_id": spec.id,
        "comfy": _said(repo=spec.comfy.repo, ref=spec.comfy.ref, commit=spec.comfy.commit),
        "custom_nodes": [_said(name=n.name, repo=n.repo, ref=n.ref, commit=n.commit) for n in spec.nodes],
        "models": [
            _said(
                source=m.source,
                target_path=m.target,
                checksum=f"{m.algorithm}:{m.checksum}" if m.checksum else "",
            )
            for m in spec.models
        ],
        "python_packages": list(spec.packages),
        "env": dict(spec.env),
    }
    options = {"offline": spec.is_offline, "skip_models": spec.skips_models}
    return {**content, "options": options} if any(options.values()) else content


def text(spec: Spec) -> str:
    return json.dumps(as_json(spec), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def checked_id(id: str, place: str) -> str:
    if _ID.fullmatch(id) and not id.lower().endswith((".lock", ".baseline", ".json")):  # other files end so
        return id
    told = "must be 1 to 64 letters, digits, dots, underscores or hyphens, a letter or digit first"
    raise BadFile(f"{place} {told}, not {shown(id)}.")


def checked_repo(repo: str, place: str) -> str:
    if repo.startswith("-") or "::" in repo or not repo.isprintable():
        raise BadFile(f"{place} must be the address of a git repository, not {shown(repo)}.")
    if has_variable_elsewhere(repo):
        raise BadFile(f"{place} may have a variable only as in https://${{TOKEN}}@example.org/x.git.")
    return without_secret(repo, place)


def without_secret(address: str, place: str) -> str:
    """Tokens come by the environment alone: an address stands in locks, logs and images."""
    parts = urlsplit(address)
    asked = [value for key, value in parse_qsl(parts.query) if re.search("token|key|secret", key, re.I)]
    given = [*asked, *([parts.password] if parts.password else [])]
    if _SECRET.search(address) or not all(map(VARIABLE.fullmatch, given)):
        raise BadFile(
            f"{place} holds a token or password. Take it out; tokens are read from the environment."
        )
    return address


def checked_node(name: str, place: str) -> str:
    if _NODE.fullmatch(name) and not name.endswith((" ", ".")):
        return name
    raise BadFile(f"{place} must be the name of a folder, not {shown(name)}.")


def checked_target(path: str, place: str) -> str:
    """Below the folder of models, wherever that is. $MODELS_DIR/ and $COMFY_HOME/models/ may stand before."""
    for beginning in ("$MODELS_DIR/", "${MODELS_DIR}/", "$COMFY_HOME/models/", "${COMFY_HOME}/models/"):
        path = path.removeprefix(beginning)
    parts = PurePosixPath(path).parts
    is_below = parts and not path.startswith("/") and ".." not in parts and "$" not in path
    if not is_below or "\\" in path or ":" in path or not path.isprintable() or path.endswith("/"):
        raise BadFile(f"{place} must be a path below the folder of models, not {shown(path)}.")
    if len(parts) < 2:
        raise BadFile(f"{place} must name a folder as well, such as loras/{parts[0]}.")
    return "/".join(parts)


def file_name(source: str) -> str:
    """Of what lies at a source; "" when the address does not say."""
    if source.startswith("civitai://"):
        return ""
    path = urlsplit(source).path if "://" in source else source
    return unquote(path.replace("\\", "/").rstrip("/").rpartition("/")[2])


def _repo(fields: Fields, advice: list[str]) -> tuple[str, str, str]:
    repo = checked_repo(fields.needed("repo"), fields.at("repo"))
    ref, commit = fields.text("ref"), fields.text("commit").lower()
    if ref and (not _REF.fullmatch(ref) or ".." in ref):
        raise BadFile(f"{fields.at('ref')} must be a branch or tag, not {shown(ref)}.")
    if commit and not _COMMIT.fullmatch(commit):
        place = fields.at("commit")
        raise BadFile(f"{place} must be 40 hex digits, not {shown(commit)}; a branch or tag is a ref.")
    _closed(fields, advice)
    return repo, ref, commit


def _node(fields: Fields, advice: list[str]) -> Node:
    name = fields.text("name")
    repo, ref, commit = _repo(fields, advice)
    name = name or repo.rstrip("/").rpartition("/")[2].removesuffix(".git").rpartition(":")[2]
    return Node(repo, ref, commit, checked_node(name, fields.at("name")))


def _model(fields: Fields, advice: list[str]) -> Model:
    source = without_secret(fields.needed("source"), fields.at("source"))
    name, folder, path = fields.text("name"), fields.text("target_subdir"), fields.text("target_path", "path")
    name = name or file_name(source)
    if not path and not name:
        raise BadFile(f"{fields.at('name')} is missing: the source does not say what the file is called.")
    target = checked_target(path or f"{folder}/{name}".lstrip("/"), fields.at("target_path"))
    algorithm, checksum = _checksum(fields)
    _closed(fields, advice)
    return Model(source, target, algorithm, checksum)


def _checksum(fields: Fields) -> tuple[str, str]:
    said = fields.text("checksum").lower()
    if not said:
        return "", ""
    algorithm, _, digits = said.rpartition(":")
    algorithm = algorithm or "sha256"
    if len(digits) != _HEX.get(algorithm) or not re.fullmatch("[0-9a-f]+", digits):
        place = fields.at("checksum")
        raise BadFile(f"{place} must be sha256: and 64 hex digits, or md5: and 32, not {shown(said)}.")
    return algorithm, digits


def _package(text: str, number: int) -> str:
    if text.startswith("-") or "\n" in text:
        raise BadFile(f"python_packages[{number}] must be one requirement, not {shown(text)}.")
    return without_secret(text, f"python_packages[{number}]")


def _env(fields: Fields) -> dict[str, str]:
    env = {}
    for key, value in fields.items():
        if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", key):
            raise BadFile(f"{fields.place}: {shown(key)} is no name of a variable.")
        if isinstance(value, dict | list):
            raise BadFile(f"{fields.at(key)} must be a text, not {shown(value)}.")
        said = "" if value is None else str(value)
        is_secret = _SECRET.search(said) or (_SECRET_NAME.search(key) and said)
        if is_secret and not VARIABLE.fullmatch(said):
            raise BadFile(f"{fields.at(key)} holds a secret. Write ${{{key}}}, and set it where it runs.")
        env[key] = said
    return env


def _closed(fields: Fields, advice: list[str]) -> None:
    advice += [f"{fields.at(key)} has no meaning here and is left out." for key in _LEGACY if fields.has(key)]
    fields.close()


def _no_two(place: str, names: list[str], what: str) -> None:
    for number, name in enumerate(names):
        if name.lower() in [other.lower() for other in names[:number]]:  # one folder on some disks
            raise BadFile(f"{place}[{number}] has the same {what} as another: {shown(name)}.")


def _none_in_another(targets: list[str]) -> None:
    for number, target in enumerate(targets):
        above = [str(folder).lower() for folder in PurePosixPath(target).parents]
        if file := next((other for other in targets if other.lower() in above), ""):
            raise BadFile(f"models[{number}] lies in {shown(file)}, which is a file of another model.")


def _said(**fields: str) -> dict[str, str]:
    return {key: value for key, value in fields.items() if value}
