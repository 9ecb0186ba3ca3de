"""What an error of a provider says, read by its shape: status, codes, wording, headers.

Nothing is imported from a provider's SDK, so that openai 2 and 3, httpx and httpx2, anthropic, google and others
read alike. Shapes checked on openai 3.52 with langchain-openai 1.7.3, against a loopback server.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any

SDKS = frozenset(
    {
        "aiohttp",
        "anthropic",
        "botocore",
        "cohere",
        "fireworks",
        "google",
        "grpc",
        "groq",
        "httpcore",
        "httpcore2",
        "httpx",
        "httpx2",
        "huggingface_hub",
        "mistralai",
        "ollama",
        "openai",
        "requests",
        "together",
        "urllib3",
    }
)
"""Top-level packages whose exception classes speak of a provider, besides `langchain_*`."""

LONGEST_REST_S = 86_400.0
"""A Retry-After beyond a day is taken as a day: a slip of the provider's must not rest a model for good."""

_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SPAN = re.compile(rf"(?:{_PART.pattern})+")

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ErrorFacts:
    """One error, read. `text` may quote a prompt: for matching only, never shown."""

    names: tuple[str, ...]
    """Class names, the most specific first; causes are not included."""
    is_sdk: bool
    """True where an SDK or an integration defines the class."""
    status: int | None
    codes: tuple[str, ...]
    """Codes and types of the error body, in lower case."""
    text: str
    headers: Mapping[str, str]


def facts_of(error: BaseException, *, body: object = None) -> ErrorFacts:
    """Read an error; `body` is its error body where the error has no such attribute."""
    classes = [cls for cls in type(error).__mro__ if cls.__module__ != "builtins"]
    status, codes, texts, headers = None, [], [], NO_HEADERS
    for one in _with_cause(error):
        response = getattr(one, "response", None)
        bodies = [*_bodies(getattr(one, "body", None)), *_bodies(response), *_bodies(body)]
        raw = [getattr(one, name, None) for name in ("code", "type", "status")]
        raw += [part.get(name) for part in bodies for name in ("code", "type", "status", "Code", "reason")]
        codes += [value.lower() for value in raw if isinstance(value, str)]
        said = [part.get(name) for part in bodies for name in ("message", "detail", "Message")]
        texts += [text for text in (*said, getattr(one, "message", None)) if isinstance(text, str)]
        status = status or _status(one, response) or next(filter(None, map(_as_status, raw)), None)
        headers = headers or headers_of(one)
    return ErrorFacts(
        names=tuple(cls.__name__ for cls in classes),
        is_sdk=_is_sdk(_packages(error)),
        status=status,
        codes=tuple(codes),
        text=" ".join(texts).lower()[:2000],
        headers=headers,
    )


def headers_of(error: BaseException) -> Mapping[str, str]:
    """Return the headers of the response that an error carries, names in lower case; empty where there is none."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    if headers is None or not hasattr(headers, "items"):
        return NO_HEADERS
    return {str(name).lower(): str(value) for name, value in headers.items()}


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it came from, the outermost first.

    An SDK's error came from the one that it was raised in the midst of, even where it says `from None` as openai 3
    does; of others only a declared cause counts: the caller may be handling some error of its own.
    """
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (one.__context__ if _is_sdk(_packages(one)) else None)


def retry_after_s(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Return how long the provider asks to be left alone, in seconds; None where it says nothing usable.

    Args:
        headers: names in lower case.
        now: the wall time, with a time zone, for an HTTP date; the response's own `Date` header comes first,
            because it is read on the same clock.

    Sources: RFC 9110, section 10.2.3 (seconds or a date); `retry-after-ms` and `x-ratelimit-reset-*` as OpenAI
    documents them; `x-ratelimit-reset` as an instant in epoch seconds (GitHub) or milliseconds (OpenRouter).
    """
    now = _date(headers.get("date", "")) or now
    millis = _number(headers.get("retry-after-ms", ""))
    if millis is not None:
        return min(millis / 1000, LONGEST_REST_S)
    raw = headers.get("retry-after")
    if raw is not None:
        seconds = _number(raw)
        if seconds is None and now is not None and (then := _date(raw)) is not None:
            seconds = max(0.0, (then - now).total_seconds())
        if seconds is not None:
            return min(seconds, LONGEST_REST_S)
    resets = [_reset_s(headers, unit, now) for unit in ("", "-requests", "-tokens")]
    known = [seconds for seconds in resets if seconds is not None]
    return min(max(known), LONGEST_REST_S) if known else None


def _reset_s(headers: Mapping[str, str], unit: str, now: datetime | None) -> float | None:
    """Seconds until one limit is full again, where that limit is used up or its rest is not told."""
    remaining = _number(headers.get(f"x-ratelimit-remaining{unit}", "0"))
    raw = headers.get(f"x-ratelimit-reset{unit}")
    if raw is None or remaining:
        return None
    number = _number(raw)
    if number is None:
        return duration_s(raw)
    if number < 1e9:  # a span, not an instant: the epoch's second 1e9 was in 2001
        return number
    instant_s = number / 1000 if number > 1e11 else number
    return None if now is None else max(0.0, instant_s - now.timestamp())


def duration_s(text: str) -> float | None:
    """Return the seconds of a span such as `1s`, `6m0s`, `20ms` or `1h2m3.5s`; None where it is no such span."""
    if not _SPAN.fullmatch(text.strip()):
        return None
    return sum(float(number) * _UNIT_S[unit] for number, unit in _PART.findall(text))


def _number(text: str) -> float | None:
    """A finite number of at least 0, else None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return date if date.tzinfo else None


def _packages(error: BaseException) -> set[str]:
    """The top-level packages that define the error's classes."""
    return {cls.__module__.partition(".")[0] for cls in type(error).__mro__}


def _is_sdk(packages: set[str]) -> bool:
    integrations = packages - {"langchain_core", "langchain_modelrouter"}
    return bool(packages & SDKS) or any(name.startswith("langchain_") for name in integrations)


def _with_cause(error: BaseException) -> Iterator[BaseException]:
    """The error, then its declared causes: integrations wrap the SDK's error."""
    yield error
    if error.__cause__ is not None:
        yield error.__cause__


def _bodies(body: object) -> Iterator[Mapping[str, Any]]:
    """The mappings of an error body that may hold a code: itself and what it has under `error`."""
    if isinstance(body, list | tuple):
        body = body[0] if body else None
    if isinstance(body, Mapping):
        yield body
        for name in ("error", "Error"):
            inner = body.get(name)
            if isinstance(inner, Mapping):
                yield inner
            elif isinstance(inner, str):
                yield {"message": inner}
    elif isinstance(body, str):
        yield {"message": body}


def _status(error: BaseException, response: object) -> int | None:
    if isinstance(response, Mapping):  # botocore
        return _as_status(response.get("ResponseMetadata", {}).get("HTTPStatusCode"))
    return _as_status(getattr(error, "status_code", None)) or _as_status(getattr(response, "status_code", None))


def _as_status(value: object) -> int | None:
    """An HTTP error status, given as a number or as its digits."""
    if isinstance(value, str) and value.isdigit() and len(value) == 3:
        value = int(value)
    return int(value) if isinstance(value, int) and 400 <= value <= 599 else None
