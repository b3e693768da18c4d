"""What a job on a rented machine cost stands in its recipe."""

import json
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest

from domain.errors import JobFailed, StudioError
from domain.events import Fact, Progress
from domain.job import Job
from domain.project import Project
from infrastructure import priced
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.priced import Priced
from infrastructure.recipes import Ledger, Wanted
from tests.comfy_jobs import make_job, picture, puts_out


def made(fake, folder, price=3600.0, graph=None):
    """The recipe of one take, at so many dollars an hour: a dollar a second."""
    backend = Priced(ComfyBackend(fake.url), lambda url: price if url == fake.url else 0.0)
    work = Ledger(Project(folder)).carry_out(backend, Wanted("001", graph or picture(), "", {}))
    with suppress(JobFailed):
        list(work)
    (recipe,) = (folder / "takes").glob("*.json")
    return json.loads(recipe.read_text("utf-8"))


def test_a_take_costs_the_time_the_gpu_was_at_it(fake, tmp_path):
    recipe = made(fake, tmp_path)
    assert recipe["state"] == "done" and recipe["price"] == 3600
    assert recipe["cost"] == pytest.approx(recipe["gpu_seconds"])


def test_one_that_failed_cost_as_well(fake, tmp_path):
    recipe = made(fake, tmp_path, graph=puts_out({}))
    assert recipe["state"] == "failed"
    assert recipe["cost"] > 0


def test_every_attempt_at_a_take_costs(fake, tmp_path):
    breaks = {"1": {"class_type": "Break", "inputs": {"message": "no memory", "kind": "E"}}}
    once = made(fake, tmp_path, graph=breaks)["cost"]
    recipe = made(fake, tmp_path, graph=breaks)
    assert recipe["cost"] > once
    assert recipe["cost"] == pytest.approx(once + recipe["gpu_seconds"])


def test_a_take_that_was_under_way_when_the_studio_was_killed_costs_as_well(fake, tmp_path):
    fake.gate.clear()
    killed = Ledger(Project(tmp_path)).carry_out(ComfyBackend(fake.url), Wanted("001", picture(), "", {}))
    for event in killed:
        if isinstance(event, Fact) and event.key == "sent":
            break
    fake.gate.set()
    recipe = made(fake, tmp_path)
    assert recipe["state"] == "done" and "sent" not in recipe
    assert recipe["cost"] == pytest.approx(recipe["gpu_seconds"])
    killed.close()


def test_a_machine_that_went_away_under_a_job_costs_until_another_has_it(monkeypatch, tmp_path):
    now = [100.0]
    monkeypatch.setattr("infrastructure.priced.monotonic", lambda: now[0])

    def run(job):
        yield Fact("url", "https://one")
        yield Fact("sent", {"times": 1})
        now[0] += 4
        yield Fact("url", "https://two")
        now[0] += 1
        yield Fact("sent", {"times": 1})
        yield Fact("gpu_seconds", 3.0)
        return []

    inner = SimpleNamespace(run=run, engine="comfyui")
    backend = Priced(inner, lambda url: {"https://one": 3600.0, "https://two": 7200.0}[url])
    told = {event.key: event.value for event in backend.run(Job("1", {}, tmp_path, {}))}
    assert told["price"] == 7200
    assert told["cost"] == pytest.approx(4 * 1 + 3 * 2)


def test_what_costs_nothing_says_nothing_of_it(fake, tmp_path):
    recipe = made(fake, tmp_path, price=0.0)
    assert "cost" not in recipe and "price" not in recipe


def test_a_take_that_the_server_had_already_costs_nothing_again(fake, tmp_path):
    made(fake, tmp_path / "one")
    recipe = made(fake, tmp_path / "two")
    assert recipe["state"] == "done" and "cost" not in recipe


def test_everything_else_is_the_backends_own(fake):
    inner = ComfyBackend(fake.url)
    backend = Priced(inner, lambda url: 1.0)
    assert (backend.engine, backend.lanes, backend.inner) == ("comfyui", inner.lanes, inner)
    assert backend.status() == inner.status()
    assert backend.check(picture()) == inner.check(picture())


def test_closing_it_cancels_the_job(fake, tmp_path):
    fake.gate.clear()
    backend = Priced(ComfyBackend(fake.url), lambda url: 3600.0)
    work = Ledger(Project(tmp_path)).carry_out(backend, Wanted("001", picture(), "", {}))
    for event in work:
        if isinstance(event, Fact) and event.key == "sent":
            break
    work.close()
    assert not fake.running and not fake.pending
    recipe = json.loads((tmp_path / "takes" / "001_v1.json").read_text("utf-8"))
    assert recipe["state"] == "cancelled" and recipe["cost"] > 0, "it was paid for all the same"


def test_what_a_picture_of_the_test_bench_cost_is_kept_for_nobody(fake, tmp_path):
    fake.gate.clear()
    paid = []
    backend = Priced(ComfyBackend(fake.url), lambda url: 3600.0, lambda folder, cost, *_: paid.append(cost))
    job = make_job(tmp_path)
    work = backend.probe().draw(job)
    for event in work:
        if isinstance(event, Fact) and event.key == "sent":
            break
    work.close()
    assert paid and not backend.bill_of_closed(job.id)


def test_at_a_limit_a_job_is_taken_back_by_fresh_news_alone(tmp_path):
    stale, fresh = (Progress(0.0, "waiting", is_queued=True) for _ in range(2))
    closed = []

    class Inner:
        def run(self, job):
            if job.name == "other":
                yield Fact("sent", {"times": 1})
                yield Fact("gpu_seconds", 2.0)
                return []
            try:
                yield from (stale, stale, fresh)
            finally:
                closed.append(True)

    spent = []

    def allow(folder):
        if spent:
            raise StudioError("The limit is reached.")

    backend = Priced(Inner(), lambda url: 1.0, lambda *bill: spent.append(bill), allow)
    waiting, other = backend.run(make_job(tmp_path)), replace(make_job(tmp_path), name="other")
    assert next(waiting) is stale
    list(backend.run(other))
    assert spent and next(waiting) is stale, "it may be over by now: nobody has looked"
    with pytest.raises(StudioError, match="limit"):
        next(waiting)
    assert closed


def test_a_job_that_waits_is_taken_back_when_others_reach_the_limit(monkeypatch, tmp_path):
    now, is_reached = [100.0], []
    monkeypatch.setattr("infrastructure.priced.monotonic", lambda: now[0])

    def run(job):
        while True:
            yield Progress(0.0, "waiting", is_queued=True)

    def allow(folder):
        if is_reached:
            raise StudioError("The limit is reached.")

    work = Priced(SimpleNamespace(run=run), lambda url: 1.0, allow=allow).run(make_job(tmp_path))
    next(work)
    is_reached.append(True)
    next(work)
    now[0] += priced.AGAIN + 1
    with pytest.raises(StudioError, match="limit"):
        next(work)
