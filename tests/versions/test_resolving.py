"""From a spec to its lock: the same bytes whoever resolves it, and every conflict named."""

import hashlib
import json
from dataclasses import replace

import pytest

from domain.errors import BadFile, StudioError
from domain.events import Told
from domain.versions import lock
from domain.versions.errors import Drift, NotInStore, Unresolved
from infrastructure.versions import links
from infrastructure.versions.store import Store
from infrastructure.versions.uv import this_platform
from services.versions.realizing import Realizer
from services.versions.resolving import Resolver
from tests.folders import done


def test_a_lock_says_commits_trees_models_and_packages(keeper, world):
    found = keeper.resolve().needed_lock()
    assert (found.comfy.commit, [n.name for n in found.nodes]) == (world.first, ["alpha", "beta"])
    content = world.host.files["/style.safetensors"]
    model = found.models[0]
    assert (model.target, model.size) == ("loras/style.safetensors", len(content))
    assert model.sha256 == hashlib.sha256(content).hexdigest()
    pins = [line.split()[0] for line in found.requirements]
    assert pins == ["greeting==1.0", "shade==1.0"]  # ComfyUI's pin holds for what a node needs
    assert all("--hash=sha256:" in line for line in found.requirements)
    assert world.host.asked["/style.safetensors"] == 0  # its size was enough


def test_a_lock_is_the_same_on_another_machine_and_holds_no_path_of_one(keeper, world, tmp_path):
    one = keeper.resolve().lock_file.read_text()
    elsewhere = Resolver(Store(tmp_path / "another" / "store"), this_platform())
    assert done(elsewhere.lock(keeper.version().spec))[0].text == one
    told = one
    for source in (world.comfy.url, world.alpha.url, world.beta.url):
        told = told.replace(source, "")  # these addresses are the spec's own
    assert str(tmp_path) not in told
    assert one == lock.canonical(json.loads(one))


def test_a_lock_that_was_changed_by_hand_is_refused(keeper):
    version = keeper.resolve()
    text = version.lock_file.read_text()
    version.lock_file.write_text(text.replace("loras/", "vae/"))
    with pytest.raises(BadFile, match="was changed after it was made"):
        _ = version.lock


def test_a_spec_that_changed_is_not_resolved_any_more(keeper, world):
    assert keeper.resolve().is_resolved
    assert not keeper.version(env={"A": "1"}).is_resolved


def test_a_tag_is_peeled_to_its_commit_and_a_branch_is_where_it_is_now(keeper, world):
    by_branch = keeper.resolve("film-b", comfy={"repo": world.comfy.url, "ref": "main"}).needed_lock()
    assert by_branch.comfy.commit == world.second
    by_default = keeper.resolve("film-c", comfy={"repo": world.comfy.url}).needed_lock()
    assert by_default.comfy.commit == world.second


@pytest.mark.parametrize(
    ("comfy", "told"),
    [
        ({"ref": "v9"}, "has no branch or tag v9"),
        ({"commit": "0" * 40}, "cannot be fetched|has no commit"),
        ({"repo": "file:///nowhere/at/all.git"}, "cannot be fetched"),
    ],
)
def test_what_a_repository_does_not_have_is_told(keeper, world, comfy, told):
    with pytest.raises(Unresolved, match=told):
        keeper.resolve(comfy={"repo": world.comfy.url, **comfy})


def test_two_repositories_of_one_name_are_both_right(keeper, world):
    from tests.versions.world import Repository

    other = Repository(world.folder / "elsewhere" / "alpha")
    other.commit({"__init__.py": "NODES = ['OtherNode']\n"}, "v1")
    nodes = [{"repo": world.alpha.url}, {"repo": other.url, "name": "other"}]
    build = keeper.realize(custom_nodes=nodes).build
    assert "AlphaNode" in (build.node("alpha") / "__init__.py").read_text()
    assert "OtherNode" in (build.node("other") / "__init__.py").read_text()


def test_a_commit_that_upstream_has_forgotten_stays_in_the_store(keeper, world, tmp_path):
    keeper.resolve()
    world.comfy.forget(world.second)
    pinned = keeper.resolve("film-b", comfy={"repo": world.comfy.url, "commit": world.first})
    assert pinned.needed_lock().comfy.tree == keeper.version().needed_lock().comfy.tree


def test_a_node_that_does_not_go_with_comfyui_is_named_with_what_it_wants(keeper, world):
    world.beta.commit({"requirements.txt": "greeting==2.0\n"})
    with pytest.raises(Unresolved) as refused:
        keeper.resolve(custom_nodes=[{"repo": world.alpha.url}, {"repo": world.beta.url}])
    assert str(refused.value).startswith("ComfyUI and beta do not go together:")
    assert "greeting" in str(refused.value)


def test_two_nodes_that_do_not_go_together_are_named(keeper, world):
    world.wheels.add("tint", "1.0")
    world.wheels.add("tint", "2.0")
    world.alpha.commit({"requirements.txt": "tint==1.0\n"})
    world.beta.commit({"requirements.txt": "tint==2.0\n"})
    with pytest.raises(Unresolved, match=r"^alpha and beta do not go together: .*tint"):
        keeper.resolve(custom_nodes=[{"repo": world.alpha.url}, {"repo": world.beta.url}])


def test_a_package_that_nobody_has_is_told_with_who_wants_it(keeper, world):
    world.beta.commit({"requirements.txt": "nobody-has-this\n"})
    with pytest.raises(Unresolved, match=r"What beta asks for cannot be had: .*nobody-has-this"):
        keeper.resolve(custom_nodes=[{"repo": world.beta.url}])


def test_a_model_without_a_checksum_is_only_taken_when_somebody_says_so(keeper, world):
    models = [{"source": f"{world.host.url}/style.safetensors", "target_subdir": "loras"}]
    with pytest.raises(Unresolved, match=r"Add its checksum .* --accept-new"):
        keeper.resolve(models=models)
    found = keeper.resolve(takes_new=True).needed_lock().models[0]
    assert found.sha256 == hashlib.sha256(world.host.files["/style.safetensors"]).hexdigest()
    keeper.realize()
    assert world.host.asked["/style.safetensors"] == 1  # what resolving fetched is what is laid out


def test_a_file_of_this_machine_is_read_and_needs_no_checksum(keeper, tmp_path):
    file = tmp_path / "mine.safetensors"
    file.write_bytes(b"mine")
    models = [{"source": str(file), "target_subdir": "loras"}]
    found = keeper.resolve(models=models).needed_lock().models[0]
    assert (found.sha256, found.size) == (hashlib.sha256(b"mine").hexdigest(), 4)


def test_an_md5_is_checked_and_the_lock_has_the_sha256(keeper, world):
    content = world.host.files["/style.safetensors"]
    source = {"source": f"{world.host.url}/style.safetensors", "target_subdir": "loras"}
    right = hashlib.md5(content).hexdigest()
    found = keeper.resolve(models=[{**source, "checksum": f"md5:{right}"}]).needed_lock()
    assert found.models[0].sha256 == hashlib.sha256(content).hexdigest()
    with pytest.raises(Drift, match="its md5 is"):
        keeper.resolve("film-b", models=[{**source, "checksum": f"md5:{'0' * 32}"}])


def test_offline_nothing_is_asked(keeper, world):
    keeper.resolve()
    world.host.asked.clear()
    offline = keeper.offline()
    with pytest.raises(NotInStore, match="says no commit"):
        offline.resolve("film-b", comfy={"repo": world.comfy.url, "ref": "v1"})
    nodes = [{"repo": world.beta.url, "commit": "1" * 40}]
    with pytest.raises(NotInStore, match="is not in the store"):
        offline.resolve("film-c", comfy={"repo": world.comfy.url, "commit": world.first}, custom_nodes=nodes)
    assert not world.host.asked


def test_offline_git_fetches_no_file_by_itself(keeper, world):
    """The store has commits without their files, and git knows where those would be had."""
    for setting in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        world.alpha._git("config", setting, "true")
    commit = keeper.resolve().needed_lock().nodes[0].commit
    with pytest.raises(StudioError):
        done(keeper.offline().store.git.file(world.alpha.url, commit, "__init__.py"))
    assert not keeper.store.git.has(world.alpha.url, "1" * 40)
    assert not keeper.store.git.has_files(world.alpha.url, commit)
    assert done(keeper.store.git.file(world.alpha.url, commit, "__init__.py"))


def test_the_same_wish_on_another_python_is_another_lock(keeper):
    version = keeper.version()
    platform = this_platform()
    newer = replace(platform, python="3.12")
    one, other = (done(Resolver(keeper.store, place).lock(version.spec))[0] for place in (platform, newer))
    assert one.platform.python != "3.12" and one.text != other.text
    assert keeper.store.environment(one) != keeper.store.environment(other)


@pytest.fixture
def own(tmp_path):
    """A model of somebody's own, on this machine."""
    file = tmp_path / "mine" / "own.safetensors"
    file.parent.mkdir()
    file.write_bytes(b"own" * 400_000)
    file.chmod(0o644)
    return file


def _told(keeper, file):
    version = keeper.version(models=[{"source": str(file), "target_subdir": "loras"}])
    lock, said = done(Resolver(keeper.store, this_platform()).lock(version.spec))
    return lock, [event.sentence for event in said if isinstance(event, Told)]


def test_a_file_of_this_machine_is_copied_aloud_and_stays_its_owners(keeper, own):
    lock, said = _told(keeper, own)
    assert said == [f"{own} is copied into the store, 1.2 MB: this disk cannot let two files share them."]
    blob = keeper.store.blobs.path(lock.models[0].sha256)
    assert not blob.samefile(own) and own.stat().st_mode & 0o777 == 0o644
    own.write_bytes(b"changed")  # by its owner, who may
    assert blob.read_bytes() == b"own" * 400_000


def test_where_the_disk_can_a_file_of_this_machine_takes_no_room_in_the_store(keeper, own, monkeypatch):
    shared = []

    def reflink(source, to):
        shared.append(source)
        to.write_bytes(source.read_bytes())

    monkeypatch.setattr(links, "reflink", reflink)
    lock, said = _told(keeper, own)
    assert (said, shared) == ([], [own])
    assert keeper.store.blobs.path(lock.models[0].sha256).read_bytes() == own.read_bytes()


def test_realizing_a_file_of_this_machine_says_that_it_is_copied(keeper, own):
    sha256 = hashlib.sha256(own.read_bytes()).hexdigest()
    models = [{"source": own.as_uri(), "target_subdir": "loras", "checksum": f"sha256:{sha256}"}]
    version = keeper.resolve(models=models)
    _, said = done(Realizer(keeper.store, version.builds).realize(version.needed_lock()))
    assert [e.sentence for e in said if isinstance(e, Told)] == [
        f"{own} is copied into the store, 1.2 MB: this disk cannot let two files share them."
    ]
