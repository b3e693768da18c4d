"""When the worker asks for a job and when it does not, with a library that stands in for the SDK's loop."""

import asyncio
import logging
from types import SimpleNamespace

import pytest

from worker import taking
from worker.environment import Environment
from worker.taking import InTurn


class Loop:
    """What the worker takes hold of: the SDK's module rp_scale, with a platform that holds each question."""

    def __init__(self, most=1):
        self.queue, self.asked, self.stops = asyncio.Queue(), 0, asyncio.Event()
        loop = self

        async def get_job(session, count):
            loop.asked += 1
            return [await loop.queue.get()]

        async def get_stop_signals(session):
            await loop.stops.wait()

        class JobScaler:
            is_killed = False

            def kill_worker(self):
                self.is_killed = True

            async def handle_job(self, session, job):
                return await loop.handle(job)

        self.scale = SimpleNamespace(get_job=get_job, get_stop_signals=get_stop_signals, JobScaler=JobScaler)
        self.gates, self.answers = {}, {}
        self.handle, self.told = InTurn(most).attached(self.scale, self._handled)
        self.scaler = JobScaler()

    async def _handled(self, job):
        await self.gates.setdefault(job["id"], asyncio.Event()).wait()
        return dict(self.answers.get(job["id"], {}))

    async def taken(self, id):
        self.queue.put_nowait({"id": id})
        (job,) = await self.scale.get_job(None, 1)
        return asyncio.ensure_future(self.scaler.handle_job(None, job))

    def end(self, id):
        self.gates.setdefault(id, asyncio.Event()).set()


async def a_moment():
    for _ in range(20):
        await asyncio.sleep(0)


def run(play):
    asyncio.run(asyncio.wait_for(play(), 10))


def test_a_held_question_ends_with_the_worker():
    async def play():
        loop = Loop()
        await loop.taken("a")
        question = asyncio.ensure_future(loop.scale.get_job(None, 1))
        await a_moment()
        loop.scaler.kill_worker()
        assert await question is None
        assert await loop.scale.get_job(None, 1) is None
        assert (loop.asked, loop.scaler.is_killed) == (1, True)

    run(play)


def test_a_question_that_the_platform_holds_ends_with_the_worker_as_well():
    async def play():
        loop = Loop()
        questions = [asyncio.ensure_future(loop.scale.get_job(None, 1))]
        questions.append(asyncio.ensure_future(loop.scale.get_stop_signals(None)))
        await a_moment()
        loop.scaler.kill_worker()
        assert await asyncio.gather(*questions) == [None, []]
        loop.queue.put_nowait({"id": "a"})
        await a_moment()
        assert loop.queue.qsize() == 1

    run(play)


def test_a_question_is_not_held_for_long_and_never_eats_the_time_of_asking(monkeypatch):
    monkeypatch.setattr(taking, "HELD", 0.05)

    async def play():
        loop = Loop()
        await loop.taken("a")
        assert await loop.scale.get_job(None, 1) is None
        question = asyncio.ensure_future(loop.scale.get_job(None, 1))
        await a_moment()
        loop.end("a")
        assert await question is None  # and the next one has the SDK's whole time
        assert loop.asked == 1

    run(play)


@pytest.mark.parametrize("most", [1, 2])
def test_the_last_job_is_the_last_and_the_loop_ends_after_it(most, monkeypatch):
    monkeypatch.setattr(taking, "LINGER", 0.05)
    monkeypatch.setattr(taking, "HELD", 0.05)

    async def play():
        loop = Loop(most)
        assert loop.told == most + 1
        loop.answers["a"] = {"refresh_worker": True}
        ways = [await loop.taken(id) for id in ("b", "a")[-most:]]
        question = asyncio.ensure_future(loop.scale.get_job(None, 1))
        loop.end("a")
        assert await question is None
        loop.queue.put_nowait({"id": "c"})
        assert await loop.scale.get_job(None, 1) is None
        assert loop.queue.qsize() == 1
        if most == 2:  # the other one is carried out, and says it: the platform ends the worker then
            assert await ways[1] == {}
            await asyncio.sleep(0.1)
            assert not loop.scaler.is_killed
            loop.end("b")
        assert await ways[0] == {"refresh_worker": True}
        await asyncio.sleep(0.1)
        assert loop.scaler.is_killed

    run(play)


def test_a_question_under_way_is_given_up_when_a_job_was_the_last():
    async def play():
        loop = Loop(2)
        loop.answers["a"] = {"refresh_worker": True}
        way = await loop.taken("a")
        question = asyncio.ensure_future(loop.scale.get_job(None, 1))
        await a_moment()
        loop.end("a")
        assert (await question, await way) == (None, {"refresh_worker": True})

    run(play)


def test_a_library_without_the_places_to_take_hold_of_is_told_of(caplog):
    async def handle(job):
        return {}

    with caplog.at_level(logging.WARNING):
        assert InTurn(1).attached(SimpleNamespace(), handle) == (handle, 1)
    assert "the GPU may idle between two jobs" in caplog.text


@pytest.mark.parametrize(
    ("said", "ours", "theirs"),
    [
        ("", "INFO", "INFO"),
        ("warning", "WARNING", "WARN"),
        ("Warn", "WARNING", "WARN"),
        ("CRITICAL", "ERROR", "ERROR"),
        ("loud", "INFO", "INFO"),
        ("debug", "DEBUG", "DEBUG"),
    ],
)
def test_any_name_of_a_log_level_is_understood(said, ours, theirs):
    environment = Environment({"WORKER_LOG_LEVEL": said})
    assert (environment.level, environment.sdk_level) == (ours, theirs)
    assert Environment({"RUNPOD_LOG_LEVEL": said}).sdk_level == theirs
