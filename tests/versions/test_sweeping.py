"""version gc: what nobody needs goes, and nothing that somebody may still need, seen from here or not."""

import os
import shutil
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from domain.errors import Blocked
from infrastructure.versions import links
from infrastructure.versions.locks import exclusive, held, shared
from infrastructure.versions.store import Store, size_of
from infrastructure.versions.uv import this_platform
from services.versions import comparing, keeping, models, sweeping
from services.versions.realizing import Realizer
from services.versions.resolving import Resolver
from tests.folders import done

STYLE = "loras/style.safetensors"


def sha_of(keeper):
    return keeper.version().needed_lock().models[0].sha256


def under_way(work, note=""):
    """The same work, as far as its first event that says this."""
    while note not in getattr(next(work), "note", ""):
        pass
    return closing(work)


# --- nobody sweeps beneath who is at work -----------------------------------------------------------


def test_nothing_is_swept_while_somebody_resolves(keeper):
    work = Resolver(keeper.store, this_platform()).lock(keeper.version().spec)
    with under_way(work), pytest.raises(Blocked, match="at work on the store"):
        sweeping.collect(keeper.shelf, is_dry=False)
    assert sweeping.collect(keeper.shelf, is_dry=False)["gone"] == []


def test_nothing_is_swept_while_a_folder_gets_its_models(keeper, world, tmp_path):
    world.host.files["/style.safetensors"] = b"style" * 2_000_000
    world.host.pause = 0.05
    lock = keeper.resolve(takes_new=True).needed_lock()
    work = models.verified(keeper.store, lock, tmp_path / "mine", False)
    with under_way(work, "MB"), pytest.raises(Blocked, match="at work on the store"):
        sweeping.collect(keeper.shelf, is_dry=False)


def test_nothing_is_swept_while_a_version_is_realized_into_a_folder_nobody_knows_yet(keeper):
    lock = keeper.resolve().needed_lock()
    work = Realizer(keeper.store, keeper.shelf.builds("film-a")).realize(lock)
    with under_way(work), pytest.raises(Blocked):
        sweeping.collect(keeper.shelf, is_dry=False)


def test_nothing_is_swept_while_a_version_is_made_once_more(keeper):
    made = keeper.realize()
    work = comparing.reproduced(made.build.lock(), made.build, keeper.store, None, True)
    with under_way(work), pytest.raises(Blocked, match="at work on the store"):
        sweeping.collect(keeper.shelf, is_dry=False)


def test_many_share_and_one_is_alone_only_without_them(tmp_path):
    with ExitStack() as both:
        both.enter_context(shared(tmp_path, "it"))
        both.enter_context(shared(tmp_path, "it"))
        with pytest.raises(Blocked, match="at work on it"), exclusive(tmp_path, "it", 0.0):
            pass
    (tmp_path / "of one that was killed.lock").touch()
    with exclusive(tmp_path, "it", 0.0), pytest.raises(Blocked), shared(tmp_path, "it", 0.0):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"gate"}


# --- what is needed where gc cannot look -----------------------------------------------------------


@pytest.fixture
def other_disks(monkeypatch):
    """No folder is on the store's disk."""

    def refused(*words, **how):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refused)


def swept(keeper):
    return sweeping.collect(keeper.shelf, is_dry=False)


def filled(keeper, folder):
    """A folder of somebody's own with the model of a version; returns the file."""
    found, _ = done(models.verified(keeper.store, keeper.resolve().needed_lock(), folder, False))
    assert [one.status for one in found] == [models.DOWNLOADED]
    return folder / STYLE


def test_a_folder_on_another_disk_keeps_its_models(keeper, world, tmp_path, other_disks):
    file = filled(keeper, tmp_path / "mine")
    assert file.is_symlink()
    swept(keeper)
    assert file.read_bytes() == world.host.files["/style.safetensors"]
    file.unlink()  # now nobody needs it
    assert str(keeper.store.blobs.path(sha_of(keeper)).parent) in swept(keeper)["gone"]


def test_a_folder_whose_disk_is_away_keeps_its_models_and_is_named(keeper, world, tmp_path, other_disks):
    file = filled(keeper, tmp_path / "usb" / "models")
    (tmp_path / "usb").rename(tmp_path / "drawer")
    (told,) = swept(keeper)["kept"]
    assert str(file) in told and str(links.notes_of(keeper.store.blobs.path(sha_of(keeper)))) in told
    (tmp_path / "drawer").rename(tmp_path / "usb")
    assert file.read_bytes() == world.host.files["/style.safetensors"]


def test_a_folder_of_another_machine_at_the_same_volume_keeps_its_models(
    keeper, world, tmp_path, other_disks, monkeypatch
):
    monkeypatch.setattr("platform.node", lambda: "pod-a")
    file = filled(keeper, tmp_path / "mine")
    monkeypatch.setattr("platform.node", lambda: "pod-b")
    file.rename(tmp_path / "pod-a's file")  # the same path holds nothing on this machine
    (told,) = swept(keeper)["kept"]
    assert "pod-a" in told
    assert (tmp_path / "pod-a's file").read_bytes() == world.host.files["/style.safetensors"]


def test_pods_that_share_models_take_none_from_each_other(keeper, tmp_path, other_disks):
    """As the start script of a pod lays its store out: models on the volume, the rest on its own disk."""
    volume, pods = tmp_path / "volume", []
    (volume / "models").mkdir(parents=True)
    for name in ("a", "b"):
        store = tmp_path / name / "store"
        store.mkdir(parents=True)
        (store / "models").symlink_to(volume / "models")
        pods.append(replace(keeper, shelf=replace(keeper.shelf, store=Store(store))))
    build = pods[0].realize().build
    for sweeper in (pods[1], replace(keeper, shelf=replace(keeper.shelf, store=Store(volume)))):
        swept(sweeper)
        assert (build.models / STYLE).is_file()
        assert pods[0].different(is_deep=True) == []


def test_models_that_stores_share_are_not_swept_while_one_of_them_brings_some(keeper, tmp_path):
    volume, pod = tmp_path / "volume", tmp_path / "pod"
    for folder in (volume / "models", pod):
        folder.mkdir(parents=True)
    (pod / "models").symlink_to(volume / "models")
    with Store(pod).shared(), pytest.raises(Blocked, match="at work on the store"):
        sweeping.collect(replace(keeper.shelf, store=Store(volume)), is_dry=False)


def test_a_model_that_a_folder_of_somebodys_own_shares_stays_and_counts_for_nothing(keeper, tmp_path):
    file = filled(keeper, tmp_path / "mine")
    said = swept(keeper)
    assert file.samefile(keeper.store.blobs.path(sha_of(keeper)))
    assert not [path for path in said["gone"] if "models" in path]
    (told,) = said["kept"]
    assert "1.0 MB" in told and "nothing would become free" in told
    file.unlink()
    assert swept(keeper)["bytes"] >= 1_000_000


def test_models_of_a_build_that_somebody_changed_stay_with_it(keeper, other_disks):
    build = keeper.realize().build
    (build.comfy / "data.txt").write_text("changed")
    keeper.realize()
    keeper.realize(models=[])
    swept(keeper)
    aside = next(build.folder.parent.glob("*.changed-1"))
    assert (aside / "base" / "models" / STYLE).is_file()


# --- what becomes free -----------------------------------------------------------------------------


def test_packages_that_the_cache_holds_too_are_not_counted_as_freed(keeper):
    keeper.realize()
    env = keeper.store.environment(keeper.version().needed_lock())
    shared_with_uv = sum(f.stat().st_size for f in env.rglob("*.py") if f.stat().st_nlink > 1)
    assert shared_with_uv > 5000
    own = sum(f.stat().st_size for f in env.rglob("*") if f.is_file() and f.lstat().st_nlink == 1)
    keeping.delete(keeper.shelf, "film-a", with_spec=True)
    before = free_of(keeper.store.folder)
    said = swept(keeper)
    assert str(env) in said["gone"] and said["bytes"] >= own
    assert said["bytes"] == before - free_of(keeper.store.folder)


def test_a_dry_run_says_what_then_goes(keeper, world):
    keeper.realize()
    keeper.realize(comfy={"repo": world.comfy.url, "ref": "v2"}, models=[])
    said, before = sweeping.collect(keeper.shelf, is_dry=True), free_of(keeper.store.folder)
    assert free_of(keeper.store.folder) == before
    really = swept(keeper)
    assert said["gone"] == really["gone"] and said["bytes"] == really["bytes"] > 1_000_000


def free_of(folder):
    """Bytes of all files there, but for locks, which come and go."""
    return size_of(folder, set())


# --- leftovers -------------------------------------------------------------------------------------


def test_repositories_go_that_no_version_names_any_more(keeper, world):
    keeper.realize()
    count = len(list((keeper.store.folder / "git").glob("*.git")))
    keeper.realize(custom_nodes=[{"repo": world.alpha.url}])
    swept(keeper)
    assert len(list((keeper.store.folder / "git").glob("*.git"))) == count - 1
    assert keeper.different(is_deep=True) == []
    keeping.delete(keeper.shelf, "film-a", with_spec=False)
    swept(keeper)
    assert len(list((keeper.store.folder / "git").glob("*.git"))) == count - 1  # its lock still names them
    keeping.delete(keeper.shelf, "film-a", with_spec=True)
    swept(keeper)
    assert not list((keeper.store.folder / "git").iterdir())


def test_a_lock_in_a_folder_that_nobody_looks_through_keeps_its_repositories(keeper, world, tmp_path):
    """Upstream may have forgotten them."""
    project = tmp_path / "usb" / "project"
    project.mkdir(parents=True)
    elsewhere = replace(keeper, shelf=replace(keeper.shelf, folders=(project,)))
    elsewhere.resolve()
    world.comfy.forget(world.second)
    swept(keeper)
    (tmp_path / "usb").rename(tmp_path / "drawer")
    (told,) = swept(keeper)["kept"]
    assert "film-a.lock.json" in told and "locks.json" in told
    (tmp_path / "drawer").rename(tmp_path / "usb")
    shutil.rmtree(world.folder / "origin" / "beta")
    elsewhere.realize()
    keeping.delete(elsewhere.shelf, "film-a", with_spec=True)
    assert swept(keeper)["gone"] and not list((keeper.store.folder / "git").iterdir())


def test_what_was_cut_off_goes_unless_a_lock_wants_the_rest_of_it(keeper, tmp_path):
    keeper.resolve()
    blobs = keeper.store.blobs
    wanted, nobodys = blobs.path(sha_of(keeper)), blobs.path("0" * 64)
    incoming = keeper.store.folder / "models" / "incoming"
    for folder in (wanted.parent, nobodys.parent, incoming / "0123456789abcdef"):
        folder.mkdir(parents=True)
        for name in ("part", "part.json", "bad"):
            (folder / name).write_bytes(b"half")
    said = swept(keeper)
    assert {str(nobodys.parent), str(incoming / "0123456789abcdef"), str(wanted.with_name("bad"))} == {
        *said["gone"]
    }
    assert {path.name for path in wanted.parent.iterdir()} == {"part", "part.json"}
    assert not nobodys.parent.exists() and not list(incoming.iterdir())


def test_a_model_that_a_script_is_bringing_stays(keeper):
    """The one that fills a volume holds the model's own lock, and knows of no other."""
    keeper.realize()
    keeping.delete(keeper.shelf, "film-a", with_spec=True)
    (blob,) = map(keeper.store.blobs.path, keeper.store.blobs.all())
    with held(blob.with_name("lock"), "a script"):
        swept(keeper)
    assert blob.is_file()
    swept(keeper)
    assert not blob.exists()


def test_what_a_killed_reproduction_left_goes(keeper, tmp_path):
    made = keeper.realize()
    work = comparing.reproduced(made.build.lock(), made.build, keeper.store, None, True)
    with under_way(work, "laying it out"):
        (second,) = (keeper.store.folder / "reproduce").iterdir()
        shutil.copytree(second, left := second.with_name("of one that was killed"), symlinks=True)
    assert left.is_dir() and not second.exists()
    assert str(left) in swept(keeper)["gone"] and not left.exists()
    assert keeper.different(is_deep=True) == []


def test_the_list_of_an_environments_files_outlives_what_was_put_aside(keeper):
    keeper.realize()
    env = keeper.store.environment(keeper.version().needed_lock())
    (env.with_name(f"{env.name}.changed") / "lib").mkdir(parents=True)
    assert [str(env.with_name(f"{env.name}.changed"))] == swept(keeper)["gone"]
    assert keeper.different() == []


@pytest.fixture
def as_on_windows(monkeypatch):
    """Nothing that is read-only is taken away."""
    unlink = os.unlink

    def refusing(path, *, dir_fd=None):
        if not os.stat(path, dir_fd=dir_fd, follow_symlinks=False).st_mode & 0o200:
            raise PermissionError(13, "Access is denied", str(path))
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", refusing)


def test_read_only_files_go_too_and_what_stays_of_them_stays_read_only(keeper, world, as_on_windows):
    keeper.realize()
    other = keeper.realize("film-b", comfy={"repo": world.comfy.url, "ref": "v2"})
    blob = keeper.store.blobs.path(sha_of(keeper))
    keeping.delete(keeper.shelf, "film-a", with_spec=True)
    assert (other.build.models / STYLE).samefile(blob) and not blob.stat().st_mode & 0o222
    keeper.realize("film-b", models=[])
    swept(keeper)
    assert not blob.exists() and not other.build.folder.exists()
    assert keeper.different("film-b", is_deep=True) == []


def test_what_vanishes_while_it_is_counted_is_not_counted(keeper, monkeypatch):
    """A download gets its name while somebody asks what there is."""
    keeper.realize()
    before, walk = keeping.status(keeper.shelf)["shared_bytes"], os.walk

    def with_more(path):
        for top, folders, names in walk(path):
            yield top, folders, [*names, "gone.part"]

    monkeypatch.setattr(os, "walk", with_more)
    assert keeping.status(keeper.shelf)["shared_bytes"] == before
