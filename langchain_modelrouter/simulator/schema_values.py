"""A value that fits a JSON schema, made of the words, numbers and addresses of a prompt."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from langchain_modelrouter.simulator.chat_request import BadRequestError
from langchain_modelrouter.simulator.prompt_text import PromptText
from langchain_modelrouter.simulator.schema_strings import string_value

Schema = Mapping[str, Any]

_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_SCORES = re.compile(
    r"score|confiden|probab|coverage|rating|relevan|quality|similar|certain|weight|ratio|severity", re.IGNORECASE
)
_NEGATIVE = re.compile(r"error|spam|harm|toxic|refus|fail|missing|unsafe|block|reject", re.IGNORECASE)
_DEEPEST = 8
"""Levels of nesting after which only what is required is filled in."""
_USUAL_ITEMS = 3


def schema_value(schema: Schema, prompt: PromptText, *, optional: bool = True) -> Any:
    """Return a value that fits `schema`.

    Args:
        optional: whether properties that are not required are filled in also where the prompt does not name them.
    """
    return _Filler(schema, prompt, optional).value(schema, "", 0, 0)


class _Filler:
    """One filling: the root for references, and what has been used up so far."""

    def __init__(self, root: Schema, prompt: PromptText, optional: bool) -> None:
        self.root, self.prompt, self.optional = root, prompt, optional
        self.used: Counter[str] = Counter()
        self.open_refs: list[str] = []
        self.open_lists = 0

    def value(self, schema: Any, name: str, depth: int, index: int) -> Any:
        """Return a value for one place: the property's name and the item's index say which."""
        if not isinstance(schema, Mapping):
            return self.prompt.word(index)
        if "$ref" in schema:
            return self.referred(schema, name, depth, index)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self.one_of(schema["enum"], index)
        if "allOf" in schema:
            return self.value(_merged(schema, [self.resolved(part) for part in schema["allOf"]]), name, depth, index)
        for union in ("anyOf", "oneOf"):
            if schema.get(union):
                common = {key: value for key, value in schema.items() if key not in (union, "default")}
                return self.value(_merged(common, [self.branch(schema[union], name, depth)]), name, depth, index)
        match self.type_of(schema, name, depth):
            case "object":
                return self.object(schema, depth, index)
            case "array":
                return self.array(schema, name, depth, index)
            case "integer" | "number" as kind:
                return self.number(schema, name, index, whole=kind == "integer")
            case "boolean":
                said = next(iter(self.prompt.labelled(name)), "").casefold() if name else ""
                return said not in ("no", "false") and (said in ("yes", "true") or not _NEGATIVE.search(name))
            case "null":
                return None
        return string_value(schema, name, self.prompt, self.used, index, is_listed=self.open_lists > 0)

    def referred(self, schema: Schema, name: str, depth: int, index: int) -> Any:
        """Return a value for a `$ref`, keeping track of recursion."""
        self.open_refs.append(schema["$ref"])
        try:
            return self.value(self.resolved(schema), name, depth, index)
        finally:
            self.open_refs.pop()

    def resolved(self, schema: Schema) -> Schema:
        """Return the schema with its reference replaced by what it points to, if it has one."""
        for _ in range(_DEEPEST):
            if "$ref" not in schema:
                break
            found: Any = self.root
            try:
                for step in filter(None, schema["$ref"].removeprefix("#").split("/")):
                    name = step.replace("~1", "/").replace("~0", "~")
                    found = found[int(name) if isinstance(found, list) else name]
            except (LookupError, TypeError, ValueError):
                raise BadRequestError(f"$ref: {schema['$ref']!r} points nowhere in its schema") from None
            schema = {**found, **{key: value for key, value in schema.items() if key not in ("$ref", "default")}}
        return schema

    def is_deep(self, depth: int) -> bool:
        """True where a recursive schema should come to its end."""
        return depth > _DEEPEST or any(count > 1 for count in Counter(self.open_refs).values())

    def branch(self, branches: list[Schema], name: str, depth: int) -> Schema:
        """Return the branch of a union to fill: the first that is not null, but null for errors and in the depth."""
        null = next((branch for branch in branches if branch.get("type") == "null"), None)
        if null is not None and (self.is_deep(depth) or re.search(r"error|warning|cursor", name, re.IGNORECASE)):
            return null
        rest = [branch for branch in branches if branch is not null]
        if self.is_deep(depth):
            rest.sort(key=lambda branch: "$ref" in branch)
        # The reference is followed later, so that recursion through it is seen.
        return rest[0] if rest else {"type": "null"}

    def type_of(self, schema: Schema, name: str, depth: int) -> str:
        """Return the type to fill in, guessing it from the keywords where it is not given."""
        kind = schema.get("type")
        if isinstance(kind, list):
            return str(self.branch([{"type": one} for one in kind], name, depth)["type"])
        if kind is None and ("properties" in schema or "additionalProperties" in schema):
            return "object"
        if kind is None and ("items" in schema or "prefixItems" in schema):
            return "array"
        return str(kind or "string")

    def one_of(self, options: list[Any], index: int) -> Any:
        """Return the first option that the prompt names, else one by the item's index."""
        if index == 0:
            for option in options:
                if isinstance(option, str) and re.search(
                    rf"(?<!\w){re.escape(option)}(?!\w)", self.prompt.subject, re.IGNORECASE
                ):
                    return option
        return options[(index + self.prompt.offset) % len(options)]

    def object(self, schema: Schema, depth: int, index: int) -> dict[str, Any]:
        """Return an object with what is required, and what is wanted besides."""
        required = schema.get("required", ())
        filled = {}
        for name, part in schema.get("properties", {}).items():
            wanted = name in required or (
                not self.is_deep(depth) if self.optional else bool(self.prompt.labelled(name))
            )
            if wanted:
                filled[name] = self.value(part, name, depth + 1, index)
        free = schema.get("additionalProperties")
        if isinstance(free, Mapping) and not schema.get("properties"):
            for number in range(max(schema.get("minProperties", 0), 0 if self.is_deep(depth) else 1)):
                filled[self.prompt.word(number)] = self.value(free, self.prompt.word(number), depth + 1, number)
        return filled

    def array(self, schema: Schema, name: str, depth: int, index: int) -> list[Any]:
        """Return an array of a fitting length, its items distinct where that is asked for."""
        first = schema.get("prefixItems", [])
        items = [self.value(part, name, depth + 1, index) for part in first]
        least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
        if "items" not in schema and first:
            return items
        wanted = max(least, 0 if self.is_deep(depth) else min(most, self.usual_count(name)))
        part = schema.get("items", {})
        self.open_lists += 1
        for number in range(wanted - len(items)):
            item = self.value(part, name, depth + 1, index + number)
            if item in items and (schema.get("uniqueItems") or not isinstance(item, dict | list)):
                others = (self.value(part, name, depth + 1, index + number + more) for more in range(1, 40))
                item = next((other for other in others if other not in items), item)
                if item in items and schema.get("uniqueItems"):
                    break
            items.append(item)
        self.open_lists -= 1
        return items

    def usual_count(self, name: str) -> int:
        """Return how many items the prompt asks for by the property's name, else a few."""
        stem = re.escape(re.sub(r"(?:ies|s)$", "", re.split(r"[_\s]", name)[-1])) or "items"
        asked = re.search(
            rf"(?i)\b(\d{{1,2}}|{'|'.join(_COUNTS)})\s+(?:[\w-]+\s+){{0,3}}?{stem}",
            f"{self.prompt.instructions}\n{self.prompt.subject}",
        )
        if asked is None:
            return _USUAL_ITEMS
        said = asked[1].casefold()
        return _COUNTS.get(said) or max(1, min(int(said), 50))

    def number(self, schema: Schema, name: str, index: int, *, whole: bool) -> float:
        """Return a number within the bounds: the prompt's next one, unless the name speaks of a judgement."""
        step = schema.get("multipleOf") or (1 if whole else None)
        low, high = _bounds(schema, step or 1e-6)
        fits = (number for number in self.candidates(name) if low <= number <= high and _is_multiple(number, step))
        number = next(fits, None)
        if number is None:
            number = _between(low, high, index)
            if step:
                number = math.ceil(number / step) * step
                number = number if number <= high else math.floor(high / step) * step
        return int(number) if whole or (number == int(number) and step == int(step or 0)) else round(number, 6)

    def candidates(self, name: str) -> Iterator[float]:
        """Yield the numbers of the prompt for a property, each used once."""
        if _SCORES.search(name):
            return
        for text in self.prompt.labelled(name)[self.used[name] :] if name else ():
            self.used[name] += 1
            if found := re.match(r"-?\d+(?:\.\d+)?", text):
                yield float(found[0])
        for number in self.prompt.numbers[self.used["number"] :]:
            self.used["number"] += 1
            yield number


def _merged(base: Schema, parts: list[Schema]) -> dict[str, Any]:
    """Return one schema that asks for all that `base` and `parts` ask for."""
    merged: dict[str, Any] = {key: value for key, value in base.items() if key != "allOf"}
    for part in parts:
        for key, value in part.items():
            if key in ("properties", "$defs") and key in merged:
                merged[key] = {**merged[key], **value}
            elif key == "required" and key in merged:
                merged[key] = [*merged[key], *value]
            else:
                merged[key] = value
    return merged


def _bounds(schema: Schema, step: float) -> tuple[float, float]:
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
    return max(low, above + step), min(high, below - step)


def _is_multiple(number: float, step: float | None) -> bool:
    return step is None or math.isclose(number / step, round(number / step), abs_tol=1e-9)


def _between(low: float, high: float, index: int) -> float:
    """Return a number in the upper half of the bounds, another one for each index."""
    if math.isinf(high):
        return (low if low > -math.inf else 1.0) + index
    if math.isinf(low):
        return high - index
    return low + (high - low) * (0.8 - 0.05 * (index % 12))
