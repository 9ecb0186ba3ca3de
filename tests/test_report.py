import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from langchain_modelrouter import RouterConfig
from langchain_modelrouter.cli.main import app
from langchain_modelrouter.dispatch.ledger import LedgerRow
from langchain_modelrouter.dispatch.sqlite_ledger import SqliteLedger
from langchain_modelrouter.errors import InvalidOptionError, UnknownModelError
from langchain_modelrouter.report import By, Line, cost_on, report
from langchain_modelrouter.report_html import page
from tests.dispatch.test_ledger import NOON, attempt, row
from tests.doors import router_over, scripted

CONFIG = RouterConfig.builtin()


def answer(call: str, task: str = "code", model: str = "one", number: int = 0, **facts: Any) -> LedgerRow:
    """Return a row of one million tokens in and as many out, which took ten seconds and cost ten cents."""
    more = {name: facts.pop(name) for name in ("at", "role") if name in facts}
    plain = {"input_tokens": 1_000_000, "output_tokens": 1_000_000, "latency_s": 10.0}
    made = attempt(**{"cost_usd": "0.1", "model": model, "provider": f"{model}-cloud", **plain, **facts})
    return row(call, task=task, attempt=made, number=number, **more)


def failed(call: str, **facts: Any) -> LedgerRow:
    nothing = {"input_tokens": 0, "output_tokens": 0, "cost_usd": "0", "error": "Boom: no", "outcome": "error"}
    return answer(call, **{**nothing, **facts})


def lines_of(rows: list[LedgerRow], by: By = "task") -> dict[str, Line]:
    return {line.name: line for line in report(rows, CONFIG, by=by).lines}


def test_a_total_over_calls_that_fell_back_failed_and_were_cancelled() -> None:
    rows = [
        answer("a"),
        failed("b"),
        answer("b", model="two", number=1, latency_s=30.0),
        failed("c"),
        answer("d", outcome="cancelled", cost_usd="0.05"),
        answer("e", role="classifier", input_tokens=0, output_tokens=10, cost_usd="0.001"),
        answer("e", number=1, latency_s=20.0),
    ]
    made = report(rows, CONFIG)
    total = made.total
    assert (total.calls, total.attempts) == (5, 7)
    assert total.cost_usd == Decimal("0.351")
    assert total.success_rate == 3 / 4
    assert total.fallback_rate == 1 / 3
    assert (total.p50_s, total.p95_s) == (20.0, 30.0)
    assert total.tokens_per_s == 3_000_000 / 60
    assert made.baseline_model == "nebius-llama-405b"
    assert total.baseline_usd == 9
    assert total.saved_usd == Decimal("8.649")
    assert total.saving == Decimal("8.649") / 9


def test_lines_by_task_model_provider_and_day() -> None:
    rows = [failed("a"), answer("a", model="two", number=1), answer("b", "simple", at=NOON + timedelta(days=1))]
    assert {name: line.calls for name, line in lines_of(rows).items()} == {"code": 1, "simple": 1}
    assert {name: line.attempts for name, line in lines_of(rows, "model").items()} == {"one": 2, "two": 1}
    assert lines_of(rows, "model")["one"].success_rate == 1 / 2
    assert lines_of(rows, "model")["two"].fallback_rate == 1
    assert set(lines_of(rows, "provider")) == {"one-cloud", "two-cloud"}
    assert list(lines_of(rows, "day")) == ["2026-03-31", "2026-04-01"]


def test_what_a_classifier_cost_counts_for_the_task_that_it_named() -> None:
    asked = answer("a", "", role="classifier")
    assert lines_of([asked, answer("a", number=1)])["code"].attempts == 2
    assert list(lines_of([asked])) == ["(undecided)"]


def test_an_unknown_price_makes_its_sums_unknown_and_no_others() -> None:
    rows = [answer("a", cost_usd=None), answer("b", "simple")]
    assert lines_of(rows)["code"].cost_usd is None
    assert lines_of(rows)["code"].saving is None
    assert lines_of(rows)["simple"].cost_usd == Decimal("0.1")
    assert report(rows, CONFIG).total.cost_usd is None


def test_another_baseline_and_unknown_ones() -> None:
    assert report([answer("a")], CONFIG, baseline="sambanova-llama-8b").total.baseline_usd == Decimal("0.04")
    with pytest.raises(UnknownModelError):
        report([], CONFIG, baseline="none")
    with pytest.raises(InvalidOptionError, match="task, model, provider, day"):
        report([], CONFIG, by="colour")  # type: ignore[arg-type]


def test_what_another_preset_would_have_cost_on_the_recorded_replies() -> None:
    rows = [failed("a", task="recommendations"), answer("a", "recommendations", number=1), answer("b", "gap_analysis")]
    assert cost_on(rows, CONFIG, "nebius_balanced") == Decimal("3.06")
    assert report(rows, CONFIG).presets["mixed_optimal"] == Decimal("3.16")


def test_nothing_recorded_is_no_error() -> None:
    total = report([], CONFIG).total
    assert (total.calls, total.cost_usd, total.success_rate, total.p95_s) == (0, 0, None, None)
    assert "<table>" in page(report([], CONFIG))


def test_a_router_reports_on_its_own_calls() -> None:
    router = router_over(scripted(ConnectionError("no"), name="alpha"), scripted("yes", name="beta"))
    router.invoke("hi")
    (line,) = router.report().lines
    assert (line.name, line.calls, line.attempts, line.fallback_rate) == ("general", 1, 2, 1)
    assert [line.name for line in router.report("provider").lines] == ["alpha-provider", "beta-provider"]


def test_the_page_is_whole_offline_and_escapes_names() -> None:
    html = page(report([answer("a", "<script>alert(1)</script>"), answer("b")], CONFIG), banner="SIMULATED & shown")
    assert html.count("<svg") == 3
    assert "SIMULATED &amp; shown" in html
    assert "<script" not in html
    assert "http" not in html


# --- the command -------------------------------------------------------------------------------------


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A configuration whose ledger has two calls."""
    ledger = SqliteLedger(tmp_path / "calls.db")
    for one in (answer("a"), answer("b", "simple", at=NOON + timedelta(days=1))):
        ledger.record(one)
    ledger.close()
    (tmp_path / "modelrouter.yaml").write_text(f"version: 1\nledger: {{path: {tmp_path / 'calls.db'}}}\n")
    return tmp_path / "modelrouter.yaml"


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["report", *arguments])


def test_the_command_prints_tables(recorded: Path) -> None:
    done = run("--config", str(recorded))
    assert done.exit_code == 0, done.output
    assert "against everything on nebius-llama-405b" in done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()[2:5]] == ["code", "simple", "total"]
    assert "mixed_optimal" in done.stdout


def test_the_command_prints_json_and_writes_a_page(recorded: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.html"
    done = run("--config", str(recorded), "--by", "day", "--since", "2026-04-01", "--json", "--html", str(out))
    data = json.loads(done.stdout)
    assert [line["name"] for line in data["lines"]] == ["2026-04-01"]
    assert data["total"]["cost_usd"] == 0.1
    assert out.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize("arguments", [(), ("--ledger", "/nowhere/x.db")])
def test_the_command_says_where_no_ledger_is(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert "ledger" in done.stderr
