"""version gc: nothing goes that somebody may still need, seen from here or not."""

import os
from contextlib import ExitStack
from dataclasses import replace

import pytest

from domain.errors import Blocked
from domain.events import finished
from infrastructure.versions import links
from infrastructure.versions.locks import exclusive, joined
from infrastructure.versions.store import Store
from infrastructure.versions.uv import this_platform
from services.versions import comparing, models, sweeping
from services.versions.realizing import Realizer
from services.versions.resolving import Resolver
from tests.folders import done
from tests.versions.sweeps import STYLE, sha_of, swept, under_way

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
        both.enter_context(finished(joined(tmp_path, "it")))
        both.enter_context(finished(joined(tmp_path, "it")))
        with pytest.raises(Blocked, match="at work on it"), exclusive(tmp_path, "it", 0.0):
            pass
    (tmp_path / "of one that was killed.lock").touch()
    with exclusive(tmp_path, "it", 0.0), pytest.raises(Blocked), finished(joined(tmp_path, "it", 0.0)):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"gate"}


# --- what is needed where gc cannot look -----------------------------------------------------------


@pytest.fixture
def other_disks(monkeypatch):
    """No folder is on the store's disk."""

    def refused(*words, **how):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refused)


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
    with finished(Store(pod).joined()), pytest.raises(Blocked, match="at work on the store"):
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
