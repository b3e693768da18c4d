"""A render that is killed at any moment goes on where it stopped: nothing is lost, nothing made twice."""

import pytest

from tests.killing import Render, check_survives, moments, small_board

JOBS = 36  # or so: twelve keyframes and the segments of twelve clips


def test_a_render_that_is_killed_again_and_again_ends_in_the_same_whole_film(tmp_path):
    render = Render(small_board(tmp_path), tmp_path / "film")
    times = sorted(moments(5, JOBS, seed=20))
    check_survives(render, times)


@pytest.mark.real
def test_on_a_real_server_no_job_runs_twice_whenever_the_render_is_killed(tmp_path, real_comfy):
    render = Render(small_board(tmp_path), tmp_path / "film", ("--backend", "local", "--url", real_comfy.url))
    before = executions(real_comfy)
    check_survives(render, sorted(moments(4, JOBS, seed=21)))
    assert executions(real_comfy) - before == len(render.recipes())


def executions(server):
    """How many jobs the server has carried out, by its own log."""
    return server.log.read_text("utf-8", errors="replace").count("Prompt executed in")
