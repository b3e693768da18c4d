"""Large inputs where the way to the bucket is bad, or something changes meanwhile."""

import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from domain.buckets import BucketSettings
from domain.errors import BackendUnreachable, BadFile, JobFailed, JobRejected
from infrastructure import patience, s3, s3_store
from infrastructure.hashes import sha256
from infrastructure.s3 import S3Settings
from infrastructure.s3_store import S3Store
from infrastructure.serverless_inputs import Inputs, Store
from tests.comfy_jobs import until
from tests.serverless.far import ACCESS, SECRET
from tests.serverless.hands import LONGEST, heard
from tests.serverless.test_serverless_inputs import is_at_work
from worker import unpacking

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("looks_soon")]
MB = 1 << 20
STARTED = "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"


class Service(BaseHTTPRequestHandler):
    """An S3 service that puts files together, and says so or not. What it does is kept in its `log`."""

    protocol_version = "HTTP/1.1"  # boto3 asks before it sends

    def do_POST(self):
        self._read()
        if self.path.endswith("?uploads"):
            self.parts.clear()
            self._answer(200, STARTED)
            return
        self.log.append("complete")
        if self.is_put_together:
            self.files[self._key] = sum(self.parts)
        text = "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>"
        self._answer(self.completes, text if self.completes == 200 else "")

    def do_PUT(self):
        size = self._read()
        self.log.append("part" if "partNumber" in self.path else "put")
        if self.refusals and (status := self.refusals.pop(0)):
            self._answer(status)
            return
        if "partNumber" in self.path:
            self.parts.append(size)
        else:
            self.files[self._key] = size
        self._answer(200)

    def do_DELETE(self):
        self.log.append("abort")
        self._answer(204)

    def do_HEAD(self):
        self.send_response(200 if self._key in self.files else 404)
        self.send_header("Content-Length", str(self.files.get(self._key, 0)))
        self.end_headers()

    def do_GET(self):
        self._answer(206, "x")

    @property
    def _key(self):
        return self.path.partition("?")[0]

    def _read(self):
        return len(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, status, text=""):
        self.send_response(status)
        self.send_header("ETag", '"x"')
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Served:
    """A bucket at such a service."""

    def __init__(self, **how):
        fresh = {"log": [], "files": {}, "parts": [], "refusals": []}
        self.kind = type("Handler", (Service,), fresh | {"completes": 200, "is_put_together": True} | how)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.kind)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.store = Store(BucketSettings(self.address, "films"), ACCESS, SECRET)

    @property
    def log(self):
        return self.kind.log

    def put(self, path, digest=""):
        bucket = S3Store(S3Settings("", "films", self.address, ACCESS, SECRET), "The bucket")
        yield from bucket.put(path, "key", digest or sha256(path))


@pytest.fixture
def served_by(monkeypatch):
    """served_by(completes=524) → a bucket at a service that does so."""
    monkeypatch.setattr(s3, "ATTEMPTS", 0)
    monkeypatch.setattr(s3_store, "MADE", (0.01, 0.01))
    monkeypatch.setattr(s3_store, "PART", 5 * MB)
    made = []

    def serve(**how):
        made.append(Served(**how))
        return made[-1]

    yield serve
    for one in made:
        one.server.shutdown()
        one.server.server_close()


def test_a_file_that_was_put_together_though_nobody_said_so_is_not_sent_twice(served_by, large):
    slow = served_by(completes=524)
    list(slow.put(large))
    assert slow.log == ["part", "part", "part", "complete"]


def test_one_that_never_was_is_taken_back_and_told(served_by, large):
    broken = served_by(completes=524, is_put_together=False)
    with pytest.raises(BackendUnreachable, match="has trouble"):
        list(broken.put(large))
    assert broken.log[-2:] == ["complete", "abort"]


@pytest.mark.parametrize(("size", "left"), [(12_000_000, "abort"), (1_000_000, None)])
def test_what_has_other_content_by_now_never_lies_under_the_name(served_by, far, size, left):
    service, path = served_by(), far.sized("a.wav", size)
    digest = sha256(path)
    path.write_bytes(random.Random(9).randbytes(size))
    with pytest.raises(JobFailed, match=r"a\.wav was changed while it was sent"):
        list(service.put(path, digest))
    assert not service.kind.files and "complete" not in service.log and "put" not in service.log
    assert left is None or service.log[-1] == left


def test_of_jobs_that_need_the_same_file_one_sends_it(served_by, far, large):
    service = served_by()
    inputs, jobs = Inputs(lambda: service.store), [far.job(large, seed=seed) for seed in range(4)]
    threads = [threading.Thread(target=lambda job=job: list(inputs.bring(job)), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST)
    assert service.log.count("complete") == 1


def test_an_upload_that_is_closed_is_not_tried_again(served_by, large, monkeypatch):
    monkeypatch.setattr(s3, "ATTEMPTS", 5)
    monkeypatch.setattr(s3_store, "WORD", 0.001)
    busy = served_by(refusals=[503] * 100)
    upload = busy.put(large)
    next(upload)
    while not busy.log:
        next(upload)
    upload.close()
    until(lambda: not is_at_work(), "the end of the upload")
    assert busy.log.count("part") <= 2


def test_an_address_is_good_for_seven_days_at_most(served_by, far, large):
    service = served_by()
    inputs, job = Inputs(lambda: service.store), far.job(large)
    list(inputs.bring(job))
    (given,) = inputs.given(job, 30 * 86_400.0)
    assert "X-Amz-Expires=604800&" in given.url


def test_a_workflow_that_is_too_large_by_itself_is_refused_before_anything_is_sent(served_by, far):
    service = served_by()
    job = far.job(far.sized("small.png", 5000))
    job.graph["30"] = {"class_type": "Note", "inputs": {"text": "x" * 10_500_000}}
    backend = far.started(service.store)
    for refused in (lambda: heard(backend.run(job)), lambda: backend.check(job.graph)):
        with pytest.raises(JobRejected, match=r"The job's workflow has 1\d MB, and RunPod takes 10 MB"):
            refused()
    assert not service.log and not far.endpoint.jobs


def test_a_file_that_is_gone_on_the_way_is_a_sentence(served_by, far, large):
    service = served_by()
    job, inputs = far.job(large), Inputs(lambda: service.store)
    bringing = inputs.bring(job)
    next(bringing)
    large.unlink()
    with pytest.raises(BadFile, match=r"harbour\.png.* cannot be read"):
        for _ in bringing:
            pass


def test_a_bucket_that_is_changed_meanwhile_gets_all_files_before_the_job_goes(served_by, far, large):
    before, after = served_by(), served_by()
    stores, job = [before.store], far.job(large, far.sized("walk.mp4", 11_000_000))
    inputs = Inputs(lambda: stores[-1])
    for event in inputs.bring(job):
        if "walk" in event.note:
            stores.append(after.store)
    assert len(before.kind.files) == len(after.kind.files) == 2
    assert all(given.url.startswith(after.address) for given in inputs.given(job, 60.0))


def test_what_is_no_s3_service_is_refused_and_not_waited_for(far, large, monkeypatch):
    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            page = b"<html>Welcome<br></html>"
            self.send_response(405)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        do_PUT = do_POST = do_GET

        def do_HEAD(self):
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setattr(patience, "SECONDS", 0.0)
    monkeypatch.setattr(s3, "ATTEMPTS", 0)
    place = BucketSettings(f"http://127.0.0.1:{server.server_port}", "films")
    with pytest.raises(JobRejected, match=r"\(405\)\. Look at what is entered under “Large inputs”"):
        heard(far.started(Store(place, ACCESS, SECRET)).run(far.job(large)))
    server.shutdown()
    server.server_close()


def test_a_line_that_breaks_again_and_again_is_gone_on_with_while_it_comes_further(
    served_by, far, monkeypatch
):
    monkeypatch.setattr(patience, "SECONDS", 0.6)
    monkeypatch.setattr(patience, "PAUSE", 0.4)
    monkeypatch.setattr(s3_store, "WORD", 0.05)
    film = far.sized("walk.mp4", 26 * MB)
    refusals = [503, 0, 503, 0, 0, 503, 0, 0, 0, 503]
    breaking = served_by(refusals=refusals)
    list(Inputs(lambda: breaking.store).bring(far.job(film)))
    assert breaking.log.count("abort") == 4 and breaking.kind.files


def test_a_link_in_a_circle_on_the_volume_is_no_file(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert unpacking._inside(tmp_path, tmp_path / "a") is None
