"""Workers of tests behave as those in the SDK's loop do, as far as a client can see."""

from tests.comfy_jobs import picture, until
from tests.serverless.puppets import Puppet


def test_our_handler_draws_at_a_comfyui(endpoint, fake, sent, ended):
    fake.step_seconds = 0.02
    with Puppet.of_ours(endpoint, fake.url, "w1"):
        id = sent({"workflow": picture(steps=10)})
        told = ended(id)
    assert (told["status"], told["workerId"]) == ("COMPLETED", "w1")
    assert told["output"]["images"]
    assert endpoint.jobs[id].progress


def test_any_other_worker_can_be_played(endpoint, sent, ended):
    answers = {"fine": {"message": "AAAA"}, "bad": {"error": "Broken.", "details": [1]}}
    with Puppet(endpoint, lambda input: dict(answers[input])):
        assert ended(sent("fine"))["output"] == {"message": "AAAA"}
        told = ended(sent("bad"))
    assert (told["status"], told["error"], told["output"]) == ("FAILED", "Broken.", {"details": [1]})


def test_a_cancelled_job_leaves_comfyui_and_the_next_one_comes(endpoint, fake, public, sent, ended):
    with Puppet.of_ours(endpoint, fake.url):
        id = sent({"workflow": picture(steps=100_000)})
        until(lambda: fake.running)
        public("POST", f"cancel/{id}")
        assert ended(sent({"workflow": picture(seed=2)}))["status"] == "COMPLETED"


def test_what_a_dead_one_had_goes_to_another(endpoint, comfies, sent, ended):
    far, near = comfies(2)
    far.gate.clear()
    with Puppet.of_ours(endpoint, far.url, "w1") as first:
        id = sent({"workflow": picture()})
        until(lambda: far.running)
        first.die()
        with Puppet.of_ours(endpoint, near.url, "w2"):
            told = ended(id)
    assert (told["status"], told["workerId"]) == ("COMPLETED", "w2")


def test_of_two_that_wait_the_one_that_has_waited_longer_gets_the_job(runpod, clock):
    endpoint = runpod.add_endpoint()
    first, second = endpoint.worker("w1"), endpoint.worker("w2")
    assert endpoint.take(second) is None
    clock.forward(1)
    assert endpoint.take(first) is None
    job = endpoint.add({"input": {}})
    assert endpoint.take(first) is None
    assert endpoint.take(second) is job
