import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

Run = Callable[..., Any]


def test_drill_tells_what_the_built_in_configuration_survives(run: Run) -> None:
    result = run("drill", "--fault", "unavailable", "--fault", "content_filter", "--json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert [(row["row"], row["fault"], row["door"], row["result"]) for row in rows] == [
        (5, "unavailable", "invoke", "answered"),
        (5, "unavailable", "stream", "answered"),
        (28, "content_filter", "invoke", "by contract"),
        (28, "content_filter", "stream", "by contract"),
    ]
    assert rows[0]["provider"] != rows[0]["model"].split("-")[0]


def test_drill_ends_with_1_where_a_call_is_lost(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "alone.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "extends": "none",
                "preset": "mine",
                "providers": {"solo": {"base_url": "http://solo.invalid/v1"}},
                "models": {"only": {"provider": "solo", "api_name": "only"}},
                "presets": {"mine": {"default": "only"}},
            }
        )
    )
    result = run("drill", "--config", str(path), "--fault", "overloaded")
    assert result.exit_code == 1
    assert "LOST" in result.stdout
    assert "0 of them were survived" in result.stderr


def test_drill_knows_its_faults(run: Run) -> None:
    result = run("drill", "--fault", "flood")
    assert result.exit_code == 2
    assert "flood" in result.stderr
