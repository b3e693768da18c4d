# syntax=docker/dockerfile:1
# film-a for RunPod Serverless, on top of the worker, which takes and answers its jobs.
#
#   docker build -t film-a - < Dockerfile
#
# Give the worker's image by its digest for the same image to the byte:
#   --build-arg BASE=cindergrace-worker@sha256:…
# If it is needed: --secret id=CIVITAI_TOKEN,env=CIVITAI_TOKEN
# If it is needed: --secret id=HF_TOKEN,env=HF_TOKEN
# If it is needed: --secret id=SHOP_TOKEN,env=SHOP_TOKEN
ARG BASE=example.org/worker@sha256:0000000000000000000000000000000000000000000000000000000000000000
FROM ${BASE}

SHELL ["/bin/bash", "-euo", "pipefail", "-c"]

ENV COMFY_HOME=/comfyui \
    COMFY_PYTHON=/opt/venv/bin/python \
    VIRTUAL_ENV=/opt/venv \
    PATH="/opt/venv/bin:${PATH}" \
    STUDIO_VOLUME=/runpod-volume \
    UV_PYTHON_INSTALL_DIR=/opt/python \
    GIT_TERMINAL_PROMPT=0

# to be set where it runs: HF_TOKEN
ENV OMP_NUM_THREADS="1"
ENV SAID="a \"\$b\""

# ComfyUI
RUN git init --quiet /comfyui \
    && git -C /comfyui fetch --quiet --depth 1 -- https://example.org/ComfyUI.git 1111111111111111111111111111111111111111 \
    && test "$(git -C /comfyui rev-parse 'FETCH_HEAD^{tree}')" = 2222222222222222222222222222222222222222 \
    && git -C /comfyui checkout --quiet --detach FETCH_HEAD

# a b
RUN git init --quiet '/comfyui/custom_nodes/a b' \
    && git -C '/comfyui/custom_nodes/a b' fetch --quiet --depth 1 -- https://example.org/other/a%20b.git 5555555555555555555555555555555555555555 \
    && test "$(git -C '/comfyui/custom_nodes/a b' rev-parse 'FETCH_HEAD^{tree}')" = 6666666666666666666666666666666666666666 \
    && git -C '/comfyui/custom_nodes/a b' checkout --quiet --detach FETCH_HEAD

# vhs
RUN git init --quiet /comfyui/custom_nodes/vhs \
    && git -C /comfyui/custom_nodes/vhs fetch --quiet --depth 1 -- https://example.org/vhs.git 3333333333333333333333333333333333333333 \
    && test "$(git -C /comfyui/custom_nodes/vhs rev-parse 'FETCH_HEAD^{tree}')" = 4444444444444444444444444444444444444444 \
    && git -C /comfyui/custom_nodes/vhs checkout --quiet --detach FETCH_HEAD

COPY <<"REQUIREMENTS" /opt/version/requirements.txt
torch==2.8.0+cu128 \
    --hash=sha256:aa \
    --hash=sha256:bb
tqdm==4.67.1 \
    --hash=sha256:cc
REQUIREMENTS

# every Python package by its hash, in an environment that stays as it is
RUN --mount=type=cache,target=/var/cache/uv \
    export UV_CACHE_DIR=/var/cache/uv \
    && /opt/worker/bin/python -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --quiet uv==0.13.9 \
    && /opt/uv/bin/uv venv --relocatable --quiet --no-project --python 3.12 /opt/venv \
    && /opt/uv/bin/uv pip sync --require-hashes --link-mode copy --compile-bytecode --quiet --torch-backend cu128 \
        /opt/version/requirements.txt

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/*

# RMBG/model.pth, 1001 bytes
RUN --mount=type=secret,id=CIVITAI_TOKEN,env=CIVITAI_TOKEN \
    mkdir -p /comfyui/models/RMBG \
    && { printf 'url = "%s"\n' "${CIVITAI_ENDPOINT:-https://civitai.com}/api/download/models/12"; if [ -n "${CIVITAI_TOKEN:-}" ]; then printf 'header = "Authorization: Bearer %s"\n' "$CIVITAI_TOKEN"; fi; } \
    | curl --fail --silent --show-error --location --retry 5 --output /comfyui/models/RMBG/model.pth --config - \
    && printf '%s  %s\n' 0101010101010101010101010101010101010101010101010101010101010101 /comfyui/models/RMBG/model.pth | sha256sum --check --quiet -

# unet/film.safetensors, 1002 bytes
RUN --mount=type=secret,id=HF_TOKEN,env=HF_TOKEN \
    mkdir -p /comfyui/models/unet \
    && { printf 'url = "%s"\n' "${HF_ENDPOINT:-https://huggingface.co}/org/repo/resolve/7777777777777777777777777777777777777777/film.safetensors"; if [ -n "${HF_TOKEN:-}" ]; then printf 'header = "Authorization: Bearer %s"\n' "$HF_TOKEN"; fi; } \
    | curl --fail --silent --show-error --location --retry 5 --output /comfyui/models/unet/film.safetensors --config - \
    && printf '%s  %s\n' 0202020202020202020202020202020202020202020202020202020202020202 /comfyui/models/unet/film.safetensors | sha256sum --check --quiet -

# loras/sub/it's.safetensors, 1003 bytes
RUN --mount=type=secret,id=SHOP_TOKEN,env=SHOP_TOKEN \
    mkdir -p /comfyui/models/loras/sub \
    && { printf 'url = "%s"\n' "https://example.org/a.pt?token=${SHOP_TOKEN:?}&x=%24y"; } \
    | curl --fail --silent --show-error --location --retry 5 --output '/comfyui/models/loras/sub/it'"'"'s.safetensors' --config - \
    && printf '%s  %s\n' 0303030303030303030303030303030303030303030303030303030303030303 '/comfyui/models/loras/sub/it'"'"'s.safetensors' | sha256sum --check --quiet -

COPY <<"PATHS" /comfyui/extra_model_paths.yaml
# Models of film-a. ComfyUI fills in STUDIO_VOLUME: /workspace on a pod, /runpod-volume on
# serverless, a folder of yours elsewhere.
cindergrace:
  base_path: $STUDIO_VOLUME
  is_default: true
  "RMBG": "models/RMBG"
  audio_encoders: models/audio_encoders
  checkpoints: models/checkpoints
  classifiers: models/classifiers
  clip_vision: models/clip_vision
  configs: models/configs
  controlnet: models/controlnet
  diffusers: models/diffusers
  diffusion_models: |
    models/diffusion_models
    models/unet
  embeddings: models/embeddings
  gligen: models/gligen
  hypernetworks: models/hypernetworks
  loras: models/loras
  model_patches: models/model_patches
  photomaker: models/photomaker
  style_models: models/style_models
  text_encoders: |
    models/text_encoders
    models/clip
  upscale_models: models/upscale_models
  vae: models/vae
  vae_approx: models/vae_approx
PATHS

COPY <<"LOCK" /opt/version/lock.json
{"comfy":{"commit":"1111111111111111111111111111111111111111","repo":"https://example.org/ComfyUI.git","tree":"2222222222222222222222222222222222222222"},"custom_nodes":[{"commit":"5555555555555555555555555555555555555555","name":"a b","repo":"https://example.org/other/a%20b.git","tree":"6666666666666666666666666666666666666666"},{"commit":"3333333333333333333333333333333333333333","name":"vhs","repo":"https://example.org/vhs.git","tree":"4444444444444444444444444444444444444444"}],"env":{"HF_TOKEN":"${HF_TOKEN}","OMP_NUM_THREADS":"1","SAID":"a \"$b\""},"lock_sha256":"a88b91c6257e7e988cef067f1b565a55a49c90a409224fd2a0a05b349f4bdfac","lock_version":1,"models":[{"sha256":"0101010101010101010101010101010101010101010101010101010101010101","size":1001,"sources":[{"revision":"","url":"civitai://models/12"}],"target_path":"RMBG/model.pth"},{"sha256":"0303030303030303030303030303030303030303030303030303030303030303","size":1003,"sources":[{"revision":"","url":"https://example.org/a.pt?token=${SHOP_TOKEN}&x=$y"}],"target_path":"loras/sub/it's.safetensors"},{"sha256":"0202020202020202020202020202020202020202020202020202020202020202","size":1002,"sources":[{"revision":"7777777777777777777777777777777777777777","url":"hf://org/repo@main/film.safetensors"}],"target_path":"unet/film.safetensors"}],"platform":{"arch":"x86_64","os":"linux","python":"3.12","torch_backend":"cu128"},"python":{"requirements":["torch==2.8.0+cu128 --hash=sha256:aa --hash=sha256:bb","tqdm==4.67.1 --hash=sha256:cc"],"uv":"0.13.9"},"spec_sha256":"abababababababababababababababababababababababababababababababab","version_id":"film-a"}
LOCK

COPY <<"VERSION" /comfyui/cindergrace-version.json
{
  "comfy": {
    "commit": "1111111111111111111111111111111111111111",
    "repo": "https://example.org/ComfyUI.git",
    "tree": "2222222222222222222222222222222222222222"
  },
  "custom_nodes": [
    {
      "commit": "5555555555555555555555555555555555555555",
      "name": "a b",
      "repo": "https://example.org/other/a%20b.git",
      "tree": "6666666666666666666666666666666666666666"
    },
    {
      "commit": "3333333333333333333333333333333333333333",
      "name": "vhs",
      "repo": "https://example.org/vhs.git",
      "tree": "4444444444444444444444444444444444444444"
    }
  ],
  "id": "film-a",
  "lock_sha256": "3ee3bbadbc6dc6b3559b133333e97ee8a1e1725d31234ca98c33b5e4de43d46c",
  "spec_sha256": "abababababababababababababababababababababababababababababababab",
  "version_id": "film-a"
}
VERSION

LABEL cindergrace.version="film-a" \
    cindergrace.lock="3ee3bbadbc6dc6b3559b133333e97ee8a1e1725d31234ca98c33b5e4de43d46c"

# the last word: what lies here is what the lock says
RUN /opt/worker/bin/python -m worker.version_check /opt/version/lock.json --comfy /comfyui --env /opt/venv
