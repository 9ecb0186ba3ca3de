from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from langchain_modelrouter.dispatch.error_facts import duration_s, facts_of, headers_of, retry_after_s

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())

RETRY_AFTER = [
    ({"retry-after": "2"}, 2.0),
    ({"retry-after": "0.5"}, 0.5),
    ({"retry-after": "0"}, 0.0),
    ({"retry-after": "3600"}, 3600.0),
    ({"retry-after": "1e9"}, 86_400.0),
    ({"retry-after": "-1"}, None),
    ({"retry-after": "soon"}, None),
    ({"retry-after": ""}, None),
    ({"retry-after": "nan"}, None),
    ({"retry-after": "inf"}, None),
    ({"retry-after": "Fri, 20 Nov 2026 12:01:00 GMT"}, 60.0),
    ({"retry-after": "Fri, 20 Nov 2026 11:00:00 GMT"}, 0.0),
    ({"retry-after": "Fri, 20 Nov 2026 12:01:00"}, None),
    ({"retry-after": "Fri, 20 Nov 2026 18:00:05 GMT", "date": "Fri, 20 Nov 2026 18:00:00 GMT"}, 5.0),
    ({"retry-after-ms": "250"}, 0.25),
    ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
    ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
    ({"retry-after": "-1", "x-ratelimit-reset": "7"}, 7.0),
    ({"x-ratelimit-reset": "7"}, 7.0),
    ({"x-ratelimit-reset": str(EPOCH + 30)}, 30.0),
    ({"x-ratelimit-reset": str((EPOCH + 30) * 1000)}, 30.0),
    ({"x-ratelimit-reset-requests": "1m0s", "x-ratelimit-reset-tokens": "20ms"}, 60.0),
    (
        {
            "x-ratelimit-reset-requests": "1m0s",
            "x-ratelimit-remaining-requests": "5",
            "x-ratelimit-reset-tokens": "20ms",
            "x-ratelimit-remaining-tokens": "0",
        },
        0.02,
    ),
    ({}, None),
]


@pytest.mark.parametrize(("headers", "seconds"), RETRY_AFTER, ids=str)
def test_fault_3_every_form_of_retry_after_is_read_or_ignored(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, now=NOW) == seconds


def test_an_instant_is_ignored_where_no_time_is_known() -> None:
    assert retry_after_s({"retry-after": "Fri, 20 Nov 2026 12:01:00 GMT"}) is None
    assert retry_after_s({"x-ratelimit-reset": str(EPOCH)}) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1.0), ("6m0s", 360.0), ("20ms", 0.02), ("1h2m3.5s", 3723.5), ("1d", 86_400.0), ("s", None), ("5x", None)],
)
def test_a_span_is_read(text: str, seconds: float | None) -> None:
    assert duration_s(text) == seconds


def test_headers_are_found_in_any_case_and_may_be_missing() -> None:
    error = Exception()
    error.response = SimpleNamespace(headers={"Retry-After": "2"})  # type: ignore[attr-defined]
    assert headers_of(error) == {"retry-after": "2"}
    assert headers_of(Exception()) == {}


def test_a_body_of_any_shape_is_read_without_an_error() -> None:
    for body in (None, [], [1], "words", {"error": None}, {"error": "words"}, {"code": ["x"]}, 5):
        error = type("Error", (Exception,), {"body": body})()
        assert facts_of(error).status is None
