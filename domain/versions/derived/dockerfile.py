"""A Dockerfile for serverless: a version's ComfyUI in the worker's image, its models on the volume."""

import json
from shlex import quote

from domain.errors import BadFile
from domain.versions.derived import addresses
from domain.versions.derived.model_paths import extra_model_paths
from domain.versions.git_address import git_address
from domain.versions.lock import Lock, LockedModel, Tree, digest

WORKER = "cindergrace-worker"  # as docs/SERVERLESS.md builds it
COMFY, VENV, UV, OWN = "/comfyui", "/opt/venv", "/opt/uv", "/opt/version"

_HEAD = """\
# syntax=docker/dockerfile:1
# {id} for RunPod Serverless, on top of the worker, which takes and answers its jobs.
#
#   docker build -t {id} - < Dockerfile
#
# Give the worker's image by its digest for the same image to the byte:
#   --build-arg BASE=cindergrace-worker@sha256:…
{secrets}ARG BASE={base}
FROM ${{BASE}}

SHELL ["/bin/bash", "-euo", "pipefail", "-c"]

ENV COMFY_HOME={comfy} \\
    COMFY_PYTHON={venv}/bin/python \\
    VIRTUAL_ENV={venv} \\
    PATH="{venv}/bin:${{PATH}}" \\
    STUDIO_VOLUME=/runpod-volume \\
    UV_PYTHON_INSTALL_DIR=/opt/python \\
    GIT_TERMINAL_PROMPT=0
"""

_REPO = """
# {what}
RUN {login}git init --quiet {at} \\
    && git -C {at} fetch --quiet --depth 1 -- {repo} {commit} \\
    && test "$(git -C {at} rev-parse 'FETCH_HEAD^{{tree}}')" = {tree} \\
    && git -C {at} checkout --quiet --detach FETCH_HEAD
"""

_LOGIN = """\
{mounts}export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0={key} \\
    && GIT_CONFIG_VALUE_0="Authorization: Basic $(printf %s {words} | base64 -w0)" \\
    && export GIT_CONFIG_VALUE_0 \\
    && """

_PACKAGES = """
# every Python package by its hash, in an environment that stays as it is
RUN --mount=type=cache,target=/var/cache/uv \\
    export UV_CACHE_DIR=/var/cache/uv \\
    && /opt/worker/bin/python -m venv {uv} \\
    && {uv}/bin/pip install --no-cache-dir --quiet {release} \\
    && {uv}/bin/uv venv --relocatable --quiet --no-project --python {python} {venv} \\
    && {uv}/bin/uv pip sync --require-hashes --link-mode copy --compile-bytecode --quiet{torch} \\
        {own}/requirements.txt
"""

_BAKED = """
# {target}, {size} bytes
RUN {mounts}mkdir -p {folder} \\
    && {{ printf 'url = "%s"\\n' {address}; {header}}} \\
    | curl --fail --silent --show-error --location --retry 5 --output {path} --config - \\
    && printf '%s  %s\\n' {sha256} {path} | sha256sum --check --quiet -
"""

_TOKEN = """\
if [ -n "${{{name}:-}}" ]; then printf 'header = "Authorization: Bearer %s"\\n' "${name}"; fi; """

_CURL = """
# hadolint ignore=DL3008
RUN apt-get update \\
    && apt-get install -y --no-install-recommends curl \\
    && rm -rf /var/lib/apt/lists/*
"""

_VERIFY = """
# the last word: what lies here is what the lock says
RUN /opt/worker/bin/python -m worker.version_check {own}/lock.json --comfy {comfy} --env {venv}
"""


def dockerfile(lock: Lock, closure: str = "", base: str = "", bakes: bool = False) -> str:
    """`bakes`: models in the image as well. Raises BadFile for what no image can hold."""
    for_linux(lock)
    models = sorted(lock.models, key=lambda model: model.sha256) if bakes else []
    secrets = {name for model in models for name in _address(model).secrets}
    for tree in (lock.comfy, *lock.nodes):
        secrets |= {*git_address(tree.repo).variables}
    pieces = [
        _HEAD.format(
            id=lock.id,
            base=base or WORKER,
            comfy=COMFY,
            venv=VENV,
            secrets="".join(map(_secret, sorted(secrets))),
        ),
        _variables(lock),
        _repo("ComfyUI", COMFY, lock.comfy),
        *(_repo(node.name, f"{COMFY}/custom_nodes/{node.name}", node) for node in _sorted(lock.nodes)),
        _file(f"{OWN}/requirements.txt", lock.requirements_text, "REQUIREMENTS"),
        _packages(lock),
        _CURL if models else "",
        *map(_baked, models),
        _file(f"{COMFY}/extra_model_paths.yaml", extra_model_paths(lock), "PATHS"),
        _file(f"{OWN}/lock.json", lock.text, "LOCK"),
        _file(f"{COMFY}/cindergrace-version.json", version_file(lock, closure), "VERSION"),
        _labels(lock, closure),
        _VERIFY.format(own=OWN, comfy=COMFY, venv=VENV),
    ]
    return "".join(pieces)


def version_file(lock: Lock, closure: str = "") -> str:
    """What an installation says of itself; orders that ask for a version are compared with it."""
    content = {
        "id": lock.id,
        "version_id": lock.id,
        "spec_sha256": lock.spec_sha256,
        "lock_sha256": digest(lock.text),
        "comfy": _said(lock.comfy),
        "custom_nodes": [{"name": node.name, **_said(node)} for node in _sorted(lock.nodes)],
        **({"closure": closure} if closure else {}),
    }
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def for_linux(lock: Lock) -> None:
    """Raises BadFile for a lock whose packages no container can use."""
    if lock.platform.os != "linux":
        raise BadFile(
            f"{lock.id} is resolved for {lock.platform.os}, and containers are Linux. Resolve it on Linux."
        )


def _repo(what: str, at: str, tree: Tree) -> str:
    address = git_address(tree.repo)
    login = ""
    if address.login:  # nothing of it stays in the image
        words = addresses.quoted(address.login)
        key = quote(f"http.{address.host}.extraHeader")
        login = _LOGIN.format(mounts="".join(map(_mount, address.variables)), key=key, words=words)
    return _REPO.format(
        what=what, at=quote(at), login=login, repo=quote(address.url), commit=tree.commit, tree=tree.tree
    )


def _packages(lock: Lock) -> str:
    torch = f" --torch-backend {lock.platform.torch}" if lock.platform.torch else ""
    return _PACKAGES.format(
        uv=UV,
        venv=VENV,
        own=OWN,
        release=f"uv=={lock.uv}" if lock.uv else "uv",
        python=lock.platform.python,
        torch=torch,
    )


def _variables(lock: Lock) -> str:
    """What a version sets; what it takes from outside is set at the endpoint, and only named here."""
    asked = [name for name, value in sorted(lock.env.items()) if "${" in value]
    own = {name: value for name, value in lock.env.items() if name not in asked}
    if lock.is_for_cpu:
        own |= {"COMFY_ARGS": "--cpu", "GPU_CHECK": "false"}
    lines = [f"# to be set where it runs: {', '.join(asked)}\n"] if asked else []
    lines += [f"ENV {name}={_value(name, value)}\n" for name, value in sorted(own.items())]
    return "".join(["\n", *lines]) if lines else ""


def _value(name: str, value: str) -> str:
    if not value.isprintable():
        raise BadFile(f"env.{name} has letters that no Dockerfile can hold.")
    return '"' + "".join(f"\\{letter}" if letter in '\\"$' else letter for letter in value) + '"'


def _file(to: str, text: str, mark: str) -> str:
    return f'\nCOPY <<"{mark}" {to}\n{text}{mark}\n'


def _labels(lock: Lock, closure: str) -> str:
    labels = {"version": lock.id, "lock": digest(lock.text), "closure": closure}
    words = [f'cindergrace.{name}="{value}"' for name, value in labels.items() if value]
    return "\nLABEL " + " \\\n    ".join(words) + "\n"


def _baked(model: LockedModel) -> str:
    address, path = _address(model), f"{COMFY}/models/{model.target}"
    mounts = "".join(map(_mount, address.secrets))
    header = _TOKEN.format(name=address.token) if address.token else ""
    if address.token == addresses.SIGNED:
        header = f'if [ -n "${{{address.token}:-}}" ]; then {addresses.SIGN}; fi; '
    return _BAKED.format(
        target=model.target,
        size=model.size,
        mounts=mounts,
        folder=quote(path.rpartition("/")[0]),
        address=address.word,
        header=header,
        path=quote(path),
        sha256=model.sha256,
    )


def _address(model: LockedModel) -> addresses.Address:
    if address := addresses.of(model):
        return address
    raise BadFile(
        f"models/{model.target} comes from no address in the web, so no image can bring it. Leave models on "
        "the volume, or give it another source."
    )


def _mount(name: str) -> str:
    return f"--mount=type=secret,id={name},env={name} \\\n    "


def _secret(name: str) -> str:
    return f"# If it is needed: --secret id={name},env={name}\n"


def _said(tree: Tree) -> dict[str, str]:
    return {"repo": tree.repo, "commit": tree.commit, "tree": tree.tree}


def _sorted(nodes: tuple[Tree, ...]) -> list[Tree]:
    return sorted(nodes, key=lambda node: node.name)
