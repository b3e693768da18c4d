"""Results by way of a bucket, with services that speak S3 and Google's: nothing is drawn twice."""

import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from tests.comfy_jobs import picture, puts_out, saved

pytestmark = pytest.mark.real

ROOT = Path(__file__).parent.parent.parent
NEW_KEY = """
import json, sys
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
pem = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()).decode()
print(json.dumps({"type": "service_account", "private_key": pem, "client_email": "studio@example.org",
                  "token_uri": "http://127.0.0.1:9/token", "project_id": "films"}))
"""


@pytest.fixture(scope="module")
def s3(served):
    url = served("moto.server", "-H", "127.0.0.1", "-p", "{port}")
    assert requests.put(f"{url}/films", timeout=10).ok
    return {
        "S3_BUCKET_NAME": "films",
        "S3_BUCKET_CREDS_ACCESS_KEY_ID": "key",
        "S3_BUCKET_CREDS_SECRET_ACCESS_KEY": "secret",
        "S3_ENDPOINT_URL": url,
        "S3_PREFIX": "studio/results/",
    }


@pytest.fixture(scope="module")
def gcs(served, sdk, tmp_path_factory):
    words = "start", "--host=127.0.0.1", "--port={port}", "--in-memory", "--default-bucket=films"
    url = served("gcp_storage_emulator", *words)
    key = tmp_path_factory.mktemp("gcs") / "key.json"
    key.write_bytes(subprocess.run([str(sdk.python), "-c", NEW_KEY], capture_output=True, check=True).stdout)
    given = {"GCS_BUCKET": "films", "GCS_PROJECT": "films", "GCS_PREFIX": "results"}
    return given | {"STORAGE_EMULATOR_HOST": url, "GOOGLE_APPLICATION_CREDENTIALS": str(key)}


def test_a_result_lies_in_the_bucket_under_its_name(endpoint, sdk_worker, fake, sent, ended, s3):
    sdk_worker(endpoint, fake.url, **s3)
    told = ended(sent({"workflow": picture(filename_prefix="scene 1/take")}))
    (output,), (image,) = told["output"]["outputs"], told["output"]["images"]
    assert image == {"filename": "take_00001_.png", "type": "s3_url", "data": output["url"]}
    (job,) = fake.histories
    path = f"/films/studio/results/{job}/3/scene%201/take_00001_.png?"
    assert output["url"].startswith(s3["S3_ENDPOINT_URL"] + path)
    reply = requests.get(output["url"], timeout=10)
    assert reply.content == fake.files["output", "scene 1", "take_00001_.png"]
    assert reply.headers["Content-Type"] == "image/png"


def test_what_lies_in_the_bucket_is_not_drawn_again(endpoint, sdk_worker, comfies, sent, ended, s3):
    first, second = comfies(2)
    sdk_worker(endpoint, first.url, "w1", **s3)
    one = ended(sent({"workflow": picture(seed=77)}))["output"]
    endpoint.lose("w1")
    sdk_worker(endpoint, second.url, "w2", **s3)
    two = ended(sent({"workflow": picture(seed=77)}))
    assert (two["workerId"], second.asked("POST /prompt")) == ("w2", 0)
    alike = ("filename", "size", "sha256", "node_id", "mime")
    assert [two["output"]["outputs"][0][k] for k in alike] == [one["outputs"][0][k] for k in alike]
    assert requests.get(two["output"]["outputs"][0]["url"], timeout=10).ok

    address = one["outputs"][0]["url"].partition("?")[0]
    assert requests.delete(address, headers={"Authorization": "AWS key:any"}, timeout=10).ok
    assert ended(sent({"workflow": picture(seed=77)}))["status"] == "COMPLETED"
    assert second.asked("POST /prompt") == 1


def test_more_than_an_answer_carries_goes_by_the_bucket(endpoint, sdk_worker, fake, sent, ended, s3):
    endpoint.largest_run = 64 << 20
    sdk_worker(endpoint, fake.url, **s3)
    graph = puts_out({"gifs": [saved("long.mp4")]}, content="x" * (25 << 20))
    (output,) = ended(sent({"workflow": graph}))["output"]["outputs"]
    assert len(requests.get(output["url"], timeout=30).content) == output["size"] == 25 << 20


def test_the_public_workers_variables_open_a_bucket_as_well(endpoint, sdk_worker, fake, sent, ended, s3):
    given = {
        "BUCKET_ENDPOINT_URL": f"{s3['S3_ENDPOINT_URL']}/films",
        "BUCKET_ACCESS_KEY_ID": "key",
        "BUCKET_SECRET_ACCESS_KEY": "secret",
    }
    worker = sdk_worker(endpoint, fake.url, **given)
    (image,) = ended(sent({"workflow": picture()}))["output"]["images"]
    assert image["type"] == "s3_url" and requests.get(image["data"], timeout=10).ok
    assert "by BUCKET_*" in worker.said


@pytest.fixture
def monthly(s3, month):
    """An endpoint's settings as the public worker takes them, that name no bucket; and that one's address."""
    url, keys = s3["S3_ENDPOINT_URL"], {"BUCKET_ACCESS_KEY_ID": "key", "BUCKET_SECRET_ACCESS_KEY": "secret"}
    assert requests.put(f"{url}/{month}", timeout=10).ok
    return {"BUCKET_ENDPOINT_URL": url, **keys}, f"{url}/{month}"


def test_an_endpoint_of_the_public_worker_keeps_its_bucket_of_the_month(
    endpoint, sdk_worker, fake, sent, ended, monthly
):
    given, place = monthly
    worker = sdk_worker(endpoint, fake.url, **given)
    (image,) = ended(sent({"workflow": picture()}))["output"]["images"]
    assert image["data"].startswith(f"{place}/") and requests.get(image["data"], timeout=10).ok
    assert f"it is {place.rpartition('/')[2]}, by the month" in worker.said


@pytest.fixture
def theirs(s3):
    """A bucket that a request brings with it."""
    url = s3["S3_ENDPOINT_URL"]
    assert requests.put(f"{url}/theirs", timeout=10).ok
    keys = {"accessId": "THEIR0KEY", "accessSecret": "their/own+secret"}
    return {**keys, "bucketName": "theirs", "endpointUrl": url}


@pytest.fixture
def theirs_and_ours(theirs, s3):
    return theirs, s3


def test_a_request_that_brings_a_bucket_has_its_files_there_and_the_next_one_in_the_workers(
    endpoint, sdk_worker, fake, sent, ended, theirs_and_ours
):
    theirs, ours = theirs_and_ours
    worker = sdk_worker(endpoint, fake.url, **ours, WORKER_LOG_LEVEL="DEBUG", RUNPOD_LOG_LEVEL="INFO")
    (output,) = ended(sent({"workflow": picture(seed=91)}, s3Config=theirs))["output"]["outputs"]
    (job,) = fake.histories
    assert output["url"].startswith(f"{theirs['endpointUrl']}/theirs/{job}/3/")
    assert requests.get(output["url"], timeout=10).content in fake.files.values()
    inline = ended(sent({"workflow": picture(seed=91), "output_mode": "base64"}, s3Config=theirs))
    assert [image["type"] for image in inline["output"]["images"]] == ["base64"]
    (own,) = ended(sent({"workflow": picture(seed=92)}))["output"]["outputs"]
    assert own["url"].startswith(f"{theirs['endpointUrl']}/films/studio/results/")
    assert "the bucket theirs, by s3Config" in worker.said
    assert not [key for key in ("accessId", "accessSecret") if theirs[key] in worker.said]


def test_a_bucket_of_a_request_that_does_not_open_is_told_without_its_keys(
    endpoint, sdk_worker, fake, sent, ended, theirs
):
    worker = sdk_worker(endpoint, fake.url)
    told = ended(sent({"workflow": picture()}, s3Config=theirs | {"bucketName": "nobodys"}))
    assert told["error"].startswith("The bucket 'nobodys' (s3Config) cannot be read: ")
    assert fake.asked("POST /prompt") == 0
    assert not [key for key in ("accessId", "accessSecret") if theirs[key] in str(told) + worker.said]


def test_an_order_may_ask_for_its_files_inline_all_the_same(endpoint, sdk_worker, fake, sent, ended, s3):
    sdk_worker(endpoint, fake.url, **s3)
    (image,) = ended(sent({"workflow": picture(), "output_mode": "base64"}))["output"]["images"]
    assert image["type"] == "base64"


def test_a_bucket_that_does_not_open_is_told_before_anything_is_drawn(
    endpoint, sdk_worker, fake, sent, ended, s3
):
    sdk_worker(endpoint, fake.url, **s3 | {"S3_BUCKET_NAME": "nobodys"})
    told = ended(sent({"workflow": picture()}))
    assert told["error"].startswith("The bucket 'nobodys' (S3_*) cannot be read: ")
    assert told["output"]["details"][0]["kind"] == "delivery"
    assert fake.asked("POST /prompt") == 0


@pytest.fixture(params=["true", "false"])
def google(gcs, request):
    return gcs | {"GCS_PUBLIC": request.param}


def test_google_keeps_results_as_well(endpoint, sdk_worker, comfies, sent, ended, google):
    first, second = comfies(2)
    sdk_worker(endpoint, first.url, "w1", **google)
    graph = picture(seed=5 + (google["GCS_PUBLIC"] == "true"))
    (output,) = ended(sent({"workflow": graph}))["output"]["outputs"]
    assert ("X-Goog-Signature" in output["url"]) is (google["GCS_PUBLIC"] == "false")
    assert requests.get(output["url"], timeout=10).content in first.files.values()
    endpoint.lose("w1")
    sdk_worker(endpoint, second.url, "w2", **google)
    assert ended(sent({"workflow": graph}))["status"] == "COMPLETED"
    assert second.asked("POST /prompt") == 0


class Closed(BaseHTTPRequestHandler):
    """A bucket whose keys may put and get, but not list: what is not there is forbidden."""

    def do_GET(self):
        self.send_response(403)
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("ETag", '"x"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def closed(s3):
    """The settings of such a bucket, of either service."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Closed)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    google = {"GCS_BUCKET": "films", "GCS_PROJECT": "films", "STORAGE_EMULATOR_HOST": url}
    yield {**s3, "S3_ENDPOINT_URL": url}, google
    server.shutdown()
    server.server_close()


def test_keys_that_may_not_list_deliver_as_well(endpoint, sdk_worker, fake, sent, ended, closed):
    worker = sdk_worker(endpoint, fake.url, **closed[0])
    told = ended(sent({"workflow": picture()}))
    assert told["status"] == "COMPLETED", told
    assert worker.said.count("does not say whether") == 1


def test_what_a_bucket_of_googles_does_not_tell_of_counts_as_not_there(sdk, closed):
    code = "import os; from worker.environment import Environment; from worker.gcs import GcsBucket; "
    code += "print(GcsBucket(Environment(os.environ)).read('a'))"
    done = subprocess.run(
        [str(sdk.python), "-c", code], env=os.environ | closed[1], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == "None\n", done.stderr
