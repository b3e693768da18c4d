"""A comic's panels are drawn with the portraits of who is seen, and only what changed is drawn anew."""

import math
from dataclasses import replace

import pytest

from domain.comic import STYLES, Actor, Chapter, Character, Comic, Page, Panel
from domain.comic_prompts import NO_TEXT, looks, panel_prompt, size_of
from domain.comic_rules import settled
from domain.errors import JobRejected
from domain.events import Failed, Saved, Told
from domain.project import Project
from infrastructure.comics.layout_file import layouts
from infrastructure.comics.style_file import styles
from infrastructure.sketch.words import about_things, found, plain
from infrastructure.workflow_files import WorkflowFolder
from services.comic_art import BY_REFERENCES, Order, draw
from services.keyframes import picture
from services.picks import choose, take_of
from tests.fakes import OUT_OF_MEMORY, FakeBackend, values_of

IDA = Character("char-1", "Ida", "tall", "a red coat", seed=41)
BO = Character("char-2", "Bo", "small")
UNSEEN = Character("char-3", "Una")
WORKFLOWS = {
    0: WorkflowFolder().load("keyframe_sdxl"),
    **{count: WorkflowFolder().load(name) for count, name in BY_REFERENCES.items()},
}


def page(layout, *panels, **more):
    return Page("", 0, layout, panels, **more)


def comic(*pages, people=(IDA, BO, UNSEEN)):
    return settled(Comic("Rain", "noir", "en", people, (Chapter("", "", pages),)), layouts())[0]


def shown(*ids, **more):
    return Panel("", tuple(Actor(id) for id in ids), **more)


TWO = comic(
    page("two-horizontal", shown("char-1", action="Ida runs"), shown("char-1", "char-2", action="They wait"))
)


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "rain")


def drawn(project, comic, backend=None, **more):
    """The fake that drew, the events, and what was made."""
    backend, events = backend or FakeBackend(), []
    work = draw(Order(comic, project, backend, WORKFLOWS, **more))
    while True:
        try:
            events.append(next(work))
        except StopIteration as end:
            return backend, events, end.value


def named(backend, stem):
    return next(job for job in backend.jobs if job.name.startswith(f"{stem}_v"))


def test_whoever_is_seen_has_a_portrait_which_goes_to_every_panel_that_shows_them(project):
    backend, _, made = drawn(project, TWO)
    assert set(made.portraits) == {"char-1", "char-2"}, "nobody sees Una"
    one, two = (named(backend, f"ch1-p1-pan{n}") for n in (1, 2))
    portraits = {id: picture(take) for id, take in made.portraits.items()}
    assert set(one.files) == {portraits["char-1"]} and set(two.files) == set(portraits.values())
    assert [job.name for job in backend.jobs[:2]] == ["char-1_v1", "char-2_v1"]


def test_a_characters_seed_is_its_portraits_and_changes_its_panels(project):
    backend, _, _ = drawn(project, TWO)
    assert values_of(named(backend, "char-1").graph)["seed"] == 41
    other = replace(TWO, characters=(replace(IDA, seed=42), BO))
    again, _, _ = drawn(project, other)
    assert {job.name.rpartition("_v")[0] for job in again.jobs} == {"char-1", "ch1-p1-pan1", "ch1-p1-pan2"}


def test_a_changed_panel_is_the_only_one_that_is_drawn_anew(project):
    drawn(project, TWO)
    first, second = TWO.pages[0].panels
    changed = replace(TWO.pages[0], panels=(first, replace(second, action="They argue")))
    backend, events, _ = drawn(project, replace(TWO, chapters=(replace(TWO.chapters[0], pages=(changed,)),)))
    assert [job.name for job in backend.jobs] == ["ch1-p1-pan2_v2"]
    assert len([event for event in events if isinstance(event, Saved) and event.reused]) == 3


def test_a_panel_that_is_planned_again_as_before_shows_its_picture_of_then(project):
    _, _, made = drawn(project, TWO)
    first, second = TWO.pages[0].panels
    changed = replace(TWO.pages[0], panels=(first, replace(second, action="They argue")))
    drawn(project, replace(TWO, chapters=(replace(TWO.chapters[0], pages=(changed,)),)))
    assert take_of(project, second.id) == "ch1-p1-pan2_v2.png"
    drawn(project, TWO)
    assert take_of(project, second.id) == picture(made.panels[second.id][0]).name


def test_words_that_are_only_lettered_draw_nothing_anew(project):
    drawn(project, TWO)
    first, second = TWO.pages[0].panels
    changed = replace(TWO.pages[0], panels=(replace(first, narrative="Late.", sfx="BOOM"), second))
    backend, _, _ = drawn(project, replace(TWO, chapters=(replace(TWO.chapters[0], pages=(changed,)),)))
    assert backend.jobs == []


def test_each_panel_has_its_places_shape_on_the_models_grid(project):
    layout_names = list(layouts())
    pages = [
        page(name, *(shown(action=f"{name} {n}") for n in range(len(layouts()[name].panels))))
        for name in layout_names
    ]
    whole = comic(*pages, people=())
    backend, _, _ = drawn(project, whole)
    for one in whole.pages:
        for place, panel in zip(layouts()[one.layout].rects((210, 297), 9, 4), one.panels, strict=True):
            values = values_of(named(backend, panel.id).graph)
            width, height = values["width"], values["height"]
            ratio = min(2.33, max(1 / 2.33, place.width / place.height))
            assert abs(math.log(width / height / ratio)) < 0.015, (panel.id, width, height)
            assert width % 8 == height % 8 == 0 and 0.9 < width * height / 1024**2 < 1.1


def test_a_panel_has_the_shape_that_it_has_on_the_comics_paper(project):
    alone = replace(comic(page("single", shown(action="Rain")), people=()), paper="")

    def shape(on):
        backend, _, _ = drawn(project, replace(alone, paper=on))
        return [
            (job.name, values["width"] / values["height"])
            for job in backend.jobs
            if (values := values_of(job.graph))
        ]

    assert shape("") == [("ch1-p1-pan1_v1", pytest.approx(210 / 297, abs=0.03))]
    assert shape("A4") == [], "it is drawn"
    assert shape("Square") == [("ch1-p1-pan1_v2", pytest.approx(1.0, abs=0.03))]
    assert shape("A4-landscape") == [("ch1-p1-pan1_v3", pytest.approx(297 / 210, abs=0.06))]


def test_variants_differ_and_portraits_are_drawn_once(project):
    backend, _, made = drawn(project, TWO, variants=3)
    assert [len(takes) for takes in made.panels.values()] == [3, 3] and len(backend.jobs) == 2 + 6
    seeds = [values_of(job.graph)["seed"] for job in backend.jobs if job.name.startswith("ch1-p1-pan1")]
    assert len(set(seeds)) == 3


def test_panels_of_one_workflow_come_one_after_another(project):
    mixed = comic(
        page(
            "grid-2x2",
            *(
                shown(*ids, action=f"{n}")
                for n, ids in enumerate([("char-1", "char-2"), (), ("char-2", "char-1"), ("char-2",)])
            ),
        )
    )
    backend, _, _ = drawn(project, mixed)
    panels = [job for job in backend.jobs if "pan" in job.name]
    assert [len(job.files) for job in panels] == [0, 1, 2, 2]


def test_only_the_workflows_that_are_needed_are_asked_of_the_backend(project):
    backend, _, _ = drawn(project, comic(page("single", shown(action="Rain")), people=()))
    assert len(backend.checked[0]) == 1
    missing = FakeBackend(missing=JobRejected("no model"))
    with pytest.raises(JobRejected):
        drawn(Project(project.folder / "other"), TWO, missing)
    assert len(missing.checked[0]) == 3 and not (project.folder / "other").exists()


def test_more_people_than_a_workflow_takes_are_told_and_described(project):
    people = tuple(Character(f"char-{n}", f"Nr{n}", f"look {n}") for n in range(1, 6))
    crowd = comic(page("single", shown(*(one.id for one in people), action="A crowd")), people=people)
    backend, events, _ = drawn(project, crowd)
    assert any(isinstance(event, Told) and "3 portraits" in event.sentence for event in events)
    assert len(named(backend, "ch1-p1-pan1").files) == 3
    assert "look 5" in values_of(named(backend, "ch1-p1-pan1").graph)["prompt"]


def test_panels_wait_for_a_portrait_that_fails_and_are_not_drawn_without_it(project):
    backend, events, made = drawn(project, TWO, FakeBackend(fails={"char-2_v1": OUT_OF_MEMORY}))
    said = {event.what: event.reason for event in events if isinstance(event, Failed)}
    assert set(said) == {"char-2", "ch1-p1-pan2"} and "a portrait of Bo" in said["ch1-p1-pan2"]
    assert [len(takes) for takes in made.panels.values()] == [1, 0]
    drawn(project, TWO)
    assert len(named(backend, "ch1-p1-pan1").files) == 1


def test_a_portrait_that_was_chosen_goes_to_the_panels_and_is_not_drawn(project):
    _, _, made = drawn(project, TWO)
    own = choose(project, "char-1", picture(made.portraits["char-2"]))
    other = replace(TWO, characters=(replace(IDA, appearance="another look"), BO))
    backend, _, _ = drawn(project, other)
    assert not [job for job in backend.jobs if job.name.startswith("char-1")]
    assert own in named(backend, "ch1-p1-pan1").files


def test_a_panel_is_told_whose_the_portraits_are(project):
    backend, _, _ = drawn(project, TWO)
    one, two = (values_of(named(backend, f"ch1-p1-pan{n}").graph)["prompt"] for n in (1, 2))
    assert "Picture 1 is Ida." in one and "Picture 1 is Ida, Picture 2 is Bo." in two


# --- prompts


def test_a_prompt_has_style_camera_action_people_place_and_no_text():
    panel = Panel("a", (Actor("char-1", "angry"),), "Ida runs", camera="low angle", mood="tense")
    one = Page("p", 1, "single", (panel,), "a quay", "rain", "night")
    said = panel_prompt(Comic("t", "noir", "en", (IDA,)), one, panel, styles()["noir"])
    parts = (styles()["noir"].before, "low angle", "Ida runs", "Ida, tall, wearing a red coat, angry")
    parts += ("a quay, rain, night", "tense", styles()["noir"].after, "no text")
    assert [said.index(part) for part in parts] == sorted(said.index(part) for part in parts)


def test_a_panels_own_prompt_is_taken_and_its_own_place_counts():
    panel = Panel("a", action="бігти", image_prompt="a man runs", location="roof")
    one = Page("p", 1, "single", (panel,), "a quay")
    said = panel_prompt(Comic("t", "noir", "en"), one, panel, styles()["noir"])
    assert "a man runs" in said and "бігти" not in said
    said = panel_prompt(Comic("t", "noir", "en"), one, replace(panel, image_prompt=""), styles()["noir"])
    assert "roof" in said and "a quay" not in said


def test_looks_may_come_in_parts():
    rich = Character(
        "a", "Ida", more={"age": 30, "bodyType": "slim", "face": {"eyes": "grey", "nose": 7}, "x": "y"}
    )
    assert looks(rich) == "Ida, 30 years old, slim, grey eyes"


def test_there_are_twenty_styles():
    assert set(styles()) == set(STYLES) and len(STYLES) == 20


@pytest.mark.parametrize("name", STYLES)
def test_a_style_says_how_and_never_what_is_drawn(name):
    said = about_things(plain(f"{styles()[name].before}. {styles()[name].after}. {NO_TEXT}."))
    things = ("place", "backdrop", "role", "weather", "vehicle", "animal", "prop", "pose", "angle")
    assert {table: found(table, said) for table in things if found(table, said)} == {}


@pytest.mark.parametrize(("ratio", "size"), [(1.0, (1024, 1024)), (0.226, (672, 1568)), (3.853, (1568, 672))])
def test_beyond_the_shapes_that_models_draw_well_a_panel_is_cropped(ratio, size):
    assert size_of(ratio, 1024**2, 16) == size
