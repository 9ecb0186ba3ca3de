"""What an import brings with it: nothing that only some users need."""

import subprocess
import sys

import pytest

EXTRAS = ("fastapi", "numpy", "openai", "sklearn", "starlette", "trafilatura", "typer", "uvicorn")


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that are loaded after `code` has run in a fresh interpreter."""
    show = "import sys; print('\\n'.join({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{show}"], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_package_alone_loads_nothing_of_langchain() -> None:
    assert not loaded_by("import langchain_modelrouter") & {*EXTRAS, "langchain_core", "langgraph", "pydantic", "yaml"}


@pytest.mark.parametrize(
    "code",
    [
        "from langchain_modelrouter import RouterChatModel, get_llm_for_task",
        "from langchain_modelrouter import RouterChatModel; RouterChatModel()",
        "from langchain_modelrouter.prebuilt import create_router_graph",
    ],
)
def test_a_router_loads_no_client_before_it_calls_one_and_no_web_framework(code: str) -> None:
    assert not loaded_by(code) & {*EXTRAS, "graphs", "langchain", "langchain_openai"}


def test_a_decision_needs_no_client_either() -> None:
    code = (
        "import os; os.environ['SAMBANOVA_API_KEY'] = 'none'\n"
        "from langchain_modelrouter import RouterChatModel\n"
        "assert RouterChatModel().decide('hello', task='simple').model.key == 'sambanova-llama-8b'"
    )
    assert not loaded_by(code) & {*EXTRAS, "langchain_openai"}


def test_every_public_name_can_be_had() -> None:
    import langchain_modelrouter

    assert all(getattr(langchain_modelrouter, name).__name__ == name for name in langchain_modelrouter.__all__)
