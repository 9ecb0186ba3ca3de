"""The README is true: its Python runs and prints what it says, its YAML is valid, its commands exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from langchain_modelrouter import RouterConfig
from langchain_modelrouter.cli.main import COMMANDS
from langchain_modelrouter.costs import job_cost
from langchain_modelrouter.evaluation.workload import PUBLISHED_LATENCIES, simulate_workload
from langchain_modelrouter.simulator.simulated_config import simulated_providers
from langchain_modelrouter.testing import fault_server

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")
_PRINTED = re.compile(r"^\s*print\(.*\)  # (.+)$", re.MULTILINE)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def _providers_are_simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a `RouterChatModel()` and a `ChatOpenAI()` without further words ask the simulator."""
    with fault_server() as (server, _):
        file = tmp_path / "modelrouter.yaml"
        file.write_text(yaml.safe_dump({"providers": simulated_providers(RouterConfig.builtin(), server)}))
        monkeypatch.setenv("MODELROUTER_CONFIG", str(file))
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        monkeypatch.setenv("OPENAI_API_BASE", server.url("openai"))
        yield


@pytest.mark.usefixtures("_providers_are_simulated")
def test_the_python_runs_from_top_to_bottom_and_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for block in blocks("python"):
        exec(compile(block, str(README), "exec"), names)
        assert capsys.readouterr().out.splitlines() == _PRINTED.findall(block), block
    assert sum(len(_PRINTED.findall(block)) for block in blocks("python")) >= 6


def test_the_configuration_is_valid() -> None:
    (block,) = blocks("yaml")
    config = RouterConfig.model_validate(yaml.safe_load(block))
    assert config.active_preset["code"] == ("sambanova-deepseek-v3", "nebius-deepseek-r1")


def test_each_command_is_shown_and_each_that_is_shown_is_there() -> None:
    named = set(re.findall(r"`modelrouter ([a-z-]+)", TEXT))
    table = "".join(line for line in TEXT.splitlines() if line.startswith("| `modelrouter"))
    assert named <= set(COMMANDS)
    assert set(COMMANDS) <= named | set(re.findall(r"`([a-z-]+)(?: PRESET)?`", table))


def test_the_arithmetic_of_the_workload_is_ours() -> None:
    report = simulate_workload(PUBLISHED_LATENCIES)
    assert f"{report.routed_s:.3f} s on average when routed instead of {report.baseline_s:.1f} s" in TEXT
    assert f"{report.faster:.0%}".replace("%", " %") in TEXT


def test_the_arithmetic_is_the_catalogues() -> None:
    job = job_cost(RouterConfig.builtin(), "sambanova_optimized")
    assert f"${job.total_usd:.3f} instead of ${job.baseline_usd:.3f}" in TEXT
    assert job.saving is not None
    assert f"{job.saving:.1%}".replace("%", " %") in TEXT
