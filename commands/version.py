"""version: versions of ComfyUI, from a spec to a running server that is what its lock says."""

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_data_path

from commands import setting, version_baseline, version_elsewhere, version_handler, version_models
from commands.setting import Deed
from commands.terminal import Reporter
from domain.errors import BackendError, BadFile, Blocked, CannotWrite, StudioError
from domain.events import Event
from domain.versions.errors import Drift, NotInStore, Unresolved
from infrastructure.versions import uv
from infrastructure.versions.store import Store, store_folder
from infrastructure.workflow_files import WorkflowFolder
from services.versions import comparing, keeping, launching, specs, sweeping
from services.versions.making import Maker
from services.versions.probing import Prober, nodes_of
from services.versions.shelf import Shelf
from services.versions.works import Work, Works

DRIFT, BAD, NETWORK, OFFLINE, INTERRUPTED = 1, 2, 3, 4, 130

T = TypeVar("T")
Result = Mapping[str, Any]


def told(deed: Deed) -> Deed:
    """Turns errors into a sentence on stderr and the exit codes of versions."""

    @wraps(deed)
    def run(asked: argparse.Namespace) -> int:
        try:
            return deed(asked)
        except Drift as error:
            _complain(error)
            for line in error.differences:
                print(f"  {line}", file=sys.stderr)
            return DRIFT
        except NotInStore as error:
            return _complain(error, OFFLINE)
        except Unresolved as error:
            return _complain(error, NETWORK)
        except (CannotWrite, Blocked, BackendError) as error:
            return _complain(error, DRIFT)
        except StudioError as error:
            return _complain(error, BAD)
        except BrokenPipeError:  # who read our output has seen enough: main knows
            raise
        except OSError as error:
            return _complain(f"{error.filename or 'The disk'}: {error.strerror or error}.")
        except KeyboardInterrupt:
            return _complain("Interrupted. The same command goes on from here.", INTERRUPTED)

    return run


@told
def run(asked: argparse.Namespace) -> int:
    shelf = _shelf(asked)
    code, result = STEPS[asked.step](asked, shelf)
    if asked.json:
        print(json.dumps(result, ensure_ascii=False, sort_keys=True))
    else:
        for line in result.get("lines", ()) or (f"{key}: {value}" for key, value in result.items()):
            print(line)
    return code


def _create(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    wanted = version_elsewhere.begun(asked)
    return 0, {"version_id": wanted.id, "spec": str(shelf.keep(wanted, asked.output, asked.force))}


def _validate(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    version = shelf.version(asked.id)
    shelf.check_alone(version.spec.id)
    for line in version.spec.advice:
        print(line, file=sys.stderr)
    return 0, {
        "version_id": version.spec.id,
        "custom_nodes": len(version.spec.nodes),
        "models": len(version.spec.models),
        "is_resolved": version.is_resolved,
    }


def _resolve(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    version = shelf.version(asked.id)
    is_new = _follow(_maker(asked, shelf).resolved(version))
    return 0, {"version_id": version.spec.id, "lock": str(version.lock_file), "is_new": is_new}


def _realize(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    version = shelf.version(asked.id)
    maker = _maker(asked, shelf, None if asked.no_probe else _prober(asked))
    id = version.spec.id
    if asked.dry_run:
        if not version.is_resolved:
            raise BadFile(f"{id} is not resolved as its spec stands: python main.py version resolve {id}")
        lock, with_models = version.needed_lock(), not version.spec.skips_models
        return 0, keeping.missing(maker.store(version), lock, with_models)
    done = _follow(maker.realized(version))
    return 0, {
        "version_id": id,
        "closure": done.realization.closure,
        "folder": str(done.build.folder),
        "is_new": done.is_new,
    }


def _verify(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    return _named(asked, shelf, Works(shelf).verify(asked.id, asked.deep))


def _probe(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    return _named(asked, shelf, Works(shelf, _prober(asked)).probe(asked.id))


def _run_ui(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    version, more = shelf.version(asked.id), asked.extra_args
    store, id = shelf.store, version.spec.id
    code = launching.run_until_it_ends(store, version.builds, id, asked.host, asked.port, more)
    return code, {"exit_code": code} if asked.json else {}


def _reproduce(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    return _named(asked, shelf, Works(shelf).reproduce(asked.id, asked.keep))


def _clone(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    file = specs.cloned(shelf, asked.id, asked.new, asked.output, asked.force)
    return 0, {"version_id": asked.new, "spec": str(file)}


def _delete(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    kept = keeping.delete(shelf, asked.id, asked.remove_spec)
    return 0, {"version_id": asked.id, "kept": kept} if kept else {"version_id": asked.id}


def _diff(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    one, other = (shelf.version(id).needed_lock() for id in (asked.id, asked.other))
    lines = comparing.differences(one, other)
    return (DRIFT if lines else 0), {"lines": lines, "is_equal": not lines}


def _status(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    return 0, keeping.status(shelf)


def _gc(asked: argparse.Namespace, shelf: Shelf) -> tuple[int, Result]:
    return 0, sweeping.collect(shelf, asked.dry_run)


STEPS: dict[str, Callable[[argparse.Namespace, Shelf], tuple[int, Result]]] = {
    "create": _create,
    "validate": _validate,
    "resolve": _resolve,
    "realize": _realize,
    "verify": _verify,
    "verify-models": version_models.verify,
    "probe": _probe,
    "run-ui": _run_ui,
    "run-handler": version_handler.handle,
    "reproduce": _reproduce,
    "baseline": version_baseline.compare,
    "clone": _clone,
    "delete": _delete,
    "diff": _diff,
    "export": version_elsewhere.export,
    "import": version_elsewhere.take_over,
    "status": _status,
    "gc": _gc,
}


def _shelf(asked: argparse.Namespace) -> Shelf:
    own = user_data_path(setting.NAME) / "versions"
    folders = (asked.versions,) if asked.versions else (Path("versions"), own)
    return Shelf(
        folders,
        Store(asked.store or store_folder(user_data_path(setting.NAME)), asked.offline),
        asked.target,
        takes_paths=True,
    )


def _maker(asked: argparse.Namespace, shelf: Shelf, prober: Prober | None = None) -> Maker:
    here = uv.this_platform(asked.torch_backend)
    return Maker(shelf, replace(here, python=asked.python or here.python), prober, asked.accept_new)


def _named(asked: argparse.Namespace, shelf: Shelf, work: Work) -> tuple[int, Result]:
    return 0, {"version_id": shelf.version(asked.id).spec.id, **_follow(work)}


def _prober(asked: argparse.Namespace) -> Prober:
    """Whose nodes it must have: an artist's own workflows only when they are named."""
    needed = nodes_of(setting.workflows(), asked.workflow) if asked.workflow else nodes_of(WorkflowFolder())
    return Prober(needed, tuple(shlex.split(asked.probe_args)))


def _follow(work: Generator[Event, None, T]) -> T:
    return Reporter().follow(work)


def _complain(error: object, code: int = DRIFT) -> int:
    print(f"{'' if code == INTERRUPTED else 'error: '}{error}", file=sys.stderr)
    return code
