"""Models on their way: whatever the line and the host do, what is visible is what was asked for."""

import errno
import hashlib
import json
import os
import random
import threading
from pathlib import Path

import pytest

from domain.errors import BadFile, CannotWrite
from domain.versions.errors import Drift, NotInStore, Unresolved
from infrastructure.versions import links, part_writing, sources, transfers
from infrastructure.versions.blobs import Blobs
from infrastructure.versions.removing import remove
from tests.folders import done
from tests.versions.world import ModelHost

CONTENT = random.Random(1).randbytes(3_000_000)
OTHER = random.Random(2).randbytes(3_000_000)
NAME = "/model.safetensors"
SECRET = "hf_a-token-nobody-may-see"


def digest(content=CONTENT):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(transfers, "PAUSE", 0.0)


@pytest.fixture
def host():
    made = ModelHost()
    made.files[NAME] = CONTENT
    yield made
    made.close()


@pytest.fixture
def second():
    made = ModelHost()
    made.files[NAME] = CONTENT
    yield made
    made.close()


@pytest.fixture
def store(tmp_path):
    return Blobs(tmp_path / "models")


def bring(store, *hosts, content=CONTENT, size=3_000_000):
    places = [(host if isinstance(host, str) else f"{host.url}{NAME}", "") for host in hosts]
    return done(store.bring(digest(content), size, places))[0]


def visible(store):
    return list(store.all())


def beside(store):
    return {path.name for path in store.path(digest()).parent.iterdir()}


def broken_off(store, host, monkeypatch, at=1_800_000):
    """An earlier run that came so far."""
    monkeypatch.setattr(transfers, "TRIES", 0)
    host.breaks = [at]
    with pytest.raises(Unresolved, match="does not come through"):
        bring(store, host)
    monkeypatch.setattr(transfers, "TRIES", 5)
    assert not visible(store)
    host.headers.clear()
    host.sent = 0


def test_a_line_that_breaks_goes_on_where_it_was(store, host):
    host.breaks = [1_800_000, 600_000]
    assert bring(store, host).read_bytes() == CONTENT
    assert host.sent < len(CONTENT) + 3 * transfers._PIECE
    etag = f'"{hashlib.md5(CONTENT).hexdigest()}"'
    assert [h.get("If-Range") for h in host.headers] == [None, etag, etag]
    assert beside(store) >= {"blob", "verified.json"} and not beside(store) & {"part", "part.json", "bad"}


def test_the_next_run_goes_on_where_an_earlier_one_was(store, host, monkeypatch):
    broken_off(store, host, monkeypatch)
    part = store.path(digest()).with_name("part")
    have = part.stat().st_size
    assert 1_800_000 - transfers._PIECE <= have <= 1_800_000
    assert bring(store, host).read_bytes() == CONTENT
    assert host.headers[0]["Range"] == f"bytes={have}-" and host.sent == len(CONTENT) - have


def test_a_line_that_always_breaks_after_little_still_comes_to_its_end(store, host):
    host.breaks = [400_000] * 20
    assert bring(store, host).read_bytes() == CONTENT
    assert host.sent < len(CONTENT) + 10 * transfers._PIECE


def test_a_line_that_never_gets_further_is_given_up_and_what_is_here_is_kept(store, host):
    host.breaks = [900_000, *[1000] * 50]
    with pytest.raises(Unresolved, match="kept for the next time"):
        bring(store, host)
    assert len(host.breaks) == 50 - 5
    assert "part" in beside(store) and not visible(store)


def test_a_host_without_ranges_that_breaks_anywhere_is_given_up(store, host):
    """Once further, once less far: nothing is won, and it would go on for ever."""
    host.has_ranges = False
    host.breaks = [900_000, 300_000] * 50
    with pytest.raises(Unresolved, match="does not come through"):
        bring(store, host)
    assert host.asked[NAME] < 10


def test_a_part_that_the_disk_spoiled_is_fetched_once_more(store, host, monkeypatch):
    broken_off(store, host, monkeypatch)
    part = store.path(digest()).with_name("part")
    with part.open("r+b") as file:
        file.write(b"spoiled")
    assert bring(store, host).read_bytes() == CONTENT
    assert [("Range" in headers) for headers in host.headers] == [True, False]


def test_a_file_that_changed_meanwhile_starts_anew(store, host, monkeypatch):
    host.files[NAME] = OTHER
    broken_off(store, host, monkeypatch)
    host.files[NAME] = CONTENT
    assert bring(store, host).read_bytes() == CONTENT
    assert host.sent == len(CONTENT) and len(host.headers) == 1


def test_a_host_that_heeds_no_if_range_makes_no_file_of_two_halves(store, host, monkeypatch):
    host.files[NAME] = OTHER
    broken_off(store, host, monkeypatch)
    host.files[NAME], host.heeds_if_range = CONTENT, False
    assert bring(store, host).read_bytes() == CONTENT


def test_a_host_without_ranges_starts_anew(store, host, monkeypatch):
    broken_off(store, host, monkeypatch)
    host.has_ranges = False
    assert bring(store, host).read_bytes() == CONTENT
    assert host.sent == len(CONTENT)


@pytest.mark.parametrize("etag", ['W/"weak"', "none"])
def test_without_a_promise_about_bytes_no_half_is_gone_on_from(store, host, etag):
    """Not even within one run: an empty If-Range is none, and the rest may be another file's."""
    host.etag, host.breaks, host.heeds_if_range = etag, [1_800_000], False
    assert bring(store, host).read_bytes() == CONTENT
    assert not any("Range" in headers or "If-Range" in headers for headers in host.headers)


def test_a_part_without_its_note_is_not_gone_on_from(store, host, monkeypatch):
    broken_off(store, host, monkeypatch)
    store.path(digest()).with_name("part.json").write_text("{half a no")
    assert bring(store, host).read_bytes() == CONTENT
    assert "Range" not in host.headers[0]


def test_a_part_that_was_whole_is_not_fetched_again(store, host, monkeypatch):
    """Killed between its last byte and its name."""
    broken_off(store, host, monkeypatch)
    store.path(digest()).with_name("part").write_bytes(CONTENT)
    assert bring(store, host).read_bytes() == CONTENT
    assert host.sent == 0  # HTTP 416


def test_a_part_that_is_longer_than_the_file_starts_anew(store, host, monkeypatch):
    broken_off(store, host, monkeypatch)
    store.path(digest()).with_name("part").write_bytes(CONTENT + b"more")
    assert bring(store, host).read_bytes() == CONTENT
    assert host.sent == len(CONTENT)


def test_a_host_that_does_not_say_how_long_it_is(store, host):
    host.has_length, host.breaks = False, [1_800_000]
    assert bring(store, host).read_bytes() == CONTENT
    assert len(host.headers) == 2


def test_a_passing_trouble_passes(store, host):
    host.statuses = [503, 429, 500]
    assert bring(store, host).read_bytes() == CONTENT


def test_what_is_something_else_is_never_visible_and_kept_as_bad(store, host):
    host.files[NAME] = OTHER
    with pytest.raises(Drift, match=f"its sha256 is {digest(OTHER)}, not {digest()}"):
        bring(store, host)
    assert not visible(store)
    assert store.path(digest()).with_name("bad").read_bytes() == OTHER
    host.files[NAME] = CONTENT
    assert bring(store, host).read_bytes() == CONTENT


@pytest.mark.parametrize("has_length", [True, False])
def test_what_is_larger_than_was_said_is_not_fetched_to_its_end(store, host, has_length):
    host.files[NAME], host.has_length = CONTENT * 20, has_length
    with pytest.raises(Drift, match=r"bytes, not 3000000"):
        bring(store, host)
    assert host.sent < len(CONTENT) * 10 and not visible(store)


def test_the_disk_works_while_the_line_does_and_its_faults_are_told(store, host, monkeypatch):
    """The system tells a fault once, to whoever asks first: that is long before the end."""
    asked, to_the_disk = [], os.fsync

    def fsync(descriptor):
        asked.append(threading.current_thread() is threading.main_thread())
        if len(asked) == 1:
            raise OSError(errno.EIO, "Input/output error")
        to_the_disk(descriptor)

    monkeypatch.setattr(part_writing, "STEP", 500_000)
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(CannotWrite, match="Input/output error"):
        bring(store, host)
    assert not visible(store) and asked[0] is False
    assert bring(store, host).read_bytes() == CONTENT
    assert asked[-1] is True  # and once at the end, before it gets its name


def test_a_page_in_place_of_the_file_is_told_by_its_size(store, host):
    host.files[NAME] = b"<html>Please log in</html>"
    with pytest.raises(Drift, match="has 26 bytes, not 3000000"):
        bring(store, host)


def test_the_next_source_is_tried(store, host, second, tmp_path):
    host.files[NAME] = OTHER
    assert bring(store, f"{host.url}/gone", host, str(tmp_path / "no file"), second).read_bytes() == CONTENT


def test_a_mirror_goes_on_when_it_has_the_same_file(store, host, second, monkeypatch):
    monkeypatch.setattr(transfers, "TRIES", 1)
    host.breaks = [1_800_000, 0]
    assert bring(store, host, second).read_bytes() == CONTENT
    assert second.sent < len(CONTENT) / 2


def test_a_mirror_with_another_file_of_the_same_etag_is_not_mixed_in(store, host, second, monkeypatch):
    monkeypatch.setattr(transfers, "TRIES", 1)
    host.files[NAME] = OTHER
    host.etag = second.etag = '"1"'
    host.breaks = [1_800_000, 0]
    assert bring(store, host, second).read_bytes() == CONTENT


def test_what_is_not_there_or_not_for_everybody_is_told(store, host):
    with pytest.raises(Unresolved, match=r"/gone is not there \(HTTP 404\)"):
        bring(store, f"{host.url}/gone")
    host.statuses = [403]
    with pytest.raises(Unresolved, match=r"wants to know who asks \(HTTP 403\)"):
        bring(store, host)
    assert not visible(store)


def test_offline_nothing_is_asked_and_what_is_there_is_enough(store, host, tmp_path):
    bring(store, host)
    host.headers.clear()
    offline = Blobs(tmp_path / "models", is_offline=True)
    assert bring(offline, host).read_bytes() == CONTENT
    with pytest.raises(NotInStore):
        bring(offline, host, content=OTHER)
    assert not host.headers


def test_a_blob_that_changed_is_set_aside_and_fetched_again(store, host):
    path = bring(store, host)
    path.chmod(0o644)
    path.write_bytes(OTHER)
    assert bring(store, host).read_bytes() == CONTENT
    assert path.with_name("bad").read_bytes() == OTHER and path.stat().st_mode & 0o777 == 0o444


def test_a_disk_that_takes_nothing_is_told_in_a_sentence(store, host, tmp_path):
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(CannotWrite, match=r"cannot be written"):
        bring(store, host)


def test_two_who_want_the_same_fetch_it_once(store, host):
    from concurrent.futures import ThreadPoolExecutor

    host.pause = 0.01
    with ThreadPoolExecutor(4) as pool:
        paths = {f.result(60) for f in [pool.submit(bring, store, host) for _ in range(4)]}
    assert len(paths) == 1 and host.asked[NAME] == 1


# --- tokens -----------------------------------------------------------------------------------------


@pytest.fixture
def hub(host, monkeypatch):
    """A hub on this machine that knows owner/name with one large file at two revisions."""
    monkeypatch.setenv("HF_ENDPOINT", host.url)
    monkeypatch.setenv("HF_TOKEN", f"{SECRET}\n")  # as a file that was read gives it
    revision, api = "a" * 40, "/api/models/owner/name"
    entry = {"type": "file", "path": "unet.safetensors", "size": len(CONTENT)}
    entry |= {"lfs": {"oid": digest(), "size": len(CONTENT)}}
    host.told = {f"{api}/revision/main": {"sha": revision}, f"{api}/paths-info/{revision}": [entry]}
    host.files[f"/owner/name/resolve/{revision}/unet.safetensors"] = CONTENT
    return host


HF = "hf://owner/name@main/unet.safetensors"


def test_the_hub_tells_everything_before_a_byte_is_fetched(hub):
    assert sources.told(HF) == sources.Told(digest(), len(CONTENT), "a" * 40)
    assert all(headers["Authorization"] == f"Bearer {SECRET}" for headers in hub.headers)
    assert sources.told("hf://owner/name/unet.safetensors?rev=main").sha256 == digest()
    with pytest.raises(Unresolved, match=r"has no file other at main"):
        sources.told("hf://owner/name/other")
    with pytest.raises(BadFile, match="names no file"):
        sources.told("hf://owner/name")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([{"path": "unet.safetensors", "lfs": {"oid": "../../../../elsewhere"}}], "a sha256 that is none"),
        ({"error": "?"}, "has no file"),
        ([None, 3], "has no file"),
    ],
)
def test_a_hub_that_answers_nonsense_is_told(hub, answer, said):
    hub.told[f"/api/models/owner/name/paths-info/{'a' * 40}"] = answer
    with pytest.raises(Unresolved, match=said):
        sources.told(HF)


def test_a_token_stays_with_its_host(hub, second, store):
    path = f"/owner/name/resolve/{'a' * 40}/unet.safetensors"
    hub.redirects[path] = f"{second.url}{NAME}"
    found = done(store.bring(digest(), len(CONTENT), [(HF, "a" * 40)]))[0]
    assert found.read_bytes() == CONTENT
    assert hub.headers[-1]["Authorization"] == f"Bearer {SECRET}"
    assert "Authorization" not in second.headers[0]
    hub.redirects[path] = f"{second.url.replace('127.0.0.1', 'localhost')}{NAME}"
    remove(store.path(digest()).parent)
    done(store.bring(digest(), len(CONTENT), [(HF, "a" * 40)]))
    assert len(second.headers) == 2 and "Authorization" not in second.headers[1]


def test_a_plain_address_gets_the_token_of_its_own_host_and_no_other(hub, second, store):
    assert sources.place_of(f"{hub.url}/x").headers == {"Authorization": f"Bearer {SECRET}"}
    bring(store, second)  # the same machine, another port
    assert "Authorization" not in second.headers[0]


def test_a_token_does_not_go_over_an_open_line(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", SECRET)
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert sources.place_of("https://huggingface.co/a/b/resolve/main/c").headers
    assert not sources.place_of("http://huggingface.co/a/b/resolve/main/c").headers
    assert not sources.place_of("https://huggingface.co.example.org/c").headers


def test_civitai_is_asked_by_its_number_with_its_own_token(host, store, monkeypatch):
    monkeypatch.setenv("CIVITAI_ENDPOINT", host.url)
    monkeypatch.setenv("CIVITAI_TOKEN", "of civitai")
    monkeypatch.setenv("HF_TOKEN", SECRET)
    host.files["/api/download/models/12"] = CONTENT
    found = done(store.bring(digest(), len(CONTENT), [("civitai://models/12", "")]))[0]
    assert found.read_bytes() == CONTENT
    assert host.headers[0]["Authorization"] == "Bearer of civitai"
    assert sources.place_of("civitai://api/download/models/12?type=Model").url.endswith("/12?type=Model")


def test_no_token_stands_in_an_error_or_a_file(hub, store, tmp_path, monkeypatch):
    monkeypatch.setenv("KEY_OF_A_HOST", SECRET)
    monkeypatch.setattr(transfers, "TRIES", 1)
    said = []
    for status in (401, 403, 404, 500):
        for source in (HF, f"{hub.url}{NAME}?key=${{KEY_OF_A_HOST}}", "http://127.0.0.1:1/${KEY_OF_A_HOST}"):
            hub.statuses = [status] * 3
            with pytest.raises((Unresolved, BadFile)) as refused:
                done(store.bring(digest(), 3, [(source, "")]))
            said.append(str(refused.value))
            hub.statuses = [status]
            with pytest.raises((Unresolved, Drift)) as refused:
                done(store.take_in(source, lambda part, found: pytest.fail("it came")))
            said.append(str(refused.value))
    hub.statuses, hub.breaks = [], [2_000_000, 0, 0]
    with pytest.raises(Unresolved):
        bring(store, hub)
    assert SECRET not in "".join(said)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "part.json" for path in files)
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    assert "etag" in json.loads(next(Path(tmp_path).rglob("part.json")).read_text())


def test_a_variable_that_is_not_set_is_named(store, monkeypatch):
    monkeypatch.delenv("NOT_SET", raising=False)
    with pytest.raises(BadFile, match=r"needs the variable NOT_SET"):
        bring(store, "https://example.org/${NOT_SET}")


def test_what_stands_where_a_link_is_to_go_stays(store, tmp_path):
    """Also when the disk has no links of any kind."""
    blob, there = tmp_path / "blob", tmp_path / "there"
    blob.write_bytes(b"blob")
    there.write_bytes(b"mine")
    with pytest.raises(CannotWrite, match="exists"):
        links.link(blob, there)
    assert there.read_bytes() == b"mine"
