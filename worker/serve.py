"""The worker's life on the platform: ComfyUI up, then the SDK's loop, which calls the handler."""

import asyncio
import logging
import os
import platform
from collections.abc import Callable
from typing import Any, cast

from domain.errors import BackendUnreachable
from worker.delivery import Delivery
from worker.doctor import doctor
from worker.environment import Environment
from worker.handler import Handler
from worker.site import NoGpu, Site, open_site
from worker.taking import Handle, InTurn
from worker.work import Bench, Work, carried_out

log = logging.getLogger(__name__)


def serve(environment: Environment) -> None:
    """Until the platform ends it. A worker without ComfyUI tells each job why, and asks to be replaced; one
    without a GPU takes no job from another that has one."""
    try:
        site = open_site(environment)
    except NoGpu as error:
        log.error("%s", error)
        _loop(Handler(_refusing(error), tell_platform), environment, error)
        return
    except BackendUnreachable as error:
        log.error("%s", error)
        doctor(environment, log.warning)
        _loop(Handler(_refusing(error), tell_platform), environment)
        return
    try:
        _loop(Handler(_drawing(site, environment), tell_platform, site.ended), environment)
    finally:
        site.close()


def _loop(handler: Handler, environment: Environment, unfit: NoGpu | None = None) -> None:
    """`unfit`: why the platform is to take this worker away before it gets a job."""
    # its own words would be every job and every result in full
    os.environ["RUNPOD_LOG_LEVEL"] = environment.sdk_level
    _spare_measuring()
    import runpod  # only here: it takes seconds to load, and the rest works without it
    from runpod.serverless.modules import rp_scale

    if unfit:
        runpod.serverless.register_fitness_check(_failing(unfit))
    in_turn = InTurn(max(1, int(environment.number("WORKER_CONCURRENCY"))))
    handle, jobs = in_turn.attached(rp_scale, cast(Handle, handler.handle))
    runpod.serverless.start({"handler": handle, "concurrency_modifier": lambda _: jobs})


def _spare_measuring() -> None:
    """The SDK asks for the processor's name while it loads, for a report that nobody wants here; py-cpuinfo
    measures the clock for more than a second to tell it, which is paid at each start."""
    try:
        import cpuinfo
    except ImportError:
        return  # another version of the SDK, that does without
    cpuinfo.get_cpu_info = lambda: {"brand_raw": platform.machine()}


def _failing(error: NoGpu) -> Callable[[], None]:
    def gpu() -> None:  # the platform is told its name
        raise error

    return gpu


async def tell_platform(job: dict[str, Any], payload: dict[str, Any]) -> None:
    """As the SDK's progress_update, which nobody can wait for: then one may arrive after the result."""
    if "RUNPOD_WEBHOOK_POST_OUTPUT" not in os.environ:
        return  # the SDK's own server on this machine: there is nobody to tell
    from runpod.http_client import AsyncClientSession
    from runpod.serverless.modules.rp_http import send_result

    async with AsyncClientSession() as session:
        await send_result(session, {"status": "IN_PROGRESS", "output": payload}, job)


def _drawing(site: Site, environment: Environment) -> Callable[[dict[str, Any]], Work]:
    bench = Bench(site.backend, environment, site.install, site.see_off)

    def work(job: dict[str, Any]) -> Work:
        with site.job():
            site.revive(environment)
            return (yield from carried_out(job, bench))

    return work


def _refusing(error: BackendUnreachable) -> Callable[[dict[str, Any]], Work]:
    def work(job: dict[str, Any]) -> Work:
        raise error
        yield

    return work


def run_once(said: Any, site: Site, environment: Environment, way: Delivery | None = None) -> dict[str, Any]:
    """One order without the platform; its progress goes to the log, and its files go that way."""

    async def told(job: dict[str, Any], payload: dict[str, Any]) -> None:
        log.info("%.0f %% %s", payload["progress"] * 100, payload["note"])

    bench = Bench(site.backend, environment, site.install, way=way)
    handler = Handler(lambda job: carried_out(job, bench), told, site.ended)
    return asyncio.run(handler.handle({"id": "local", "input": said}))
