#!/usr/bin/env bash
# What a container of the worker does: find a Python for it, then serve until the platform ends it.
# Words after it go to the worker: start.sh --rp_serve_api, or start.sh doctor.
set -euo pipefail

cd "$(dirname "$0")/.."

say() {
    printf 'start: %s\n' "$*" >&2
}

# The worker's own environment, else that of a ComfyUI whose environment has the packages as well.
find_python() {
    local candidate
    for candidate in \
        "${WORKER_PYTHON:-}" \
        /opt/worker/bin/python \
        "${COMFY_HOME:-/runpod-volume/ComfyUI}/com_venv/bin/python" \
        /workspace/ComfyUI/com_venv/bin/python; do
        if [[ -n $candidate && -x $candidate ]]; then
            printf '%s\n' "$candidate"
            return
        fi
        [[ -z $candidate ]] || say "no Python at $candidate"
    done
    return 1
}

if ! python=$(find_python); then
    say "no Python for the worker. Use the worker's image, or set WORKER_PYTHON."
    exit 1
fi
say "the worker runs with $python"

if [[ ${1:-} == doctor ]]; then
    exec "$python" -m worker doctor
fi

exec "$python" -m worker serve "$@"
