#!/usr/bin/env bash
# Starts film-a on a pod: brings what its lock says, checks it, and hands over to its ComfyUI.
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

id=film-a
closure=5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c

volume=${STUDIO_VOLUME:-}
if [[ -z $volume ]]; then
    volume=/workspace
    if [[ -d /runpod-volume ]]; then volume=/runpod-volume; fi
fi

say() {
    printf 'pod: %s\n' "$*" >&2
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

# sha256 target
place() {
    local blob=$blobs/sha256/${1:0:2}/$1/blob to=$volume/models/$2
    mkdir -p "$(dirname "$to")"
    if [[ $to -ef $blob ]]; then return; fi
    if [[ -e $to && ! -L $to ]]; then
        if printf '%s  %s\n' "$1" "$to" | sha256sum --check --status; then return; fi
        printf '%s is another file and is left as it is\n' "$to" >&2
        return 1
    fi
    if ln -f "$blob" "$to" 2>/dev/null; then return; fi
    printf '%s %s\n' "$(uname -n)" "$to" >>"${blob%/*}/links" # or `version gc` knows nothing of it
    ln -sfr "$blob" "$to"
}

# also by their names, for serverless, which reads the same volume
placed() {
    place 0101010101010101010101010101010101010101010101010101010101010101 RMBG/model.pth
    place 0303030303030303030303030303030303030303030303030303030303030303 'loras/sub/it'"'"'s.safetensors'
    place 0202020202020202020202020202020202020202020202020202020202020202 unet/film.safetensors
}

exec 9>"$shared/$id.start.lock"
say "waiting for others that start $id"
flock 9
specs=$store/started
mkdir -p "$specs"
cat >"$specs/film-a.json" <<'SPEC'
{
  "comfy": {
    "ref": "v0.33.0",
    "repo": "https://example.org/ComfyUI.git"
  },
  "custom_nodes": [],
  "env": {
    "HF_TOKEN": "${HF_TOKEN}",
    "OMP_NUM_THREADS": "1",
    "SAID": "a \"$b\""
  },
  "models": [],
  "python_packages": [],
  "schema_version": 2,
  "version_id": "film-a"
}
SPEC
cat >"$specs/film-a.lock.json" <<'LOCK'
{"comfy":{"commit":"1111111111111111111111111111111111111111","repo":"https://example.org/ComfyUI.git","tree":"2222222222222222222222222222222222222222"},"custom_nodes":[{"commit":"5555555555555555555555555555555555555555","name":"a b","repo":"https://example.org/other/a%20b.git","tree":"6666666666666666666666666666666666666666"},{"commit":"3333333333333333333333333333333333333333","name":"vhs","repo":"https://example.org/vhs.git","tree":"4444444444444444444444444444444444444444"}],"env":{"HF_TOKEN":"${HF_TOKEN}","OMP_NUM_THREADS":"1","SAID":"a \"$b\""},"lock_sha256":"a88b91c6257e7e988cef067f1b565a55a49c90a409224fd2a0a05b349f4bdfac","lock_version":1,"models":[{"sha256":"0101010101010101010101010101010101010101010101010101010101010101","size":1001,"sources":[{"revision":"","url":"civitai://models/12"}],"target_path":"RMBG/model.pth"},{"sha256":"0303030303030303030303030303030303030303030303030303030303030303","size":1003,"sources":[{"revision":"","url":"https://example.org/a.pt?token=${SHOP_TOKEN}&x=$y"}],"target_path":"loras/sub/it's.safetensors"},{"sha256":"0202020202020202020202020202020202020202020202020202020202020202","size":1002,"sources":[{"revision":"7777777777777777777777777777777777777777","url":"hf://org/repo@main/film.safetensors"}],"target_path":"unet/film.safetensors"}],"platform":{"arch":"x86_64","os":"linux","python":"3.12","torch_backend":"cu128"},"python":{"requirements":["torch==2.8.0+cu128 --hash=sha256:aa --hash=sha256:bb","tqdm==4.67.1 --hash=sha256:cc"],"uv":"0.13.9"},"spec_sha256":"abababababababababababababababababababababababababababababababab","version_id":"film-a"}
LOCK

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
