"""What other tools write down of a ComfyUI, as the content of a spec, and what a spec cannot say of it.

Known are ComfyUI-Manager's snapshots, comfy-pack's snapshot.json and comfy-cli's comfy-build/1.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.errors import BadFile
from domain.versions.fields import Fields
from domain.versions.spec import SCHEMA_VERSION, file_name

MANAGER, PACK, BUILD = "ComfyUI-Manager snapshot", "comfy-pack snapshot", "comfy-cli comfy-build/1"
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass
class Taken:
    """`left` tells, by name, what did not come along."""

    format: str
    comfy: dict[str, str] = field(default_factory=dict)
    nodes: list[dict[str, str]] = field(default_factory=list)
    models: list[dict[str, str]] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def spec(self, id: str, repo: str, with_packages: bool) -> dict[str, Any]:
        """`repo`: of ComfyUI, which none of these files names."""
        return {
            "schema_version": SCHEMA_VERSION,
            "version_id": id,
            "comfy": {"repo": repo, **self.comfy},
            "custom_nodes": self.nodes,
            "models": self.models,
            "python_packages": self.packages if with_packages else [],
        }


def read(content: Any) -> Taken:
    """Raises BadFile."""
    if not isinstance(content, Mapping):
        raise BadFile("The file must hold an object.")
    nested = content.get("custom_nodes")
    if isinstance(nested, Mapping):  # as ComfyUI-Manager writes YAML
        content = nested
    if content.get("schema") == "comfy-build/1":
        return _build(Fields(content))
    if any(key in content for key in ("git_custom_nodes", "cnr_custom_nodes", "file_custom_nodes")):
        return _manager(Fields(content))
    if "comfyui" in content and isinstance(nested, list):
        return _pack(Fields(content))
    if "schema_version" in content:
        raise BadFile("This is a spec already: put it into versions/, and validate it.")
    raise BadFile(f"This is no file of a kind that is known: {MANAGER}, {PACK}, {BUILD}.")


def _manager(top: Fields) -> Taken:
    taken = Taken(MANAGER, {"commit": top.needed("comfyui")})
    for url, value in _object(top, "git_custom_nodes").items():
        fields = Fields(value, f"git_custom_nodes.{url}")
        _node(taken, url, fields.text("hash"), fields.flag("disabled"))
    for name, version in _object(top, "cnr_custom_nodes").items():
        taken.left.append(f"{name} {version} is of the registry, and no repository is told")
    taken.left += [
        f"{fields.needed('filename')} is a single file" for fields in top.objects("file_custom_nodes")
    ]
    for name, url in _object(top, "pips").items():
        taken.packages.append(f"{name} @ {url}" if url else name)
    return taken


def _pack(top: Fields) -> Taken:
    taken = Taken(PACK, {"commit": top.needed("comfyui")})
    for number, fields in enumerate(top.objects("custom_nodes")):
        if url := fields.text("url"):
            _node(taken, url, fields.text("commit_hash"), fields.flag("disabled"))
        else:
            taken.left.append(f"custom_nodes[{number}] has no repository")
    for fields in top.objects("models"):
        path = fields.needed("filename").replace("\\", "/")
        source = fields.object("source") if fields.has("source") else Fields({})
        url = source.text("download_url")
        if fields.flag("disabled"):
            taken.left.append(f"{path} is disabled")
        else:
            _model(taken, path.removeprefix("models/"), url, fields.text("sha256"))
    if python := top.text("python"):
        taken.left.append(f"Python {python}: resolve with --python {python}")
    return taken


def _build(top: Fields) -> Taken:
    built = top.object("definition")
    base = built.needed("baseComfyVersion")
    base = f"v{base}" if re.match(r"\d+\.\d", base) else base
    taken = Taken(BUILD, {"commit" if _COMMIT.fullmatch(base) else "ref": base})
    for fields in built.objects("customNodes"):
        name = fields.needed("name")
        if url := fields.text("repository"):
            _node(taken, url, fields.text("commit", "gitRef"), False)
        else:
            kinds = {"registryVersion": "is of the registry", "blobId": "was uploaded"}
            told = next(
                (words for key, words in kinds.items() if fields.has(key)), "is in a folder of its own"
            )
            taken.left.append(f"{name} {told}, and no repository is told")
    for fields in built.objects("models"):
        url = fields.text("sourceUri")
        name = fields.text("filename") or file_name(url) or "a model without a name"
        _model(taken, f"{fields.needed('type')}/{name}", url, fields.text("sha256"))
    lines = [line.partition(" --hash")[0].strip(" \\") for line in built.text("pipDependencies").splitlines()]
    taken.packages += [line for line in lines if line and not line.startswith(("#", "-"))]
    taken.left += [f"{key} has no place in a spec" for key in ("baseImage", "environment") if built.has(key)]
    return taken


def _node(taken: Taken, url: str, commit: str, is_disabled: bool) -> None:
    if is_disabled:
        taken.left.append(f"{url} is disabled")
        return
    said = {"commit" if _COMMIT.fullmatch(commit.lower()) else "ref": commit} if commit else {}
    if not commit:
        taken.left.append(f"the commit of {url} is not told: the newest is taken")
    taken.nodes.append({"repo": url, **said})


def _model(taken: Taken, target: str, url: str, sha256: str) -> None:
    if url:
        said = {"checksum": f"sha256:{sha256}"} if sha256 else {}
        taken.models.append({"source": url, "target_path": target, **said})
    else:
        taken.left.append(f"{target} has no address" + (f"; its sha256 is {sha256}" if sha256 else ""))


def _object(top: Fields, key: str) -> dict[str, Any]:
    return dict(top.object(key).items()) if top.has(key) else {}
