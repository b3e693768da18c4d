"""A new pod: the first kind of GPU that is to be had, and never two where one was asked for."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from domain.errors import NoCapacity, PlatformError, PlatformSilent
from domain.pods import NewPod, Pod, PodState
from services.pods import Platform

LOOKS = 4  # for a pod whose making was not answered
PAUSE = 5.0  # seconds between them


def unique_name(wished: str, pods: Sequence[Pod]) -> str:
    """A name that no pod of the account has: it is found by it when RunPod's answer is lost."""
    taken = {pod.name for pod in pods if pod.state is not PodState.gone}
    name, number = wished.strip() or "cindergrace", 2
    while name in taken:
        name, number = f"{wished.strip() or 'cindergrace'}-{number}", number + 1
    return name


def make(
    platform: Platform,
    wanted: NewPod,
    gpus: Sequence[str],
    tell: Callable[[str], None],
    wait: Callable[[float], object] = time.sleep,
) -> Pod:
    """One pod, with the first of `gpus` that RunPod has. Raises PlatformError; PlatformSilent when it is not
    known whether there is one now."""
    if not gpus:
        raise PlatformError("Choose at least one kind of GPU.")
    for gpu in gpus:
        tell(f"asking for {gpu}")
        try:
            return platform.create(replace(wanted, gpu=gpu))
        except NoCapacity:
            tell(f"no {gpu} is free")
        except PlatformSilent as error:
            tell("RunPod did not say whether the pod was made; looking for it")
            return _found(platform, wanted.name, error, wait)
    raise NoCapacity(f"None of these is free just now: {', '.join(gpus)}. Choose others, or try again later.")


def _found(platform: Platform, name: str, error: PlatformSilent, wait: Callable[[float], object]) -> Pod:
    is_known = False
    for _ in range(LOOKS):
        try:
            for pod in platform.pods():
                if pod.name == name and pod.state is not PodState.gone:
                    return pod
            is_known = True
        except PlatformSilent:
            pass
        wait(PAUSE)
    if is_known:
        raise PlatformSilent(f"{error} No pod {name} was made. Try again.")
    raise PlatformSilent(
        f"{error} It is not known whether the pod {name} was made: look into RunPod before another is."
    )
