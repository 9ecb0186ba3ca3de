"""Reports as files: whole or not at all."""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graphs.seo.report_html import report_html
from graphs.seo.report_markdown import report_markdown


def report_json(report: dict[str, Any]) -> str:
    """Return the report as indented JSON."""
    return json.dumps(report, ensure_ascii=False, indent=2) + "\n"


FORMATS: dict[str, Callable[[dict[str, Any]], str]] = {
    ".html": report_html,
    ".md": report_markdown,
    ".json": report_json,
}
"""How a report is written, by the file's suffix."""


def check_path(path: Path) -> None:
    """Check, before anything is paid for, that a report can be written there.

    Raises:
        ValueError: the suffix is none of `FORMATS`, or there is no such folder.
    """
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path}: a report is written as {', '.join(FORMATS)}, not as {path.suffix or 'that'}")
    if not path.parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.parent}")


def write_report(report: dict[str, Any], path: Path) -> None:
    """Write the report in the format of the suffix; the file is replaced in one step, or left as it was.

    Raises:
        ValueError: see `check_path`.
        OSError: the file cannot be written.
    """
    check_path(path)
    text = FORMATS[path.suffix.lower()](report)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
