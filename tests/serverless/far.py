"""A studio's way to an endpoint, and a bucket beside it, for tests of what goes along."""

import random
from uuid import uuid4

import requests

from domain.buckets import BucketSettings
from infrastructure.runpod_backend import RunPodBackend
from infrastructure.serverless_inputs import Store
from tests.comfy_jobs import make_job, picture
from tests.serverless.puppets import Puppet

ACCESS, SECRET = "AKIAENTEREDBYHAND000", "secret/neverToBeSeenAgain+7777"
VOLUMES = "https://s3api-eu-ro-1.runpod.io"


class Far:
    """A studio's way to an endpoint, with what its jobs start from."""

    def __init__(self, runpod, endpoint, fake, folder):
        self.runpod, self.endpoint, self.fake, self.folder = runpod, endpoint, fake, folder

    def started(self, store=None):
        """The backend of a studio whose large inputs go there."""
        return RunPodBackend(self.endpoint.id, lambda: self.runpod.key, lambda: store)

    def worker(self):
        """One of ours, at the fake ComfyUI."""
        return Puppet.of_ours(self.endpoint, self.fake.url, "w1")

    def sized(self, name, size):
        """A file of so many bytes, which one of another size does not begin with."""
        (self.folder / name).write_bytes(random.Random(size).randbytes(size))
        return self.folder / name

    def job(self, *files, seed=1):
        graph = picture(seed)
        for number, file in enumerate(files, 20):
            graph[str(number)] = {"class_type": "LoadImage", "inputs": {"image": file}}
        return make_job(self.folder, graph)

    @property
    def orders(self):
        """What was handed over to be drawn."""
        return [job.input for job in self.endpoint.jobs.values() if "about" not in job.input]

    def has(self, file):
        """Whether ComfyUI was given it as it is."""
        return file.read_bytes() in self.fake.files.values()


class Bucket:
    """One of moto's, looked at from outside."""

    def __init__(self, service):
        self.service, self.name = service, f"films-{uuid4().hex[:8]}"
        assert self._ask("PUT").ok

    def store(self, **more):
        place = BucketSettings(**{"address": self.service, "bucket": self.name, **more})
        return Store(place, ACCESS, SECRET)

    @property
    def keys(self):
        return self._ask("GET").text.split("<Key>")[1:]

    @property
    def uploads(self):
        """Those that have begun and are not complete."""
        return self._ask("GET", "?uploads").text.count("<UploadId>")

    def content(self, key):
        return self._ask("GET", f"/{key}").content

    def remove(self, key):
        assert self._ask("DELETE", f"/{key}").ok

    def _ask(self, method, more=""):
        headers = {"Authorization": "AWS key:any"}
        return requests.request(method, f"{self.service}/{self.name}{more}", headers=headers, timeout=10)
