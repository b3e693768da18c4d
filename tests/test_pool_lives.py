"""A pool of ComfyUI servers that crash, start again and come back after others took over."""

import json
from contextlib import ExitStack

import pytest

from domain.errors import JobRejected
from domain.project import Project
from domain.settings import ComfySettings, Mode
from infrastructure import comfy_execution, patience, pool_member
from infrastructure import pool as pool_module
from infrastructure.backends import connect
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.pool import Pool
from infrastructure.preflight import essence, lacks
from tests.comfy_jobs import carried_out, make_job, parts, picture, until
from tests.fake_answers import HANG_UP
from tests.fakes import FakeBackend
from tests.graphs import template
from tests.pools import Counting, UnderWay, all_ended, impatient, jobs
from tests.renders import Rendered, a_board, a_shot
from tests.test_recipes import made, recipe, wanted

SHORT = 0.1  # seconds of patience


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(comfy_execution, "QUIET", 0.05)
    monkeypatch.setattr(comfy_execution, "QUEUE_LOOK", 0.1)
    monkeypatch.setattr(patience, "PAUSE", 0.02)
    impatient(monkeypatch)


@pytest.fixture
def servers():
    with ExitStack() as stack:
        yield lambda count: [stack.enter_context(Counting()) for _ in range(count)]


def pool_of(fakes, seconds=SHORT):
    """Of servers that have all been asked what they can run."""
    pool = Pool({f"gpu-{n + 1}": ComfyBackend(fake.url, seconds) for n, fake in enumerate(fakes)})
    pool.check(picture())
    return pool


def cut_off(fake):
    """Nobody gets through to it, and it works on. Returns what brings the line back."""
    fake.drop_sockets()
    roads = [f"{method} /{path}" for method, paths in ROADS.items() for path in paths]
    for road in roads:
        fake.instead[road] = [HANG_UP] * 10_000

    def back():
        for road in roads:
            fake.instead[road] = []

    return back


ROADS = {
    "GET": ("system_stats", "queue", "history", "api", "view", "object_info", "ws"),
    "POST": ("prompt", "api", "upload"),
    "HEAD": ("view",),
}


def finished(fakes):
    return sorted(id for fake in fakes for id in fake.finished)


# --- what they can run ------------------------------------------------------------------------------


def test_each_server_is_asked_once_what_it_can_run(servers, tmp_path):
    fakes = servers(3)
    pool = pool_of(fakes)
    all_ended(pool, jobs(tmp_path, 12), pool.lanes)
    pool.status()
    pool.check(picture())
    assert [fake.asked("GET /object_info") for fake in fakes] == [1, 1, 1]


def test_a_server_that_was_away_is_asked_again(servers, tmp_path):
    fakes = servers(2)
    pool = pool_of(fakes)
    fakes[0].crash()
    assert "gpu-1 is away" in pool.status().said
    fakes[0].models["checkpoints"].append("new.safetensors")
    fakes[0].start()
    new = make_job(tmp_path, picture() | {"9": loader("new.safetensors")})

    assert carried_out(pool, new).facts("machine") == ["gpu-1"]
    assert [fake.asked("GET /object_info") for fake in fakes] == [2, 1]


def test_what_a_server_lost_while_it_was_away_is_not_asked_of_it(servers, tmp_path):
    fakes = servers(2)
    pool = pool_of(fakes)
    fakes[0].crash()
    pool.status()
    fakes[0].models["checkpoints"].clear()
    fakes[0].start()
    pool.status()
    over = all_ended(pool, jobs(tmp_path, 6), pool.lanes)

    assert {one.facts("machine")[-1] for one in over} == {"gpu-2"}
    assert fakes[0].asked("POST /prompt") == 0


def loader(model):
    return {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": model}}


def test_a_job_goes_only_where_its_model_is(servers, tmp_path):
    fakes = servers(3)
    fakes[2].models["checkpoints"].append("rare.safetensors")
    pool = pool_of(fakes)
    rare = [
        make_job(tmp_path, picture(seed) | {"9": loader("rare.safetensors")}, f"{seed}") for seed in range(4)
    ]
    all_ended(pool, rare, pool.lanes)
    assert [len(fake.finished) for fake in fakes] == [0, 0, 4]
    assert [fake.asked("POST /prompt") for fake in fakes] == [0, 0, 4]


def test_what_nobody_has_is_told_with_the_server_first_that_lacks_least(servers, tmp_path):
    fakes = servers(2)
    fakes[1].models["checkpoints"].append("rare.safetensors")
    graph = picture() | {"8": loader("rare.safetensors"), "9": loader("none.safetensors")}
    with pytest.raises(JobRejected) as told:
        carried_out(pool_of(fakes), make_job(tmp_path, graph))
    first, second = str(told.value).split("gpu-2: ")[1].split("gpu-1: ")
    assert first == "the model none.safetensors is missing; it belongs in models/checkpoints. "
    assert "rare.safetensors" in second and "none.safetensors" in second
    assert not finished(fakes)


def test_two_workflows_may_each_have_a_server_of_their_own(servers):
    fakes = servers(2)
    graphs = []
    for fake, model in zip(fakes, ("left.safetensors", "right.safetensors"), strict=True):
        fake.models["checkpoints"].append(model)
        graphs.append(picture() | {"9": loader(model)})
    pool = pool_of(fakes)
    assert pool.check(*graphs).startswith("2 machines: gpu-1 (ComfyUI 0.33.0, Fake GPU)")
    with pytest.raises(JobRejected, match="Away: gpu-1"):
        fakes[0].crash()
        pool.check(*graphs)


def test_a_model_that_was_put_there_meanwhile_is_seen_when_it_is_asked_for_again(
    servers, tmp_path, monkeypatch
):
    monkeypatch.setattr(pool_member, "STALE", 0.0)
    fakes = servers(2)
    pool, job = pool_of(fakes), make_job(tmp_path, picture() | {"9": loader("late.safetensors")})
    with pytest.raises(JobRejected, match=r"late\.safetensors"):
        pool.check(job.graph)
    fakes[1].models["checkpoints"].append("late.safetensors")
    assert carried_out(pool, job).facts("machine") == ["gpu-2"]


def test_check_asks_anew_what_was_missing_before(servers):
    fakes = servers(2)
    pool, graph = pool_of(fakes), picture() | {"9": loader("late.safetensors")}
    with pytest.raises(JobRejected):
        pool.check(graph)
    fakes[1].models["checkpoints"].append("late.safetensors")
    assert pool.check(graph).startswith("2 machines")


def test_a_server_that_lost_a_model_refuses_one_job_and_is_asked_what_it_has(servers, tmp_path, monkeypatch):
    monkeypatch.setattr(pool_member, "STALE", 0.0)
    fakes = servers(2)
    pool = pool_of(fakes)
    fakes[0].models["checkpoints"].clear()
    first, *others = jobs(tmp_path, 5)
    assert carried_out(pool, first).facts("machine") == ["gpu-1", "gpu-2"]
    assert {one.facts("machine")[0] for one in all_ended(pool, others, pool.lanes)} == {"gpu-2"}
    assert [fake.asked("POST /prompt") for fake in fakes] == [1, 5]


@pytest.mark.parametrize("has_new_lists", [False, True])
def test_what_is_kept_of_a_server_says_the_same_and_is_small(fake, has_new_lists):
    fake.has_new_lists = has_new_lists
    info = fake.object_info()
    graphs = [
        picture(),
        picture() | {"9": loader("none.safetensors"), "8": {"class_type": "No", "inputs": {}}},
    ]
    graphs.append(template("video_wan22_5b").graph)
    kept = essence(info)
    for graph in graphs:
        assert lacks(kept, [graph]) == lacks(info, [graph])
    many = {f"Lora{n}": info["LoraLoader"] for n in range(100)}
    assert len({id(menu) for node in essence(many).values() for menu in _menus(node)}) == 1


def _menus(node):
    return [spec[0] for spec in node["input"]["optional"].values()]


# --- all of them work -------------------------------------------------------------------------------


def test_four_servers_with_equal_jobs_are_all_kept_busy(servers, tmp_path):
    fakes = servers(4)
    pool = pool_of(fakes)
    for fake in fakes:
        fake.gate.clear()
    under_way = [UnderWay(pool, job) for job in jobs(tmp_path, 12)]
    until(lambda: all(fake.running and len(fake.pending) == 1 for fake in fakes), "one at work, one queued")

    for fake in fakes:
        fake.gate.set()
    assert all(one.ended().files for one in under_way)
    assert finished(fakes) == sorted(one.job.id for one in under_way)


def test_an_equal_job_that_is_under_way_is_not_run_elsewhere_as_well(servers, tmp_path):
    fakes = servers(2)
    pool, job = pool_of(fakes), make_job(tmp_path)
    fakes[0].gate.clear()
    first = UnderWay(pool, job)
    until(lambda: fakes[0].running, "the first")
    second = UnderWay(pool, make_job(tmp_path / "elsewhere"))
    until(lambda: second.facts("machine"), "the second")
    fakes[0].gate.set()

    assert first.ended().files != second.ended().files
    assert finished(fakes) == [job.id]


def test_a_studio_that_was_killed_finds_its_job_where_it_runs(servers, tmp_path):
    fakes = servers(2)
    fakes[1].gate.clear()
    job = make_job(tmp_path)
    killed = ComfyBackend(fakes[1].url).run(job)
    while not fakes[1].running:
        next(killed)
    pool = pool_of(fakes)
    again = UnderWay(pool, job)
    until(lambda: again.facts("machine"), "it is found")
    fakes[1].gate.set()

    assert again.ended().facts("machine") == ["gpu-2"]
    assert finished(fakes) == [job.id]
    assert carried_out(pool_of(fakes), job).facts("machine") == ["gpu-2"]  # also when it is over
    assert finished(fakes) == [job.id]


# --- one goes away ----------------------------------------------------------------------------------


def test_a_crashed_servers_job_is_made_by_another_and_the_recipe_says_so(servers, tmp_path):
    fakes = servers(2)
    fakes[0].gate.clear()
    project, pool = Project(tmp_path / "film"), pool_of(fakes)
    fakes[0].when["execution_start"] = fakes[0].crash
    fakes[0].models["checkpoints"].append("a.safetensors")
    take = made(project, _Plain(pool), wanted())

    said = recipe(project)
    assert (said["machine"], said["url"], said["server"]) == ("gpu-2", fakes[1].url, "ComfyUI 0.33.0")
    assert said["attempts"][0]["member"] == "gpu-1"
    assert "No ComfyUI answers" in said["attempts"][0]["reason"]
    assert take.path.exists() and not parts(tmp_path)
    assert fakes[1].asked("GET /object_info") == 1  # it was looked at, and not asked all over again


class _Plain:
    """A pool that draws a graph the fake servers know, whatever was asked for."""

    engine = "comfyui"

    def __init__(self, pool):
        self._pool = pool

    def run(self, job):
        return self._pool.run(type(job)(job.name, picture(), job.folder, job.hashes))


def test_a_server_that_was_cut_off_is_freed_of_what_another_made(servers, tmp_path):
    fakes = servers(2)
    for fake in fakes:
        fake.gate.clear()
    pool, job = pool_of(fakes), make_job(tmp_path)
    under_way = UnderWay(pool, job)
    until(lambda: fakes[0].running, "it runs")
    back = cut_off(fakes[0])
    until(lambda: fakes[1].running, "it was handed over")
    back()
    pool.status()
    until(lambda: not fakes[0].running, "the first was told")
    assert fakes[0].histories[job.id]["status"]["status_str"] == "error"
    fakes[1].gate.set()

    (file,) = under_way.ended().files
    assert finished(fakes) == [job.id]
    assert [fake.asked("GET /view") for fake in fakes] == [0, 1]
    assert file.read_bytes() == next(iter(fakes[1].files.values()))


def test_a_take_that_two_servers_made_is_kept_once(servers, tmp_path):
    fakes = servers(2)
    for fake in fakes:
        fake.gate.clear()
    pool, job = pool_of(fakes), make_job(tmp_path)
    under_way = UnderWay(pool, job)
    until(lambda: fakes[0].running, "it runs")
    back = cut_off(fakes[0])
    until(lambda: fakes[1].running, "it was handed over")
    fakes[0].gate.set()
    until(lambda: fakes[0].finished, "the first has made it, too")
    fakes[1].gate.set()
    (file,) = under_way.ended().files
    stamp = file.stat()
    back()
    pool.status()

    assert finished(fakes) == [job.id, job.id]
    assert [fake.asked("GET /view") for fake in fakes] == [0, 1]
    assert [path.name for path in job.folder.iterdir()] == ["001_v1.png"]
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (stamp.st_mtime_ns, stamp.st_ino)


def test_a_job_nobody_else_can_make_goes_on_where_it_ran(servers, tmp_path):
    fakes = servers(2)
    fakes[0].models["checkpoints"].append("rare.safetensors")
    fakes[0].gate.clear()
    pool = pool_of(fakes)
    job = make_job(tmp_path, picture() | {"9": loader("rare.safetensors")})
    under_way = UnderWay(pool, job)
    until(lambda: fakes[0].running, "it runs")
    back = cut_off(fakes[0])
    until(lambda: under_way.facts("attempts"), "it was given up")
    fakes[0].gate.set()
    back()

    assert under_way.ended().facts("machine") == ["gpu-1", "gpu-1"]
    assert finished(fakes) == [job.id] and len(fakes[0].bodies) == 1


def test_a_job_that_is_closed_while_its_server_is_cut_off_is_taken_off_it_later(servers, tmp_path):
    (fake,) = servers(1)
    fake.gate.clear()
    pool, job = pool_of([fake]), make_job(tmp_path)
    under_way = UnderWay(pool, job)
    until(lambda: fake.running, "it runs")
    back = cut_off(fake)
    until(lambda: under_way.facts("attempts"), "it was given up")
    under_way.cancelled()
    assert fake.running
    back()
    pool.status()
    until(lambda: not fake.running, "it was told")
    fake.gate.set()
    assert carried_out(pool, job).files


def test_closing_a_job_cancels_it_on_the_server_that_runs_it(servers, tmp_path):
    fakes = servers(2)
    for fake in fakes:
        fake.gate.clear()
    pool = pool_of(fakes)
    one, other = (UnderWay(pool, job) for job in jobs(tmp_path, 2))
    until(lambda: all(fake.running for fake in fakes), "one at each")
    where = {"gpu-1": fakes[0], "gpu-2": fakes[1]}
    one.cancelled()

    assert where[one.facts("machine")[0]].running is None
    assert where[other.facts("machine")[0]].running
    for fake in fakes:
        fake.gate.set()
    assert other.ended().files


def test_chaos_one_of_three_dies_another_starts_again_and_every_take_is_made_once(servers, tmp_path):
    fakes = servers(3)
    dies, stumbles, _ = fakes
    dies.gate.clear()
    stumbles.gate.clear()
    pool = pool_of(fakes, seconds=1.0)
    twelve = jobs(tmp_path, 12)
    under_way = [UnderWay(pool, job) for job in twelve]
    until(lambda: dies.running and dies.pending, "two jobs at the one that dies")
    until(lambda: stumbles.running and stumbles.pending, "two at the one that stumbles")
    dies.crash()
    stumbles.restart()
    stumbles.gate.set()
    over = [one.ended() for one in under_way]

    assert finished(fakes) == sorted(job.id for job in twelve)
    assert not dies.finished
    assert sorted(path.name for path in twelve[0].folder.iterdir()) == [f"{job.name}.png" for job in twelve]
    assert sum(len(one.facts("attempts")) for one in over) == 2  # of the one that died
    assert [one.facts("sent")[-1]["times"] for one in over].count(2) == 2  # at the one that stumbled
    done = {machine.name: machine.done for machine in pool.view().machines}
    assert done["gpu-1"] == 0 and done["gpu-2"] >= 2 and sum(done.values()) == 12


# --- which backend the settings mean ----------------------------------------------------------------


def test_more_than_one_address_is_a_pool_and_one_is_none(servers):
    fakes = servers(2)
    one = ComfySettings(Mode.local, fakes[0].url)
    assert isinstance(connect(one), ComfyBackend)
    several = connect(ComfySettings(Mode.local, fakes[0].url, more=(fakes[1].url, fakes[0].url)))
    assert several.status().name == "2 machines"
    assert several.check(picture()).count("ComfyUI 0.33.0, Fake GPU") == 2


def test_pods_and_other_machines_are_mixed():
    pod = "abc123def456gh"
    comfy = ComfySettings(Mode.runpod, pod_id=pod, port=3000, more=("http://box:8188", "xyz123def456gh"))
    assert comfy.addresses == (
        f"https://{pod}-3000.proxy.runpod.net",
        "http://box:8188",
        "https://xyz123def456gh-3000.proxy.runpod.net",
    )
    names = [machine.name for machine in connect(comfy).view().machines]
    assert names[:2] == [f"{pod}-3000.proxy.runpod.net", "box:8188"]  # as reports know how to hide a pod's id


def test_a_job_is_handed_over_long_before_a_single_server_would_be_given_up():
    assert pool_module.HANDOVER <= patience.SECONDS / 4


def test_a_single_server_keeps_its_patience_and_one_of_several_has_less(servers, tmp_path, monkeypatch):
    monkeypatch.setattr(patience, "SECONDS", 20.0)
    fakes = servers(2)
    fakes[0].gate.clear()
    monkeypatch.setattr("infrastructure.backends.HANDOVER", SHORT)
    pool = connect(ComfySettings(Mode.local, fakes[0].url, more=(fakes[1].url,)))
    pool.check(picture())
    outcome = carried_out(
        pool, make_job(tmp_path), lambda event: fakes[0].crash() if fakes[0].running else None
    )
    assert len(outcome.facts("attempts")) == 1
    assert json.loads(fakes[1].bodies[0])["prompt_id"] == make_job(tmp_path).id


# --- a whole film -----------------------------------------------------------------------------------


class Both(Pool):
    """Of two backends that draw clips with frames that can be read back."""

    def __init__(self, **backends):
        super().__init__(backends)
        self.backends = backends

    @property
    def jobs(self):
        return [job for backend in self.backends.values() for job in backend.jobs]


def test_a_film_is_made_by_two_machines_and_by_one_when_the_other_leaves(tmp_path):
    long = [a_shot(f"{n:03}", seconds=1.5) for n in range(1, 4)]
    leaves, stays = FakeBackend(leaves_after=3), FakeBackend(seconds=0.01)
    pool = Both(leaves=leaves, stays=stays)
    film = Rendered(pool, tmp_path / "film", a_board(*long))

    assert film.error is None and film.failed == {}
    assert film.outcome.film and len(film.film) == 3 * 24
    assert len(leaves.done) == 3
    assert sorted(film.ran) == sorted({*film.ran}), "a take was made twice"
    assert not pool.view().machines[0].is_up


def test_a_shots_segments_stay_on_one_machine_while_it_has_a_lane_free(tmp_path):
    pool = Both(left=FakeBackend(), right=FakeBackend())
    pool.check()
    film = Rendered(pool, tmp_path / "film", a_board(a_shot("001", seconds=2.0)))
    machines = {recipe(film.project, name)["machine"] for name in film.ran if name.startswith("001.")}
    assert len(machines) == 1 and len(film.ran) > 3
