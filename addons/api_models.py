"""What programs send to the studio and get back, as its OpenAPI description tells it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, WithJsonSchema

from domain.comic import STYLES
from domain.comic_rules import MOST_PAGES
from domain.plan_request import USUAL_PAGES

MOST_VARIANTS = 16
LONGEST = 30_000  # letters of an idea; a script may be longer
LONGEST_SCRIPT = 400_000
MOST_SHOTS = 500

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
    "shots_with_references": f"must be a list of 1 to {MOST_SHOTS} shots",
    "workflow": "must be a template's name or an object",
    "batch_size": "must be from 1 to 64",
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


_SHOT = {
    "type": "object",
    "required": ["shot_id", "prompt"],
    "properties": {
        "shot_id": {"description": "Text or a number; it comes back as it is."},
        "prompt": {"type": "string", "minLength": 1},
        "references": {
            "type": "array",
            "description": "Each a picture sent along as data:image/png;base64,…, or the path of one in the "
            "studio's projects folder, from there on or whole: alone, or as url of an object.",
            "items": {
                "anyOf": [
                    {"type": "string"},
                    {
                        "type": "object",
                        "required": ["url"],
                        "properties": {"url": {"type": "string"}, "reference_id": {"type": "string"}},
                    },
                ]
            },
        },
    },
}


class ShotsRequest(BaseModel):
    """What the command `shots` reads from a file; other fields are passed over."""

    shots_with_references: list[Annotated[Any, WithJsonSchema(_SHOT)]] = Field(
        min_length=1, max_length=MOST_SHOTS
    )
    workflow: str | dict[str, Any] | None = Field(
        None,
        description="A template's name; a kind of model, as {type: flux}; values, as {width, height, steps, "
        "cfg_scale, negative_prompt, seed}; or a graph in ComfyUI's API format, from this machine alone. "
        "Without one, what takes the references.",
        examples=[{"width": 1024, "height": 576}],
    )
    batch_size: int = Field(
        1,
        ge=1,
        le=64,
        strict=True,
        description="Read and not used: the studio's queue draws as many at once as whoever draws has lanes.",
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


class Batch(BaseModel):
    success: Literal[True] = True
    batchId: str = Field(description="The batch's id: its project's folder name.")
    state: Literal["drawing", "done"] = Field(description="done when all of it is there already.")
    jobs: int = Field(description="How many are asked for anew; 0 when all are there or on their way.")


class Image(BaseModel):
    shot_id: Any
    success: bool
    image_url: str | None = Field(None, description="The picture's address.")
    prompt: str | None = None
    prompt_id: str | None = Field(None, description="Of the job that drew it.")
    references_used: Sequence[str] | None = None
    error: str | None = Field(None, description="Why there is no picture.")


class BatchStanding(BaseModel):
    success: Literal[True] = True
    batchId: str
    state: Literal["drawing", "done", "failed"]
    progress: float = Field(description="From 0 to 1.")
    jobs: Jobs = Field(description="Of the last time each picture was asked for.")
    generated_images: Sequence[Image] = Field(description="Of the shots that are over, in their order.")
    total_images: int = Field(description="How many shots the batch has.")
    error: str | None = Field(None, description="Why pictures are missing.")
    paused: str | None = Field(None, description="Why nothing is drawn just now, as the window says it.")


class Refused(BaseModel):
    success: Literal[False] = False
    error: str = Field(description="What is wrong, and what to do.")
