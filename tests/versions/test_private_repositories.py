"""A repository that wants to know who asks: its address says `${TOKEN}`, and nothing ever says its value."""

import os
import re

import pytest

from domain.errors import BadFile
from domain.versions import spec
from domain.versions.derived.dockerfile import dockerfile
from domain.versions.errors import Unresolved
from domain.versions.git_address import git_address
from tests.versions.git_host import GitHost
from tests.versions.test_elsewhere import Image, with_our_uv
from tests.versions.test_spec import content

SECRET = "never/to be+seen"


@pytest.fixture
def private(world):
    made = GitHost(world.folder / "origin", f"reader:{SECRET}")
    yield made
    made.close()


@pytest.fixture
def comfy(private):
    return {"repo": f"http://reader:${{REPO_TOKEN}}@{private.place}/ComfyUI/.git", "ref": "v1"}


def texts_below(folder):
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in files if SECRET.encode() in path.read_bytes()]


def test_it_is_fetched_and_no_file_process_or_log_has_the_token(
    keeper, comfy, private, tmp_path, monkeypatch
):
    monkeypatch.setenv("REPO_TOKEN", SECRET)
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "processes"))  # all that git starts, with its words
    build = keeper.realize(comfy=comfy).build
    assert (build.comfy / "requirements.txt").is_file()
    assert all(heard and heard.startswith("Basic ") for heard in private.heard)
    assert not texts_below(tmp_path)
    said = (tmp_path / "processes").read_text()
    assert "remote-http" in said and private.heard[0].partition(" ")[2] not in said
    assert keeper.version().needed_lock().comfy.repo == comfy["repo"]


def test_a_variable_that_is_not_set_is_named_before_anybody_is_asked(keeper, comfy, private, monkeypatch):
    monkeypatch.delenv("REPO_TOKEN", raising=False)
    with pytest.raises(BadFile, match=r"needs the variable REPO_TOKEN, which is not set"):
        keeper.resolve(comfy=comfy)
    assert not private.heard


def test_a_wrong_token_is_told_without_it(keeper, comfy, monkeypatch):
    monkeypatch.setenv("REPO_TOKEN", "another")
    with pytest.raises(Unresolved, match="cannot be fetched") as told:
        keeper.resolve(comfy=comfy)
    assert "another" not in str(told.value) and "${REPO_TOKEN}" in str(told.value)


def test_what_is_here_needs_no_token_any_more(keeper, comfy, monkeypatch):
    monkeypatch.setenv("REPO_TOKEN", SECRET)
    keeper.realize(comfy=comfy)
    monkeypatch.delenv("REPO_TOKEN")
    assert keeper.different(is_deep=True) == [] and not keeper.realize().is_new


def test_what_somebody_set_for_git_stays(private, comfy, monkeypatch):
    from infrastructure.versions.git_login import login

    monkeypatch.setenv("REPO_TOKEN", SECRET)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    assert set(login(comfy["repo"])) == {"GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_1", "GIT_CONFIG_VALUE_1"}
    assert login(comfy["repo"])["GIT_CONFIG_KEY_1"] == f"http.http://{private.place}/.extraHeader"


@pytest.mark.parametrize(
    "repo",
    ["https://example.org/${TOKEN}/x.git", "ssh://${NAME}@example.org/x.git", "https://${HOST}/x.git"],
)
def test_a_variable_where_git_would_tell_it_is_refused(repo):
    with pytest.raises(BadFile, match=r"comfy.repo may have a variable only as in https://\$\{TOKEN\}@"):
        spec.read(content(comfy={"repo": repo}))


def test_an_address_without_a_variable_is_as_it_was():
    for repo in ("https://user@example.org/x.git", "git@example.org:a/x.git", "file:///a/b", "../x"):
        assert git_address(repo).url == repo and not git_address(repo).login
    assert git_address("https://${T}@example.org:8443/x.git").login == "${T}:"


def test_an_image_fetches_it_with_a_secret_and_keeps_nothing_of_it(
    keeper, comfy, private, described, monkeypatch
):
    _, _, root = described
    monkeypatch.setenv("REPO_TOKEN", SECRET)
    text = dockerfile(keeper.resolve("film-b", comfy=comfy).needed_lock())
    assert "--mount=type=secret,id=REPO_TOKEN,env=REPO_TOKEN" in text
    assert not re.search(r"^(ENV|ARG) .*REPO_TOKEN", text, re.MULTILINE)
    Image(with_our_uv(text), root)
    assert (root / "comfyui" / "main.py").is_file()
    assert not texts_below(root) and os.environ["REPO_TOKEN"] == SECRET
