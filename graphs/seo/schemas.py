"""What the models must answer; every answer is validated against one of these."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

RECOMMENDATIONS = 8
"""How many a run makes."""

Text = Annotated[str, Field(min_length=1, max_length=2_000)]
ShortText = Annotated[str, Field(min_length=1, max_length=200)]


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


AnyCase = BeforeValidator(_lower)
"""Models write "High" where "high" was asked for: no reason to ask again."""
Level = Annotated[Literal["high", "medium", "low"], AnyCase]
Category = Annotated[Literal["content", "keywords", "structure", "technical", "links", "user experience"], AnyCase]
Intent = Annotated[Literal["informational", "commercial", "transactional", "navigational"], AnyCase]


class Answer(BaseModel):
    """Base of what a model answers: no fields but those asked for."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class SearchQueries(Answer):
    """What people type who look for such a page."""

    queries: Annotated[list[ShortText], Field(min_length=3, max_length=5)]


class PageInsight(Answer):
    """What one page is about and what its readers want."""

    topics: Annotated[list[ShortText], Field(min_length=1, max_length=10)]
    intent: Intent


class GapSummary(Answer):
    """What the target page lacks, in words."""

    missing_topics: Annotated[list[ShortText], Field(max_length=12)]
    summary: Text


class Recommendation(Answer):
    """One thing to do."""

    title: ShortText
    category: Category
    priority: Level
    description: Text
    rationale: Text
    effort: Level
    impact: Level
    implementation_steps: Annotated[list[Text], Field(min_length=3, max_length=5)]


class Recommendations(Answer):
    """Exactly eight things to do, the most important first."""

    recommendations: Annotated[list[Recommendation], Field(min_length=RECOMMENDATIONS, max_length=RECOMMENDATIONS)]


class Picks(Answer):
    """The numbers of the results that are worth reading."""

    picks: list[int]


def picks_of(offered: int, *, at_most: int) -> type[Picks]:
    """Return the schema that lets a model pick by number only, so that it cannot name a URL of its own."""
    number = Annotated[int, Field(ge=1, le=offered)]
    return create_model(
        "PicksOf",
        __base__=Picks,
        __doc__=Picks.__doc__,
        picks=(list[number], Field(min_length=1, max_length=at_most)),
    )
