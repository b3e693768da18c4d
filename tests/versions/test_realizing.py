"""What is realized is what the lock says, nothing of it twice, and whatever changes is found and named."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import Blocked, CannotWrite, StudioError
from domain.versions.errors import Drift, NotInStore, Unresolved
from infrastructure.versions import env_tree
from infrastructure.versions.locks import held
from infrastructure.versions.store import Store, size_of
from infrastructure.versions.uv import this_platform
from services.versions import comparing, keeping, sweeping
from services.versions.probing import Prober
from services.versions.realizing import Realizer
from tests.folders import done, everything

NEEDS = {"a workflow": frozenset({"LoadImage", "AlphaNode"})}


def test_it_is_laid_out_and_starts(keeper, world):
    made = keeper.realize(prober=Prober(NEEDS))
    build = made.build
    assert made.is_new and build == keeper.build()
    assert (build.comfy / "requirements.txt").read_text() == "greeting==1.0\n"
    assert not (build.comfy / "note.txt").exists()  # of a later commit
    assert (build.models / "loras" / "style.safetensors").read_bytes() == world.host.files[
        "/style.safetensors"
    ]
    assert keeper.different() == keeper.different(is_deep=True) == []


def test_again_writes_nothing(keeper, tmp_path):
    keeper.realize()
    before = everything(tmp_path / "store")
    times = {path: path.lstat().st_mtime_ns for path in (tmp_path / "store").rglob("*") if path.is_file()}
    assert not keeper.realize().is_new
    assert everything(tmp_path / "store") == before
    assert all(path.lstat().st_mtime_ns == time for path, time in times.items())


def test_another_version_shares_models_packages_and_sources(keeper, world):
    one = keeper.realize()
    comfy = {"repo": world.comfy.url, "ref": "v2"}
    seen = set()
    size_of(keeper.store.folder, seen)
    other = keeper.realize("film-b", comfy=comfy)
    assert (other.build.comfy / "note.txt").read_text() == "second"
    assert not (one.build.comfy / "note.txt").exists()
    place = "loras/style.safetensors"
    assert (one.build.models / place).samefile(other.build.models / place)
    assert (one.build.comfy / "data.txt").samefile(other.build.comfy / "data.txt")
    assert world.host.asked["/style.safetensors"] == 1
    assert len(list((keeper.store.folder / "envs").glob("*/"))) == 1
    assert keeper.different() == keeper.different("film-b") == []


def test_another_commit_replaces_the_source_and_the_old_one_stays_until_the_new_one_runs(keeper, world):
    old = keeper.realize(prober=Prober({})).build
    keeper.version(comfy={"repo": world.comfy.url, "ref": "v2"})
    with pytest.raises(Drift, match="another needs MissingNode"):
        keeper.realize(prober=Prober({"another": frozenset({"MissingNode"})}))
    assert keeper.build() == old and (old.comfy / "main.py").is_file()
    new = keeper.realize(prober=Prober(NEEDS)).build
    assert keeper.build() == new != old
    assert (new.comfy / "note.txt").is_file()


def test_a_start_with_a_broken_node_is_no_start(keeper, world):
    world.beta.commit({"__init__.py": "import nothing_of_that_name\n"})
    with pytest.raises(Drift) as refused:
        keeper.realize(prober=Prober({}), custom_nodes=[{"repo": world.beta.url}])
    assert "IMPORT FAILED" in refused.value.differences[0]
    assert keeper.shelf.version("film-a").builds.current is None


def test_a_comfyui_that_does_not_start_says_why(keeper, world):
    world.comfy.commit({"main.py": "raise SystemExit('no GPU of that kind')\n"})
    with pytest.raises(Drift, match=r"does not start.*no GPU of that kind"):
        keeper.realize(prober=Prober({}), comfy={"repo": world.comfy.url})


def test_variables_of_a_version_reach_its_comfyui_and_our_keys_do_not(keeper, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "secret")
    monkeypatch.setenv("SHOWN_BY_US", "a value")
    heard = []
    prober = Prober({}, hear=heard.append)
    keeper.realize(prober=prober, env={"SHOWN": "${SHOWN_BY_US}"})
    assert any("variable a value token \n" in line for line in heard)


def test_skip_models_leaves_them_out(keeper, world):
    build = keeper.realize(options={"skip_models": True}).build
    assert not list(build.models.rglob("*.safetensors"))
    assert world.host.asked["/style.safetensors"] == 0


def _flip(path: Path, at: int = 10) -> None:
    """One byte becomes another, by its own name or any other."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ("base/models/loras/style.safetensors", "models/loras/style.safetensors"),
        ("ComfyUI/data.txt", "ComfyUI/data.txt"),
        ("base/custom_nodes/alpha/__init__.py", "custom_nodes/alpha/__init__.py"),
    ],
)
def test_a_flipped_byte_is_found_and_named(keeper, place, named):
    build = keeper.realize().build
    _flip(build.folder / place)
    assert keeper.different() == keeper.different(is_deep=True) == [named]


def test_a_byte_flipped_behind_an_old_time_is_found_by_reading_all(keeper):
    """As a bad disk does it: size and time tell nothing."""
    build = keeper.realize().build
    for place in ("base/models/loras/style.safetensors", "ComfyUI/data.txt"):
        path = build.folder / place
        stat = path.stat()
        _flip(path)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    model = "models/loras/style.safetensors"
    assert model not in keeper.different()  # git looks twice at what is as young as its index
    assert keeper.different(is_deep=True) == ["ComfyUI/data.txt", model]


def test_a_changed_package_is_found_named_and_made_anew(keeper):
    keeper.realize()
    env = keeper.store.environment(keeper.version().needed_lock())
    changed = next(env.rglob("greeting/part_3.py"))
    _flip(changed)
    assert keeper.different() == [f"packages: {changed.relative_to(env).as_posix()}"]
    with pytest.raises(Drift, match=r"cache of Python packages was changed: .*greeting/part_3.py"):
        keeper.realize()  # the cache holds the very same file
    shutil.rmtree(keeper.store.folder / "uv")
    keeper.realize()
    assert keeper.different(is_deep=True) == []


def test_a_package_that_somebody_installed_is_found(keeper):
    keeper.realize()
    env = keeper.store.environment(keeper.version().needed_lock())
    added = next(env.rglob("greeting")).parent / "added.py"
    added.write_text("import os\n")
    assert keeper.different() == [f"packages: {added.relative_to(env).as_posix()}"]


def test_a_changed_source_is_put_right_and_what_was_there_is_kept(keeper):
    build = keeper.realize().build
    (build.comfy / "data.txt").write_text("an artist's own change")
    (build.comfy / "added.txt").write_text("added")
    assert keeper.different() == ["ComfyUI/added.txt", "ComfyUI/data.txt"]
    assert keeper.realize().build == build
    assert keeper.different() == []
    aside = next(build.folder.parent.glob("*.changed-1"))
    assert (aside / "ComfyUI" / "data.txt").read_text() == "an artist's own change"


def test_what_somebody_made_with_it_outlives_every_realization(keeper, world):
    build = keeper.realize(prober=Prober({})).build
    (build.own("output") / "picture.png").write_bytes(b"mine")
    keeper.realize(comfy={"repo": world.comfy.url, "ref": "v2"})
    assert (keeper.build().own("output") / "picture.png").read_bytes() == b"mine"
    kept = keeping.delete(keeper.shelf, "film-a", with_spec=True)
    assert kept == [str(build.own("output"))]
    assert not list(build.folder.parent.glob("*/realization.json"))
    assert not keeper.shelf.file("film-a").exists()


def test_a_model_that_arrives_as_something_else_is_never_visible(keeper, world, tmp_path):
    keeper.resolve()
    world.host.files["/style.safetensors"] = b"other" * 200_000
    with pytest.raises(Drift, match="is not what the lock says"):
        keeper.realize()
    assert not list((tmp_path / "store").rglob("blob"))
    assert keeper.shelf.version("film-a").builds.current is None


def test_a_node_whose_packages_cannot_be_had_is_no_warning(keeper, world):
    keeper.realize()
    before = keeper.build()
    world.wheels.add("rare", "1.0")
    world.beta.commit({"requirements.txt": "rare\n"})
    keeper.resolve(custom_nodes=[{"repo": world.beta.url}])
    (world.wheels.folder / "rare-1.0-py3-none-any.whl").unlink()
    with pytest.raises(Unresolved, match=r"cannot be installed: .*rare"):
        keeper.realize()
    assert keeper.build() == before


def test_offline_what_is_in_the_store_is_enough(keeper, world, tmp_path):
    keeper.realize()
    shutil.rmtree(keeper.build().folder)
    world.close()
    shutil.rmtree(world.folder / "origin")
    shutil.rmtree(world.wheels.folder)
    offline = keeper.offline()
    assert offline.realize().is_new
    shutil.rmtree(tmp_path / "store" / "models")
    with pytest.raises(NotInStore, match=r"not in the store.*models loras/style"):
        offline.realize()


def test_it_comes_out_the_same_from_nothing(keeper, world, tmp_path):
    made = keeper.realize()
    work = comparing.reproduced(
        keeper.version().needed_lock(), made.build, keeper.store, tmp_path / "2nd", True
    )
    again, _ = done(work)
    assert again.closure == made.realization.closure
    assert world.host.asked["/style.safetensors"] == 2  # really fetched once more
    name = "realization.json"
    second = next((tmp_path / "2nd" / "builds").rglob(name))
    assert second.read_bytes() == (made.build.folder / name).read_bytes()


def test_what_comes_out_otherwise_is_named(keeper, world, tmp_path):
    made = keeper.realize()
    lock = keeper.version().needed_lock()
    env = keeper.store.environment(lock)
    changed = next(env.rglob("greeting/part_3.py"))
    changed.unlink()
    changed.write_text("PART = 4\n")
    tree = env_tree.read_tree(env)
    env_tree.write_tree(env.with_suffix(".json"), tree)
    from domain.versions.closure import expected
    from services.versions.realizing import digest_of

    made.build.write(lock, expected(lock, digest_of(lock), tree.hash))
    with pytest.raises(Drift) as found:
        done(comparing.reproduced(lock, made.build, keeper.store, tmp_path / "2nd", True))
    assert [line.split()[:2] for line in found.value.differences] == [["packages", "files"]]


def test_packages_that_cannot_be_made_again_stay_as_they_are(keeper, world):
    keeper.realize()
    env = keeper.store.environment(keeper.version().needed_lock())
    (env / "added.py").write_text("import os\n")
    shutil.rmtree(keeper.store.folder / "uv")
    shutil.rmtree(world.wheels.folder)
    with pytest.raises((NotInStore, Unresolved)):
        keeper.offline().realize()
    assert keeper.store.python(keeper.version().needed_lock()).exists()


def test_a_lock_that_differs_in_a_variable_alone_is_tried_before_it_is_used(keeper):
    old = keeper.realize(prober=Prober({})).build
    keeper.version(env={"SHOWN": "1"})
    with pytest.raises(Drift):
        keeper.realize(prober=Prober({"another": frozenset({"MissingNode"})}))
    assert keeper.build() == old and keeper.build().lock().env == {}
    assert not list(old.folder.parent.glob("*.changed-*"))


def test_gc_takes_nothing_while_a_disk_with_a_version_is_away(keeper, tmp_path):
    away = replace(keeper, shelf=replace(keeper.shelf, target=tmp_path / "usb" / "film-a"))
    away.realize()
    (tmp_path / "usb").rename(tmp_path / "drawer")
    with pytest.raises(StudioError, match="is not there"):
        sweeping.collect(keeper.shelf, is_dry=False)
    (tmp_path / "drawer").rename(tmp_path / "usb")
    assert away.different(is_deep=True) == []


def test_a_store_may_be_named_from_the_folder_one_is_in(keeper, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    near = replace(keeper, shelf=replace(keeper.shelf, store=Store(Path("near"))))
    assert near.realize(prober=Prober(NEEDS)).is_new


def test_gc_takes_what_no_version_needs_and_nothing_else(keeper, world):
    keeper.realize()
    old = keeper.build()
    other = [{"source": f"{world.host.url}/other.safetensors", "target_subdir": "vae"}]
    world.host.files["/other.safetensors"] = b"other" * 1000
    keeper.resolve(models=other, takes_new=True)
    keeper.realize()
    said = sweeping.collect(keeper.shelf, is_dry=True)
    assert str(old.folder) in said["gone"] and old.folder.is_dir()
    said = sweeping.collect(keeper.shelf, is_dry=False)
    assert len(said["gone"]) == 2 and not old.folder.exists()
    assert keeper.different(is_deep=True) == []
    assert sweeping.collect(keeper.shelf, is_dry=False)["gone"] == []


def test_nothing_is_swept_while_somebody_is_at_work(keeper):
    keeper.realize()
    builds = keeper.shelf.builds("film-a")
    with held(builds.change_lock, "a test"), pytest.raises(Blocked, match="at work on the version film-a"):
        sweeping.collect(keeper.shelf, is_dry=False)


def test_a_lock_of_another_kind_of_machine_is_refused(keeper):
    version = keeper.resolve()
    other = replace(version.needed_lock(), platform=replace(this_platform(), os="windows"))
    with pytest.raises(Unresolved, match="was resolved for windows"):
        done(Realizer(keeper.store, version.builds).realize(other))


def test_a_version_laid_out_elsewhere_keeps_its_models_through_gc(keeper, tmp_path):
    away = replace(keeper, shelf=replace(keeper.shelf, target=tmp_path / "elsewhere"))
    away.realize()
    assert sweeping.collect(keeper.shelf, is_dry=False)["gone"] == []
    assert away.different(is_deep=True) == []


def test_models_are_linked_and_never_copied(keeper, tmp_path, monkeypatch):
    def refused(*words, **how):
        raise OSError(18, "Invalid cross-device link")

    keeper.resolve()
    monkeypatch.setattr(os, "link", refused)
    build = keeper.realize().build
    assert (build.models / "loras" / "style.safetensors").is_symlink()
    monkeypatch.setattr(Path, "symlink_to", refused)
    with pytest.raises(CannotWrite, match="a second copy is never made"):
        keeper.realize("film-b", comfy={"repo": keeper.world.comfy.url, "ref": "v2"})


def test_status_counts_each_file_once(keeper, world):
    keeper.realize()
    keeper.realize("film-b", comfy={"repo": world.comfy.url, "ref": "v2"})
    said = keeping.status(keeper.shelf)
    assert [v["version_id"] for v in said["versions"]] == ["film-a", "film-b"]
    assert {v["state"] for v in said["versions"]} == {"realized"}
    size = len(world.host.files["/style.safetensors"])
    assert size <= said["shared_bytes"]["models"] < size + 2000
    assert all(v["own_bytes"] < 50_000 for v in said["versions"])


def test_another_uv_makes_the_same_of_a_lock(keeper, tmp_path):
    """Older ones lay a file of their own into each environment; whoever adds one is found all the same."""
    keeper.realize()
    version = keeper.version()
    lock = version.needed_lock()
    env = keeper.store.environment(lock)
    made, name = env_tree.read_tree(env), "_virtualenv.pth"
    shutil.copytree(env, other := tmp_path / "other", symlinks=True)
    (next(other.glob("lib/*/site-packages")) / name).write_text("import _virtualenv")
    assert env_tree.read_tree(other).hash == made.hash
    version.keep(replace(lock, uv="0.1.0"))
    assert keeper.realize().realization.env == made.hash
    own = next(env.glob("lib/*/site-packages")) / name
    own.write_text("import os\n")
    assert keeper.different() == [f"packages: {own.relative_to(env).as_posix()}"]


def test_the_first_store_is_not_needed_for_the_second(tmp_path, keeper):
    assert Store(tmp_path / "new").elsewhere() == []


def test_what_lacks_to_realize_without_the_network_is_named_in_one_sentence(keeper, world):
    """Resolving brings commits and trees, and of files only what it reads."""
    for repository in (world.comfy, world.alpha, world.beta):  # as large hosts do it
        repository._git("config", "uploadpack.allowFilter", "true")
        repository._git("config", "uploadpack.allowAnySHA1InWant", "true")
    version = keeper.resolve()
    lacks = keeping.missing(keeper.store, version.needed_lock(), True)
    assert lacks["repositories"] == [world.comfy.url, world.alpha.url, world.beta.url]
    with pytest.raises(NotInStore) as refused:
        keeper.offline().realize()
    assert str(refused.value) == (
        "What film-a needs is not in the store, and nothing may be fetched: files of "
        f"{world.comfy.url}, {world.alpha.url}, {world.beta.url}; the models loras/style.safetensors. "
        "Realize it once with the network."
    )
    assert not list(keeper.store.folder.rglob("ComfyUI"))
    keeper.realize()
    assert keeping.missing(keeper.store, version.needed_lock(), True)["repositories"] == []
