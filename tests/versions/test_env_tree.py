"""Environments of Python packages: what is in them is known to the byte, and half a one is put right."""

from pathlib import Path

import pytest

from infrastructure.versions import env_tree


@pytest.fixture
def env(keeper):
    keeper.realize()
    return keeper.store.environment(keeper.version().needed_lock())


def test_an_environment_whose_python_went_is_found_and_made_anew(keeper, env):
    """As when the system's Python is replaced by another."""
    python = keeper.store.python(keeper.version().needed_lock())
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert keeper.different() == ["packages: its Python, which went from this machine"]
    keeper.realize()
    assert keeper.different() == [] and python.exists()


def test_what_an_earlier_repair_left_is_not_in_the_way_of_the_next(keeper, env):
    left = env.with_name(f"{env.name}.changed")
    (left / "lib").mkdir(parents=True)
    (left / "lib" / "x.py").write_text("x")
    (env / "added.py").write_text("import os\n")
    assert keeper.different()
    keeper.realize()
    assert keeper.different(is_deep=True) == [] and not left.exists()


def test_a_list_of_a_package_with_an_empty_or_short_line_is_read(env):
    """Some tools write them."""
    record = next(env.rglob("greeting-1.0.dist-info/RECORD"))
    text = record.read_text()
    record.unlink()
    record.write_text(f"\n{text}\nonly-a-name\n")
    assert env_tree.foreign(env, env_tree.read_tree(env)) == []
    part = next(env.rglob("greeting/part_3.py"))
    part.unlink()
    part.write_text("changed\n")
    (named,) = env_tree.foreign(env, env_tree.read_tree(env))
    assert Path(named).name == "part_3.py"


def test_a_list_that_leads_out_of_the_environment_says_nothing_of_what_is_there(env):
    record = next(env.rglob("greeting-1.0.dist-info/RECORD"))
    text = record.read_text()
    record.unlink()
    record.write_text(f"{text}../../../../../../etc/passwd,sha256=AAAA,1\n/etc/hosts,sha256=AAAA,1\n")
    assert env_tree.foreign(env, env_tree.read_tree(env)) == []
