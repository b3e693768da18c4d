"""A snapshot as ComfyUI-Manager keeps them. It knows neither models nor hashes of packages."""

import json

from domain.versions.lock import Lock


def snapshot(lock: Lock) -> str:
    content = {
        "comfyui": lock.comfy.commit,
        "git_custom_nodes": {node.repo: {"hash": node.commit, "disabled": False} for node in lock.nodes},
        "cnr_custom_nodes": {},
        "file_custom_nodes": [],
        "pips": {line.split()[0]: "" for line in lock.requirements},
    }
    return json.dumps(content, indent=4, sort_keys=True, ensure_ascii=False) + "\n"
