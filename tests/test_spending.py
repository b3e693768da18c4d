"""What rented machines cost: booked by day, project and run, capped, and not for nothing."""

from datetime import datetime

import pytest

from domain.spending import Account, Book, IdleStop, Limits
from infrastructure.spending_file import SpendingFile

NOON = datetime(2026, 11, 27, 12).timestamp()
HOUR = 3600.0


def passed(book, hours, prices, projects=("film",), runs=(), steps=1):
    """Time in equal steps, from noon on."""
    book.passed(NOON, prices, projects, runs)
    for n in range(1, steps + 1):
        book.passed(NOON + hours * HOUR * n / steps, prices, projects, runs)
    return book


@pytest.mark.parametrize("steps", [1, 7, 3600])
def test_a_machine_costs_its_price_for_the_time_it_ran_however_often_it_is_looked_at(steps):
    book = passed(Book(), 2, {"a": 0.69}, runs=("r1",), steps=steps)

    assert book.spent_on(NOON) == pytest.approx(1.38)
    assert book.projects["film"] == pytest.approx(1.38)
    assert book.runs["r1"] == pytest.approx(1.38)


def test_several_machines_add_up_and_several_projects_share():
    book = passed(Book(), 1, {"a": 0.5, "b": 1.5}, ("one", "two"))

    assert book.per_hour == 2.0
    assert book.spent_on(NOON) == pytest.approx(2.0)
    assert book.projects == pytest.approx({"one": 1.0, "two": 1.0})


def test_midnight_begins_a_new_day():
    book = Book()
    evening = datetime(2026, 11, 27, 23).timestamp()
    book.passed(evening, {"a": 1.0}, ["film"])
    book.passed(evening + 3 * HOUR, {"a": 1.0}, ["film"])

    assert book.days == pytest.approx({"2026-11-27": 1.0, "2026-11-28": 2.0})
    assert book.spent_on(evening + 3 * HOUR) == pytest.approx(2.0)


def test_a_machine_that_stopped_costs_up_to_the_moment_it_was_seen_to_and_no_more():
    book = passed(Book(), 1, {"a": 1.0})
    book.passed(NOON + 2 * HOUR, {}, ["film"])
    book.passed(NOON + 9 * HOUR, {}, ["film"])

    assert book.spent_on(NOON) == pytest.approx(2.0)
    assert book.per_hour == 0


def test_the_price_that_was_known_counts_where_none_is_told():
    book = passed(Book(), 1, {"a": 1.0})
    book.passed(NOON + HOUR, {"a": 0.0}, ["film"])
    book.passed(NOON + 2 * HOUR, {"a": 0.0}, ["film"])

    assert book.spent_on(NOON) == pytest.approx(2.0)


def test_what_ran_while_the_studio_was_closed_is_booked_when_it_is_opened_again(tmp_path):
    file = SpendingFile(tmp_path / "spending.json")
    file.write(passed(Book(), 1, {"a": 1.0}))

    book = file.read()
    book.passed(NOON + 5 * HOUR, {"a": 1.0}, ["film"])
    assert book.spent_on(NOON) == pytest.approx(5.0)


def test_a_note_of_long_ago_is_not_booked_as_a_year():
    book = Book(accounts={"a": Account(1.0, NOON - 400 * 24 * HOUR)})
    book.passed(NOON, {}, ["film"])

    assert sum(book.days.values()) == pytest.approx(31 * 24)


def test_a_clock_that_was_set_back_books_nothing():
    book = passed(Book(), 1, {"a": 1.0})
    book.passed(NOON - 5 * HOUR, {"a": 1.0}, ["film"])

    assert book.spent_on(NOON) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("limits", "reached"),
    [
        (Limits(), ""),
        (Limits(day=2.1), ""),
        (Limits(day=2.0), "day"),
        (Limits(project=2.0), "project"),
        (Limits(day=5, project=2.1), ""),
    ],
)
def test_a_limit_is_reached_when_it_is_spent(limits, reached):
    book = passed(Book(), 2, {"a": 1.0})
    assert book.reached(limits, NOON + 2 * HOUR, "film") == reached


def test_another_project_has_its_own_limit():
    book = passed(Book(), 2, {"a": 1.0})
    assert book.reached(Limits(project=1), NOON, "another") == ""


@pytest.mark.parametrize("content", ["", "[]", "{", '{"days": 3, "pods": {"a": 1}}', '{"days": {"x": "y"}}'])
def test_a_file_that_does_not_read_is_an_empty_book_and_what_stood_there_is_kept(tmp_path, content):
    path = tmp_path / "spending.json"
    path.write_text(content)
    file = SpendingFile(path)

    assert file.read() == Book()
    file.write(passed(Book(), 1, {"a": 1.0}))
    assert file.read().spent_on(NOON) == pytest.approx(1.0)
    if content in ("", "[]", "{"):
        assert [other.read_text() for other in tmp_path.iterdir() if other != path] == [content]


# --- what idles


def test_what_is_not_needed_is_stopped_to_the_second():
    idle = IdleStop()
    assert idle.left(0, 900, is_needed=True) is None
    assert idle.left(10, 900, is_needed=False) == 900
    assert idle.left(909, 900, is_needed=False) == 1
    assert idle.left(910, 900, is_needed=False) == 0


def test_work_that_comes_meanwhile_begins_the_time_anew():
    idle = IdleStop()
    idle.left(0, 900, is_needed=False)
    assert idle.left(800, 900, is_needed=True) is None
    assert idle.left(801, 900, is_needed=False) == 900


def test_keeping_it_gives_it_as_long_again():
    idle = IdleStop()
    idle.left(0, 900, is_needed=False)
    idle.keep(890)
    assert idle.left(900, 900, is_needed=False) == 890


def test_without_a_limit_nothing_is_ever_stopped():
    assert IdleStop().left(0, 0, is_needed=False) is None
