"""What others send, and what a crash or a careless hand leaves: nothing leads out or blocks for ever."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import BadFile
from domain.events import Told
from domain.versions import lock, spec
from domain.versions.errors import Unresolved
from domain.versions.lock import digest
from infrastructure.versions.store import Store
from infrastructure.versions.uv import this_platform
from services.versions import keeping, sweeping
from services.versions.resolving import Resolver
from tests.folders import done, everything
from tests.versions.test_spec import content, model

# --- locks that others send -------------------------------------------------------------------------

HASHED = "onnx==1.0 --hash=sha256:" + "0" * 64


def forged(**changed):
    """A lock with a right hash of its own and anything in it."""
    tree = {"repo": "https://example.org/x.git", "commit": "a" * 40, "tree": "b" * 40}
    made = {
        "lock_version": 1,
        "version_id": "film-a",
        "spec_sha256": "c" * 64,
        "platform": {"os": "linux", "arch": "x86_64", "python": "3.11", "torch_backend": ""},
        "comfy": tree,
        "custom_nodes": [{**tree, "name": "alpha"}],
        "models": [{"target_path": "loras/a.pt", "sha256": "d" * 64, "size": 1, "sources": []}],
        "python": {"requirements": [HASHED], "uv": "1"},
        "env": {},
    }
    for place, value in changed.items():
        at = made
        *way, last = (int(step) if step.isdigit() else step for step in place.split("__"))
        for step in way:
            at = at[step]
        at[last] = value
    return {**made, "lock_sha256": digest(made)}


def test_a_lock_as_we_write_it_reads():
    assert lock.read(forged()).models[0].target == "loras/a.pt"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version_id": "../../x"}, "version_id must be"),
        ({"models__0__target_path": "../../../etc/cron.d/x"}, "models[0].target_path must be a path below"),
        ({"models__0__target_path": "/etc/cron.d/x"}, "models[0].target_path must be a path below"),
        ({"models__0__sha256": "../../../x"}, "models[0].sha256 must be hex digits"),
        ({"custom_nodes__0__name": "../../x"}, "custom_nodes[0].name must be the name of a folder"),
        ({"custom_nodes__0__name": ""}, "custom_nodes[0].name is missing"),
        ({"comfy__commit": "--upload-pack=x"}, "comfy.commit must be hex digits"),
        ({"comfy__tree": "main"}, "comfy.tree must be hex digits"),
        ({"comfy__repo": "ext::sh -c x"}, "comfy.repo must be the address"),
        ({"comfy__repo": "--upload-pack=x"}, "comfy.repo must be the address"),
        ({"python__requirements": ["--index-url https://example.org"]}, "python.requirements[0] must be a"),
        ({"python__requirements": ["onnx==1.0"]}, "python.requirements[0] must be a package with its hash"),
        ({"python__requirements": [f"a==1\n--index-url=x {HASHED}"]}, "python.requirements[0] must be a"),
        ({"platform": {}}, "platform.os is missing: the lock does not say which machine its Python packages"),
        ({"platform__python": ""}, "platform.python is missing: the lock does not say which machine"),
        ({"models__0__sources": [{"url": "https://a:b@example.org/x"}]}, "models[0].sources[0].url holds"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_lock_that_leads_out_is_refused(change, told):
    with pytest.raises(BadFile) as refused:
        lock.read(forged(**change))
    assert str(refused.value).startswith(told)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (content(custom_nodes=[{"repo": "a", "name": "alpha."}]), "custom_nodes[0].name must be"),
        (
            content(
                models=[*model(target_path="loras/a")["models"], *model(target_path="Loras/A/b")["models"]]
            ),
            "models[1] lies in",
        ),
    ],
)
def test_folders_that_some_disks_do_not_have_are_refused(wrong, told):
    with pytest.raises(BadFile) as refused:
        spec.read(wrong)
    assert str(refused.value).startswith(told)


# --- repositories -----------------------------------------------------------------------------------


def test_links_in_a_repository_lead_nobody_out(keeper, world, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.txt").write_text("mine")
    (world.beta.folder / "out").symlink_to(outside)
    world.beta.commit({"__init__.py": "NODES = []\n"})
    (world.comfy.folder / "models").symlink_to(outside)
    world.comfy.commit({"more.txt": "more"})
    before = everything(outside)
    comfy = {"repo": world.comfy.url}
    build = keeper.realize(comfy=comfy, custom_nodes=[{"repo": world.beta.url}]).build
    assert (build.node("beta") / "out").is_symlink() and (build.comfy / "models").is_symlink()
    keeper.realize("film-b", comfy=comfy)  # takes what it can from the first
    assert keeper.different(is_deep=True) == keeper.different("film-b", is_deep=True) == []
    (outside / "precious.txt").write_text("mine still")
    assert keeper.different(is_deep=True) == []  # what a link leads to is no part of the version
    for id in ("film-a", "film-b"):
        keeping.delete(keeper.shelf, id, with_spec=True)
    assert everything(outside).keys() == before.keys()


def test_what_is_not_brought_along_is_told(keeper, world):
    world.beta.commit({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "a.txt": "a"})
    world.alpha._git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", world.comfy.url, "sub"
    )
    world.alpha.commit({"b.txt": "b"})
    version = keeper.version(custom_nodes=[{"repo": world.alpha.url}, {"repo": world.beta.url}])
    _, said = done(Resolver(keeper.store, this_platform()).lock(version.spec))
    assert [event.sentence for event in said if isinstance(event, Told)] == [
        "alpha: the submodule sub is not brought along.",
        "beta: what .gitattributes gives to Git LFS is not brought along.",
    ]


def test_locks_of_a_git_that_was_killed_are_not_in_the_way(keeper, world):
    keeper.resolve()
    store = next((keeper.store.folder / "git").glob("*.git"))
    for repository in (keeper.store.folder / "git").glob("*.git"):
        (repository / "shallow.lock").touch()
        (repository / "config.lock").touch()
    left = next((store / "refs" / "studio").rglob("*")).parent / "film-a"
    assert left.is_dir()
    for ref in list(left.iterdir()):
        ref.with_name(f"{ref.name}.lock").touch()
    keeper.realize(comfy={"repo": world.comfy.url, "ref": "v2"})
    assert keeper.different(is_deep=True) == []


def test_an_id_may_hold_what_git_forbids_in_a_name(keeper):
    assert keeper.realize("film..a").is_new


# --- what a crash or a careless hand leaves ---------------------------------------------------------


def _half_deleted(build, what):
    place = build.folder / what
    shutil.rmtree(place) if place.is_dir() else place.unlink()


@pytest.mark.parametrize("what", ["ComfyUI", "base", "base/custom_nodes/alpha", "lock.json", ".env"])
def test_half_a_build_is_found_and_made_whole(keeper, what):
    build = keeper.realize().build
    if what == ".env":
        shutil.rmtree(keeper.store.environment(keeper.version().needed_lock()))
    else:
        _half_deleted(build, what)
    if what != "lock.json":
        assert keeper.different()
    keeper.realize("film-b", env={"A": "1"})  # no matter of another version
    keeper.realize()
    assert keeper.different(is_deep=True) == []
    if what == "lock.json":
        (keeper.build().folder / "realization.json").write_text("{}")
        told = keeping.status(keeper.shelf)
        assert [v["state"] for v in told["versions"]] == ["resolved", "realized"]
        assert "nodes is missing" in told["versions"][0]["said"] and "nodes is missing" in told["lines"][1]


def test_what_stands_there_stays_when_the_new_one_cannot_be_made(keeper, world):
    build = keeper.realize().build
    (build.comfy / "data.txt").write_text("an artist's own change")
    blob = next((keeper.store.folder / "git").glob("*.git"))
    shutil.rmtree(world.folder / "origin")
    for repository in blob.parent.glob("*.git"):
        shutil.rmtree(repository)
    with pytest.raises(Unresolved):
        keeper.realize()
    assert (keeper.build().comfy / "data.txt").read_text() == "an artist's own change"


@pytest.mark.parametrize("broken", ["{", "{}", "[1]", "null"])
def test_gc_takes_nothing_when_it_cannot_know_who_needs_it(keeper, tmp_path, broken):
    away = replace(keeper, shelf=replace(keeper.shelf, target=tmp_path / "elsewhere"))
    away.realize()
    (keeper.store.folder / "elsewhere.json").write_text(broken)
    with pytest.raises(BadFile, match=r"elsewhere\.json"):
        sweeping.collect(keeper.shelf, is_dry=False)
    assert away.different(is_deep=True) == []


def test_a_version_on_a_disk_that_is_away_is_not_forgotten(tmp_path):
    store = Store(tmp_path / "store")
    (tmp_path / "disk" / "one").mkdir(parents=True)
    store.remember(tmp_path / "disk" / "one")
    (tmp_path / "disk").rename(tmp_path / "away")
    (tmp_path / "two").mkdir()
    store.remember(tmp_path / "two")
    (tmp_path / "away").rename(tmp_path / "disk")
    assert store.elsewhere() == [tmp_path / "disk" / "one", tmp_path / "two"]


@pytest.mark.parametrize("id", ["x/..", "./", "/", "..", "../..", "./.json"])
def test_delete_takes_no_more_than_a_version(keeper, id):
    (keeper.store.folder / "builds" / "film-a" / "0123456789abcdef").mkdir(parents=True)
    (keeper.store.folder / "models").mkdir()
    with pytest.raises(BadFile):
        keeping.delete(keeper.shelf, id, with_spec=True)
    assert (keeper.store.folder / "builds" / "film-a" / "0123456789abcdef").is_dir()


def test_delete_leaves_everything_else_in_the_folder_a_version_was_laid_out_in(keeper, tmp_path):
    mine = tmp_path / "mine"
    (mine / "pictures").mkdir(parents=True)
    (mine / "pictures" / "one.png").write_bytes(b"1")
    (mine / "note.txt").write_text("2")
    away = replace(keeper, shelf=replace(keeper.shelf, target=mine))
    away.realize()
    (mine / "output").mkdir()
    sweeping.collect(keeper.shelf, is_dry=False)
    keeping.delete(away.shelf, "film-a", with_spec=False)
    assert {path.name for path in mine.iterdir()} == {"pictures", "note.txt"}
    assert (mine / "pictures" / "one.png").is_file()


def test_delete_takes_a_version_whose_spec_is_broken(keeper):
    build = keeper.realize().build
    file = keeper.shelf.file("film-a")
    file.write_text("{")
    assert keeping.delete(keeper.shelf, "film-a", with_spec=True) == []
    assert not build.folder.exists() and not file.exists()


def test_a_lock_over_a_blob_that_was_cut_short_has_its_true_size(keeper, world):
    keeper.realize()
    sha256 = keeper.version().needed_lock().models[0].sha256
    blob = keeper.store.blobs.path(sha256)
    blob.chmod(0o644)
    os.truncate(blob, 100)
    again = keeper.resolve("film-b").needed_lock()
    assert again.models[0].size == len(world.host.files["/style.safetensors"])


def test_no_secret_of_the_surroundings_stands_in_what_is_written(keeper, monkeypatch, tmp_path):
    monkeypatch.setenv("MY_TOKEN", "never-to-be-seen")
    monkeypatch.setenv("HF_TOKEN", "never-to-be-seen")
    keeper.realize(env={"MY_TOKEN": "${MY_TOKEN}"})
    files = [path for folder in ("store", "versions") for path in Path(tmp_path / folder).rglob("*")]
    texts = [path.read_bytes() for path in files if path.is_file() and not path.is_symlink()]
    assert not [text for text in texts if b"never-to-be-seen" in text]
    assert json.loads(keeper.version().lock_file.read_text())["env"] == {"MY_TOKEN": "${MY_TOKEN}"}
