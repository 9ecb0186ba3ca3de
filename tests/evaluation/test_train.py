import gzip
import json
from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="the `train` extra is not installed")

from langchain_modelrouter.evaluation.examples import Example, ExamplesError, read_examples
from langchain_modelrouter.evaluation.train import train
from langchain_modelrouter.routing.classifiers.local import LocalClassifier
from langchain_modelrouter.routing.request import RouteRequest

SALES = ("price of a lamp", "buy the large lamp", "price for ten lamps", "buy two lamps today", "price and delivery")
SUPPORT = ("lamp is broken", "my lamp is broken again", "repair the lamp", "it is broken, repair it", "broken switch")


def rows() -> list[dict[str, str]]:
    """Return two labels in three sources."""
    return [
        {"text": f"{text} {word}", "label": label, "source": source}
        for source, word in (("shop", "now"), ("phone", "soon"), ("letters", "kindly"))
        for label, texts in (("sales", SALES), ("support", SUPPORT))
        for text in texts
    ]


def write(path: Path, lines: list[dict[str, str]]) -> Path:
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def test_trains_on_a_users_labels_and_reports_unseen_sources(tmp_path: Path) -> None:
    done: list[tuple[int, int]] = []
    out = tmp_path / "mine.weights"
    report = train([write(tmp_path / "data.jsonl", rows())], out, progress=lambda n, of: done.append((n, of)))
    assert done == [(1, 3), (2, 3), (3, 3)]
    assert (report.labels, report.size_bytes) == ({"sales": 15, "support": 15}, out.stat().st_size)
    assert report.unseen is not None
    assert report.unseen.metrics.count == 30
    assert set(report.unseen.by_source) == {"shop", "phone", "letters"}
    assert report.unseen.metrics.accuracy > 0.9
    found = LocalClassifier(out)(RouteRequest(text="the bulb is broken"))
    assert found is not None
    assert found.task == "support"


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    data = write(tmp_path / "data.jsonl", rows())
    first, second = (train([data], tmp_path / name, seed=7, folds=2).out.read_bytes() for name in ("a", "b"))
    assert first == second


def test_one_source_says_nothing_about_unseen_ones(tmp_path: Path) -> None:
    data = write(tmp_path / "only.jsonl", [{"prompt": row["text"], "task": row["label"]} for row in rows()])
    report = train([data], tmp_path / "w")
    assert (report.unseen, report.sources) == (None, {"only": 30})


def test_a_single_label_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    data = write(tmp_path / "data.jsonl", [{"text": "hi", "label": "sales"}])
    with pytest.raises(ValueError, match="at least two"):
        train([data], tmp_path / "w")
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    "line", ["{", "3", '{"text": "hi"}', '{"text": " ", "label": "a"}', '{"text": 4, "label": "a"}']
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "fine", "label": "a"}\n\n' + line)
    with pytest.raises(ExamplesError, match=r"data\.jsonl:3: "):
        read_examples([path])


def test_reads_gzip(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "fine", "label": "a", "source": "s"}'))
    assert read_examples([path]) == [Example("fine", "a", "s")]
