import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_the_preset_of_the_file_is_switched(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "modelrouter.yaml"
    file.write_text("version: 1\npreset: mixed_optimal  # ours\n")
    result = run("use", "nebius_balanced")
    assert (result.exit_code, result.stdout) == (0, "modelrouter.yaml: preset nebius_balanced is in force.\n")
    assert file.read_text() == "version: 1\npreset: nebius_balanced  # ours\n"


def test_a_file_is_made_where_there_is_none(run: Run, tmp_path: Path) -> None:
    assert json.loads(run("use", "dev_fast", "--json").stdout) == {"file": "modelrouter.yaml", "preset": "dev_fast"}
    assert (tmp_path / "modelrouter.yaml").read_text() == "version: 1\npreset: dev_fast\n"


def test_an_unknown_preset_changes_nothing(run: Run, tmp_path: Path) -> None:
    result = run("use", "nope")
    assert result.exit_code == 2
    assert "No preset 'nope'" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_named_file_must_exist(run: Run, tmp_path: Path) -> None:
    result = run("use", "dev_fast", "--config", "gone.yaml")
    assert result.exit_code == 2
    assert "gone.yaml:0: (file): there is no such file" in result.stderr
    assert list(tmp_path.iterdir()) == []
