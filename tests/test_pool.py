"""Several machines as one backend: who gets a job, and who does not."""

import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from domain.errors import BackendUnreachable, JobFailed, JobRejected, StudioError
from domain.machines import LaneView, MachineView
from domain.project import Project
from infrastructure import patience, pool_member
from infrastructure import pool as pool_module
from infrastructure.pool import Pool
from infrastructure.pool_member import Member, Remembered
from infrastructure.pool_search import Search
from infrastructure.sketch_probe import SketchProbe
from tests.comfy_jobs import carried_out, make_job, picture, until
from tests.pools import AWAY, Machine, UnderWay, all_ended, impatient, jobs
from tests.test_recipes import made, recipe, wanted


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    impatient(monkeypatch)


@pytest.fixture
def two():
    return {"left": Machine(), "right": Machine()}


def awake(machines):
    """A pool that has seen all of its machines, so that the first of equal ones is the first it was given."""
    pool = Pool(machines)
    with suppress(JobRejected):
        pool.check(picture())
    return pool


def busy(machine, pool, folder, seed=90):
    """A job that stays at a machine until its gate is opened."""
    machine.gate.clear()
    under_way = UnderWay(pool, make_job(folder, picture(seed), f"{seed}_v1"))
    until(lambda: machine.at_once, "the job that keeps it busy")
    return under_way


def job_from(folder, path, seed=1):
    return make_job(
        folder, picture(seed) | {"4": {"class_type": "LoadImage", "inputs": {"image": path}}}, f"{seed:03}_v1"
    )


def a_file(path, content="a picture"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


# --- lanes ------------------------------------------------------------------------------------------


def test_a_pool_has_the_lanes_of_all_its_machines():
    assert Pool({"a": Machine(2), "b": Machine(1)}).lanes == 3
    assert Pool({}).lanes == 0


def test_every_machine_works_before_any_has_a_second_job(tmp_path):
    machines = {name: Machine(2) for name in ("a", "b", "c")}
    for machine in machines.values():
        machine.gate.clear()
    pool = Pool(machines)
    under_way = [UnderWay(pool, job) for job in jobs(tmp_path, 3)]
    until(lambda: all(machine.at_once == 1 for machine in machines.values()), "one at each")

    under_way += [UnderWay(pool, job) for job in jobs(tmp_path, 3, first=4)]
    until(lambda: all(machine.at_once == 2 for machine in machines.values()), "two at each")

    for machine in machines.values():
        machine.gate.set()
    assert all(one.ended().files for one in under_way)


def test_a_machine_never_has_more_jobs_than_lanes_and_each_job_is_made_once(tmp_path):
    machines = {"a": Machine(2), "b": Machine(1), "c": Machine(3)}
    over = all_ended(Pool(machines), jobs(tmp_path, 60), 12)

    assert all(one.error is None and one.files[0].exists() for one in over)
    assert sorted(name for m in machines.values() for name in m.done) == sorted(one.job.name for one in over)
    assert all(machine.most_at_once <= machine.lanes for machine in machines.values())


def test_a_job_that_waits_goes_on_as_soon_as_a_lane_is_free(tmp_path, two):
    pool = awake(two)
    held = [busy(machine, pool, tmp_path, n) for n, machine in enumerate(two.values())]
    waits = UnderWay(pool, make_job(tmp_path))
    waits.words(2)
    assert not waits.facts("machine")

    two["right"].gate.set()
    assert waits.ended().facts("machine") == ["right"]
    two["left"].gate.set()
    assert all(one.ended().files for one in held)


def test_a_pool_without_machines_says_so(tmp_path):
    with pytest.raises(BackendUnreachable, match="no machine"):
        next(Pool({}).run(make_job(tmp_path)))
    with pytest.raises(BackendUnreachable, match="no machine"):
        Pool({}).check()


def test_a_sketch_is_no_machine_among_others():
    with pytest.raises(StudioError, match="same engine"):
        Pool({"a": Machine(), "b": Machine(engine="sketch")})


# --- what machines can run --------------------------------------------------------------------------


def test_a_machine_that_lacks_something_never_gets_the_job_even_if_it_is_the_only_free_one(tmp_path):
    able, poor = Machine(), Machine(lacks=["the model x is missing"])
    pool = awake({"poor": poor, "able": able})
    held = busy(able, pool, tmp_path)
    waits = UnderWay(pool, make_job(tmp_path))
    waits.words(3)
    able.gate.set()

    assert waits.ended().files and held.ended().files
    assert poor.begun == []


def test_what_no_machine_can_run_is_refused_with_what_is_missing(tmp_path):
    pool = awake({"a": Machine(lacks=["the model x is missing"]), "b": Machine(lacks=["no node y"])})
    with pytest.raises(JobRejected) as told:
        carried_out(pool, make_job(tmp_path))
    assert str(told.value) == (
        "None of 2 machines can run the workflow yet. a: the model x is missing. b: no node y."
    )
    with pytest.raises(JobRejected, match=r"a: the model x is missing\. b: no node y"):
        pool.check(picture())


def test_what_is_put_right_after_a_refusal_is_seen(tmp_path, monkeypatch):
    machine = Machine(lacks=["no node y"])
    pool = Pool({"a": machine})
    with pytest.raises(JobRejected, match="a cannot run the workflow yet: no node y"):
        carried_out(pool, make_job(tmp_path))
    machine.lacks.clear()
    monkeypatch.setattr(pool_member, "STALE", 0.0)
    assert carried_out(pool, make_job(tmp_path)).files


def test_a_job_that_a_machine_refuses_goes_to_another(tmp_path, two):
    two["left"].breaks.append(JobRejected("The file is larger than the server takes."))
    outcome = carried_out(awake(two), make_job(tmp_path))

    assert outcome.facts("machine") == ["left", "right"]
    reason = "The file is larger than the server takes."
    assert outcome.facts("attempts") == [[{"member": "left", "reason": reason}]]


def test_a_job_that_all_refuse_is_refused_with_their_reasons(tmp_path, two):
    for machine in two.values():
        machine.breaks.append(JobRejected("It does not like the seed."))
    with pytest.raises(JobRejected, match=r"left: It does not like the seed\. right: It does not"):
        carried_out(awake(two), make_job(tmp_path))
    assert two["left"].begun == two["right"].begun == ["001_v1"]


def test_a_job_that_fails_is_not_tried_elsewhere(tmp_path, two):
    two["left"].breaks.append(JobFailed("The GPU ran out of memory."))
    pool = awake(two)
    with pytest.raises(JobFailed, match="out of memory"):
        carried_out(pool, make_job(tmp_path))
    assert two["right"].begun == []
    assert [machine.failed for machine in pool.view().machines] == [1, 0]


# --- preferences ------------------------------------------------------------------------------------


def test_a_job_goes_where_its_files_were_sent_before(tmp_path, two):
    pool, start = awake(two), a_file(tmp_path / "start.png")
    held = busy(two["left"], pool, tmp_path)
    carried_out(pool, job_from(tmp_path, start, 1))
    two["left"].gate.set()
    held.ended()

    copy = a_file(tmp_path / "other" / "copy.png", start.read_text())  # the content counts
    assert carried_out(pool, job_from(tmp_path, copy, 2)).facts("machine") == ["right"]
    assert carried_out(pool, make_job(tmp_path, picture(3))).facts("machine") == ["left"]


@pytest.mark.parametrize("what", ["the file itself", "a frame of it"])
def test_a_job_goes_where_the_files_it_starts_from_were_made(tmp_path, two, what):
    pool = awake(two)
    held = busy(two["left"], pool, tmp_path)
    (clip,) = carried_out(pool, make_job(tmp_path, name="003.01_v1")).files
    two["left"].gate.set()
    held.ended()

    copy = a_file(tmp_path / "other" / "copy.png", clip.read_text())
    frame = a_file(clip.with_name("003.01_v1_last.png"))
    start = copy if what == "the file itself" else frame
    assert carried_out(pool, job_from(tmp_path, start, 2)).facts("machine") == ["right"]


def test_nobody_waits_for_the_machine_that_has_the_files(tmp_path):
    machines = {"left": Machine(), "right": Machine(lanes=2)}
    pool, start = awake(machines), a_file(tmp_path / "start.png")
    held = busy(machines["left"], pool, tmp_path)
    carried_out(pool, job_from(tmp_path, start, 1))
    machines["left"].gate.set()
    held.ended()

    machines["right"].gate.clear()
    also = UnderWay(pool, job_from(tmp_path, start, 2))
    until(lambda: machines["right"].at_once, "the first")
    assert carried_out(pool, job_from(tmp_path, start, 3)).facts("machine") == ["left"]
    machines["right"].gate.set()
    assert also.ended().files


def test_what_is_remembered_of_a_machine_is_bounded():
    remembered = Remembered(3)
    remembered.add("a", "b", "c")
    remembered.add("a", "d")
    assert list(remembered) == ["c", "a", "d"]
    assert "b" not in remembered


# --- machines that go away --------------------------------------------------------------------------


def test_a_job_whose_machine_goes_away_is_made_by_another(tmp_path, two):
    pool = awake(two)
    under_way = busy(two["left"], pool, tmp_path)
    two["left"].is_up = False

    assert under_way.ended().files[0].read_text() == f"made as {under_way.job.id}"
    assert under_way.facts("machine") == ["left", "right"]
    assert under_way.facts("attempts") == [[{"member": "left", "reason": AWAY}]]
    assert [(machine.done, machine.failed) for machine in pool.view().machines] == [(0, 1), (1, 0)]


def test_the_recipe_says_where_a_take_was_made_and_what_was_tried(tmp_path, two):
    project = Project(tmp_path / "film")
    two["left"].breaks.append(BackendUnreachable(AWAY))
    made(project, awake(two), wanted())

    assert recipe(project)["attempts"] == [{"member": "left", "reason": AWAY}]
    assert recipe(project)["machine"] == "right"
    assert recipe(project)["state"] == "done"


def test_a_machine_that_went_away_gets_nothing_until_it_says_it_is_up(tmp_path, two):
    pool = awake(two)
    under_way = busy(two["left"], pool, tmp_path)
    two["left"].is_up = False
    under_way.ended()
    over = all_ended(pool, jobs(tmp_path, 6), 2)

    assert {one.facts("machine")[-1] for one in over} == {"right"}
    assert two["left"].begun == ["90_v1"]
    two["left"].is_up = True
    two["left"].gate.set()
    assert "away" not in pool.check(picture())
    assert carried_out(pool, make_job(tmp_path, picture(7))).facts("machine") == ["left"]


def test_who_waits_for_a_lane_looks_whether_a_machine_is_back(tmp_path, two):
    pool = awake(two)
    two["left"].is_up = False
    pool.status()
    held = busy(two["right"], pool, tmp_path)
    waits = UnderWay(pool, make_job(tmp_path))
    waits.words(2)
    two["left"].is_up = True

    assert waits.ended().facts("machine") == ["left"]
    two["right"].gate.set()
    held.ended()


def test_looks_at_a_machine_that_stays_away_become_rare(tmp_path, two, monkeypatch):
    monkeypatch.setattr(pool_member, "LONGEST", 1000.0)
    two["left"].is_up = False
    pool = Pool(two)
    held = busy(two["right"], pool, tmp_path)
    waits = UnderWay(pool, make_job(tmp_path))
    until(lambda: two["left"].looks >= 5, "some looks")
    looks = two["left"].looks
    waits.words(12)
    assert two["left"].looks < looks + 6
    two["right"].gate.set()
    waits.ended()
    held.ended()


def test_a_job_that_brings_machines_down_is_given_up_after_three_attempts(tmp_path, monkeypatch):
    monkeypatch.setattr(pool_member, "FIRST", 1000.0)
    monkeypatch.setattr(pool_member, "LONGEST", 1000.0)
    machines = {name: Machine() for name in "abcd"}
    for machine in machines.values():
        machine.breaks.append(BackendUnreachable(AWAY))
    job = UnderWay(awake(machines), make_job(tmp_path)).ended()

    assert isinstance(job.error, JobFailed)
    names = ", ".join(job.facts("machine"))
    assert "given up after 3 attempts" in str(job.error) and f"({names})" in str(job.error)
    assert [len(attempts) for attempts in job.facts("attempts")] == [1, 2, 3]
    assert sorted(len(machine.begun) for machine in machines.values()) == [0, 1, 1, 1]


def test_what_a_machine_made_before_it_was_away_is_not_waited_for(tmp_path, two):
    pool = awake(two)
    carried_out(pool, make_job(tmp_path))
    two["left"].is_up = False
    pool.status()
    two["left"].is_up = True
    pool.check(picture())
    held = busy(two["left"], pool, tmp_path)

    assert carried_out(pool, make_job(tmp_path / "again")).facts("machine") == ["right"]
    two["left"].gate.set()
    held.ended()


def test_what_a_machine_has_made_is_waited_for_as_long_as_it_is_there(tmp_path, two):
    pool = awake(two)
    carried_out(pool, make_job(tmp_path))
    held = busy(two["left"], pool, tmp_path)
    again = UnderWay(pool, make_job(tmp_path / "again"))
    again.words(3)
    assert two["right"].begun == []
    two["left"].gate.set()
    assert again.ended().facts("machine") == ["left"] and held.ended().files


def test_a_machine_gets_a_job_only_when_it_was_told_to_drop_the_one_before(tmp_path):
    job, member = make_job(tmp_path), Member("a", Machine())
    member.answered(member.backend.status())
    member.learned(lambda graph: [], set())
    search = Search(job)
    search.judge(member, [], member.learned_at)
    member.abandoned.add(job.id)
    assert search.lane([member]) is None
    member.abandoned.discard(job.id)
    assert search.lane([member])


def test_a_closed_job_is_not_looked_for_where_it_was(tmp_path, two):
    pool = awake(two)
    busy(two["left"], pool, tmp_path, 1).cancelled()
    held = busy(two["left"], pool, tmp_path, 90)
    assert carried_out(pool, make_job(tmp_path)).facts("machine") == ["right"]
    two["left"].gate.set()
    held.ended()


def test_when_all_machines_go_away_the_job_did_not_fail(tmp_path, two, monkeypatch):
    monkeypatch.setattr(patience, "SECONDS", 0.2)
    pool = awake(two)
    under_way = busy(two["left"], pool, tmp_path)
    for machine in two.values():
        machine.is_up = False

    assert isinstance(under_way.ended().error, BackendUnreachable)
    assert two["right"].begun == []  # it was looked at before it got the job


def test_a_job_waits_for_the_only_machine_that_can_run_it(tmp_path):
    able = Machine()
    pool = awake({"able": able, "poor": Machine(lacks=["no node y"])})
    under_way = busy(able, pool, tmp_path)
    able.is_up = False
    until(lambda: not pool.view().machines[0].is_up, "it is away")
    under_way.words(2)
    able.is_up = True
    able.gate.set()
    assert under_way.ended().facts("machine") == ["able", "able"]


def test_a_pool_of_which_nobody_was_ever_there_says_so_at_once(tmp_path, two):
    for machine in two.values():
        machine.is_up = False
    with pytest.raises(BackendUnreachable) as told:
        carried_out(Pool(two), make_job(tmp_path))
    assert str(told.value) == f"None of 2 machines answers. left: {AWAY} right: {AWAY}"
    with pytest.raises(BackendUnreachable, match="None of 2"):
        Pool(two).check(picture())


def test_a_job_speaks_while_a_machine_does_not_answer_how_it_is(tmp_path):
    machine = Machine()
    machine.answers.clear()
    waits = UnderWay(Pool({"a": machine}), make_job(tmp_path))
    waits.words(3)
    machine.answers.set()
    assert waits.ended().files


# --- cancelling -------------------------------------------------------------------------------------


def test_closing_a_job_cancels_it_where_it_runs_and_frees_its_lane(tmp_path, two):
    pool = awake(two)
    busy(two["left"], pool, tmp_path).cancelled()

    assert two["left"].closed == ["90_v1"] and two["right"].begun == []
    two["left"].gate.set()
    assert carried_out(pool, make_job(tmp_path)).facts("machine") == ["left"]


def test_closing_a_job_that_waits_leaves_the_others_alone(tmp_path, two):
    pool = awake({"left": two["left"]})
    held = busy(two["left"], pool, tmp_path)
    waits = UnderWay(pool, make_job(tmp_path))
    waits.words(2)
    waits.cancelled()

    assert two["left"].closed == []
    two["left"].gate.set()
    assert held.ended().files


# --- machines that come and go ----------------------------------------------------------------------


def test_a_machine_that_is_added_is_used_at_once_by_jobs_that_wait(tmp_path, two):
    pool = awake({"left": two["left"]})
    held = busy(two["left"], pool, tmp_path)
    waits = UnderWay(pool, make_job(tmp_path))
    waits.words(2)
    pool.set_members(two)

    assert waits.ended().facts("machine") == ["right"]
    two["left"].gate.set()
    held.ended()


def test_a_machine_that_is_removed_finishes_what_it_has_and_gets_nothing_new(tmp_path, two):
    pool = awake(two)
    held = busy(two["left"], pool, tmp_path)
    pool.set_members({"right": two["right"]})

    over = all_ended(pool, jobs(tmp_path, 4), 2)
    assert {one.facts("machine")[-1] for one in over} == {"right"}
    assert [(m.name, m.is_leaving) for m in pool.view().machines] == [("right", False), ("left", True)]
    two["left"].gate.set()
    assert held.ended().files and len(two["left"].begun) == 1
    assert [m.name for m in pool.view().machines] == ["right"]


def test_a_machine_that_stays_keeps_what_is_known_of_it(tmp_path, two):
    pool = awake(two)
    carried_out(pool, make_job(tmp_path))
    pool.set_members({"left": two["left"], "new": Machine()})
    assert pool.view().machines[0].done == 1


# --- how it is --------------------------------------------------------------------------------------


def test_its_status_sums_up_and_names_those_that_are_away(two):
    two["far"] = Machine()
    two["far"].is_up = False
    status = Pool(two).status()

    assert (status.is_up, status.name, status.gpu) == (True, "3 machines", "2 × a card")
    assert (status.running, status.waiting) == (0, 2)
    assert status.said == f"far is away: {AWAY}"


def test_it_is_down_when_all_are():
    machine = Machine()
    machine.is_up = False
    status = Pool({"a": machine}).status()
    assert (status.is_up, status.name, status.said) == (False, "1 machine", f"a is away: {AWAY}")


def test_machines_are_asked_how_they_are_at_the_same_time():
    barrier = threading.Barrier(3)

    class Meeting(Machine):
        def status(self):
            barrier.wait(30)
            return super().status()

    assert Pool({name: Meeting() for name in "abc"}).status().said == ""


def test_one_that_does_not_say_how_it_is_holds_nobody_up(two, monkeypatch):
    monkeypatch.setattr(pool_module, "GLANCE", 0.2)
    two["left"].answers.clear()
    status = Pool(two).status()
    assert status.is_up and status.said == "left is away: it does not answer in time."
    two["left"].answers.set()


def test_a_view_shows_each_lane_and_each_machine(tmp_path, two):
    two["far"] = Machine()
    two["far"].is_up = False
    pool = awake(two)
    held = busy(two["left"], pool, tmp_path)
    until(lambda: pool.view().lanes[0].note, "its progress")
    view = pool.view()

    assert view.lanes == (
        LaneView("left", 1, "90_v1", 0.5, "drawing"),
        LaneView("right", 1),
        LaneView("far", 1),
    )
    assert view.machines[:2] == (MachineView("left", True), MachineView("right", True))
    assert replace(view.machines[2], away_since=None) == MachineView("far", False, AWAY)
    assert view.machines[2].away_since
    two["left"].gate.set()
    held.ended()
    assert [(m.done, m.failed) for m in pool.view().machines] == [(1, 0), (0, 0), (0, 0)]


def test_check_names_who_is_there(two):
    assert Pool(two).check(picture()) == "2 machines: left (Machine 1, a card), right (Machine 1, a card)."


def test_the_test_bench_tries_the_first_machine_that_answers(two):
    pool = awake(two)
    two["left"].is_up = False
    two["right"].probe = lambda: "the right one's"
    assert pool.probe() == "the right one's"
    two["right"].is_up = False
    assert isinstance(pool.probe(), SketchProbe)


def test_an_equal_take_is_made_once_and_taken_from_disk_then(tmp_path, two):
    project, pool = Project(tmp_path / "film"), awake(two)
    first = made(project, pool, wanted())
    assert made(project, pool, wanted()).path == first.path
    assert len(two["left"].begun + two["right"].begun) == 1
