import json
from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]


def test_the_preset_in_force_is_marked(run: Run) -> None:
    marked = [line.split()[1] for line in run("presets").stdout.splitlines() if line.startswith("*")]
    assert marked == ["mixed_optimal"]


def test_one_preset_is_shown_task_by_task(run: Run) -> None:
    rows = dict(line.split(maxsplit=1) for line in run("presets", "dev_fast").stdout.splitlines()[1:])
    assert rows["code"] == "sambanova-llama-8b, sambanova-llama-17b"


def test_presets_are_data_too(run: Run) -> None:
    found = json.loads(run("presets", "--json").stdout)
    assert found["active"] == "mixed_optimal"
    assert found["presets"]["nebius_balanced"]["recommendations"] == ["nebius-llama-405b"]


def test_an_unknown_preset_is_refused_with_the_nearest(run: Run) -> None:
    result = run("presets", "mixed")
    assert result.exit_code == 2
    assert "Did you mean 'mixed_optimal'?" in result.stderr
