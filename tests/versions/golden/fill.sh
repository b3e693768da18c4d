#!/usr/bin/env bash
# Brings the models of film-a onto a volume, each checked by its sha256: 0.0 GB.
#
#   STUDIO_VOLUME=/workspace bash fill.sh
#
# It needs bash, curl, flock and sha256sum, as a pod without a GPU has them. What broke off goes on when it
# is run again. HF_TOKEN and CIVITAI_TOKEN open models with a licence to accept, GOOGLE_OAUTH_ACCESS_TOKEN and
# AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY and AWS_REGION what lies in a bucket; they are read from the
# environment and written nowhere.
set -euo pipefail

volume=${STUDIO_VOLUME:-}
if [[ -z $volume ]]; then
    volume=/workspace
    if [[ -d /runpod-volume ]]; then volume=/runpod-volume; fi
fi

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
    [[ -f $2 ]] && printf '%s  %s\n' "$1" "$2" | sha256sum --check --status
}

lacking() {
    printf '%s\n' "$1" >&2
    failed=1
}

# name-of-token address part bytes; goes on where the part ends, as far as the host does that
fetch() {
    local token=$1 address=$2 part=$3 size=$4 code=0 have
    have=$(stat -c %s "$part" 2>/dev/null || echo 0)
    if ((have == size)); then return; fi
    if ((have > size)); then rm -f "$part"; fi
    printf '%s, %s bytes\n' "${address%%\?*}" "$size" >&2
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
    printf 'url = "%s"\n' "$2"
    if [[ -z $1 || -z ${!1:-} ]]; then return; fi
    if [[ $1 == AWS_ACCESS_KEY_ID ]]; then
        signed
    else
        printf 'header = "Authorization: Bearer %s"\n' "${!1}"
    fi
}

signed() {
    printf 'header = "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"\n'; printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "${AWS_SECRET_ACCESS_KEY:-}"; printf 'aws-sigv4 = "aws:amz:%s:s3"\n' "${AWS_REGION:-us-east-1}"; if [ -n "${AWS_SESSION_TOKEN:-}" ]; then printf 'header = "x-amz-security-token: %s"\n' "$AWS_SESSION_TOKEN"; fi
}

bring 0101010101010101010101010101010101010101010101010101010101010101 1001 RMBG/model.pth CIVITAI_TOKEN "${CIVITAI_ENDPOINT:-https://civitai.com}/api/download/models/12"
bring 0303030303030303030303030303030303030303030303030303030303030303 1003 'loras/sub/it'"'"'s.safetensors' '' "https://example.org/a.pt?token=${SHOP_TOKEN:?}&x=%24y"
bring 0202020202020202020202020202020202020202020202020202020202020202 1002 unet/film.safetensors HF_TOKEN "${HF_ENDPOINT:-https://huggingface.co}/org/repo/resolve/7777777777777777777777777777777777777777/film.safetensors"
exit "$failed"
