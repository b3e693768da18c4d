"""What commands spend without the studio's window: its limits hold, and it takes up the sums, each once."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import main
from commands.setting import NAME, settings_path, user_data_path
from domain.errors import CannotWrite, StudioError
from domain.settings import Settings
from domain.spending import Limits, Spent
from infrastructure import spending_file
from infrastructure.settings_file import SettingsFile
from infrastructure.spending_file import SpendingFile
from services.purse import Purse
from tests.serverless.hands import LONGEST
from tests.serverless.puppets import Puppet
from tests.serverless.test_bills import HOUR, MINUTE, NINE, Billed
from tests.test_pod_chaos import meanwhile
from tests.test_spending_watched import NOW, metered  # noqa: F401  a fixture

DAY = 24 * HOUR


@pytest.fixture
def billed(runpod, endpoint, tmp_path):
    return Billed(runpod, endpoint, tmp_path)


@pytest.fixture
def command(tmp_path):
    """A command beside the window; its file stays the same."""
    return SpendingFile(tmp_path / "spending.json").spent


@pytest.fixture
def renting(home, monkeypatch, runpod):
    monkeypatch.setenv("RUNPOD_API_KEY", runpod.key)


def board(folder, shots):
    listed = [{"shot_id": f"00{n + 1}", "prompt": f"Harbour {n}", "duration": 0.4} for n in range(shots)]
    path = folder / "board.json"
    path.write_text(json.dumps({"shots": listed, "width": 64, "height": 64, "base_seed": 5}), "utf-8")
    return str(path)


@pytest.mark.usefixtures("renting", "looks_soon")
def test_a_command_notes_what_it_spends_and_stops_at_the_windows_limit(endpoint, fake, tmp_path, capsys):
    workflows = "--keyframe-workflow", "keyframe_test", "--video-workflow", "video_test"
    words = "--backend", "serverless", "--endpoint", endpoint.id, *workflows, "--json"
    with Puppet.of_ours(endpoint, fake.url):
        assert main.main(["render", board(tmp_path, 1), *words]) == 0
        first = json.loads(capsys.readouterr().out)
        cost, made = first["cost"], first["jobs"]["run"]
        (noted,) = SpendingFile(user_data_path(NAME) / "spending.json").spent.read().values()
        assert cost > 0 and sum(one.amount for one in noted) == pytest.approx(cost, abs=1e-6)
        project = str(tmp_path / "board")
        assert {(one.project, one.endpoint) for one in noted} == {(project, endpoint.id)}

        for limits in (Limits(day=cost / 2), Limits(project=cost / 2)):
            SettingsFile(settings_path()).save(Settings(limits=limits))
            before = len(endpoint.jobs)
            assert main.main(["render", board(tmp_path, 2), *words]) == 1
            summary, said = capsys.readouterr()
            assert "limit is reached" in said and "shot 002" in said
            assert len(endpoint.jobs) == before, "nothing is handed over"
            assert json.loads(summary)["jobs"]["reused"] == made, "what is there costs nothing"
        SettingsFile(settings_path()).save(Settings(limits=Limits(day=cost * 1000)))
        assert main.main(["render", board(tmp_path, 2), *words]) == 0


@pytest.mark.usefixtures("renting", "looks_soon")
def test_at_a_limit_a_command_takes_back_what_waits_and_goes_on_from_there(endpoint, fake, tmp_path, capsys):
    workflows = "--keyframe-workflow", "keyframe_test", "--video-workflow", "video_test"
    order = "render", board(tmp_path, 6), "--backend", "serverless", "--endpoint", endpoint.id, *workflows
    SettingsFile(settings_path()).save(Settings(limits=Limits(project=1e-7)))

    def close_after_the_first(is_over):
        endpoint.wait(lambda: "COMPLETED" in {job.status for job in endpoint.jobs.values()}, LONGEST)
        endpoint.workers_max = 0  # the others wait, however slow this computer is

    with Puppet.of_ours(endpoint, fake.url):
        with meanwhile(close_after_the_first):
            assert main.main([*order, "--variants", "1"]) == 1
        endpoint.workers_max = 3
        assert "limit is reached" in capsys.readouterr().err
        states = Counter(job.status for job in endpoint.jobs.values())
        assert states["CANCELLED"] >= 3 and states["COMPLETED"] <= 3 and len(states) == 2, states

        SettingsFile(settings_path()).save(Settings())
        assert main.main([*order, "--variants", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["jobs"]["failed"] == 0


@pytest.mark.usefixtures("renting", "looks_soon")
def test_a_batch_of_pictures_and_a_test_of_the_endpoint_say_what_they_cost(endpoint, fake, tmp_path, capsys):
    there = "--backend", "serverless", "--endpoint", endpoint.id
    batch = {
        "shots_with_references": [{"shot_id": "001", "prompt": "A harbour"}],
        "workflow": {"name": "keyframe_test"},
    }
    (tmp_path / "batch.json").write_text(json.dumps(batch), "utf-8")
    bench = "testbench", *there, "--keyframe-workflow", "keyframe_test", "--video-workflow", "video_test"
    with Puppet.of_ours(endpoint, fake.url):
        assert main.main(["shots", str(tmp_path / "batch.json"), *there]) == 0
        assert json.loads(capsys.readouterr().out)["cost"] > 0
        main.main([*bench, "--json"])
        assert json.loads(capsys.readouterr().out)["cost"] > 0
        main.main([*bench])
        assert re.search(r"\nIt cost at least \$0\.\d{4}\.\n$", capsys.readouterr().out)


def test_the_window_takes_up_each_job_of_a_command_once(billed, command):
    at = NINE + 10 * MINUTE
    billed.draws(0.10, at)
    for amount, today in ((0.20, 0.30), (0.30, 0.60)):
        command.note(Spent("/film", amount, at, billed.endpoint.id, 60.0))
        assert billed.sums(at + 1)[0] == today
    billed.open()
    today, projects = billed.sums(at + 2)
    assert today == 0.60 and projects == {"/film": pytest.approx(0.60)}
    billed.bill(NINE, 1.20)
    assert billed.looks(NINE + 80 * MINUTE)[1] == {"/film": pytest.approx(1.20)}, "the bill is of all of them"


def test_a_command_that_is_killed_as_it_writes_loses_and_spoils_nothing(billed, command, tmp_path):
    at = NINE + 10 * MINUTE
    command.note(Spent("/film", 0.20, at))
    (file,) = (tmp_path / "spent").iterdir()
    whole = file.read_text("utf-8")
    file.write_text(f'{whole}{{"project": 7}}\nnonsense\n{whole[:30]}', "utf-8")
    assert billed.sums(at)[1] == {"/film": 0.20}
    with file.open("a", encoding="utf-8") as written:
        written.write(whole[30:])
    assert billed.sums(at)[1]["/film"] == pytest.approx(0.40)


def test_what_was_taken_up_is_kept_for_a_day_and_then_no_longer(billed, command, tmp_path):
    at = NINE + 10 * MINUTE
    command.note(Spent("/film", 0.20, at))
    billed.sums(at + DAY - 60)
    assert list((tmp_path / "spent").iterdir())
    billed.sums(at + DAY + 60)
    assert not list((tmp_path / "spent").iterdir())
    billed.sums(at + DAY + 61)
    billed.draws(0.0, at + DAY + 62)  # the book is written
    book = SpendingFile(tmp_path / "spending.json").read()
    assert book.projects == {"/film": 0.20} and not book.taken


def test_a_pod_that_is_booked_as_time_passes_is_not_booked_for_a_command_as_well(metered, tmp_path):  # noqa: F811
    metered.draw()
    metered.pass_by(2)
    before = metered.now["today"]
    command = SpendingFile(tmp_path / "spending.json").spent
    of_pod = Spent("/film", 5.0, NOW, pod=metered.pod.id)
    command.note(of_pod)
    metered.tick()
    assert metered.now["today"] == pytest.approx(before, abs=0.01)
    command.note(replace(of_pod, pod="anotherpod1234"))
    metered.tick()
    assert metered.now["today"] == pytest.approx(before + 5.0, abs=0.01)


def test_what_the_book_on_disk_does_not_hold_is_not_thrown_away(billed, command, tmp_path, monkeypatch):
    at = NINE + 10 * MINUTE
    command.note(Spent("/film", 0.20, at))
    with monkeypatch.context() as full:
        full.setattr(spending_file, "write_json", refuses)
        billed.sums(at + 2 * DAY)
        billed.spending.tick(at + 2 * DAY)
        assert list((tmp_path / "spent").iterdir())
    billed.open()
    assert billed.sums(at + 2 * DAY)[1] == {"/film": 0.20}


def denied(*_, **__):
    raise PermissionError


def refuses(path, content):
    raise CannotWrite("The disk is full.")


def test_a_file_that_cannot_be_removed_is_not_booked_again(billed, command, monkeypatch):
    at = NINE + 10 * MINUTE
    command.note(Spent("/film", 0.20, at))
    monkeypatch.setattr(Path, "unlink", denied)
    for second in range(5):
        billed.sums(at + 2 * DAY + second)
    assert billed.sums(at + 2 * DAY + 9)[1] == {"/film": 0.20}


def test_what_an_endpoint_did_without_a_known_price_is_noted_and_billed(billed, command):
    command.note(Spent("/film", 0.0, NINE + 10 * MINUTE, billed.endpoint.id, 60.0))
    billed.sums(NINE + 20 * MINUTE)
    assert billed.money[-1]["is_least"]
    billed.bill(NINE, 0.50)
    assert billed.looks(NINE + 4 * HOUR)[1] == {"/film": 0.50}


def test_of_several_pods_that_of_each_job_is_noted(tmp_path):
    file = SpendingFile(tmp_path / "spending.json")
    purse = Purse(file, Limits(), "")
    for url in ("https://firstpod123-8188.proxy.runpod.net", "http://127.0.0.1:8188"):
        purse.paid(tmp_path, 0.10, 60.0, url)
    (noted,) = file.spent.read().values()
    assert [one.pod for one in noted] == ["firstpod123", ""]


def test_what_no_project_pays_for_is_held_to_the_days_limit_alone(billed):
    billed.draws(0.40, NINE, project="")
    billed.limits = Limits(project=0.10)
    billed.spending.allow("", NINE + 1)
    billed.limits = Limits(day=0.10)
    with pytest.raises(StudioError, match="Today's limit"):
        billed.spending.allow("", NINE + 1)
