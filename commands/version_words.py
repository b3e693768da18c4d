"""What can be asked of versions of ComfyUI."""

from argparse import REMAINDER, ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from commands.words import add_command, port, positive

EXTRA = "--extra-args"
EXIT_CODES = """exit codes: 0 done · 1 something is not as the lock says, or does not start
            2 bad spec or usage · 3 network, resolution or conflict
            4 not in the store, and nothing may be fetched · 130 interrupted
            After 1, 3, 4 and 130 the same command goes on."""


class _Step(ArgumentParser):
    """Hands on what stands behind --extra-args as it is: argparse knows no -- behind an option."""

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Namespace | None = None
    ) -> tuple[Namespace, list[str]]:
        words, more = list(args or ()), list[str]()
        if EXTRA in words and self.get_default("extra_args") is not None:
            at = words.index(EXTRA)
            words, more = words[:at], words[at + 1 :]
        found, unknown = super().parse_known_args(words, namespace)
        if more:
            found.extra_args = more[more[0] == "--" :]
        return found, unknown


def add_version(commands: Any) -> None:
    said = "Keep versions of ComfyUI: the same nodes, packages and models everywhere, to the byte."
    version = add_command(commands, "version", said, "realize film-a", EXIT_CODES)
    steps = version.add_subparsers(title="steps", metavar="STEP", required=True, parser_class=_Step)
    _add_making(steps)
    _add_using(steps)
    _add_keeping(steps)
    _add_elsewhere(steps)


def _add_making(steps: Any) -> None:
    create = _step(steps, "create", "Write the spec of a new version.", "film-a --repo URL@v0.30.0")
    create.add_argument("--repo", metavar="URL[@REF]", help="of ComfyUI (default: its own, newest)")
    create.add_argument(
        "--nodes", action="append", default=[], metavar="URL[@REF]", help="custom nodes, or JSON, or a file"
    )
    create.add_argument("--models", action="append", default=[], metavar="JSON", help="models, or a file")
    there = create.add_mutually_exclusive_group()
    there.add_argument(
        "--from-folder", type=Path, metavar="DIR", help="commits and models of a ComfyUI on this machine"
    )
    there.add_argument("--from-running", metavar="URL", help="the release of a ComfyUI that answers there")
    create.add_argument(
        "--models-root", type=Path, metavar="DIR", help="with --from-folder: its models are here"
    )
    create.add_argument("--output", type=Path, metavar="F", help="where the spec goes")
    create.add_argument("--force", action="store_true", help="write over a spec that is there")
    _step(steps, "validate", "Say whether a spec is one, and what it asks for.", "film-a")
    resolve = _step(steps, "resolve", "Find out what a spec is to the byte: its lock.", "film-a")
    resolving_options(resolve)
    realize = _step(steps, "realize", "Bring everything, lay it out, and try it.", "film-a")
    resolving_options(realize)
    realize.add_argument("--dry-run", action="store_true", help="only say what would be fetched")
    realize.add_argument("--no-probe", action="store_true", help="switch to it without starting it first")
    _probing(realize)


def _add_using(steps: Any) -> None:
    run = _step(steps, "run-ui", "Start a version's ComfyUI.", "film-a --port 8188")
    run.add_argument("--host", default="127.0.0.1", metavar="NAME", help="its address (default: %(default)s)")
    run.add_argument("--port", type=port, default=8188, metavar="N", help="its port (default: %(default)s)")
    run.add_argument(EXTRA, nargs=REMAINDER, default=[], metavar="-- …", help="more for ComfyUI; comes last")
    _add_handler(steps)
    verify = _step(steps, "verify", "Say whether all of it is still what the lock says.", "film-a --deep")
    verify.add_argument("--deep", action="store_true", help="read every byte")
    _add_models(steps)
    _probing(
        _step(steps, "probe", "Start it, and see whether it has the nodes that workflows need.", "film-a")
    )
    reproduce = _step(steps, "reproduce", "Make it once more from nothing, and compare every byte.", "film-a")
    said = "Draw a workflow, and say whether it is what it came to before on this kind of GPU."
    drawn = _step(steps, "baseline", said, "film-a --workflow w.json")
    drawn.add_argument("--workflow", type=Path, required=True, metavar="F", help="in the API format")
    drawn.add_argument("--accept", action="store_true", help="from now on it is what comes now")
    drawn.add_argument("--probe-args", metavar="WORDS", default="", help="more for ComfyUI while it is drawn")
    reproduce.add_argument("--keep", type=Path, metavar="DIR", help="the second store stays, here")


def _add_handler(steps: Any) -> None:
    said = "Run one workflow through a version's ComfyUI, and give its first file."
    example = "film-a --workflow w.json | base64 -d > picture.png"
    handler = _step(steps, "run-handler", said, example, is_all=True)
    handler.add_argument("id", metavar="ID", nargs="?", help="the version's id, or the path of its spec")
    handler.add_argument("--version-id", metavar="ID", help="the same, in an older way")
    handler.add_argument("--spec", type=Path, metavar="F", help="its spec, in place of an id")
    handler.add_argument("--workflow", type=Path, required=True, metavar="F", help="in the API format")
    handler.add_argument(
        "--output", choices=("base64", "file", "gcs"), help="what comes out (default: $OUTPUT_MODE, base64)"
    )
    handler.add_argument("--out-file", type=Path, metavar="F", help="where the file is written, too")
    handler.add_argument("--gcs-bucket", metavar="NAME", help="gcs: the bucket (default: $GCS_BUCKET)")
    handler.add_argument(
        "--gcs-prefix", metavar="DIR", help="gcs: a folder in it (default: $GCS_PREFIX, comfy/outputs)"
    )
    handler.add_argument(
        "--models-dir", type=Path, metavar="DIR", help="a folder with models, looked into first"
    )
    handler.add_argument("--verbose", action="store_true", help="show what ComfyUI says, on stderr")
    handler.add_argument("--probe-args", metavar="WORDS", default="", help="more for ComfyUI while it runs")


def _add_models(steps: Any) -> None:
    said = "Say whether a folder has the models of a version, and bring those it lacks."
    models = _step(steps, "verify-models", said, "film-a --models-dir models", is_all=True)
    models.add_argument("id", metavar="ID", nargs="?", help="the version's id, or the path of its spec")
    models.add_argument("--lock", type=Path, metavar="F", help="a lock, in place of an id")
    models.add_argument("--models-dir", type=Path, metavar="DIR", help="the folder (default: $MODELS_DIR)")
    models.add_argument("--overwrite", action="store_true", help="replace another file at a model's place")
    models.add_argument(
        "--timeout", type=positive, default=120, metavar="S", help="longest silence of a host (default: 120)"
    )
    models.add_argument("--cache", action="store_true", help="use the store, which is done anyway")
    models.add_argument("--verbose", action="store_true", help="show each model's sha256 as well")


def _add_keeping(steps: Any) -> None:
    clone = _step(steps, "clone", "Begin a new version with another's spec.", "film-a film-b")
    clone.add_argument("new", metavar="NEW", help="its id")
    clone.add_argument("--output", type=Path, metavar="F", help="where the spec goes")
    clone.add_argument("--force", action="store_true", help="write over a spec that is there")
    delete = _step(steps, "delete", "Take a version's ComfyUI off the disk.", "film-a --remove-spec")
    delete.add_argument("--remove-spec", action="store_true", help="its spec and lock as well")
    diff = _step(steps, "diff", "Say what differs between two versions.", "film-a film-b")
    diff.add_argument("other", metavar="OTHER", help="the second id, or its spec")
    _step(steps, "status", "List the versions, what they need on disk and what they share.", "", is_all=True)
    gc = _step(steps, "gc", "Take what no version needs out of the store.", "--dry-run", is_all=True)
    gc.add_argument("--dry-run", action="store_true", help="only say what")


def _add_elsewhere(steps: Any) -> None:
    forms = ("dockerfile", "pod", "yaml", "snapshot", "models")
    said = "Write a file that makes a version elsewhere: serverless, a pod, a volume, ComfyUI-Manager."
    export = _step(steps, "export", said, "film-a --as dockerfile --output Dockerfile")
    export.add_argument("--as", dest="form", required=True, choices=forms, help="which file")
    export.add_argument("--output", type=Path, metavar="F", help="where it goes (default: printed)")
    export.add_argument(
        "--base", metavar="IMAGE", default="", help="dockerfile: the worker's image, best by its digest"
    )
    export.add_argument("--bake-models", action="store_true", help="dockerfile: models in the image as well")
    said = "Write a spec of another tool's file: ComfyUI-Manager's snapshot, comfy-pack's, comfy-cli's build."
    taken = _step(steps, "import", said, "snapshot.json --id film-a", is_all=True)
    taken.add_argument("file", type=Path, metavar="FILE", help="JSON or YAML")
    taken.add_argument("--id", metavar="ID", help="the new version's id (default: the file's name)")
    taken.add_argument("--repo", metavar="URL", help="of ComfyUI (default: its own)")
    taken.add_argument("--pips", action="store_true", help="its Python packages as well, as they are pinned")
    taken.add_argument("--output", type=Path, metavar="F", help="where the spec goes")
    taken.add_argument("--force", action="store_true", help="write over a spec that is there")


def resolving_options(command: ArgumentParser) -> None:
    command.add_argument(
        "--accept-new", action="store_true", help="fetch models nobody tells the hash of, and believe them"
    )
    command.add_argument("--python", metavar="X.Y", help="which Python (default: this one's)")
    command.add_argument(
        "--torch-backend", metavar="NAME", default="", help="of torch: cpu, cu128, … (default: the index's)"
    )


def _probing(command: ArgumentParser) -> None:
    command.add_argument(
        "--workflow", action="append", metavar="NAME", help="whose nodes it must have (default: all we ship)"
    )
    command.add_argument(
        "--probe-args", metavar="WORDS", default="", help="more for ComfyUI while it is tried"
    )


def _step(steps: Any, name: str, help: str, example: str, is_all: bool = False) -> ArgumentParser:
    command = add_command(steps, f"version {name}", help, example, EXIT_CODES)
    command.set_defaults(deed="commands.version", step=name)
    if not is_all:
        command.add_argument("id", metavar="ID", help="the version's id, or the path of its spec")
    command.add_argument("--json", action="store_true", help="print the result as one JSON object")
    command.add_argument("--offline", action="store_true", help="fetch nothing")
    command.add_argument("--store", type=Path, metavar="DIR", help="where versions share what they have")
    command.add_argument("--versions", type=Path, metavar="DIR", help="where specs and locks are")
    command.add_argument("--target", type=Path, metavar="DIR", help="where this one is laid out")
    return command
