"""Which backend the settings mean. Nothing else in the house asks for the mode."""

from collections.abc import Callable, Sequence

from domain.addresses import parse_endpoint
from domain.buckets import BucketSettings
from domain.errors import StudioError
from domain.job import Backend
from domain.settings import ComfySettings, Mode
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.comfy_server import ComfyServer
from infrastructure.managed import ManagedBackend
from infrastructure.pool import HANDOVER, Pool
from infrastructure.runpod_backend import RunPodBackend
from infrastructure.secrets_file import RUNPOD_KEY, SecretsFile
from infrastructure.serverless_inputs import Store, store_of
from infrastructure.sketch_backend import SketchBackend


def connect(
    comfy: ComfySettings,
    key: Callable[[], str] = str,
    store: Callable[[], Store | None] = lambda: None,
    managed: Callable[[str], ManagedBackend] | None = None,
) -> Backend:
    """`key` gives RunPod's, as it is now, and `store` where large inputs go; serverless endpoints ask for
    both. `managed` gives a version's own ComfyUI by its id. Raises StudioError."""
    match comfy.mode:
        case Mode.sketch:
            return SketchBackend()
        case Mode.local | Mode.runpod:
            return _comfy(comfy.addresses)
        case Mode.managed:
            if managed is None or not comfy.version:
                raise StudioError("Which version? Choose one, or name it with --version-id.")
            return managed(comfy.version)
        case Mode.serverless:
            return RunPodBackend(parse_endpoint(comfy.endpoint), key, store)


def connector(
    secrets: SecretsFile,
    bucket: Callable[[], BucketSettings],
    managed: Callable[[str], ManagedBackend] | None = None,
) -> Callable[[ComfySettings], Backend]:
    """The same with the keys that are entered, and the bucket as it is set up at any time."""
    return lambda comfy: connect(
        comfy, lambda: secrets.get(RUNPOD_KEY), lambda: store_of(bucket(), secrets), managed
    )


def changed(backend: Backend, comfy: ComfySettings) -> bool:
    """Whether a backend became what the settings mean now: jobs under way in a pool go on while machines come
    and go. False when it cannot."""
    if not isinstance(backend, Pool) or not comfy.has_machines:
        return False
    backend.set_members({**_members(comfy.addresses), **_kept(backend, comfy)})
    return True


def _kept(pool: Pool, comfy: ComfySettings) -> dict[str, Backend]:
    """Machines that were there and stay: with what they have under way."""
    names = {_name(address) for address in comfy.addresses}
    return {name: backend for name, backend in pool.members.items() if name in names}


def _comfy(addresses: Sequence[str]) -> Backend:
    """One machine, which is waited for when it is away; of several, others take over soon."""
    return ComfyBackend(addresses[0]) if len(addresses) == 1 else Pool(_members(addresses))


def _members(addresses: Sequence[str]) -> dict[str, Backend]:
    return {_name(address): ComfyBackend(address, HANDOVER) for address in addresses}


def _name(address: str) -> str:
    return address.partition("://")[2]


def servers(comfy: ComfySettings) -> list[ComfyServer]:
    """Whom to ask about nodes and models: every machine that draws. The sketch engine has neither, and an
    endpoint does not tell."""
    return [ComfyServer(address) for address in comfy.addresses] if comfy.has_machines else []
