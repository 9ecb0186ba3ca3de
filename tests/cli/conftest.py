from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from langchain_modelrouter.cli.main import app

Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs `modelrouter` in an empty folder, without keys, and gives its result."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MODELROUTER_CONFIG", raising=False)
    for provider in ("SAMBANOVA", "NEBIUS", "CHEAPESTINFERENCE", "OPENAI", "ANTHROPIC", "GOOGLE"):
        monkeypatch.delenv(f"{provider}_API_KEY", raising=False)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])
