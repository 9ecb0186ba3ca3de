import json
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, HttpUrl

from langchain_modelrouter.simulator.prompt_text import PromptText
from langchain_modelrouter.simulator.schema_values import schema_value

PROMPT = PromptText(
    "Find competitors of https://shop.example/grinders for the keyword: home espresso. "
    "Candidates: https://one.example/a, https://two.example/b and https://three.example/c. "
    "Marta Gomez is 34 years old and lives in Porto; write to marta@shop.example. The category is medium."
)


def filled(model: type[BaseModel], prompt: PromptText = PROMPT) -> Any:
    return model.model_validate(schema_value(model.model_json_schema(), prompt))


class Level(Enum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Recommendation(BaseModel):
    title: str = Field(min_length=5, max_length=120)
    category: Literal["content", "technical", "links"]
    priority: Level
    description: str
    rationale: str
    effort: Literal["low", "medium", "high"]
    impact: Literal["low", "medium", "high"]
    implementation_steps: list[str] = Field(min_length=3, max_length=5)


class Report(BaseModel):
    recommendations: list[Recommendation] = Field(min_length=8, max_length=8)
    summary: str
    error: str | None


class Node(BaseModel):
    name: str
    children: "list[Node]"
    parent: "Node | None" = None


class Formats(BaseModel):
    day: date
    instant: datetime
    mark: UUID
    site: HttpUrl
    mail: Annotated[str, Field(json_schema_extra={"format": "email"})]
    slug: Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$")]
    postcode: Annotated[str, Field(pattern=r"^\d{4}-\d{3}$")]
    pair: tuple[int, str]
    by_name: dict[str, float]
    share: float = Field(ge=0, le=1)
    odd: int = Field(multiple_of=7, gt=10, lt=30)
    tags: set[Literal["a", "b", "c"]] = Field(min_length=2, max_length=3)
    either: int | str | None


def test_a_pipelines_report_is_filled_in_and_its_items_differ() -> None:
    report = filled(Report)
    assert len(report.recommendations) == 8
    assert len({each.title for each in report.recommendations}) == 8
    assert report.recommendations[0].effort == "medium"
    assert report.error is None
    assert report.summary.startswith("Simulated: ")


def test_recursion_comes_to_an_end() -> None:
    assert json.dumps(filled(Node).model_dump()).count('"name"') < 50


def test_formats_bounds_and_patterns_hold() -> None:
    values = filled(Formats)
    assert values.mail == "marta@shop.example"
    assert str(values.site).startswith("https://shop.example/")
    assert values.odd in (14, 21, 28)
    assert len(values.by_name) == 1


def test_strings_come_from_the_prompt_by_the_name_of_their_place() -> None:
    class Person(BaseModel):
        name: str
        age: int
        city: str
        email: str
        keyword: str

    person = filled(Person, PromptText(PROMPT.subject.partition("Marta")[1] + PROMPT.subject.partition("Marta")[2]))
    assert (person.age, person.email) == (34, "marta@shop.example")
    assert filled(Person).keyword == "home espresso"
    assert "Porto" in (person.name, person.city)


def test_addresses_are_only_those_of_the_prompt() -> None:
    class Picks(BaseModel):
        urls: list[str] = Field(min_length=3, max_length=3)

    assert len(set(filled(Picks).urls)) == 3
    assert set(filled(Picks).urls) <= set(PROMPT.urls)


def test_picks_by_number_are_distinct_and_within_their_bounds() -> None:
    class Picks(BaseModel):
        picks: list[Annotated[int, Field(ge=1, le=4)]] = Field(min_length=1, max_length=3)

    picks = filled(Picks, PromptText("Pick from 1. rivers 2. lakes 2024 3. seas 1 1 1")).picks
    assert len(set(picks)) == len(picks) == 3


def test_made_up_items_use_the_words_of_json_in_a_prompt_not_its_keys() -> None:
    pages = json.dumps([{"title": "Rivers of Europe", "word_count": 812, "summary": "Rhine and Danube"}])
    report = filled(Report, PromptText(f"Recommend from these pages: {pages}"))
    texts = json.dumps([each.model_dump(mode="json") for each in report.recommendations])
    assert "Rhine" in texts
    assert "word_count" not in texts
    assert "Rivers of Europe" not in texts


def test_a_pattern_that_nothing_fits_gets_a_word() -> None:
    schema = {"type": "string", "pattern": r"^(?=.*\d)(?=.*[A-Z]).{40,}$"}
    assert schema_value(schema, PromptText("rivers")) == "rivers"


def test_the_prompt_says_how_many_items_it_wants() -> None:
    class Queries(BaseModel):
        queries: list[str]

    assert len(filled(Queries, PromptText("Write five search queries about rivers.")).queries) == 5
    assert len(filled(Queries, PromptText("rivers")).queries) == 3


def test_the_prompt_answers_yes_and_no() -> None:
    class Verdict(BaseModel):
        relevant: bool
        paid: bool
        is_spam: bool

    verdict = filled(Verdict, PromptText("The page is relevant: yes, paid: no."))
    assert (verdict.relevant, verdict.paid, verdict.is_spam) == (True, False, False)


def test_optional_arguments_are_filled_only_where_the_prompt_names_them() -> None:
    schema = {
        "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}, "lang": {"type": "string"}},
        "required": ["query"],
    }
    assert schema_value(schema, PromptText("rivers, limit: 7"), optional=False).keys() == {"query", "limit"}
    assert schema_value(schema, PromptText("rivers, limit: 7"), optional=False)["limit"] == 7


def leaves() -> st.SearchStrategy[dict[str, Any]]:
    lengths = st.tuples(st.integers(0, 12), st.integers(0, 30))
    numbers = st.tuples(st.integers(-100, 100), st.integers(2, 100))
    return st.one_of(
        st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"const": 3}, {"enum": ["a", 2, None]}, {}]),
        lengths.map(lambda pair: {"type": "string", "minLength": pair[0], "maxLength": sum(pair)}),
        numbers.map(lambda pair: {"type": "integer", "minimum": pair[0], "maximum": sum(pair)}),
        numbers.map(lambda pair: {"type": "number", "exclusiveMinimum": pair[0], "exclusiveMaximum": sum(pair)}),
        st.sampled_from(["date", "date-time", "email", "uri", "uuid", "ipv4"]).map(
            lambda form: {"type": "string", "format": form}
        ),
    )


def nested(parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(["title", "url", "score", "items", "a", "summary", "count", "error"])
    counts = st.tuples(st.integers(0, 4), st.integers(0, 4))
    return st.one_of(
        st.dictionaries(names, parts, max_size=4).map(
            lambda found: {
                "type": "object",
                "properties": found,
                "required": list(found),
                "additionalProperties": False,
            }
        ),
        st.tuples(parts, counts).map(
            lambda pair: {"type": "array", "items": pair[0], "minItems": pair[1][0], "maxItems": sum(pair[1])}
        ),
        st.lists(parts, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches}),
        parts.map(lambda part: {"$ref": "#/$defs/Part", "$defs": {"Part": part}}),
    )


@settings(max_examples=150, deadline=None)
@given(st.recursive(leaves(), nested, max_leaves=12), st.text(max_size=60))
def test_any_schema_is_fitted(schema: dict[str, Any], text: str) -> None:
    # A reference is resolved from the root, so that only the outermost definitions can be meant.
    root = {"type": "object", "properties": {"x": without_definitions(schema)}, "required": ["x"]}
    value = schema_value(root, PromptText(text))
    jsonschema.validate(value, root, format_checker=jsonschema.FormatChecker())
    assert json.loads(json.dumps(value)) == value


def without_definitions(schema: Any) -> Any:
    """Return the schema with its references replaced by what they mean."""
    if isinstance(schema, list):
        return [without_definitions(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$defs" in schema:
        return without_definitions(schema["$defs"]["Part"])
    return {key: without_definitions(value) for key, value in schema.items()}


def test_references_of_references_and_merged_parts_are_followed() -> None:
    schema = {
        "$defs": {
            "A": {"$ref": "#/$defs/B"},
            "B": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 4}}, "required": ["n"]},
        },
        "allOf": [{"$ref": "#/$defs/A"}, {"properties": {"m": {"const": "x"}}, "required": ["m"]}],
    }
    assert schema_value(schema, PromptText("it has 9 of them")) == {"n": 9, "m": "x"}
    assert schema_value({"anyOf": [{"const": 1}], "allOf": [{"$ref": "#/anyOf/0"}]}, PromptText("")) == 1


@pytest.mark.parametrize("offset", range(3))
def test_another_seed_gives_other_words(offset: int) -> None:
    values = [schema_value({"type": "string"}, PromptText("rivers lakes seas hills", offset=offset)) for _ in range(2)]
    assert values[0] == values[1]
    assert values[0] != schema_value({"type": "string"}, PromptText("rivers lakes seas hills", offset=offset + 1))
