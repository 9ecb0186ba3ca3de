"""Running a notebook, and what of its outputs a reader sees."""

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
_SEEN = ("text/plain", "text/html", "image/svg+xml", "text/markdown")


def executed(stored: Any) -> Any:
    """Return a copy of the notebook with fresh outputs, without the times at which its cells ran."""
    fresh = NotebookClient(deepcopy(stored), timeout=120, kernel_name="python3", record_timing=False).execute()
    for number, cell in enumerate((cell for cell in fresh.cells if cell.cell_type == "code"), start=1):
        cell.execution_count = number
        cell.outputs = _joined(cell.outputs)
    fresh.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return fresh


def shown(notebook: Any) -> list[list[str]]:
    """Return what each code cell shows."""
    return [[_text(output) for output in cell.outputs] for cell in notebook.cells if cell.cell_type == "code"]


def read(path: Path) -> Any:
    """Return the notebook as it is stored."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def write(notebook: Any, path: Path) -> None:
    """Store the notebook."""
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


def _joined(outputs: list[Any]) -> list[Any]:
    """Return the outputs with the pieces of one stream put together: how it is cut varies from run to run."""
    joined: list[Any] = []
    for output in outputs:
        before = joined[-1] if joined else {}
        if output.output_type == "stream" and before.get("name") == output.name:
            before["text"] += output.text
        else:
            joined.append(output)
    return joined


def _text(output: Any) -> str:
    if output.output_type == "stream":
        return f"{output.name}: {output.text}"
    data = output.get("data", {})
    texts = [f"{kind}: {data[kind]}" for kind in _SEEN if kind in data]
    return re.sub(r" at 0x[0-9a-f]+", "", "\n".join(texts) or str(output))
