import pytest
import typer

from langchain_modelrouter.cli.guard import exit_code, guarded
from langchain_modelrouter.errors import AllModelsFailedError, ConfigError, Fault, UnknownPresetError


def test_work_that_failed_ends_with_one_and_misuse_with_two() -> None:
    assert exit_code(AllModelsFailedError("No answer", [RuntimeError("x")])) == 1
    assert exit_code(UnknownPresetError("x", ["y"])) == 2
    assert exit_code(ConfigError([])) == 2


def test_each_fault_becomes_a_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise ConfigError([Fault("c.yaml", 1, "a", "x"), Fault("c.yaml", 2, "b", "y")])

    with pytest.raises(typer.Exit) as ended:
        guarded(command)()
    assert ended.value.exit_code == 2
    assert capsys.readouterr() == ("", "c.yaml:1: a: x\nc.yaml:2: b: y\n")


def test_a_bug_is_not_hidden() -> None:
    def command() -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        guarded(command)()
