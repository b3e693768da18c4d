"""What programs send to the studio and get back, as its OpenAPI description tells it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from domain.comic import STYLES
from domain.comic_rules import MOST_PAGES
from domain.plan_request import USUAL_PAGES

MOST_VARIANTS = 16
LONGEST = 30_000  # letters of an idea; a script may be longer
LONGEST_SCRIPT = 400_000

# what a field must be, for complaints
MUST = {
    "prompt": f"must be text of 1 to {LONGEST} letters",
    "script": f"must be text of 1 to {LONGEST_SCRIPT} letters",
    "style": "must be the name of a style",
    "maxPages": f"must be from 1 to {MOST_PAGES}",
    "language": "must be a language, such as uk or en",
    "model": "must be true or false",
    "plan": "must be an object with a list of chapters",
    "planId": "must be the id of a comic",
    "format": "must be cbz, pdf or epub",
    "variants": f"must be from 1 to {MOST_VARIANTS}",
}

Text = Annotated[str, Field(strict=True, min_length=1)]
Plan = dict[str, Any]


class PlanRequest(BaseModel):
    """Give `prompt` or `script`, one of the two."""

    prompt: Annotated[Text, Field(max_length=LONGEST)] | None = Field(
        None, description="What the comic is about, in a sentence or as a whole story."
    )
    script: Annotated[Text, Field(max_length=LONGEST_SCRIPT)] | None = Field(
        None, description="A comic's script, as docs/COMICS.md describes it."
    )
    style: Text | None = Field(
        None,
        description=f"One of {', '.join(STYLES)}. Without it the script's own, else {STYLES[0]}.",
        examples=["noir"],
    )
    maxPages: int = Field(
        USUAL_PAGES, ge=1, le=MOST_PAGES, strict=True, description="How many pages a prompt becomes."
    )
    language: Annotated[Text, Field(max_length=40)] | None = Field(
        None, description="Of what is lettered: uk for a prompt; a script's own, else what it is written in."
    )
    model: bool = Field(
        False,
        strict=True,
        description="Whether a language model plans it: the one that the studio's settings know. Without it "
        "a prompt becomes a template of beats, in which nothing is said.",
    )


class GenerateRequest(BaseModel):
    """Give `plan` or `planId`, one of the two."""

    plan: Plan | None = Field(
        None,
        description="A plan, short or rich. The same plan is the same comic: sent twice, it is drawn once.",
    )
    planId: Text | None = Field(None, description="The id of a comic that is planned.")
    variants: int = Field(
        1, ge=1, le=MOST_VARIANTS, strict=True, description="How many pictures each panel is to have."
    )


class Finding(BaseModel):
    where: str = Field(description="A line of the script, a page or a panel.")
    said: str


class Planned(BaseModel):
    success: Literal[True] = True
    planId: str = Field(description="The comic's id: its project's folder name.")
    title: str
    style: str
    language: str
    chaptersCount: int
    pagesCount: int
    panelsCount: int
    charactersCount: int
    changed: Sequence[Finding] = Field(description="What was not taken as it stands.")
    advice: Sequence[Finding] = Field(description="What its author should look at.")
    plan: Plan = Field(description="The plan in the rich form.")


class Begun(BaseModel):
    success: Literal[True] = True
    planId: str
    state: Literal["planning"] = "planning"


class Drawing(BaseModel):
    success: Literal[True] = True
    planId: str
    state: Literal["drawing", "done"] = Field(description="done when all of it is there already.")
    jobs: int = Field(description="How many are asked for anew; 0 when all are there or on their way.")


class Jobs(BaseModel):
    done: int
    failed: int
    left: int


class Standing(BaseModel):
    success: Literal[True] = True
    planId: str
    state: Literal["planning", "planned", "drawing", "done", "failed"]
    progress: float = Field(description="From 0 to 1.")
    jobs: Jobs = Field(description="Of the last time each picture was asked for.")
    plan: Plan | None = Field(description="The plan as it is now; null while there is none.")
    images: Mapping[str, str] = Field(description="The address of each panel's picture, by the panel's id.")
    error: str | None = Field(None, description="Why it failed.")
    paused: str | None = Field(None, description="Why nothing is drawn just now, as the window says it.")


class Refused(BaseModel):
    success: Literal[False] = False
    error: str = Field(description="What is wrong, and what to do.")
