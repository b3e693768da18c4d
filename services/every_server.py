"""Asks every machine that draws about one workflow, and tells the best answer from the others."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from domain.errors import BackendUnreachable, BadFile, StudioError
from infrastructure.comfy_server import ComfyServer
from services.workflow_needs import Needs

T = TypeVar("T")


@dataclass(frozen=True)
class Elsewhere:
    """What there is to say of a machine besides the one that answered best."""

    address: str
    lacks: tuple[str, ...] = ()
    said: str = ""  # why it could not be asked


@dataclass(frozen=True)
class Best(Generic[T]):
    address: str
    found: T
    others: tuple[Elsewhere, ...]  # that are away; when no machine can run it, all of them


def best(
    servers: Sequence[ComfyServer], look: Callable[[ComfyServer], T], needs: Callable[[T], Needs]
) -> Best[T]:
    """The answer of the machine that lacks least; what any of them can run is fine.

    Raises StudioError when no machine can be asked. All are asked at once: one that is away holds up none.
    """
    with ThreadPoolExecutor(len(servers)) as threads:
        answers = list(threads.map(lambda server: _answer(server, look), servers))
    errors = {address: answer for address, answer in answers if isinstance(answer, StudioError)}
    found = [(address, answer) for address, answer in answers if not isinstance(answer, StudioError)]
    if not found:
        raise _nobody(errors)
    chosen = min(found, key=lambda one: needs(one[1]).lacking)
    away = [Elsewhere(address, said=str(error)) for address, error in errors.items()]
    if needs(chosen[1]).are_met:
        return Best(*chosen, tuple(away))
    lack = [Elsewhere(address, needs(answer).lacks()) for address, answer in found if address != chosen[0]]
    return Best(*chosen, (*lack, *away))


def _answer(server: ComfyServer, look: Callable[[ComfyServer], T]) -> tuple[str, T | StudioError]:
    try:
        return server.url, look(server)
    except StudioError as error:
        return server.url, error


def _nobody(errors: dict[str, StudioError]) -> StudioError:
    """Why none of the machines can say anything about the workflow."""
    if len(errors) == 1:
        return next(iter(errors.values()))
    away = [str(error) for error in errors.values() if isinstance(error, BackendUnreachable)]
    if len(away) == len(errors):
        return BackendUnreachable(f"None of {len(errors)} machines answers. {' '.join(away)}")
    refused = {a: str(error) for a, error in errors.items() if not isinstance(error, BackendUnreachable)}
    is_same = len({*refused.values()}) == 1
    told = [*refused.values()][:1] if is_same else [f"{a}: {said}" for a, said in refused.items()]
    return BadFile(" ".join([*told, *away]))


def shown(others: Sequence[Elsewhere]) -> list[dict[str, Any]]:
    """Other machines as a page shows them."""
    return [{"address": one.address, "lacks": list(one.lacks), "said": one.said} for one in others]
