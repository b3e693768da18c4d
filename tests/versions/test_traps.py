"""What others were caught by, and where it is shown that we are not.

Each line of the tables is a trap that somebody met, or a wish that somebody has, and the test that would
fail.
"""

import os
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from domain.versions.errors import Drift
from infrastructure.versions import env_tree
from infrastructure.versions.builds import BASE
from infrastructure.versions.clones import clone
from infrastructure.versions.store import Store
from services.versions.probing import Prober
from tests.folders import done
from worker import version_check
from worker.installs import VERSION_FILE

TRAPS = {
    # files
    "what is changed in one is in all": "test_what_is_changed_in_one_environment_is_found_in_all",
    "a spoilt cache spoils what comes next": "test_a_changed_package_is_found_named_and_made_anew",
    "a new hard link changes the time of change": "test_a_new_hard_link_is_no_change",
    "two environments at different places differ": "test_two_environments_at_different_places_are_the_same",
    "an environment that is moved does not run": "test_a_store_that_is_moved_is_the_same_and_runs",
    "compiled files, links, the executable bit": "test_what_an_environments_hash_is_made_of",
    # git
    "tracked files that are ignored": "test_tracked_files_in_an_ignored_folder_belong_to_the_tree",
    "what is ignored is no part of it and lies there": "test_what_lies_in_an_ignored_folder_is_found",
    "a worktree's entry is pruned after a move": "test_a_store_that_is_moved_is_the_same_and_runs",
    "git asks, or runs what an address says": "test_no_git_asks_anybody_or_runs_a_strangers_program",
    "an address that is an option": "test_a_lock_that_leads_out_is_refused",
    "upstream forgets a commit": "test_a_commit_that_upstream_has_forgotten_stays_in_the_store",
    "and git sweeps what nobody refers to": "test_a_commit_that_nobody_else_has_outlives_a_sweep",
    # Python
    "it resolves and does not import": "test_packages_that_install_and_do_not_import_are_refused",
    "a node's import fails and ComfyUI runs on": "test_a_start_with_a_broken_node_is_no_start",
    "a base folder lacks": "test_all_folders_that_comfyui_needs_are_there",
    "uv's cache and ways are somebody else's": "test_uv_works_as_a_version_needs_it_whatever_is_set",
    "torch is left out of a restore": "test_torch_is_locked_and_installed_like_all_else",
    "a byte that a sample misses": "test_one_byte_at_a_quarter_of_a_model_is_found",
    # volumes
    "packages on a network's disk": "test_a_pod_on_a_network_volume_keeps_packages_off_it_and_results_on_it",
    "two workers fetch the same": "test_two_at_once_fetch_everything_once_and_both_are_right",
}

DEFECTS = {  # of an older program of the same kind
    "a checksum is dropped": "test_one_byte_at_a_quarter_of_a_model_is_found",
    "a branch passes as a commit": "test_a_branch_in_place_of_a_commit_is_a_bad_spec",
    "without a name the whole address is one": "test_where_a_model_goes",
    "skip_models is not heeded": "test_skip_models_leaves_them_out",
    "env is not applied": "test_variables_of_a_version_reach_its_comfyui_and_our_keys_do_not",
    "what is there counts as ready": (
        "test_another_commit_replaces_the_source_and_the_old_one_stays_until_the_new_one_runs"
    ),
    "failures are warnings": "test_a_node_whose_packages_cannot_be_had_is_no_warning",
    "repositories of one name are one": "test_two_repositories_of_one_name_are_both_right",
    "stdout is not the result alone": "test_what_stands_on_stdout_is_base64_and_nothing_else",
    "a shipped spec is none": "test_every_spec_that_is_shipped_is_one",
    "nested keys in extra_model_paths": (
        "test_comfyui_finds_models_by_names_it_knows_and_by_no_other_folder"
    ),
    "blobs are not where they are said to be": "test_a_volume_is_filled_and_the_second_time_nothing_comes",
    "nothing goes on where it was": "test_killed_at_any_moment_it_goes_on_and_comes_out_the_same",
    "each worker fetches": "test_two_at_once_fetch_everything_once_and_both_are_right",
}

WISHES = {
    "the same picture after an update": ("test_the_first_is_kept_the_next_is_equal_and_another_is_told"),
    "no node downgrades": "test_a_node_that_does_not_go_with_comfyui_is_named_with_what_it_wants",
    "changes are seen first": "test_diff_says_what_differs",
    "a lock and no freeze": "test_a_lock_says_commits_trees_models_and_packages",
    "a restore that fails loudly": "test_it_comes_out_the_same_from_nothing",
    "large downloads go on": "test_the_next_run_goes_on_where_an_earlier_one_was",
    "size and hash before it is visible": "test_what_is_something_else_is_never_visible_and_kept_as_bad",
    "one store of models for many": "test_another_version_shares_models_packages_and_sources",
    "models on the volume are found": "test_the_real_comfyui_looks_on_the_volume_first",
    "a node's packages are where it runs": "test_it_is_laid_out_and_starts",
    "packages are quick on a network's volume": (
        "test_a_pod_on_a_network_volume_keeps_packages_off_it_and_results_on_it"
    ),
    "no token in image or spec": "test_no_token_stands_in_a_dockerfile_but_by_a_secrets_name",
    "addresses that work without a browser": ("test_the_hub_tells_everything_before_a_byte_is_fetched"),
}
HERE = Path(__file__).parent
SOURCES = "".join(path.read_text() for path in HERE.glob("test_*.py"))


@pytest.mark.parametrize("test", sorted({*TRAPS.values(), *DEFECTS.values(), *WISHES.values()}))
def test_every_line_of_the_tables_has_its_test(test):
    assert f"def {test}(" in SOURCES


# --- files ------------------------------------------------------------------------------------------


def test_what_is_changed_in_one_environment_is_found_in_all(keeper, world):
    """They share their files: what somebody appends in one stands in the other, and in what uv keeps."""
    keeper.realize()
    keeper.realize("film-b", custom_nodes=[{"repo": world.beta.url}])  # without shade
    one, other = (keeper.store.environment(keeper.version(id).needed_lock()) for id in ("film-a", "film-b"))
    assert one != other
    changed = next(one.rglob("greeting/part_3.py"))
    with changed.open("a") as file:
        file.write("# one line\n")
    there = next(other.rglob("greeting/part_3.py"))
    assert there.samefile(changed)
    for id, env, path in (("film-a", one, changed), ("film-b", other, there)):
        assert keeper.different(id) == [f"packages: {path.relative_to(env).as_posix()}"]


def test_a_new_hard_link_is_no_change(keeper, tmp_path):
    build = keeper.realize().build
    env = keeper.store.environment(keeper.version().needed_lock())
    for number, path in enumerate(
        [
            next(env.rglob("greeting/part_3.py")),
            build.comfy / "data.txt",
            build.models / "loras/style.safetensors",
        ]
    ):
        before = path.stat().st_ctime_ns
        os.link(path, tmp_path / f"link{number}")
        assert path.stat().st_ctime_ns > before
    assert keeper.different() == []


def made(keeper, to, name="film-a"):
    lock = keeper.version(name).needed_lock()
    list(keeper.store.uv.environment(to, lock.requirements_text, lock.platform))
    return env_tree.read_tree(to)


def test_two_environments_at_different_places_are_the_same(keeper, world, tmp_path):
    world.wheels.add("speaker", "1.0", code="def main():\n    print('it speaks')\n")
    world.beta.commit({"requirements.txt": "speaker\n"})
    keeper.resolve(custom_nodes=[{"repo": world.beta.url}])
    one, other = (made(keeper, tmp_path / name / "env") for name in ("here", "a longer name of a place"))
    assert "bin/speaker" in one.entries and one.hash == other.hash
    (tmp_path / "here").rename(tmp_path / "moved")
    said = subprocess.run([tmp_path / "moved" / "env" / "bin" / "speaker"], capture_output=True, text=True)
    assert said.stdout == "it speaks\n", said.stderr


def test_a_store_that_is_moved_is_the_same_and_runs(keeper, tmp_path):
    """As from /workspace to /runpod-volume; and git has no entry of its folders that it could prune."""
    keeper.realize()
    keeper.realize("film-b", comfy={"repo": keeper.world.comfy.url, "ref": "v2"})
    (tmp_path / "store").rename(tmp_path / "volume")
    store = Store(tmp_path / "volume")
    moved = replace(keeper, shelf=replace(keeper.shelf, store=store))
    for git in (store.folder / "git").glob("*.git"):
        assert not (git / "worktrees").exists()
        subprocess.run(["git", "-C", git, "worktree", "prune", "--expire=now"], check=True)
    for id in ("film-a", "film-b"):
        assert moved.different(id, is_deep=True) == []
    lock = moved.version().needed_lock()
    done(Prober({}).attempt(moved.build(), lock, store.python(lock)))


def test_what_an_environments_hash_is_made_of(tmp_path):
    """Names, bytes, the executable bit, where links lead; neither what Python compiled nor any time."""
    (tmp_path / "lib").mkdir()
    file, link = tmp_path / "lib" / "a.py", tmp_path / "lib" / "b.py"
    file.write_text("A = 1\n")
    link.symlink_to("a.py")
    first = env_tree.read_tree(tmp_path)
    (tmp_path / "lib" / "__pycache__").mkdir()
    (tmp_path / "lib" / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"compiled")
    (tmp_path / "lib" / "old.pyc").write_bytes(b"compiled")
    os.utime(file, (1, 1))
    assert env_tree.read_tree(tmp_path, first).hash == first.hash
    hashes = {first.hash}
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    hashes.add(env_tree.read_tree(tmp_path).hash)
    link.unlink()
    link.symlink_to("../lib/a.py")
    hashes.add(env_tree.read_tree(tmp_path).hash)
    file.rename(tmp_path / "lib" / "c.py")
    hashes.add(env_tree.read_tree(tmp_path).hash)
    assert len(hashes) == 4


# --- git --------------------------------------------------------------------------------------------


def test_tracked_files_in_an_ignored_folder_belong_to_the_tree(keeper, world):
    """`git add -A` would leave them out, and come to another tree."""
    world.comfy.commit({".gitignore": "/models/\n", "models/loras/put_loras_here": "here"})
    build = keeper.realize(comfy={"repo": world.comfy.url}).build
    assert keeper.different() == keeper.different(is_deep=True) == []
    (build.comfy / "models" / "loras" / "put_loras_here").unlink()
    assert keeper.different() == ["ComfyUI/models/loras/put_loras_here"]


def test_what_lies_in_an_ignored_folder_is_found(keeper, world):
    world.comfy.commit({".gitignore": "/models/\n*.log\n"})
    build = keeper.realize(comfy={"repo": world.comfy.url}).build
    (build.comfy / "models").mkdir()
    (build.comfy / "models" / "mine.pt").write_text("mine")
    (build.comfy / "said.log").write_text("said")
    (build.comfy / "__pycache__").mkdir()
    (build.comfy / "__pycache__" / "main.cpython-311.pyc").write_text("compiled")
    found = ["ComfyUI/models/mine.pt", "ComfyUI/said.log"]
    assert keeper.different() == keeper.different(is_deep=True) == found


SHIM = """#!/bin/sh
line=$(printf '%s|' "$GIT_TERMINAL_PROMPT" "$@")
printf '%s\\n' "$line" >>{log} # at once: several work side by side
exec {git} "$@"
"""


def test_no_git_asks_anybody_or_runs_a_strangers_program(keeper, world, described, tmp_path, monkeypatch):
    """One that asks at the terminal waits for ever where nobody sits."""
    lock, _, _ = described
    shim, log = tmp_path / "shim" / "git", tmp_path / "calls"
    shim.parent.mkdir()
    shim.write_text(SHIM.format(log=log, git=shutil.which("git")))
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
    keeper.realize("film-b", comfy={"repo": world.comfy.url, "ref": "v2"})
    keeper.different("film-b", is_deep=True)
    assert clone(world.comfy.folder)
    (world.comfy.folder / VERSION_FILE).write_text("{}")
    list(version_check.differences(lock, world.comfy.folder, keeper.store.environment(lock)))
    calls = [line.split("|") for line in log.read_text().splitlines()]
    assert len(calls) > 20 and [call for call in calls if call[0] != "0"] == []
    assert all("safe.directory=*" in call for call in calls)
    fetching = [call for call in calls if {"ls-remote", "fetch", "add"} & {*call}]
    assert len(fetching) >= 4
    assert all("protocol.ext.allow=never" in call and "core.hooksPath=/dev/null" in call for call in fetching)
    named = [call for call in fetching if any(word.startswith("file:") for word in call)]
    assert named and all(call[call.index("--") + 1 :] for call in named)


def test_a_commit_that_nobody_else_has_outlives_a_sweep(keeper, world):
    keeper.realize()
    lock = keeper.version().needed_lock()
    world.alpha.forget(world.alpha.commit({"more.txt": "more"}))
    for git in (keeper.store.folder / "git").glob("*.git"):
        subprocess.run(["git", "-C", git, "reflog", "expire", "--expire=all", "--all"], check=True)
        subprocess.run(["git", "-C", git, "gc", "--quiet", "--prune=now"], check=True)
    shutil.rmtree(world.folder / "origin")
    assert all(keeper.store.git.has(tree.repo, tree.commit) for tree in (lock.comfy, *lock.nodes))
    shutil.rmtree(keeper.build().folder)
    assert keeper.offline().realize().is_new and keeper.different(is_deep=True) == []


# --- Python -----------------------------------------------------------------------------------------


def test_packages_that_install_and_do_not_import_are_refused(keeper, world):
    """As a torchaudio of another CUDA than torch's: every tool says that they go together."""
    old = keeper.realize(prober=Prober({})).build
    world.wheels.add("greeting", "3.0", code="raise ImportError('libcudart.so.13: cannot open')\n")
    world.comfy.commit({"requirements.txt": "greeting==3.0\n"})
    with pytest.raises(Drift, match=r"does not start.*libcudart.so.13"):
        keeper.realize(prober=Prober({}), comfy={"repo": world.comfy.url})
    assert keeper.build() == old


def test_all_folders_that_comfyui_needs_are_there(keeper):
    base = keeper.realize().build.base
    assert set(BASE) == {"custom_nodes", "models", "input", "output", "temp", "user"}
    assert {path.name for path in base.iterdir() if path.is_dir()} == set(BASE)


def test_uv_works_as_a_version_needs_it_whatever_is_set(keeper, tmp_path, monkeypatch):
    for name, value in (("UV_LINK_MODE", "copy"), ("UV_COMPILE_BYTECODE", "1"), ("UV_NO_CACHE", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "elsewhere"))
    keeper.realize()
    env = keeper.store.environment(keeper.version().needed_lock())
    part = next(env.rglob("greeting/part_3.py"))
    assert part.stat().st_nlink >= 2 and not list(env.rglob("*.pyc"))
    assert any(path.samefile(part) for path in (keeper.store.folder / "uv").rglob("part_3.py"))
    assert not (tmp_path / "elsewhere").exists()


def test_torch_is_locked_and_installed_like_all_else(keeper, world):
    world.wheels.add("torch", "2.8.0")
    world.wheels.add("torch", "2.9.0")
    world.wheels.add("torchaudio", "2.8.0", ("torch==2.8.0",))
    world.beta.commit({"requirements.txt": "torch\ntorchaudio\n"})
    keeper.realize(custom_nodes=[{"repo": world.beta.url}])
    lock = keeper.version().needed_lock()
    pins = [line.split()[0] for line in lock.requirements]
    assert {"torch==2.8.0", "torchaudio==2.8.0"} < set(pins)
    assert "2.8.0" in next(keeper.store.environment(lock).rglob("torch/__init__.py")).read_text()


@pytest.mark.parametrize("place", ["on its way", "in the store"])
def test_one_byte_at_a_quarter_of_a_model_is_found(keeper, world, place):
    """Where who looks at its ends and its middle sees nothing."""
    content = bytearray(world.host.files["/style.safetensors"])
    content[len(content) // 4] ^= 1
    if place == "on its way":
        keeper.resolve()
        world.host.files["/style.safetensors"] = bytes(content)
        with pytest.raises(Drift, match="is not what the lock says"):
            keeper.realize()
        return
    build = keeper.realize().build
    blob = (build.models / "loras" / "style.safetensors").resolve()
    before = blob.stat()
    blob.chmod(0o644)
    blob.write_bytes(content)
    os.utime(blob, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert keeper.different(is_deep=True) == ["models/loras/style.safetensors"]
