"""Versions of ComfyUI: what there is, what is made of it, and how much room it takes."""

from dataclasses import replace
from typing import Any

from addons.live import live
from domain.settings import Mode
from services.studio import Studio
from services.versions.works import Work, Works

ID = "versions"


def build(studio: Studio) -> None:
    live(ID)


def look(studio: Studio) -> None:
    studio.versions.look()


def create(studio: Studio, id: str, of: str = "", where: str = "", upload: str = "") -> None:
    """A new one: of a "folder", of what is "running" at an address, of a "file" of another tool that was
    uploaded, else of ComfyUI as it is published, `where` a tag, a branch, a commit or nothing."""

    def work(works: Works) -> Work:
        if of != "file":
            return (yield from works.create(id, of, where.strip()))
        with studio.uploads.taken(upload) as file:
            return (yield from works.create(id, of, str(file)))

    studio.versions.check_free(id)
    studio.versions.begin("create", id, work)


def resolve(studio: Studio, id: str, torch: str | None = None) -> None:
    studio.versions.begin("resolve", id, lambda works: works.resolve(id, torch), torch)


def realize(studio: Studio, id: str, torch: str | None = None) -> None:
    studio.versions.begin("realize", id, lambda works: works.realize(id, torch), torch)


def verify(studio: Studio, id: str, is_deep: bool = False) -> None:
    studio.versions.begin("verify", id, lambda works: works.verify(id, is_deep))


def probe(studio: Studio, id: str) -> None:
    studio.versions.begin("probe", id, lambda works: works.probe(id))


def reproduce(studio: Studio, id: str) -> None:
    studio.versions.begin("reproduce", id, lambda works: works.reproduce(id))


def delete(studio: Studio, id: str, with_spec: bool = False) -> None:
    studio.versions.begin("delete", id, lambda works: works.delete(id, with_spec))


def collect(studio: Studio, is_dry: bool = True) -> None:
    """What no version needs goes, or is only counted."""
    studio.versions.begin("collect", "", lambda works: works.collect(is_dry))


def cancel(studio: Studio) -> None:
    studio.versions.cancel()


def dismiss(studio: Studio, number: int) -> None:
    studio.versions.dismiss(number)


def compare(studio: Studio, id: str, other: str) -> list[str]:
    return studio.versions.compare(id, other)


def export(studio: Studio, id: str, form: str) -> str:
    return studio.versions.export(id, form)


def spec(studio: Studio, id: str) -> str:
    return studio.versions.spec(id)


def rewrite(studio: Studio, id: str, text: str, was: str) -> None:
    studio.versions.rewrite(id, text, was)


def clone(studio: Studio, id: str, new: str) -> None:
    studio.versions.clone(id, new)


def log(studio: Studio, id: str) -> list[str]:
    return studio.versions.log(id)


def use(studio: Studio, id: str) -> None:
    """Draw with it from now on."""
    studio.change(lambda now: replace(now, comfy=replace(now.comfy, mode=Mode.managed, version=id)))


DEEDS: dict[str, Any] = {
    "version.look": look,
    "version.create": create,
    "version.resolve": resolve,
    "version.realize": realize,
    "version.verify": verify,
    "version.probe": probe,
    "version.reproduce": reproduce,
    "version.delete": delete,
    "version.collect": collect,
    "version.cancel": cancel,
    "version.dismiss": dismiss,
    "version.compare": compare,
    "version.export": export,
    "version.spec": spec,
    "version.rewrite": rewrite,
    "version.clone": clone,
    "version.log": log,
    "version.use": use,
}
