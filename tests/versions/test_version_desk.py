"""The versions as pages are told of them, and work on one of them: a piece at a time, whose end is told."""

import threading

import pytest

from domain.errors import BadFile, StudioError
from infrastructure.versions import uv
from infrastructure.versions.locks import held
from tests.comfy_jobs import until


def test_a_version_goes_from_its_spec_to_what_draws_and_back(page, keeper, nodes):
    keeper.version()
    row = page.row("film-a")
    assert (row["state"], row["closure"], row["python"], row["comfy"]["ref"]) == ("spec", "", None, "v1")
    assert page.done("resolve", "film-a", lambda works: works.resolve("film-a"))["outcome"]["changes"] is None
    row = page.row("film-a", lambda row: row["state"] == "resolved")
    assert len(row["comfy"]["commit"]) == 40 and row["models"][0]["size"] == 1_000_000
    work = page.done("realize", "film-a", lambda works: works.realize("film-a"))
    assert work["state"] == "done" and work["outcome"]["is_new"], work
    row = page.row("film-a", lambda row: row["own"])
    assert (row["state"], row["closure"]) == ("realized", work["outcome"]["closure"])
    assert page.fact("versions")["shared"]["models"] >= 1_000_000
    assert not page.done("realize", "film-a", lambda works: works.realize("film-a"))["outcome"]["is_new"]

    keeper.version(custom_nodes=[])
    assert page.row("film-a", lambda row: row["state"] == "changed")["nodes"] == []
    page.done("delete", "film-a", lambda works: works.delete("film-a", with_spec=True))
    until(lambda: page.fact("versions")["list"] == [])


def test_what_is_not_as_the_lock_says_is_named(page, keeper, nodes):
    keeper.realize()
    (keeper.build().comfy / "main.py").write_text("other", "utf-8")
    work = page.done("verify", "film-a", lambda works: works.verify("film-a"))
    assert work["state"] == "failed" and "film-a is not what its lock says" in work["error"]
    assert work["differences"] == ["ComfyUI/main.py"]


def test_a_comfyui_that_does_not_start_comes_with_its_log_and_what_drew_before_stays(page, keeper, nodes):
    keeper.realize()
    before = keeper.build()
    main = (keeper.world.comfy.folder / "main.py").read_text("utf-8")
    keeper.world.comfy.commit({"main.py": f"raise SystemExit('no such card')\n{main}"}, "v3")
    keeper.version(comfy={"repo": keeper.world.comfy.url, "ref": "v3"})
    work = page.done("realize", "film-a", lambda works: works.realize("film-a"))
    assert work["state"] == "failed" and "It does not start" in work["error"]
    assert any("no such card" in line for line in work["log"])
    assert keeper.build() == before


def test_a_version_whose_comfyui_lacks_nodes_of_a_shipped_workflow_is_not_switched_to(page, keeper):
    keeper.version()
    work = page.done("realize", "film-a", lambda works: works.realize("film-a"))
    assert work["state"] == "failed" and "keyframe_sdxl needs" in " ".join(work["differences"])
    assert page.row("film-a", lambda row: row["state"] == "resolved")


def test_a_spec_that_does_not_read_is_listed_with_what_is_wrong_and_can_be_mended(page, keeper):
    keeper.version("film-b")
    file = keeper.shelf.folders[-1] / "odd.json"
    file.write_text('{"schema_version": 2, "version_id": "odd", "comfy": 7}', "utf-8")
    assert "comfy" in page.row("odd", lambda row: row["state"] == "broken")["said"]
    was = page.desk.spec("odd")
    good = page.desk.spec("film-b").replace("film-b", "odd")
    page.desk.rewrite("odd", good, was)
    assert page.row("odd", lambda row: row["state"] == "spec")
    assert file.with_name("odd.json.before").read_text("utf-8") == was


def test_a_spec_is_not_written_over_what_somebody_else_wrote_meanwhile(page, keeper):
    keeper.version()
    was = page.desk.spec("film-a")
    with pytest.raises(BadFile, match="version_id must stay film-a"):
        page.desk.rewrite("film-a", was.replace("film-a", "film-b"), was)
    with pytest.raises(BadFile, match="schema_version"):
        page.desk.rewrite("film-a", "{}", was)
    keeper.version(custom_nodes=[])
    theirs = page.desk.spec("film-a")
    with pytest.raises(BadFile, match="changed by somebody else"):
        page.desk.rewrite("film-a", was, was + " ")
    assert page.desk.spec("film-a") == theirs


def test_a_version_begins_with_a_folder_and_what_cannot_come_along_is_told(page, keeper):
    keeper.realize()
    folder = keeper.build().comfy
    work = page.done("create", "mine", lambda works: works.create("mine", "folder", str(folder)))
    assert work["state"] == "failed" and "has no .git and no comfyui_version.py" in work["error"]
    clone = keeper.world.comfy.folder
    work = page.done("create", "mine", lambda works: works.create("mine", "folder", str(clone)))
    assert work["state"] == "done" and any("Python packages are not read" in line for line in work["said"])
    assert page.row("mine")["comfy"]["commit"]
    work = page.done("create", "mine", lambda works: works.create("mine", "", ""))
    assert work["state"] == "failed" and "is there already" in work["error"]


def test_a_published_one_is_of_the_tag_that_was_named(page, keeper):
    page.done("create", "new", lambda works: works.create("new", "", "v0.30.0"))
    comfy = page.row("new")["comfy"]
    assert (comfy["ref"], comfy["repo"]) == ("v0.30.0", "https://github.com/comfyanonymous/ComfyUI.git")


def test_what_no_version_needs_is_counted_before_it_goes(page, keeper):
    keeper.realize()
    page.done("delete", "film-a", lambda works: works.delete("film-a", with_spec=False))
    counted = page.done("collect", "", lambda works: works.collect(is_dry=True))["outcome"]
    assert counted["bytes"] >= 1_000_000 and counted["is_dry"]
    assert list(keeper.store.blobs.all()), "it was only counted"
    assert page.done("collect", "", lambda works: works.collect(is_dry=False))["outcome"]["bytes"]
    assert not keeper.store.blobs.all()


def test_what_another_resolution_changes_is_told_before_anything_is_brought_and_the_lock_before_stays(
    page, keeper
):
    keeper.version()
    again = lambda: page.done("resolve", "film-a", lambda works: works.resolve("film-a"))["outcome"][
        "changes"
    ]
    assert (again(), again()) == (None, [])
    was = keeper.shelf.version("film-a").lock_file.read_text("utf-8")
    keeper.version(comfy={"repo": keeper.world.comfy.url, "ref": "v2"})
    (line,) = again()
    assert line.split()[0] == "comfy" and line.endswith(f"{keeper.world.first} → {keeper.world.second}")
    assert (keeper.shelf.folders[-1] / "film-a.lock.json.before").read_text("utf-8") == was
    assert not list(keeper.store.blobs.all())


def test_a_page_names_versions_and_no_files(page, keeper, tmp_path):
    theirs = tmp_path / "theirs.json"
    keeper.world.write(tmp_path, version_id="theirs")
    with pytest.raises(BadFile, match="The version's id"):
        page.desk.spec(str(theirs))
    work = page.done("delete", str(theirs), lambda works: works.delete(str(theirs), with_spec=True))
    assert work["state"] == "failed" and theirs.is_file()


def test_a_copy_of_a_spec_is_no_version_of_its_name_and_takes_nothing_from_the_one_it_is_of(page, keeper):
    file = keeper.version().file
    file.with_name("a-copy.json").write_text(file.read_text("utf-8").replace("v1", "v2"), "utf-8")
    assert "is of the version film-a" in page.row("a-copy")["said"]
    assert page.row("film-a")["comfy"]["ref"] == "v1"


def test_a_lock_that_does_not_read_is_replaced_by_another(page, keeper):
    file = keeper.resolve().lock_file
    was = file.read_bytes()
    file.write_bytes(b"\xff\xfe\x00")
    row = page.row("film-a", lambda row: row["state"] == "spec")
    assert "film-a.lock.json" in row["said"]
    assert page.done("resolve", "film-a", lambda works: works.resolve("film-a"))["state"] == "done"
    assert file.read_bytes() == was


def test_what_is_in_use_and_cannot_be_known_is_mended_by_realizing_and_not_swept(page, keeper, nodes):
    keeper.realize()
    build = keeper.build()
    (build.folder.parent / "current.json").write_text("", "utf-8")
    swept = page.done("collect", "", lambda works: works.collect(is_dry=False))
    assert swept["state"] == "failed" and "current.json" in swept["error"]
    assert build.folder.is_dir() and keeper.store.blobs.all()
    assert "current.json" in page.row("film-a", lambda row: row["state"] == "resolved")["said"]
    assert page.done("realize", "film-a", lambda works: works.realize("film-a"))["state"] == "done"
    assert keeper.build() == build


def test_a_spec_that_is_deleted_is_kept_beside(page, keeper):
    file = keeper.resolve().file
    was = file.read_text("utf-8")
    page.done("delete", "film-a", lambda works: works.delete("film-a", with_spec=True))
    assert not file.exists() and file.with_name("film-a.json.deleted").read_text("utf-8") == was
    assert file.with_name("film-a.lock.json.deleted").is_file()


def test_another_kind_of_torch_is_resolved_before_it_is_realized(page, keeper, nodes, monkeypatch):
    keeper.resolve()
    asked = []
    monkeypatch.setattr(uv, "_torch", lambda platform: asked.append(platform.torch) or [])
    work = page.done("realize", "film-a", lambda works: works.realize("film-a", "cpu"))
    assert work["state"] == "done" and set(asked) == {"cpu"}
    lock = keeper.shelf.version("film-a").needed_lock()
    assert lock.platform.torch == "cpu"
    work = page.done("realize", "film-a", lambda works: works.realize("film-a"))
    assert not work["outcome"]["is_new"]


def test_a_list_that_could_not_be_told_once_is_told_the_next_time(page, keeper, monkeypatch):
    keeper.version()
    told, fails = page.desk._tell_all, [RuntimeError("unforeseen")]
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.setattr(
        page.desk, "_tell_all", lambda: told() if not fails else (_ for _ in ()).throw(fails.pop())
    )
    page.desk.look()
    until(lambda: not fails)
    assert page.row("film-a")


def test_a_version_is_not_verified_while_somebody_changes_it(page, keeper, nodes):
    keeper.realize()
    with held(keeper.shelf.builds("film-a").change_lock, "the version"):
        work = page.done("verify", "film-a", lambda works: works.verify("film-a"))
    assert work["state"] == "failed" and "at work on the version film-a" in work["error"]


def test_a_name_that_is_taken_is_told_at_once(page, keeper):
    keeper.version()
    with pytest.raises(BadFile, match="film-a is there already"):
        page.desk.check_free("film-a")
    with pytest.raises(BadFile, match="capitals"):
        page.desk.check_free("Film-A")


def test_two_are_compared_and_one_is_exported(page, keeper):
    keeper.resolve()
    keeper.resolve("film-b", custom_nodes=[])
    lines = page.desk.compare("film-a", "film-b")
    assert [line.split()[:3] for line in lines] == [
        ["-", "node", "alpha"],
        ["-", "node", "beta"],
        ["-", "package", "shade"],
    ]
    assert page.desk.export("film-a", "dockerfile").startswith("# syntax=docker/dockerfile")
    with pytest.raises(StudioError, match="not exported as"):
        page.desk.export("film-a", "exe")
