from pathlib import Path

import pytest

from tests.notebook_outputs import NOTEBOOKS, executed, read, shown


def test_the_notebooks_are_numbered_without_a_gap() -> None:
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{number:02}" for number in range(1, len(NOTEBOOKS) + 1)]


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:jupyter_client")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_shows_what_it_says(path: Path) -> None:
    stored = read(path)
    assert shown(executed(stored)) == shown(stored), "stale output: run `make notebooks`"
