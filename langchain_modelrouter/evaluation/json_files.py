"""Reading JSON lines and price lists, with faults named by file and line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def read_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield ("file:line", record) for each line that is not blank.

    Raises:
        ValueError: a line is no JSON object.
    """
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{path}:{number}"
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ValueError(f"{where}: not JSON ({error})") from error
            if not isinstance(row, dict):
                raise ValueError(f"{where}: a JSON object is wanted, not {type(row).__name__}")
            yield where, row


def read_prices(path: Path) -> dict[str, tuple[float, float]]:
    """Return model -> (input, output) USD per million tokens from a JSON file, however deep the models lie.

    A model's entry has one key with "input" and one with "output" in its name, both in USD per million.
    """
    found: dict[str, tuple[float, float]] = {}

    def walk(name: str, value: object) -> None:
        if isinstance(value, dict):
            sides = [next((v for k, v in value.items() if side in k), None) for side in ("input", "output")]
            if all(isinstance(price, int | float) for price in sides):
                found[name] = (float(sides[0] or 0), float(sides[1] or 0))
            for key, inner in value.items():
                walk(key, inner)

    walk("", json.loads(path.read_text(encoding="utf-8")))
    return found
