"""Files that are fetched from an address: over lines that break, from servers that refuse or are away."""

import time

import pytest

from domain.errors import BackendUnreachable, CannotWrite, JobRejected
from domain.events import Progress
from infrastructure import fetching
from infrastructure.fetching import fetch
from infrastructure.hashes import sha256
from tests.fake_answers import HANG_UP, Answer, Cut
from tests.serverless.hands import heard

CONTENT = bytes(range(256)) * 2000
MOST = 1 << 20


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(fetching, "PAUSE", 0.02)
    monkeypatch.setattr(fetching, "WORD", 0.01)


@pytest.fixture
def url(fake):
    fake.files["output", "", "clip.mp4"] = CONTENT
    return f"{fake.url}/view?filename=clip.mp4&subfolder=&type=output"


def asked(fake):
    return len([path for method, path, _ in fake.requests if method == "GET" and path.startswith("/view")])


@pytest.mark.parametrize("broken", [HANG_UP, Cut(300_000), Answer(503), Answer(429)])
def test_a_line_that_breaks_is_tried_again_until_the_file_is_whole(fake, url, tmp_path, broken):
    fake.instead["GET /view"] = [broken] * 3
    _, digest = heard(fetch(url, tmp_path / "clip.mp4", MOST))
    assert (tmp_path / "clip.mp4").read_bytes() == CONTENT
    assert digest == sha256(tmp_path / "clip.mp4")
    assert [file.name for file in tmp_path.iterdir()] == ["clip.mp4"]


def test_between_two_tries_it_waits_longer_each_time_and_says_so(fake, url, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "PAUSE", 0.1)
    monkeypatch.setattr(fetching, "LONGEST", 0.2)
    monkeypatch.setattr(fetching, "WORD", 0.05)
    fake.instead["GET /view"] = [HANG_UP] * 3
    began, words = time.monotonic(), []
    for event in fetch(url, tmp_path / "clip.mp4", MOST):
        assert isinstance(event, Progress)
        words += ["once more" in event.note]
    assert time.monotonic() - began >= 0.1 + 0.2 + 0.2
    assert sum(words) >= 8, "a word at least twice a second, in life"


@pytest.mark.parametrize(
    ("broken", "why"), [(Cut(1000), "the line breaks"), (HANG_UP, "the line breaks"), (Answer(502), "502")]
)
def test_what_never_comes_through_is_no_refusal(fake, url, tmp_path, broken, why):
    fake.instead["GET /view"] = [broken] * fetching.TRIES
    with pytest.raises(BackendUnreachable, match=f"clip.mp4 cannot be .*{why}") as met:
        heard(fetch(url, tmp_path / "clip.mp4", MOST))
    assert met.value.symptom == "silence" and asked(fake) == fetching.TRIES
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_refusal_is_not_asked_again(fake, url, tmp_path, status):
    fake.instead["GET /view"] = [Answer(status)]
    with pytest.raises(JobRejected, match=f"it answers {status}"):
        heard(fetch(url, tmp_path / "clip.mp4", MOST))
    assert asked(fake) == 1


@pytest.mark.parametrize("address", ["http://[", "http:///clip.mp4", "ftp://127.0.0.1/clip.mp4"])
def test_what_is_no_address_is_refused(tmp_path, address):
    with pytest.raises(JobRejected, match="its address leads nowhere"):
        heard(fetch(address, tmp_path / "clip.mp4", MOST))


def test_what_is_too_large_is_told_in_words_for_inputs_and_results_alike(fake, url, tmp_path):
    fake.files["output", "", "clip.mp4"] = CONTENT * 5
    with pytest.raises(JobRejected, match="is larger than the 1 MB that a file may have"):
        heard(fetch(url, tmp_path / "clip.mp4", MOST))
    assert not list(tmp_path.iterdir())


def test_a_disk_that_takes_nothing_is_the_disks_trouble(url, tmp_path):
    (tmp_path / "takes").write_text("a file where a folder should be")
    with pytest.raises(CannotWrite):
        heard(fetch(url, tmp_path / "takes" / "clip.mp4", MOST))


def test_passwords_of_this_machines_user_are_sent_to_nobody(fake, url, tmp_path, monkeypatch):
    """Also not where the address leads; one with a signature is refused with a password beside it."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hidden\n")
    monkeypatch.setenv("NETRC", str(netrc))
    fake.instead["GET /view"] = [Answer(302, headers={"Location": url})]
    heard(fetch(url, tmp_path / "clip.mp4", MOST))
    told = [headers for method, path, headers in fake.requests if path.startswith("/view")]
    assert len(told) == 2
    assert not any(name.lower() == "authorization" for headers in told for name in headers)
