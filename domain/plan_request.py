"""What a comic is to be planned from: an idea, and how long and in which words it is to be told."""

from dataclasses import dataclass

USUAL_PAGES = 5


@dataclass(frozen=True)
class PlanRequest:
    idea: str  # a sentence, or a whole story
    style: str
    language: str  # of what is lettered
    pages: int = USUAL_PAGES
