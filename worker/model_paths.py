"""extra_model_paths.yaml: the models on the volume, also in the folders that lists of old leave out."""

from pathlib import Path

from domain.versions.derived.model_paths import ALSO
from domain.versions.derived.model_paths import FOLDERS as KNOWN
from worker.installs import VOLUMES, Install

FOLDERS = tuple(sorted({*KNOWN, *ALSO.values()}))


def model_paths(install: Install) -> str:
    """The YAML for every volume that has models outside of the installation; nothing when none has."""
    texts = []
    for volume in VOLUMES:
        below = [
            volume / "models",
            volume / "ComfyUI" / "models",
            volume / "runpod-slim" / "ComfyUI" / "models",
        ]
        for number, folder in enumerate(path for path in below if path.is_dir()):
            if folder.resolve() != (install.home / "models").resolve():
                texts.append(_section(f"{volume.name.replace('-', '_')}_{number}", folder))
    return "".join(texts)


def write_model_paths(install: Install, folder: Path) -> Path | None:
    """The file for ComfyUI's command line, when there is anything to say."""
    if not (text := model_paths(install)):
        return None
    path = folder / "extra_model_paths.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _section(name: str, folder: Path) -> str:
    lines = "".join(f"  {kind}: {kind}/\n" for kind in FOLDERS)
    return f'{name}:\n  base_path: "{folder}"\n{lines}'
