import json
from decimal import Decimal

import pytest

from langchain_modelrouter.cli import render
from langchain_modelrouter.evaluation.advise import Finding


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0.269", "$0.269"),
        ("1614", "$1,614.000"),
        ("0.7605", "$0.761"),
        ("0", "$0.000"),
        ("0.00025", "$0.00025"),
        ("0.0000009", "$0.0000009"),
        (None, None),
    ],
)
def test_small_amounts_keep_their_digits(amount: str | None, shown: str | None) -> None:
    assert render.usd(None if amount is None else Decimal(amount)) == shown


@pytest.mark.parametrize(
    ("count", "shown"), [(128_000, "128k"), (32_768, "32.77k"), (1_050_000, "1.05M"), (None, None)]
)
def test_windows_are_short(count: int | None, shown: str | None) -> None:
    assert render.tokens(count) == shown


def test_columns_line_up_and_unknown_figures_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    render.table(("name", "cost"), [("a", "1"), ("longer", None)], title="All", right=("cost",))
    assert capsys.readouterr().out == "All\nname    cost\na          1\nlonger     ?\n"


def test_a_terminal_gets_a_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "is_terminal", lambda: True)
    render.table(("name", "cost"), [("[bold]x", 1)], title="All", right=("cost",))
    out = capsys.readouterr().out
    assert "[bold]x     1" in out


def test_json_keeps_money_exact_and_sorts_sets(capsys: pytest.CaptureFixture[str]) -> None:
    render.as_json({"usd": Decimal("0.269"), "has": frozenset({"b", "a"})})
    assert capsys.readouterr().out == '{\n  "usd": 0.269,\n  "has": [\n    "a",\n    "b"\n  ]\n}\n'


def test_json_refuses_what_has_no_form() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        render.as_json(object())


def test_a_terminal_without_colour_gets_plain_headings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "is_terminal", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    render.heading("A")
    monkeypatch.setenv("NO_COLOR", "1")
    render.heading("B")
    render.remark("C")
    assert capsys.readouterr().out == "\x1b[1mA\x1b[0m\nB\nC\n"


def test_json_takes_values_of_ours_and_no_infinity(capsys: pytest.CaptureFixture[str]) -> None:
    render.as_json([Finding("low_volume", False, float("inf"), 1.0, "x")])
    shown = json.loads(capsys.readouterr().out)
    assert shown == [{"reason": "low_volume", "holds": False, "measured": None, "limit": 1.0, "message": "x"}]
