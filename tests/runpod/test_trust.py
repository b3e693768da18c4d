"""Whom the ComfyUI client trusts on the way to a pod: those whom requests trusts, on its socket as well."""

import pytest

from domain.errors import BackendUnreachable
from infrastructure import comfy_socket
from infrastructure.comfy_backend import ComfyBackend
from tests.comfy_jobs import carried_out, make_job


@pytest.fixture
def pod(runpod, fake):
    return runpod.add_pod(server=fake)


def distrust(monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("CURL_CA_BUNDLE")


def test_an_authority_that_nobody_named_is_not_trusted(monkeypatch, pod):
    distrust(monkeypatch)
    with pytest.raises(BackendUnreachable, match="is not reachable"):
        ComfyBackend(pod.url).check()


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_company_s_authority_is_trusted_under_either_name(monkeypatch, runpod, pod, tmp_path, name):
    distrust(monkeypatch)
    monkeypatch.setenv(name, str(runpod.bundle))
    assert len(carried_out(ComfyBackend(pod.url), make_job(tmp_path)).previews) == 3


def test_the_socket_trusts_nobody_whom_requests_would_not(monkeypatch, runpod, pod, tmp_path):
    backend = ComfyBackend(pod.url)  # knows whom to trust from here on, but for its socket
    distrust(monkeypatch)
    outcome = carried_out(backend, make_job(tmp_path))
    assert outcome.files[0].exists() and outcome.previews == []
    assert not [seen for seen in runpod.requests if seen.path.startswith("/ws?")]


def test_the_socket_takes_a_folder_of_authorities_as_requests_does(tmp_path, runpod):
    assert comfy_socket._trusting(str(tmp_path)) == {"ca_cert_path": str(tmp_path)}
    assert comfy_socket._trusting(str(runpod.bundle)) == {"ca_certs": str(runpod.bundle)}
