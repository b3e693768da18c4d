"""What the tests of the emulated endpoints have in common."""

import asyncio
import json
import os
import subprocess
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from PIL import Image

from domain.job import LAST_FRAME
from domain.project import Project
from domain.settings import ComfySettings, Mode
from infrastructure import serverless_account, serverless_execution
from infrastructure.comfy_backend import ComfyBackend
from infrastructure.recipes import Ledger
from infrastructure.runpod_backend import RunPodBackend
from infrastructure.secrets_file import SecretsFile
from services import backend_watch, pods, videos
from services.film import Format
from services.studio import Studio
from services.videos import Maker
from tests import film_corpus
from tests.comfy_jobs import make_job
from tests.fake_comfy import FakeComfy
from tests.graphs import template
from tests.real_comfy import free_port
from tests.renders import PRESETS, a_board, a_shot
from tests.runpod.calls import AGENT
from tests.runpod.pods import Clock
from tests.serverless.far import Bucket, Far
from tests.studios import places
from worker import handler
from worker.environment import Environment
from worker.handler import Handler
from worker.work import Bench, carried_out

LONGEST = 60.0  # seconds until a test gives up waiting


@pytest.fixture
def clock(runpod):
    """Stands still; endpoints that are added from now on go by it."""
    runpod.clock = Clock()
    return runpod.clock


@pytest.fixture
def looks_soon(monkeypatch):
    """Jobs are looked at as in life, only sooner one after another."""
    monkeypatch.setattr(serverless_execution, "SOON", 0.05)
    monkeypatch.setattr(serverless_execution, "SELDOM", 0.2)
    monkeypatch.setattr(serverless_execution, "WORD", 0.05)


@pytest.fixture
def endpoint(runpod):
    return runpod.add_endpoint(pause=0.3)


@pytest.fixture
def started(runpod, endpoint):
    """started() → the backend of a studio that was just started."""
    return lambda: RunPodBackend(endpoint.id, lambda: runpod.key)


@pytest.fixture
def backend(started):
    return started()


@pytest.fixture
def far(runpod, endpoint, fake, tmp_path):
    return Far(runpod, endpoint, fake, tmp_path)


@pytest.fixture
def large(far):
    return far.sized("harbour.png", 12_000_000)


@pytest.fixture
def public(runpod, endpoint):
    """public("POST", "run", json={…}) → the reply of the endpoint."""
    session = requests.Session()
    session.headers.update(AGENT | {"Authorization": f"Bearer {runpod.key}"})
    base = f"https://api.runpod.ai/v2/{endpoint.id}"

    def ask(method, path, **kwargs):
        return session.request(method, f"{base}/{path}", timeout=30, **kwargs)

    yield ask
    session.close()


@pytest.fixture
def sent(public):
    """sent({"workflow": …}) → the id of the job; more of its body by name."""

    def send(input, **more):
        return public("POST", "run", json={"input": input, **more}).json()["id"]

    return send


@pytest.fixture
def ended(public):
    """ended(id) → what is told of the job once it is over."""

    def wait(id, longest=LONGEST):
        end = time.monotonic() + longest
        while (told := public("GET", f"status/{id}").json())["status"] in ("IN_QUEUE", "IN_PROGRESS"):
            assert time.monotonic() < end, told
            time.sleep(0.05)
        return told

    return wait


class Hand:
    """A worker moved by the test: what the SDK asks, asked by hand."""

    def __init__(self, environment):
        self._environment, self.id = environment, environment["RUNPOD_POD_ID"]
        self._headers = {"Authorization": environment["RUNPOD_AI_API_KEY"]}

    def take(self, **headers):
        url = self._environment["RUNPOD_WEBHOOK_GET_JOB"].replace("$ID", self.id)
        reply = requests.get(f"{url}&job_in_progress=0", headers=self._headers | headers, timeout=30)
        return reply.json() if reply.status_code == 200 else reply.status_code

    def stops(self):
        url = self._environment["RUNPOD_WEBHOOK_GET_JOB"].replace("$ID", self.id)
        reply = requests.get(url.replace("job-take", "job-stop"), headers=self._headers, timeout=30)
        return reply.json()["jobsToStop"] if reply.status_code == 200 else []

    def says(self, job, said):
        url = self._environment["RUNPOD_WEBHOOK_POST_OUTPUT"].replace("$RUNPOD_POD_ID", self.id)
        url = url.replace("$ID", job["id"]) + "&isStream=false"
        return requests.post(url, data=json.dumps(said), headers=self._headers, timeout=30).status_code


@pytest.fixture
def hand(runpod, endpoint):
    return lambda worker: Hand(runpod.worker_environment(endpoint, worker))


class Counter:
    """The worker's handler without the SDK around it: orders go in here, and progress is kept."""

    def __init__(self, url, **environment):
        self.posts = []
        self.death = ""
        self.install = None
        self.environment = Environment(environment)
        self.backend = ComfyBackend(url, 2.0)

    async def post(self, job, payload):
        self.posts.append(payload)

    def handler(self, post=None):
        bench = Bench(self.backend, self.environment, self.install)
        return Handler(lambda job: carried_out(job, bench), post or self.post, lambda: self.death)

    def order(self, input, longest=LONGEST, **more):
        """The answer to it; `more` of the request, beside its input."""
        job = {"id": "j", "input": input, **more}
        return asyncio.run(asyncio.wait_for(self.handler().handle(job), longest))

    def cancelled_when(self, input, is_time):
        """The order is cancelled as soon as it is time, and is not any more then."""

        async def both():
            handling = asyncio.create_task(self.handler().handle({"id": "j", "input": input}))
            end = time.monotonic() + LONGEST
            while not is_time():
                assert time.monotonic() < end and not handling.done()
                await asyncio.sleep(0.01)
            handling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await handling
            assert not is_time()

        asyncio.run(both())


@pytest.fixture
def counter(fake, monkeypatch):
    """counter(OUTPUT_MODE="base64") → a worker at the fake ComfyUI, with only these variables set."""
    monkeypatch.setattr(handler, "BETWEEN", 0.02)
    return lambda **environment: Counter(fake.url, **environment)


@pytest.fixture
def month():
    """As the public worker calls its bucket."""
    return time.strftime("%m-%y")


@pytest.fixture
def hosted(tmp_path):
    """hosted({"a.png": b"…"}) → the address of a server with these files."""
    servers = []

    def serve(files):
        class Files(BaseHTTPRequestHandler):
            def do_GET(self):
                content = files.get(self.path.strip("/"))
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_):
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Files))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def comfies():
    """comfies(3) → so many fake ComfyUIs."""
    with ExitStack() as open_ones:
        yield lambda count: [open_ones.enter_context(FakeComfy()) for _ in range(count)]


@pytest.fixture(scope="module")
def served(sdk, tmp_path_factory):
    """served("moto.server", "-p", "{port}") → the address of a service that runs in the SDK's environment;
    more of its surroundings by name."""
    processes = []

    def serve(module, *words, **more):
        port, log = str(free_port()), tmp_path_factory.mktemp("service") / "log"
        command = [str(sdk.python), "-m", module, *(word.format(port=port) for word in words)]
        with log.open("wb") as out:
            processes.append(
                subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=os.environ | more
                )
            )
        url, end = f"http://127.0.0.1:{port}", time.monotonic() + 30
        while time.monotonic() < end:
            try:
                requests.get(url, timeout=5)
                return url
            except requests.ConnectionError:
                time.sleep(0.1)
        raise AssertionError(log.read_text())

    yield serve
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def moto(served):
    near = {"S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true", "MOTO_ALLOW_NONEXISTENT_REGION": "true"}
    return served("moto.server", "-H", "127.0.0.1", "-p", "{port}", **near)


@pytest.fixture
def bucket(moto):
    return Bucket(moto)


@pytest.fixture
def start_image(tmp_path):
    path = tmp_path / "start.png"
    Image.fromarray(film_corpus.picture(63, 7)).save(path)
    return path


@pytest.fixture
def shot_of_three(tmp_path, runpod, endpoint, start_image):
    """shot_of_three(backend, …) → the work of a shot of three segments, and the project it is made in."""
    project = Project(tmp_path / "film")

    def work(backend=None, **fields):
        backend = backend or RunPodBackend(endpoint.id, lambda: runpod.key)
        workflow = template("video_test")
        board = a_board(a_shot("001", seconds=1.4, **fields), longest=0.5)
        maker = Maker(backend, Ledger(project), workflow, board, PRESETS, Format(Fraction(16), (64, 64)), 5)
        plans = [videos.plan(workflow, board, shot, start_image) for shot in board.shots]
        assert len(plans[0].lengths) == 3
        return videos.make(maker, plans, {})

    work.project = project
    return work


@pytest.fixture
def first(tmp_path):
    """A job that another follows, which begins with its last frame."""
    follows = {"1": {"class_type": "LoadImage", "inputs": {"image": LAST_FRAME}}}
    return replace(make_job(tmp_path), then=(follows,))


@pytest.fixture
def hurried(looks_soon, monkeypatch):
    """As `looks_soon`, and so does the studio around it."""
    monkeypatch.setattr(serverless_account, "KNOWN", 0.2)
    monkeypatch.setattr(pods, "SOON", 0.1)
    monkeypatch.setattr(pods, "EVERY", 0.3)
    monkeypatch.setattr(backend_watch, "EVERY", 0.2)
    monkeypatch.setattr(backend_watch, "FIRST", 0.1)
    monkeypatch.setattr(backend_watch, "LONGEST", 0.3)


@pytest.fixture
def start(runpod, endpoint, tmp_path):
    """start() → a studio whose pictures are made at the endpoint; again, the next start of the same."""
    where = places(tmp_path)
    where.settings.parent.mkdir(parents=True, exist_ok=True)
    SecretsFile(where.secrets).put("RUNPOD_API_KEY", runpod.key)
    open_ones = []

    def started():
        studio = Studio(where)
        open_ones.append(studio)
        studio.set(
            comfy=ComfySettings(Mode.serverless, endpoint=endpoint.id), keyframe_workflow="keyframe_sd15"
        )
        studio.feed.listen(lambda: None)
        return studio

    yield started
    for studio in open_ones:
        studio.close()
