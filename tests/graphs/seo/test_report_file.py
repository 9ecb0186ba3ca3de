import json
import os
from pathlib import Path
from typing import Any

import pytest

from graphs.seo.report_file import check_path, write_report

REPORT: dict[str, Any] = {
    "target": "https://a.example/",
    "keyword": "größe",
    "simulated": False,
    "preset": "p",
    "pages": [],
    "errors": [],
    "gap_analysis": {
        "missing_keywords": [],
        "coverage": None,
        "word_count_gap": None,
        "missing_topics": [],
        "summary": "s",
    },
    "recommendations": [],
    "costs": [],
    "total_cost_usd": 0.0,
    "baseline_cost_usd": None,
    "saving": None,
}


@pytest.mark.parametrize("suffix", [".html", ".md", ".json", ".HTML"])
def test_the_suffix_decides_the_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"report{suffix}"
    write_report(REPORT, path)
    text = path.read_text(encoding="utf-8")
    assert "größe" in text
    assert {".html": "<", ".md": "#", ".json": "{"}[suffix.lower()] == text[0]
    assert [child.name for child in tmp_path.iterdir()] == [path.name]


def test_json_is_the_report_itself(tmp_path: Path) -> None:
    write_report(REPORT, tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8")) == REPORT


@pytest.mark.parametrize("name", ["report.pdf", "report", "no-such-folder/report.md"])
def test_a_path_that_cannot_be_written_is_refused_beforehand(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="report"):
        check_path(tmp_path / name)
    with pytest.raises(ValueError, match="report"):
        write_report(REPORT, tmp_path / name)


def test_a_failure_leaves_the_old_file_and_no_scraps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.md"
    path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_report(REPORT, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
