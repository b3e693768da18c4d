"""A script that starts a version on a pod: the studio's own commands, in the order a container needs them."""

from shlex import quote

from domain.versions import spec
from domain.versions.derived.dockerfile import for_linux
from domain.versions.derived.filling import PLACE, VOLUME
from domain.versions.lock import Lock
from domain.versions.spec import Spec

_HEAD = """\
#!/usr/bin/env bash
# Starts {id} on a pod: brings what its lock says, checks it, and hands over to its ComfyUI.
#
# The image needs bash, git, flock and Python 3.10 or newer with venv, and the studio's source: in
# $STUDIO_HOME, by default /opt/cindergrace in the image, else cindergrace on the volume. Models lie on the
# volume, /runpod-volume or /workspace. So does all else, unless the volume is a network's: then sources and
# Python packages lie on the container's own disk, which starts faster and is made again in a new container.
#
#   STUDIO_VOLUME, STUDIO_STORE  other places for the volume and the store
#   STUDIO_LOCAL                 the container's disk (default: /opt/studio-store)
#   STUDIO_PYTHON                a Python that has what the studio needs; by default the studio makes its own
#   REALIZE_ARGS                 more for `version realize`, such as "--workflow keyframe_sdxl"
#   HF_TOKEN, CIVITAI_TOKEN      open models with a licence to accept
#
# Words behind it go to ComfyUI, which listens at $HOST:$PORT (0.0.0.0:8188).
set -euo pipefail

id={id}
closure={closure}
"""

_STORE = """
say() {
    printf 'pod: %s\\n' "$*" >&2
}

studio=${STUDIO_HOME:-/opt/cindergrace}
if [[ ! -f $studio/main.py ]]; then studio=$volume/cindergrace; fi
if [[ ! -f $studio/main.py ]]; then
    say "no studio in ${STUDIO_HOME:-/opt/cindergrace} or $studio. Put its source there, or set STUDIO_HOME."
    exit 2
fi

shared=${STUDIO_STORE:-$volume/studio-store}
blobs=$shared/models
mkdir -p "$blobs"
case $(stat -f -c %T "$shared") in
fuse* | nfs* | UNKNOWN*)
    store=${STUDIO_LOCAL:-/opt/studio-store}
    say "the volume is a network's: packages and sources go to $store"
    mkdir -p "$store/builds/$id"
    ln -sfn "$blobs" "$store/models"
    for name in input output user; do # what somebody makes outlives the container
        mkdir -p "$shared/builds/$id/$name"
        ln -sfn "$shared/builds/$id/$name" "$store/builds/$id/$name"
    done
    ;;
*) store=$shared ;;
esac
export STUDIO_STORE=$store UV_PYTHON_INSTALL_DIR=$store/python

version() {
    if [[ -n ${STUDIO_PYTHON:-} ]]; then
        "$STUDIO_PYTHON" "$studio/main.py" version "$@"
    else
        python3 "$studio/start.py" version "$@"
    fi
}
"""

_WAIT = """
exec 9>"$shared/$id.start.lock"
say "waiting for others that start $id"
flock 9
specs=$store/started
mkdir -p "$specs"
"""

_END = """
read -ra more <<<"${REALIZE_ARGS:-}"
version realize "$specs/$id.json" "${more[@]}" >"$specs/told"
found=$(sed -n 's/^closure: //p' "$specs/told")
if [[ -n $closure && $found != "$closure" ]]; then
    say "what was realized has the closure $found, not $closure"
    exit 1
fi
placed
exec 9>&-
say "$id is ready, closure $found"

run=(version run-ui "$specs/$id.json" --host "${HOST:-0.0.0.0}" --port "${PORT:-8188}")
if (($#)); then run+=(--extra-args -- "$@"); fi
if [[ -n ${STUDIO_PYTHON:-} ]]; then exec "$STUDIO_PYTHON" "$studio/main.py" "${run[@]}"; fi
exec python3 "$studio/start.py" "${run[@]}"
"""


def pod_start(lock: Lock, wanted: Spec, closure: str = "") -> str:
    """`wanted` is the spec that the lock is of. Raises BadFile."""
    for_linux(lock)
    head = _HEAD.format(id=lock.id, closure=closure or "''")
    models = sorted(lock.models, key=lambda model: model.target) if not wanted.skips_models else []
    places = "".join(f"    place {m.sha256} {quote(m.target)}\n" for m in models) or "    :\n"
    return "".join(
        [
            head,
            VOLUME,
            _STORE,
            PLACE,
            "\n# also by their names, for serverless, which reads the same volume\nplaced() {\n",
            places,
            "}\n",
            _WAIT,
            _file(f"$specs/{lock.id}.json", spec.text(wanted), "SPEC"),
            _file(f"$specs/{lock.id}.lock.json", lock.text, "LOCK"),
            _END,
        ]
    )


def _file(to: str, text: str, mark: str) -> str:
    return f"cat >\"{to}\" <<'{mark}'\n{text}{mark}\n"
