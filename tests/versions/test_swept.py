"""version gc: what nobody needs goes, and is told to the byte."""

import os
import shutil
from dataclasses import replace

import pytest

from infrastructure.versions.locks import held
from services.versions import comparing, keeping, sweeping
from tests.versions.sweeps import STYLE, free_of, sha_of, swept, under_way

# --- what becomes free -----------------------------------------------------------------------------


def test_packages_go_with_the_last_environment_that_has_them(keeper):
    keeper.realize()
    keeper.realize("film-b", custom_nodes=[])  # without shade
    assert swept(keeper)["packages"] == 0
    keeping.delete(keeper.shelf, "film-a", with_spec=True)
    before = free_of(keeper.store.folder)
    said = swept(keeper)
    assert said["packages"] == 1 and "1 Python packages that no version has installed" in said["lines"]
    assert {package for package, _ in keeper.store.uv.unpacked()} == {
        line.split()[0] for line in keeper.version("film-b").needed_lock().requirements
    }
    assert said["bytes"] == before - free_of(keeper.store.folder) > 0
    assert keeper.different("film-b", is_deep=True) == []
    assert keeper.realize().is_new and keeper.different(is_deep=True) == []


def test_packages_come_again_after_a_sweep_that_was_cut_off_among_them(keeper, monkeypatch):
    keeper.realize()
    keeping.delete(keeper.shelf, "film-a", with_spec=False)
    removed = sweeping.remove

    def cut_off(path):
        removed(path)
        if path.parent.name.startswith("archive-v"):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "remove", cut_off)
        with pytest.raises(KeyboardInterrupt):
            swept(keeper)
    keeper.realize()
    assert keeper.different(is_deep=True) == []
    keeping.delete(keeper.shelf, "film-a", with_spec=False)
    swept(keeper)
    assert not list(keeper.store.uv.unpacked())


def test_a_package_of_an_address_stays_while_it_is_installed(keeper, world):
    (wheel,) = world.wheels.folder.glob("shade-1.0-*.whl")
    world.host.files[f"/{wheel.name}"] = wheel.read_bytes()
    keeper.realize(python_packages=[f"shade @ {world.host.url}/{wheel.name}"], custom_nodes=[])
    assert any(line.startswith("shade @ http") for line in keeper.version().needed_lock().requirements)
    assert swept(keeper)["packages"] == 0
    assert "shade==1.0" in {package for package, _ in keeper.store.uv.unpacked()}


def test_packages_that_stores_share_stay(keeper, tmp_path):
    keeper.realize()
    keeping.delete(keeper.shelf, "film-a", with_spec=True)
    uv = (keeper.store.folder / "uv").rename(tmp_path / "uv")
    (keeper.store.folder / "uv").symlink_to(uv)
    assert swept(keeper)["packages"] == 0 and list(keeper.store.uv.unpacked())


def test_a_dry_run_says_what_then_goes(keeper, world):
    keeper.realize()
    keeper.realize(comfy={"repo": world.comfy.url, "ref": "v2"}, models=[])
    said, before = sweeping.collect(keeper.shelf, is_dry=True), free_of(keeper.store.folder)
    assert free_of(keeper.store.folder) == before
    really = swept(keeper)
    assert said["gone"] == really["gone"] and said["bytes"] == really["bytes"] > 1_000_000


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
