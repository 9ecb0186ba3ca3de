import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from langchain_modelrouter.evaluation.advise import Advice, TrafficRow, advise, per_day, read_traffic

START = datetime(2026, 1, 5, tzinfo=UTC)
KINDS = ("simple", "code", "reasoning", "general")


def by_first_word(prompt: str) -> tuple[str, float]:
    kind, _, confidence = prompt.partition(" ")
    return kind, float(confidence or 0.9)


def traffic(count: int = 400, *, kinds: tuple[str, ...] = KINDS, hours: float = 48) -> list[TrafficRow]:
    step = timedelta(hours=hours) / count
    return [TrafficRow(kinds[i % len(kinds)], START + i * step) for i in range(count)]


def holding(advice: Advice) -> set[str]:
    return {finding.reason for finding in advice.findings if finding.holds}


def test_mixed_heavy_traffic_is_worth_routing() -> None:
    advice = advise(traffic(), by_first_word)
    assert advice.route
    assert holding(advice) == set()
    assert advice.kinds == dict.fromkeys(KINDS, 100)


def test_one_kind_only_needs_one_model() -> None:
    rows = [*traffic(95, kinds=("simple",)), *traffic(5, kinds=("code",))]
    advice = advise(rows, by_first_word, requests_per_day=1000)
    assert not advice.route
    assert holding(advice) == {"one_kind"}
    assert advice.findings[0].measured == pytest.approx(0.95)


def test_few_requests_a_day_do_not_pay() -> None:
    advice = advise(traffic(100, hours=240), by_first_word)
    assert holding(advice) == {"low_volume"}


def test_without_times_the_volume_is_not_known() -> None:
    rows = [TrafficRow(row.prompt) for row in traffic(40)]
    low_volume = advise(rows, by_first_word).findings[1]
    assert (low_volume.reason, low_volume.holds, low_volume.measured) == ("low_volume", False, None)


def test_latency_that_does_not_matter_is_a_reason() -> None:
    assert holding(advise(traffic(), by_first_word, latency_matters=False)) == {"latency_does_not_matter"}


def test_an_unsure_classifier_is_a_reason() -> None:
    rows = [TrafficRow(f"{row.prompt} 0.4", row.at) for row in traffic()]
    assert holding(advise(rows, by_first_word)) == {"classifier_unsure"}


def test_a_classifier_that_labels_prove_wrong_is_a_reason() -> None:
    rows = [TrafficRow(row.prompt, row.at, "code") for row in traffic()]
    advice = advise(rows, by_first_word)
    assert holding(advice) == {"classifier_wrong"}
    assert advice.findings[-1].measured == pytest.approx(0.75)


def test_less_than_a_day_counts_as_one() -> None:
    assert per_day(traffic(50, hours=1)) == 50


def test_no_traffic_is_refused() -> None:
    with pytest.raises(ValueError, match="no traffic"):
        advise([], by_first_word)


def test_reads_times_of_both_kinds(tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    rows = [{"prompt": "a", "at": "2026-01-05T00:00:00"}, {"text": "b", "at": START.timestamp(), "label": "code"}]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert read_traffic([path]) == (TrafficRow("a", START), TrafficRow("b", START, "code"))


@pytest.mark.parametrize("line", ['{"at": 1}', '{"prompt": "a", "at": "yesterday"}', '{"prompt": "a", "at": [1]}'])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "traffic.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(ValueError, match=r"traffic\.jsonl:1"):
        read_traffic([path])
