"""Caps and idle stop, to the second: the meter over an emulated account, by a clock that is set."""

import logging
from datetime import datetime

import pytest

from domain.errand import RUNNING, Errand
from domain.errors import StudioError
from domain.spending import Limits
from infrastructure.runpod_api import RunPodAPI
from infrastructure.spending_file import SpendingFile
from services.pods import Pods
from services.spending import Spending, Work
from tests.fake_answers import Answer
from tests.runpod.pods import Clock

NOW = datetime(2026, 11, 27, 12).timestamp()  # no day ends within these tests
MINUTE = 60


class Metered:
    """A studio's meter with a pod of 3.60 USD an hour, which is a thousandth of a dollar a second."""

    def __init__(self, runpod, folder):
        self.runpod, self.clock, self.folder = runpod, runpod.clock, folder
        self.pod = runpod.add_pod(name="studio", cost=3.6)
        self.limits, self.work, self.is_tested = Limits(), [], False
        self.money, self.ended = [], []
        self.open()

    def open(self):
        api = RunPodAPI(self.runpod.key)
        self.pods = Pods(lambda: api, lambda _: None, lambda _: None, lambda: True, self.ours)
        work = Work(
            lambda: self.work,
            lambda: self.is_tested,
            lambda: "/film",
            lambda: [self.pod.id],
            lambda project: {},
            self._end,
        )
        file = SpendingFile(self.folder / "spending.json")
        self.spending = Spending(file, self.pods, work, lambda: self.limits, self.money.append)
        self.tick()

    def ours(self):
        return {self.pod.id} | (self.spending.watched if hasattr(self, "spending") else set())

    def _end(self, project, why):
        self.ended.append((project, why))
        self.work = [errand for errand in self.work if project not in ("", errand.project)]
        return True

    def draw(self, project="/film", run="r1"):
        self.work = [*self.work, Errand("e1", "keyframe", project, run=run, state=RUNNING)]

    def tick(self):
        self.pods.step(self.clock())
        self.spending.tick(NOW + self.clock())

    def pass_by(self, seconds):
        """As the studio does it: every second a look."""
        for _ in range(seconds):
            self.clock.forward(1)
            self.tick()

    @property
    def now(self):
        return self.money[-1]


@pytest.fixture
def metered(runpod, tmp_path):
    runpod.clock = Clock()
    return Metered(runpod, tmp_path)


def test_the_meter_goes_with_the_clock(metered):
    metered.draw()
    metered.pass_by(100)

    assert metered.now["per_hour"] == 3.6
    assert metered.now["today"] == metered.now["project"] == pytest.approx(0.1, abs=0.002)
    assert metered.now["runs"] == {"r1": pytest.approx(0.1, abs=0.002)}
    assert metered.pod.spent == pytest.approx(metered.now["today"], abs=0.01)


@pytest.mark.parametrize("limits", [Limits(day=0.1), Limits(project=0.1)])
def test_a_limit_ends_the_work_and_stops_the_pod_in_the_second_it_is_reached(metered, limits):
    metered.limits = limits
    metered.draw()
    metered.pass_by(99)
    assert metered.pod.status == "RUNNING" and not metered.ended

    metered.pass_by(1)
    assert [project for project, _ in metered.ended] == ["" if limits.day else "/film"]
    assert "0.10 of 0.10 USD" in metered.ended[0][1]
    metered.pass_by(1)
    assert metered.pod.status == "EXITED"
    assert metered.now["reached"] == ("day" if limits.day else "project")


def test_nothing_new_is_begun_beyond_a_limit_until_it_is_raised(metered):
    metered.limits = Limits(project=0.05)
    metered.draw()
    metered.pass_by(60)
    with pytest.raises(StudioError, match=r"0.05 USD. Raise it on the Machines page"):
        metered.spending.allow("/film", NOW + metered.clock())
    metered.spending.allow("/another", NOW + metered.clock())

    metered.limits = Limits(project=1)
    metered.spending.allow("/film", NOW + metered.clock())


def test_another_project_goes_on_beside_one_that_has_reached_its_limit(metered):
    metered.draw("/film")
    metered.pass_by(50)
    metered.limits = Limits(project=0.06)
    metered.draw("/another", run="r2")
    metered.pass_by(30)

    assert [project for project, _ in metered.ended] == ["/film"]
    assert metered.pod.status == "RUNNING"


def test_a_limit_counts_what_was_spent_before_the_studio_was_opened_again(metered):
    metered.draw()
    metered.pass_by(60)
    metered.spending.tick(NOW + metered.clock())
    metered.pass_by(30)  # a book that is written every half minute is written
    metered.open()
    assert metered.now["today"] == pytest.approx(0.09, abs=0.002)


def test_a_pod_that_nobody_needs_is_stopped_to_the_second(metered):
    metered.draw()
    metered.pass_by(10)
    metered.work = []
    metered.pass_by(1)
    assert metered.now["idle_until"] == round(NOW + metered.clock() + 15 * MINUTE)
    metered.pass_by(15 * MINUTE - 1)
    assert metered.pod.status == "RUNNING"
    metered.pass_by(2)
    assert metered.pod.status == "EXITED"
    assert metered.now["idle_until"] is None and metered.now["per_hour"] == 0


def test_one_click_keeps_it_for_as_long_again(metered):
    metered.pass_by(14 * MINUTE)
    metered.spending.keep(NOW + metered.clock())
    metered.pass_by(14 * MINUTE)
    assert metered.pod.status == "RUNNING"
    metered.pass_by(MINUTE + 1)
    assert metered.pod.status == "EXITED"


@pytest.mark.parametrize("needed_by", ["work", "bench"])
def test_what_is_needed_is_not_stopped(metered, needed_by):
    if needed_by == "work":
        metered.draw()
    metered.is_tested = needed_by == "bench"
    metered.pass_by(16 * MINUTE)
    assert metered.pod.status == "RUNNING" and metered.now["idle_until"] is None


def test_a_pod_that_is_starting_does_not_idle(metered):
    metered.pod.stop()
    metered.tick()
    metered.pod.starting = 20 * MINUTE
    metered.pod.start()
    metered.pass_by(16 * MINUTE)
    assert metered.now["idle_until"] is None and metered.pod.status == "STARTING"


def test_idling_may_be_allowed(metered):
    metered.limits = Limits(idle_minutes=0)
    metered.pass_by(20 * MINUTE)
    assert metered.pod.status == "RUNNING"


def test_a_stop_that_runpod_does_not_take_is_tried_again_until_it_does(metered, caplog):
    caplog.set_level(logging.WARNING)
    metered.runpod.instead["POST /v2/pods/{id}/action"] = [Answer(503), Answer(500), Answer(429)]
    metered.pass_by(15 * MINUTE + 40)
    assert metered.pod.status == "EXITED"
    assert metered.runpod.asked("POST /v2/pods/{id}/action") == 4
    assert "503" in caplog.text


def test_a_pod_that_was_stopped_elsewhere_is_not_booked_any_more(metered):
    metered.draw()
    metered.pass_by(30)
    metered.pod.stop()
    metered.pass_by(60)
    assert metered.now["today"] == pytest.approx(0.045, abs=0.016), (
        "until the next look, a quarter of a minute"
    )
    assert metered.now["per_hour"] == 0


def test_what_was_stopped_while_the_studio_was_closed_is_not_booked_for_the_time(metered):
    metered.draw()
    metered.pass_by(60)
    metered.pod.stop()
    metered.clock.forward(3 * 24 * 3600)
    metered.work = []
    metered.open()
    metered.pass_by(5)
    assert metered.now["project"] == pytest.approx(0.06, abs=0.005)


def test_what_ran_on_while_the_studio_was_closed_is_booked(metered):
    metered.draw()
    metered.pass_by(60)
    metered.clock.forward(1000)
    metered.open()
    assert metered.now["project"] == pytest.approx(1.06, abs=0.04)


def test_a_pod_that_was_started_anew_meanwhile_is_booked_from_its_start(metered):
    metered.draw()
    metered.pass_by(60)
    metered.pod.stop()
    metered.clock.forward(10_000)
    metered.pod.start()
    metered.clock.forward(100)
    metered.open()
    assert metered.now["project"] == pytest.approx(0.16, abs=0.04)


def test_a_pod_that_was_stopped_with_the_studio_is_booked_up_to_then(metered):
    metered.draw()
    metered.pass_by(60)
    assert metered.pods.stop_now() == {metered.pod.id: ""}
    metered.spending.stopped([metered.pod.id], NOW + metered.clock())
    metered.pod.start()
    metered.clock.forward(500)
    metered.open()
    metered.pass_by(1)
    assert metered.now["project"] == pytest.approx(0.06, abs=0.01)


def test_nothing_is_forgotten_as_long_as_runpod_has_not_answered(metered):
    other = metered.runpod.add_pod(name="earlier", cost=7.2)
    metered.spending.watch(other.id)
    metered.pass_by(20)
    assert metered.now["per_hour"] == pytest.approx(10.8)
    metered.runpod.instead["GET /v2/pods"] = [Answer(503)] * 3
    metered.open()
    assert other.id in metered.spending.watched
    metered.pass_by(60)
    assert metered.now["per_hour"] == pytest.approx(10.8)


def test_a_pod_that_nobody_draws_on_is_stopped_while_another_draws(metered):
    other = metered.runpod.add_pod(name="earlier")
    metered.spending.watch(other.id)
    metered.draw()
    metered.pass_by(16 * MINUTE)
    assert (metered.pod.status, other.status) == ("RUNNING", "EXITED")


def test_a_pod_that_is_stuck_in_its_start_is_stopped_after_all(metered):
    metered.pod.stop()
    metered.tick()
    metered.pod.starting = 10**6
    metered.pod.start()
    metered.clock.forward(29 * MINUTE)
    metered.tick()
    metered.pass_by(MINUTE)
    assert metered.pod.status == "STARTING"
    metered.clock.forward(16 * MINUTE)
    metered.pass_by(2)
    metered.clock.forward(16 * MINUTE)
    metered.pass_by(5)
    assert metered.pod.status == "EXITED"


def test_an_idle_clock_of_before_does_not_stop_a_pod_that_was_just_started(metered):
    metered.pass_by(15 * MINUTE + 5)
    assert metered.pod.status == "EXITED"
    metered.pass_by(60)
    metered.pod.start()
    metered.pass_by(60)
    assert metered.pod.status == "RUNNING" and metered.now["idle_until"] is not None


def test_a_pod_of_a_name_that_was_asked_for_is_ours_whenever_it_turns_up(metered):
    metered.spending.await_pod("late")
    metered.pass_by(20)
    late = metered.runpod.add_pod(name="late", cost=1.0)
    metered.open()
    metered.pass_by(20)
    assert late.id in metered.spending.watched and not metered.spending.awaited


def test_a_limit_of_the_day_ends_the_work_of_all_projects(metered):
    metered.limits = Limits(day=0.02)
    metered.draw("/film")
    metered.draw("/another", run="r2")
    metered.pass_by(25)
    assert not metered.work and metered.pod.status == "EXITED"


def test_limits_are_told_before_anybody_knows_what_costs(metered):
    metered.runpod.instead["GET /v2/pods"] = [Answer(503)]
    metered.open()
    assert (metered.now["idle_minutes"], metered.now["per_hour"]) == (15, 0)
