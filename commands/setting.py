"""What every command needs put together: settings, backend, workflows; and what an error means."""

import argparse
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import wraps
from pathlib import Path

from platformdirs import user_config_path, user_data_path

from domain.addresses import parse_endpoint, parse_pod_id, parse_url, pod_url
from domain.chat_settings import ChatSettings, parse_chat_url
from domain.errors import BackendUnreachable, CannotWrite, PlatformSilent, StudioError
from domain.job import Backend
from domain.settings import ComfySettings, Mode, Settings
from domain.versions.spec import checked_id
from domain.workflow import Workflow
from infrastructure.backends import connector
from infrastructure.chat import Chat, key_for
from infrastructure.priced import Priced
from infrastructure.runpod_api import RunPodAPI
from infrastructure.runpod_backend import RunPodBackend
from infrastructure.secrets_file import RUNPOD_KEY, SecretsFile
from infrastructure.settings_file import SettingsFile
from infrastructure.spending_file import SpendingFile
from infrastructure.versions.store import Store, store_folder
from infrastructure.workflow_files import WorkflowFolder
from services.purse import Purse
from services.versions.managed import Managed
from services.versions.shelf import Shelf
from services.workflow_choice import KEYFRAME_WORKFLOW, VIDEO_WORKFLOW

NAME = "cindergrace-studio"
HERE = Path(__file__).resolve().parent.parent

DONE, SOME_FAILED, BAD_INPUT, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 130

Deed = Callable[[argparse.Namespace], int]


def told_plainly(deed: Deed) -> Deed:
    """Turns errors into a sentence on stderr and an exit code. Then `asked.at_end` is closed."""

    @wraps(deed)
    def run(asked: argparse.Namespace) -> int:
        try:
            with ExitStack() as asked.at_end:
                return deed(asked)
        except (BackendUnreachable, PlatformSilent) as error:
            return _complain(error, UNREACHABLE)
        except CannotWrite as error:
            return _complain(error, SOME_FAILED)
        except StudioError as error:
            return _complain(error, BAD_INPUT)
        except KeyboardInterrupt:
            return _complain("Interrupted. The same command goes on from here.", INTERRUPTED)

    return run


def _complain(error: object, code: int) -> int:
    print(f"{'' if code == INTERRUPTED else 'error: '}{error}", file=sys.stderr)
    return code


def settings_path() -> Path:
    return user_config_path(NAME) / "settings.json"


def settings() -> Settings:
    kept, notes = SettingsFile(settings_path()).load()
    for note in notes:
        print(note, file=sys.stderr)
    return kept


def workflows() -> WorkflowFolder:
    """The templates we ship, and the user's own."""
    return WorkflowFolder(HERE / "workflow_templates", user_data_path(NAME) / "workflows")


def backend(asked: argparse.Namespace, project: Callable[[Path], str] = str) -> Backend:
    """Whoever draws. Where that is paid for and a key tells the price, its jobs say what they cost, which is
    noted for the `project` of their folder, and none is begun when a limit is reached."""
    kept = settings()
    comfy = comfy_settings(asked, kept.comfy)
    own = user_data_path(NAME)
    versions = Managed(Shelf((Path("versions"), own / "versions"), Store(store_folder(own))))
    asked.at_end.callback(versions.close)
    made = connector(_secrets(), lambda: kept.bucket, versions.backend)(comfy)
    if isinstance(made, RunPodBackend):
        asked.at_end.callback(made.give_up)
    if not comfy.is_rented or not runpod_key():
        return made
    file = SpendingFile(user_data_path(NAME) / "spending.json")
    purse = Purse(file, kept.limits, made.endpoint if isinstance(made, RunPodBackend) else "", project)
    return Priced(made, _price(made), purse.paid, purse.allow)


def chat(asked: argparse.Namespace) -> Chat:
    """The language model that is asked for, else the one of the settings."""
    kept = settings().chat
    url = parse_chat_url(asked.chat_url) if asked.chat_url else kept.url
    model = asked.chat_model or kept.model
    if not model:
        raise StudioError(
            f"Which model? Name one that {url} has, with --chat-model; it is kept for next time."
        )
    return Chat(url, model, key_for(url, _secrets()))


def keep_chat(used: Chat) -> None:
    """It has answered: from now on it is the one that is asked."""
    file = SettingsFile(settings_path())
    kept, _ = file.load()
    chosen = ChatSettings(used.url, used.model)
    if kept.chat != chosen:
        file.save(replace(kept, chat=chosen))


def cost(backend: Backend) -> dict[str, float]:
    """What was spent, at least, in USD; nothing where nobody knows."""
    return {"cost": round(backend.spent, 6)} if isinstance(backend, Priced) else {}


def _price(backend: Backend) -> Callable[[str], float]:
    known: dict[str, float] = {}

    def price(url: str) -> float:
        if isinstance(backend, RunPodBackend):
            return backend.price()
        if not known.get(url):  # it may be told by now
            with suppress(StudioError):
                known[url] = RunPodAPI(runpod_key()).pod(parse_pod_id(url)[0]).price
        return known.get(url, 0.0)

    return price


def runpod_key() -> str:
    return _secrets().get(RUNPOD_KEY)


def _secrets() -> SecretsFile:
    return SecretsFile(settings_path().with_name("secrets.json"))


def comfy_settings(asked: argparse.Namespace, kept: ComfySettings) -> ComfySettings:
    """The settings with what the command line says on top. Sketch, unless a backend is named."""
    if asked.backend is None and (asked.url or asked.pod_id or asked.endpoint or asked.version_id):
        raise StudioError(
            "--url, --pod-id, --endpoint and --version-id need a --backend: local for a URL, runpod for a "
            "pod, serverless for an endpoint, managed for a version."
        )
    if asked.endpoint:
        kept = replace(kept, endpoint=parse_endpoint(asked.endpoint))
    if asked.version_id:
        kept = replace(kept, version=checked_id(asked.version_id, "--version-id"))
    mode = Mode(asked.backend or Mode.sketch)
    urls, pods = asked.url or [], asked.pod_id or []
    if not urls and not pods:
        return replace(kept, mode=mode)
    comfy = replace(kept, mode=mode)
    if mode is Mode.local and urls:
        comfy, urls = replace(comfy, url=parse_url(urls[0])), urls[1:]
    if mode is Mode.runpod and pods:
        pod_id, port = parse_pod_id(pods[0])
        comfy, pods = replace(comfy, pod_id=pod_id, port=port or comfy.port), pods[1:]
    return replace(comfy, more=(*map(parse_url, urls), *map(_pod, pods)))


def _pod(text: str) -> str:
    """A further pod, by its address where a port is named."""
    pod_id, port = parse_pod_id(text)
    return pod_url(pod_id, port) if port else pod_id


def chosen_workflows(asked: argparse.Namespace) -> tuple[Workflow, Workflow]:
    kept, folder = settings(), workflows()
    video = asked.video_workflow or _there(kept.video_workflow, folder) or VIDEO_WORKFLOW
    return keyframe_workflow(asked), folder.load(video)


def keyframe_workflow(asked: argparse.Namespace) -> Workflow:
    kept, folder = settings(), workflows()
    return folder.load(asked.keyframe_workflow or _there(kept.keyframe_workflow, folder) or KEYFRAME_WORKFLOW)


def _there(name: str, folder: WorkflowFolder) -> str:
    """A workflow of the settings, if it is still there: settings may come from another studio."""
    if not name or name in folder.names():
        return name
    print(
        f"The workflow {name} of the settings is not there; the studio takes its own choice.", file=sys.stderr
    )
    return ""
