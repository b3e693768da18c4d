"""What serverless jobs cost is trued up from RunPod's bill, hour by hour. The account is emulated."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from domain.spending import Limits, Spent
from infrastructure.spending_file import SpendingFile
from services import bills
from services.bills import Bills
from services.pods import Pods
from services.spending import Spending, Work
from tests.fake_answers import Answer

MINUTE, HOUR = 60.0, 3600.0
NINE = datetime(2026, 11, 27, 9).timestamp() // HOUR * HOUR  # here; bills are by whole hours elsewhere
BILLING = "GET /v2/billing/serverless"


class Billed:
    """A studio's sums, with an endpoint."""

    def __init__(self, runpod, endpoint, folder):
        self.runpod, self.endpoint, self.folder = runpod, endpoint, folder
        self.key, self.limits, self.money = runpod.key, Limits(), []
        self.open()

    def open(self):
        pods = Pods(lambda: None, lambda _: None, lambda _: None, lambda: True, set)
        work = Work(tuple, bool, lambda: "/film", tuple, lambda project: {}, lambda project, why: True)
        file = SpendingFile(self.folder / "spending.json")
        self.spending = Spending(file, pods, work, lambda: self.limits, self.money.append)
        self.bills = Bills(self.spending, lambda: self.key)

    def draws(self, amount, now, project="/film", seconds=60.0):
        self.spending.drew(Spent(project, amount, now, self.endpoint.id, seconds))

    def bill(self, hour, amount):
        self.endpoint.bill[datetime.fromtimestamp(hour, timezone.utc).strftime("%Y-%m-%dT%H:00:00Z")] = amount

    def sums(self, now):
        """Today, and every project."""
        self.spending.tick(now)
        book = SpendingFile(self.folder / "spending.json").read()
        return pytest.approx(self.money[-1]["today"], abs=0.001), book.projects

    def looks(self, now):
        self.bills.look(now)
        return self.sums(now)


@pytest.fixture
def billed(runpod, endpoint, tmp_path):
    return Billed(runpod, endpoint, tmp_path)


def test_what_is_billed_beyond_what_was_booked_is_shared_as_projects_drew_in_that_hour(billed):
    billed.draws(0.30, NINE + 10 * MINUTE)
    billed.draws(0.10, NINE + 20 * MINUTE, "/other")
    billed.draws(5.00, NINE + 80 * MINUTE, "/third")
    billed.bill(NINE, 0.80)
    today, projects = billed.looks(NINE + 80 * MINUTE)
    assert today == 5.80
    assert projects == {"/film": pytest.approx(0.60), "/other": pytest.approx(0.20), "/third": 5.0}


def test_an_hour_is_billed_late_and_is_looked_at_once_more(billed, runpod):
    billed.draws(0.40, NINE + 10 * MINUTE)
    billed.bill(NINE, 0.30)
    billed.looks(NINE + 74 * MINUTE)
    assert not runpod.asked(BILLING), "the hour is over, its bill may not be there"
    assert billed.looks(NINE + 75 * MINUTE)[0] == 0.40, "a bill that is not whole lowers nothing"
    billed.bill(NINE, 0.60)
    assert billed.looks(NINE + 76 * MINUTE)[0] == 0.40
    assert billed.looks(NINE + 4 * HOUR)[0] == 0.60
    billed.bill(NINE, 0.90)
    assert billed.looks(NINE + 9 * HOUR)[0] == 0.60
    assert runpod.asked(BILLING) == 2


def test_a_bill_that_stays_lower_lowers_what_was_booked(billed):
    billed.draws(0.40, NINE + 10 * MINUTE)
    billed.bill(NINE, 0.30)
    billed.looks(NINE + 75 * MINUTE)
    today, projects = billed.looks(NINE + 4 * HOUR)
    assert today == 0.30 and projects == {"/film": pytest.approx(0.30)}


def test_a_job_that_was_drawn_over_the_hour_is_looked_for_in_both(billed):
    billed.draws(0.20, NINE + 70 * MINUTE, seconds=20 * MINUTE)
    billed.bill(NINE, 0.11)
    billed.bill(NINE + HOUR, 0.12)
    assert billed.looks(NINE + 5 * HOUR)[0] == 0.23


def test_an_hour_without_a_bill_stays_as_it_was_booked_and_is_told_as_at_least(billed):
    billed.draws(0.40, NINE + 10 * MINUTE)
    assert billed.looks(NINE + 75 * MINUTE)[0] == 0.40
    assert billed.money[-1]["is_least"]
    billed.bill(NINE, 0.50)
    assert billed.looks(NINE + 4 * HOUR)[0] == 0.50
    assert not billed.money[-1]["is_least"]


def test_the_next_start_trues_up_what_the_one_before_booked(billed):
    billed.draws(0.40, NINE + 10 * MINUTE)
    billed.open()
    billed.bill(NINE, 0.50)
    assert billed.looks(NINE + 75 * MINUTE)[0] == 0.50
    billed.open()
    billed.bill(NINE, 0.60)
    assert billed.looks(NINE + 4 * HOUR)[0] == 0.60
    billed.open()
    billed.bill(NINE, 0.70)
    assert billed.looks(NINE + 5 * HOUR)[0] == 0.60


def test_a_job_over_midnight_is_booked_and_billed_on_both_days(billed):
    midnight = datetime(2026, 11, 28).timestamp()
    if midnight % HOUR:
        midnight += HOUR - midnight % HOUR  # where days begin within an hour of the bill
    billed.draws(0.40, midnight + 20 * MINUTE, seconds=40 * MINUTE)
    billed.bill(midnight - HOUR, 0.15)
    billed.bill(midnight, 0.10)
    for looks in (2, 5):
        billed.looks(midnight + looks * HOUR)
    book = SpendingFile(billed.folder / "spending.json").read()
    assert list(book.days.values()) == [pytest.approx(0.15), pytest.approx(0.10)]
    assert book.projects == {"/film": pytest.approx(0.25)}


def test_what_comes_after_its_hour_was_settled_is_not_billed_once_more(billed):
    billed.draws(0.40, NINE + 10 * MINUTE)
    billed.bill(NINE, 0.80)
    billed.looks(NINE + 2 * HOUR)
    billed.looks(NINE + 4 * HOUR)
    billed.draws(0.30, NINE + 20 * MINUTE, "/late")
    _, projects = billed.looks(NINE + 5 * HOUR)
    assert projects == {"/film": pytest.approx(0.80), "/late": 0.30}


def test_an_endpoint_that_is_gone_is_asked_for_two_days_and_holds_up_no_other(billed, runpod):
    gone = runpod.add_endpoint()
    billed.spending.drew(Spent("/film", 0.40, NINE + 10 * MINUTE, gone.id, 60.0))
    billed.draws(0.40, NINE + 70 * MINUTE)
    del runpod.endpoints[gone.id]
    billed.looks(NINE + 2 * HOUR)
    billed.bill(NINE + HOUR, 0.60)
    assert billed.looks(NINE + 3 * HOUR)[0] == 1.00
    billed.looks(NINE + 60 * HOUR)
    assert not billed.spending.due(NINE + 60 * HOUR) and not billed.money[-1]["bill_said"]


def test_without_a_key_nobody_is_asked(billed, runpod):
    billed.draws(0.40, NINE + 10 * MINUTE)
    billed.key = ""
    assert billed.looks(NINE + 4 * HOUR)[0] == 0.40
    assert not runpod.asked(BILLING)


def test_a_key_that_may_not_see_the_bill_leaves_it_at_least_and_is_told_why(billed, runpod):
    billed.draws(0.40, NINE + 10 * MINUTE)
    billed.bill(NINE, 0.50)
    runpod.instead[BILLING] = [Answer(403, b'{"detail": "billing is not yours"}')]
    assert billed.looks(NINE + 4 * HOUR)[0] == 0.40
    assert billed.money[-1]["is_least"] and "billing is not yours" in billed.money[-1]["bill_said"]
    billed.looks(NINE + 4 * HOUR + MINUTE)
    assert runpod.asked(BILLING) == 1, "it is not asked again at once"
    assert billed.looks(NINE + 5 * HOUR)[0] == 0.50
    assert not billed.money[-1]["bill_said"]


def test_a_limit_counts_what_is_billed(billed):
    billed.limits = replace(billed.limits, project=0.45)
    billed.draws(0.40, NINE + 10 * MINUTE)
    billed.bill(NINE, 0.50)
    billed.looks(NINE + 75 * MINUTE)
    assert billed.money[-1]["reached"] == "project"


def test_the_bill_is_looked_at_beside_all_else_until_the_studio_ends(billed, monkeypatch):
    monkeypatch.setattr(bills, "EVERY", 0.01)
    looks, three = [], threading.Event()

    def due(now):
        looks.append(threading.current_thread())
        if len(looks) >= 3:
            three.set()
        raise KeyError("what nobody foresaw")

    monkeypatch.setattr(billed.spending, "due", due)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: billed.bills.start(), range(50)))
    try:
        assert three.wait(30), "one look that breaks is not the last"
        assert len({*looks}) == 1
    finally:
        billed.bills.stop()
    looks[0].join(10)
    billed.bills.start()
    assert not looks[0].is_alive()
