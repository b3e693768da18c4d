"""A studio with a project that a comic is made in, and the pictures of one that goes to an editor."""

import pytest
from PIL import Image

from addons import comics
from services.studio import Studio
from tests.comics.desks import SCRIPT
from tests.comics.editors import comic
from tests.studios import places


@pytest.fixture
def start(tmp_path):
    """start() → the studio with a project open, sketching; again: the same, started anew."""
    folder, made = tmp_path / "data" / "projects" / "tram", []
    folder.mkdir(parents=True)
    (folder / "storyboard.json").write_text('{"shots": [], "width": 320, "height": 192}', "utf-8")

    def started() -> Studio:
        studio = Studio(places(tmp_path / "data"))
        made.append(studio)
        studio.open(folder)
        studio.comic.tell()
        return studio

    yield started
    for studio in made:
        studio.close()


@pytest.fixture
def studio(start):
    return start()


@pytest.fixture
def begun(studio):
    assert comics.begin(studio, text=SCRIPT) == []
    return studio


@pytest.fixture
def pictures(tmp_path):
    """Of each panel of the comic that goes to an editor."""
    Image.new("RGB", (300, 200), "#204060").save(tmp_path / "panel.png")
    return {panel.id: tmp_path / "panel.png" for _, panel in comic().panels}
