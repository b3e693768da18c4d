"""Inputs that a job cannot carry, by a bucket of the user's: tried, sent once, or refused in a sentence.

The buckets are moto's, a program that speaks S3; the endpoint is emulated, its workers are ours."""

import json
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
import requests
from PIL import Image

import main
from commands.setting import settings_path
from domain.buckets import BucketSettings
from domain.errors import BackendUnreachable, JobFailed, JobRejected
from domain.events import Progress
from domain.settings import Settings
from infrastructure import patience, s3, s3_store, serverless_inputs
from infrastructure.hashes import sha256
from infrastructure.http_line import USER_AGENT
from infrastructure.serverless_inputs import Store
from infrastructure.settings_file import SettingsFile
from tests.comfy_jobs import until
from tests.real_comfy import free_port
from tests.serverless.far import ACCESS, SECRET, VOLUMES
from tests.serverless.hands import PNG, Hands, heard

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("looks_soon")]


def test_a_picture_of_12_mb_arrives_at_a_real_worker_as_it_is(far, bucket, large, sdk_worker):
    sdk_worker(far.endpoint, far.fake.url)
    small = far.sized("small.png", 1000)
    said, files = heard(far.started(bucket.store()).run(far.job(large, small)))

    assert files[0].exists()
    assert far.has(large) and far.has(small)
    (order,) = far.orders
    (given,) = order["inputs"]
    assert (given["size"], given["sha256"]) == (12_000_000, sha256(large)) and "data" not in given
    assert len(order["images"]) == 1, "what fits travels with the job"
    assert f"/{bucket.name}/cindergrace/inputs/{sha256(large)}.png?" in given["url"]
    notes = {event.note for event in said if isinstance(event, Progress)}
    assert any(note.startswith("uploading harbour.png") for note in notes), notes


def test_what_lies_in_the_bucket_is_not_sent_again(far, bucket, large):
    first = far.started(bucket.store())
    with far.worker():
        runs = [heard(first.run(far.job(large, seed=seed))) for seed in (1, 2)]
        runs.append(heard(far.started(bucket.store()).run(far.job(large, seed=3))))  # of the next start
    assert [is_sent(said) for said, _ in runs] == [True, False, False]
    assert [len(order["inputs"]) for order in far.orders] == [1, 1, 1]


def is_sent(said):
    return any(isinstance(event, Progress) and event.note.startswith("uploading") for event in said)


def test_what_is_gone_from_the_bucket_is_sent_again(far, bucket, large, monkeypatch):
    backend = far.started(bucket.store())
    with far.worker():
        heard(backend.run(far.job(large)))
        bucket.remove(f"{serverless_inputs.FOLDER}/{sha256(large)}.png")
        monkeypatch.setattr(serverless_inputs, "KEPT", 0.0)
        said, files = heard(backend.run(far.job(large, seed=2)))
    assert files and is_sent(said)


def test_the_largest_go_outside_until_the_others_fit(far, bucket):
    sizes = (4_000_000, 3_000_000, 2_000_000)
    files = [far.sized(f"{size}.png", size) for size in sizes]
    with far.worker():
        heard(far.started(bucket.store()).run(far.job(*files)))
    (order,) = far.orders
    assert [given["size"] for given in order["inputs"]] == [4_000_000]
    assert len(order["images"]) == 2
    assert all(far.has(file) for file in files)


def test_what_fits_asks_no_bucket(far):
    nowhere = BucketSettings(f"http://127.0.0.1:{free_port()}", "films")
    with far.worker():
        job = far.job(far.sized("small.png", 7_000_000))
        heard(far.started(Store(nowhere, ACCESS, SECRET)).run(job))
    assert "inputs" not in far.orders[0]


def test_an_address_is_good_for_as_long_as_the_job_may_live(far, bucket, large):
    with far.worker():
        run = far.started(bucket.store()).run(far.job(large))
        while not far.orders:
            next(run)
        run.close()
    *_, job = far.endpoint.jobs.values()
    (given,) = job.input["inputs"]
    assert f"X-Amz-Expires={job.policy['ttl'] // 1000}&" in given["url"]


def test_a_file_of_many_parts_arrives_as_it_is(far, bucket, monkeypatch):
    monkeypatch.setattr(s3_store, "PART", 5 << 20)
    film = far.sized("walk.mp4", (21 << 20) + 5)
    with far.worker():
        heard(far.started(bucket.store()).run(far.job(film)))
    assert far.has(film) and bucket.uploads == 0


def test_two_files_with_the_same_content_are_one(far, bucket):
    start, end = far.sized("start.png", 9_000_000), far.sized("end.png", 9_000_000)
    small = [far.folder / "a.png", far.folder / "b.png"]
    for path in small:
        path.write_bytes(PNG)
    with far.worker():
        _, files = heard(far.started(bucket.store()).run(far.job(start, end, *small)))
    (order,) = far.orders
    assert files and (len(order["inputs"]), len(order["images"])) == (1, 1)


def test_the_command_line_uses_the_bucket_of_the_settings(far, bucket, home, tmp_path, monkeypatch):
    keys = {"RUNPOD_API_KEY": far.runpod.key, "S3_ACCESS_KEY_ID": ACCESS, "S3_SECRET_ACCESS_KEY": SECRET}
    for name, key in keys.items():
        monkeypatch.setenv(name, key)
    SettingsFile(settings_path()).save(Settings(bucket=bucket.store().place))
    noise = random.Random(1).randbytes(3 * 2000 * 2000)
    Image.frombytes("RGB", (2000, 2000), noise).save(tmp_path / "start.png")
    shot = {"shot_id": "001", "prompt": "A harbour", "duration": 0.4, "start_image": "start.png"}
    (tmp_path / "board.json").write_text(json.dumps({"shots": [shot], "width": 64, "height": 64}), "utf-8")
    words = "--backend", "serverless", "--endpoint", far.endpoint.id, "--video-workflow", "video_test"
    with far.worker():
        main.main(["render", str(tmp_path / "board.json"), *words, "--keyframe-workflow", "keyframe_test"])
    assert far.orders[0]["inputs"][0]["url"].startswith(f"{bucket.service}/{bucket.name}/")
    assert far.has(tmp_path / "start.png")
    written = list((tmp_path / "board").rglob("*.json"))
    assert written and not any(SECRET in path.read_text("utf-8") for path in written)


# --- the trial


def test_a_trial_goes_the_whole_way_and_leaves_nothing(bucket):
    assert trial(bucket.store()) == ["uploading", "looking"]
    assert bucket.keys == []


def test_a_trial_at_a_volume_needs_no_signed_address(runpod, bucket, moto, monkeypatch):
    monkeypatch.delattr(s3_store.S3Store, "url")  # RunPod signs none
    runpod.relayed["s3api-eu-ro-1.runpod.io"] = moto
    assert trial(bucket.store(address=VOLUMES)) == ["uploading", "looking"]
    assert bucket.keys == []


def test_a_trial_says_what_to_mend(bucket, strict):
    with pytest.raises(JobRejected, match=r"refuses the keys \(InvalidAccessKeyId\)"):
        trial(bucket.store())
    with pytest.raises(JobRejected, match="has no keys yet"):
        trial(Store(bucket.store().place, "", ""))


def trial(store):
    notes = [event.note for event in serverless_inputs.tried(store)]
    return list(dict.fromkeys(note.partition(" ")[0] for note in notes))


# --- refused before anything is spent


@pytest.mark.parametrize(
    ("store", "said"),
    [
        (None, "16 MB, and RunPod takes 10 MB with a job. Name a bucket under “Large inputs”"),
        (Store(BucketSettings(bucket="films"), ACCESS, ""), "The bucket 'films' at Amazon has no keys yet"),
    ],
)
def test_without_a_bucket_it_is_refused_and_nobody_is_asked(far, large, store, said):
    backend, job = far.started(store), far.job(large)
    with pytest.raises(JobRejected, match=said):
        heard(backend.run(job))
    assert not far.endpoint.jobs and far.runpod.asked(f"POST /v2/{far.endpoint.id}/run") == 0
    with pytest.raises(JobRejected, match=said):
        backend.check(job.graph)


def test_a_check_sends_nothing(far, bucket, large):
    far.started(bucket.store()).check(far.job(large).graph)
    assert bucket.keys == []


def test_a_public_worker_is_not_sent_what_it_cannot_fetch(far, bucket, large, hand):
    backend = far.started(bucket.store())
    answer = {"output": {"images": [{"filename": "a.png", "type": "base64", "data": "iVBORw0KGgo="}]}}
    worker = Hands(hand("w1"), answer)
    heard(backend.run(far.job()))
    worker.join()
    with pytest.raises(JobRejected, match=r"16 MB.*This endpoint's worker takes no others"):
        heard(backend.run(far.job(large)))
    assert len(far.endpoint.jobs) == 1 and bucket.keys == []


@pytest.fixture
def strict(moto):
    """moto asks for keys that it knows."""
    requests.post(f"{moto}/moto-api/reset-auth", data=b"0", timeout=10)
    yield
    requests.post(f"{moto}/moto-api/reset-auth", data=b"inf", timeout=10)


def test_wrong_keys_are_a_sentence_without_them_and_cost_nothing(far, bucket, large, strict):
    with pytest.raises(JobRejected) as refused:
        heard(far.started(bucket.store()).run(far.job(large)))
    said = f"The bucket '{bucket.name}' at 127.0.0.1 refuses the keys (InvalidAccessKeyId). Enter them again "
    assert str(refused.value).startswith(said)
    assert ACCESS not in str(refused.value) and SECRET not in str(refused.value)
    assert not far.endpoint.jobs


def test_a_bucket_that_is_not_there_is_said(far, bucket, large):
    with pytest.raises(JobRejected, match=r"The bucket 'nobodys' at .* is not there \(NoSuchBucket\)"):
        heard(far.started(bucket.store(bucket="nobodys")).run(far.job(large)))
    assert not far.endpoint.jobs


def test_a_service_that_is_silent_is_waited_for_and_the_job_not_lost(far, large, monkeypatch):
    monkeypatch.setattr(patience, "SECONDS", 0.5)
    monkeypatch.setattr(s3, "ATTEMPTS", 0)
    nowhere = BucketSettings(f"http://127.0.0.1:{free_port()}", "films")
    with pytest.raises(BackendUnreachable, match=r"127\.0\.0\.1 does not answer") as silent:
        heard(far.started(Store(nowhere, ACCESS, SECRET)).run(far.job(large)))
    assert silent.value.symptom == "silence" and not far.endpoint.jobs


class Refusing(BaseHTTPRequestHandler):
    """A service that says the same to everybody who puts something there, and shows nothing."""

    said, agents = (200, ""), frozenset()

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, code = self.said
        self._answer(status, f"<Error><Code>{code}</Code><Message>{ACCESS}</Message></Error>" if code else "")

    do_POST = do_PUT

    def do_HEAD(self):
        self._answer(404)

    def _answer(self, status, text=""):
        self.agents.add(self.headers["User-Agent"])
        self.send_response(status)
        self.send_header("ETag", '"x"')
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class KeepsToItself(Refusing):
    """It shows that a file is there, and hands it to nobody, as where the region is another."""

    sizes: ClassVar[dict[str, int]] = {}

    def do_PUT(self):
        self.sizes[self.path.partition("?")[0]] = int(self.headers["Content-Length"])
        super().do_PUT()

    def do_HEAD(self):
        self.send_response(200 if self.path in self.sizes else 404)
        self.send_header("Content-Length", str(self.sizes.get(self.path, 0)))
        self.end_headers()

    def do_GET(self):
        self._answer(400)


@pytest.fixture
def refusing(monkeypatch):
    """refusing(403, "AccessDenied") → a bucket at a service that says so."""
    monkeypatch.setattr(s3, "ATTEMPTS", 0)
    monkeypatch.setattr(patience, "SECONDS", 0.0)
    servers, agents = [], set()

    def serve(status, code, kind=Refusing):
        handler = type("Handler", (kind,), {"said": (status, code), "agents": agents})
        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        place = BucketSettings(f"http://127.0.0.1:{servers[-1].server_port}", "films")
        return Store(place, ACCESS, SECRET)

    serve.agents = agents
    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_an_address_that_no_worker_could_fetch_is_seen_before_one_is_paid_for(far, refusing):
    small = far.sized("harbour.png", 8_000_000)
    store = refusing(200, "", KeepsToItself)
    with pytest.raises(JobRejected, match=r"does not hand them out by a signed address \(400\)"):
        heard(far.started(store).run(far.job(small)))
    with pytest.raises(JobRejected, match="a signed address"):
        trial(store)
    assert not far.endpoint.jobs


def test_it_leaves_under_our_name_and_to_this_machine_by_no_proxy(far, refusing, large, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name)
    with pytest.raises(JobRejected, match="does not let these keys in"):
        heard(far.started(refusing(403, "AccessDenied")).run(far.job(large)))
    assert {agent.split()[0] for agent in refusing.agents} == {USER_AGENT}


@pytest.mark.parametrize(
    ("status", "code", "kind", "said"),
    [
        (403, "SignatureDoesNotMatch", JobRejected, "refuses the keys"),
        (403, "AccessDenied", JobRejected, "does not let these keys in"),
        (403, "RequestTimeTooSkewed", JobRejected, "Set this machine's clock"),
        (400, "AuthorizationHeaderMalformed", JobRejected, "Enter its region"),
        (400, "InvalidArgument", JobRejected, "does not take it (InvalidArgument)"),
        (200, "", JobRejected, "took harbour.png and does not show it afterwards"),
        (400, "RequestTimeout", BackendUnreachable, "has trouble (RequestTimeout)"),
        (503, "SlowDown", BackendUnreachable, "has trouble (SlowDown)"),
    ],
)
def test_what_a_service_refuses_is_a_sentence(far, refusing, status, code, kind, said):
    small = far.sized("harbour.png", 8_000_000)  # in one part
    with pytest.raises(kind) as refused:
        heard(far.started(refusing(status, code)).run(far.job(small)))
    assert str(refused.value).startswith("The bucket 'films' at 127.0.0.1 ")
    assert said in str(refused.value) and ACCESS not in str(refused.value)
    assert not far.endpoint.jobs


def test_a_file_that_changes_on_the_way_is_not_kept_under_the_content_it_had(far, bucket, large):
    job = far.job(large)
    far.sized("harbour.png", 12_000_001)
    with pytest.raises(JobFailed, match=r"harbour\.png was changed while it was sent"):
        heard(far.started(bucket.store()).run(job))
    assert bucket.keys == [] and not far.endpoint.jobs


def test_closed_in_the_middle_it_leaves_nothing_half_there(far, bucket, monkeypatch):
    monkeypatch.setattr(s3_store, "PART", 5 << 20)
    monkeypatch.setattr(s3_store, "WORD", 0.001)
    film = far.sized("walk.mp4", 100 << 20)
    run = far.started(bucket.store()).run(far.job(film))
    while not bucket.uploads:
        next(run)
    run.close()
    until(lambda: not is_at_work(), "the end of the upload")
    assert (bucket.uploads, bucket.keys) == (0, []) and not far.endpoint.jobs


def is_at_work():
    return any(thread.name.startswith("bucket") for thread in threading.enumerate())
