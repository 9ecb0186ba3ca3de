import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from langchain_modelrouter.cli.main import COMMANDS

Run = Callable[..., Any]


def test_help_lists_every_command(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert all(name in result.stdout for name in COMMANDS)


def test_help_imports_no_command_and_no_langchain() -> None:
    code = (
        "import sys; from langchain_modelrouter.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print('langchain_core' in sys.modules, 'langchain_modelrouter.cli.cost' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False False"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_has_an_example(run: Run, name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert f"Example: modelrouter {name}" in result.stdout
    assert "--config" in result.stdout


@pytest.mark.parametrize("arguments", [["chek"], ["cost", "--presett", "x"], ["cost", "--jobs-per-day", "0"], ["use"]])
def test_wrong_usage_ends_with_two(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


def test_the_version_is_printed(run: Run) -> None:
    assert run("--version").stdout.startswith("modelrouter ")


def test_a_pipe_gets_no_colour(tmp_path: Path) -> None:
    code = "from langchain_modelrouter.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "models"], capture_output=True, text=True, check=True, cwd=tmp_path, env=os.environ
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert "sambanova-llama-8b" in done.stdout
