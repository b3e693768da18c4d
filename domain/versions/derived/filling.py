"""A script that brings a version's models onto a volume: no GPU, no Python, no studio.

They lie there as the store of versions keeps them, and by their names below models: what a pod realizes and
what serverless reads is the same file, once.
"""

from shlex import quote

from domain.versions.derived import addresses
from domain.versions.lock import Lock, LockedModel

_HEAD = """\
#!/usr/bin/env bash
# Brings the models of {id} onto a volume, each checked by its sha256: {size:.1f} GB.
#
#   STUDIO_VOLUME=/workspace bash fill.sh
#
# It needs bash, curl, flock and sha256sum, as a pod without a GPU has them. What broke off goes on when it
# is run again. HF_TOKEN and CIVITAI_TOKEN open models with a licence to accept, GOOGLE_OAUTH_ACCESS_TOKEN and
# AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY and AWS_REGION what lies in a bucket; they are read from the
# environment and written nowhere.
set -euo pipefail
"""

VOLUME = """
volume=${STUDIO_VOLUME:-}
if [[ -z $volume ]]; then
    volume=/workspace
    if [[ -d /runpod-volume ]]; then volume=/runpod-volume; fi
fi
"""

# Beside a blob, by its content, stands its name; a link of either kind is one file on the volume.
PLACE = """
# sha256 target
place() {
    local blob=$blobs/sha256/${1:0:2}/$1/blob to=$volume/models/$2
    mkdir -p "$(dirname "$to")"
    if [[ $to -ef $blob ]]; then return; fi
    if [[ -e $to && ! -L $to ]]; then
        if printf '%s  %s\\n' "$1" "$to" | sha256sum --check --status; then return; fi
        printf '%s is another file and is left as it is\\n' "$to" >&2
        return 1
    fi
    if ln -f "$blob" "$to" 2>/dev/null; then return; fi
    printf '%s %s\\n' "$(uname -n)" "$to" >>"${blob%/*}/links" # or `version gc` knows nothing of it
    ln -sfr "$blob" "$to"
}
"""

_BRING = """
blobs=${STUDIO_STORE:-$volume/studio-store}/models
failed=0
curl=(--fail --location --retry 5 --progress-bar --config -)

# sha256 bytes target name-of-token address
bring() {
    local sha=$1 size=$2 target=$3 token=$4 address=$5
    local folder=$blobs/sha256/${sha:0:2}/$sha
    local blob=$folder/blob part=$folder/fill.part
    mkdir -p "$folder"
    exec 8>"$folder/lock"
    flock 8
    if ! is_right "$sha" "$blob"; then
        if is_right "$sha" "$volume/models/$target"; then
            ln -f "$volume/models/$target" "$part" 2>/dev/null || mv "$volume/models/$target" "$part"
        elif [[ -z $address ]]; then
            lacking "$target: nobody hands it out. Copy it to $volume/models/$target, and run this again."
            return
        elif ! fetch "$token" "$address" "$part" "$size"; then
            lacking "$target did not come. What came is kept for the next time."
            return
        fi
        if ! is_right "$sha" "$part"; then
            mv -f "$part" "$folder/bad"
            lacking "$target is not what the lock says; it is kept as $folder/bad"
            return
        fi
        chmod 0444 "$part"
        mv -f "$part" "$blob"
    fi
    place "$sha" "$target" || lacking "$target could not be placed"
    exec 8>&-
}

is_right() {
    [[ -f $2 ]] && printf '%s  %s\\n' "$1" "$2" | sha256sum --check --status
}

lacking() {
    printf '%s\\n' "$1" >&2
    failed=1
}

# name-of-token address part bytes; goes on where the part ends, as far as the host does that
fetch() {
    local token=$1 address=$2 part=$3 size=$4 code=0 have
    have=$(stat -c %s "$part" 2>/dev/null || echo 0)
    if ((have == size)); then return; fi
    if ((have > size)); then rm -f "$part"; fi
    printf '%s, %s bytes\\n' "${address%%\\?*}" "$size" >&2
    asked "$token" "$address" | curl --continue-at - --output "$part" "${curl[@]}" || code=$?
    if ((code == 33)); then # it cannot go on
        code=0
        rm -f "$part"
        asked "$token" "$address" | curl --output "$part" "${curl[@]}" || code=$?
    fi
    return "$code"
}

# By a pipe: nobody sees address and token among this machine's processes. curl gives the token to no other
# host that it is sent on to.
asked() {
    printf 'url = "%s"\\n' "$2"
    if [[ -z $1 || -z ${!1:-} ]]; then return; fi
    if [[ $1 == __SIGNED__ ]]; then
        signed
    else
        printf 'header = "Authorization: Bearer %s"\\n' "${!1}"
    fi
}

signed() {
    __SIGN__
}

"""


def filling(lock: Lock) -> str:
    models = sorted(lock.models, key=lambda model: model.target)
    head = _HEAD.format(id=lock.id, size=sum(model.size for model in models) / 1e9)
    calls = "".join(map(_call, models))
    bring = _BRING.replace("__SIGNED__", addresses.SIGNED).replace("__SIGN__", addresses.SIGN)
    return f'{head}{VOLUME}{PLACE}{bring}{calls}exit "$failed"\n'


def _call(model: LockedModel) -> str:
    address = addresses.of(model)
    token, word = (address.token, address.word) if address else ("", "''")
    return f"bring {model.sha256} {model.size} {quote(model.target)} {quote(token)} {word}\n"
