"""version gc: what nobody needs goes, and nothing that somebody may still need, seen from here or not."""

from contextlib import closing

import pytest

from domain.errors import Blocked
from infrastructure.versions.locks import exclusive, shared
from infrastructure.versions.uv import this_platform
from services.versions import comparing, keeping, models
from services.versions.realizing import Realizer
from services.versions.resolving import Resolver


def under_way(work, note=""):
    """The same work, as far as its first event that says this."""
    while note not in getattr(next(work), "note", ""):
        pass
    return closing(work)


# --- nobody sweeps beneath who is at work -----------------------------------------------------------


def test_nothing_is_swept_while_somebody_resolves(keeper):
    work = Resolver(keeper.store, this_platform()).lock(keeper.version().spec)
    with under_way(work), pytest.raises(Blocked, match="at work on the store"):
        keeping.collect(keeper.shelf, is_dry=False)
    assert keeping.collect(keeper.shelf, is_dry=False)["gone"] == []


def test_nothing_is_swept_while_a_folder_gets_its_models(keeper, world, tmp_path):
    world.host.files["/style.safetensors"] = b"style" * 2_000_000
    world.host.pause = 0.05
    lock = keeper.resolve(takes_new=True).needed_lock()
    with under_way(models.verified(keeper.store, lock, tmp_path / "mine", False), "MB"):
        with pytest.raises(Blocked, match="at work on the store"):
            keeping.collect(keeper.shelf, is_dry=False)


def test_nothing_is_swept_while_a_version_is_realized_into_a_folder_nobody_knows_yet(keeper):
    lock = keeper.resolve().needed_lock()
    with under_way(Realizer(keeper.store, keeper.shelf.builds("film-a")).realize(lock)):
        with pytest.raises(Blocked):
            keeping.collect(keeper.shelf, is_dry=False)


def test_nothing_is_swept_while_a_version_is_made_once_more(keeper):
    made = keeper.realize()
    work = comparing.reproduced(made.build.lock(), made.build, keeper.store, None, True)
    with under_way(work), pytest.raises(Blocked, match="at work on the store"):
        keeping.collect(keeper.shelf, is_dry=False)


def test_many_share_and_one_is_alone_only_without_them(tmp_path):
    with shared(tmp_path, "it"), shared(tmp_path, "it"):
        with pytest.raises(Blocked, match="at work on it"), exclusive(tmp_path, "it", 0.0):
            pass
    (tmp_path / "of one that was killed.lock").touch()
    with exclusive(tmp_path, "it", 0.0), pytest.raises(Blocked), shared(tmp_path, "it", 0.0):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"gate"}
