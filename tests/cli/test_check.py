import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_the_built_in_configuration_has_no_faults(run: Run) -> None:
    result = run("check")
    assert result.exit_code == 0
    assert "no faults" in result.stdout
    assert "mixed_optimal" in result.stdout
    assert "SAMBANOVA_API_KEY is not set" in result.stderr


def test_each_fault_is_one_line_with_its_place(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("preset: nope\n\nmodels:\n  a: {provider: nebius}\n  nebius-llama-8b: {input_usd_per_mtok: -1}\n")
    for arguments in (["check", file], ["check", "--config", file]):
        result = run(*arguments)
        assert result.exit_code == 2
        assert result.stdout == ""
        starts = [
            f"{file}:1: preset: ",
            f"{file}:4: models.a.api_name: ",
            f"{file}:5: models.nebius-llama-8b.input_usd",
        ]
        lines = result.stderr.splitlines()
        assert len(lines) == 3
        assert all(line.startswith(start) for line, start in zip(lines, starts, strict=True))


def test_faults_are_data_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "modelrouter.yaml").write_text("preset: nope\n")
    result = run("check", "--json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert found["ok"] is False
    assert [(fault["file"], fault["line"], fault["key"]) for fault in found["faults"]] == [
        ("modelrouter.yaml", 1, "preset")
    ]


def test_a_good_file_is_data_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "modelrouter.yaml").write_text("preset: dev_fast\n")
    found = json.loads(run("check", "--json").stdout)
    assert (found["ok"], found["preset"]) == (True, "dev_fast")
    assert found["files"] == [str(tmp_path / "modelrouter.yaml")]
    assert found["missing_keys"]["nebius"] == "NEBIUS_API_KEY"
