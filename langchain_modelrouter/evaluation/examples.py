"""Labelled prompts, as they are read for training and evaluation."""

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

OWN_PREFIX = "own_"


class ExamplesError(ValueError):
    """A file of labelled prompts with a fault."""


@dataclass(frozen=True, slots=True)
class Example:
    """One prompt with its label and where it comes from."""

    text: str
    label: str
    source: str

    @property
    def group(self) -> str:
        """What is held out together: the source; what one hand wrote (`own_...`) is one source."""
        return "own" if self.source.startswith(OWN_PREFIX) else self.source


def read_examples(paths: Iterable[Path | str]) -> list[Example]:
    """Return the examples of JSON-lines files, gzip or plain.

    A line needs `text` (or `prompt`) and `label` (or `task`); `source` defaults to the name of the file.

    Raises:
        ExamplesError: a line is no such object; says which.
        OSError: a file cannot be read.
    """
    return [example for path in map(Path, paths) for example in _of_file(path)]


def labels_of(examples: Iterable[Example]) -> Sequence[str]:
    """Return the labels, each once, sorted."""
    return sorted({example.label for example in examples})


def _of_file(path: Path) -> Iterable[Example]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for number, line in enumerate(data.decode().split("\n"), start=1):
        if line.strip():
            yield _of_line(line, path, number)


def _of_line(line: str, path: Path, number: int) -> Example:
    try:
        row = json.loads(line)
        text, label = row.get("text", row.get("prompt")), row.get("label", row.get("task"))
    except (ValueError, AttributeError) as error:
        raise ExamplesError(f"{path}:{number}: this line is no JSON object") from error
    if not isinstance(text, str) or not isinstance(label, str) or not text.strip() or not label:
        raise ExamplesError(f"{path}:{number}: give `text` and `label`, both as text that is not empty")
    return Example(text, label, str(row.get("source") or path.name.partition(".")[0]))
