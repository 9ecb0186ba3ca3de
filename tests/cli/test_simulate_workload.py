import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

MIX = """
baseline: nebius-llama-405b
classifier_s: 0.1
mix:
  simple: {requests: 3, model: sambanova-llama-8b, output_tokens: 150}
  hard: {requests: 1, model: nebius-llama-405b, output_tokens: 400}
"""


def test_the_published_figures_come_out(run: Run) -> None:
    rows = [line.split() for line in run("simulate-workload").stdout.splitlines()]
    assert ["mean", "1000", "2.865", "s", "4.500", "s"] in rows
    published, _ = json.loads(run("simulate-workload", "--json").stdout)
    assert published["name"] == "published_latencies"
    assert (round(published["routed_s"], 3), round(published["faster"], 2)) == (2.865, 0.36)


def test_a_mix_of_ones_own_takes_the_configured_speeds_and_prices(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mix.yaml").write_text(MIX)
    (found,) = json.loads(run("simulate-workload", "--file", "mix.yaml", "--json").stdout)
    by_name = {each["name"]: each for each in found["classes"]}
    assert by_name["simple"]["routed_s"] == pytest.approx(0.1 + 150 / 150)
    assert by_name["hard"]["routed_s"] == pytest.approx(0.1 + 400 / 40)
    assert found["baseline_s"] == pytest.approx((3 * 150 / 40 + 400 / 40) / 4)
    assert by_name["simple"]["routed_cost_usd"] == pytest.approx(650 * 0.02 / 1e6)


@pytest.mark.parametrize(
    ("mix", "said"),
    [
        ("baseline: nope\nmix: {a: {requests: 1, model: nebius-llama-8b}}", "No model 'nope'"),
        ("baseline: nebius-llama-8b\nmix: {a: {requests: 0, model: nebius-llama-8b}}", "mix.a.requests"),
        ("mix: {}\nbaselin: x", "baseline: Field required; baselin: Extra"),
        ("baseline: cheapestinference-deepseek-v3\nmix: {}", "lacks its price"),
        ("baseline: nebius-llama-8b\nmix: {}", "has no requests"),
    ],
)
def test_what_is_no_mix_ends_with_two(run: Run, tmp_path: Path, mix: str, said: str) -> None:
    (tmp_path / "mix.yaml").write_text(mix)
    result = run("simulate-workload", "--file", "mix.yaml")
    assert result.exit_code == 2
    assert said in result.stderr


def test_an_unknown_workload_is_refused_with_the_nearest(run: Run) -> None:
    result = run("simulate-workload", "--workload", "from_speed")
    assert result.exit_code == 2
    assert "No workload 'from_speed' here. Did you mean 'from_speeds'?" in result.stderr
