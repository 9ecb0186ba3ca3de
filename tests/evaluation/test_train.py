import gzip
import json
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason="the `train` extra is not installed")

from langchain_modelrouter.evaluation.examples import Example, ExamplesError, read_examples
from langchain_modelrouter.evaluation.leave_source_out import Verdict, best_temperature, leave_source_out, source_folds
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


def test_folds_keep_sources_whole_and_what_one_hand_wrote_together() -> None:
    examples = [Example("x", "a", source) for source in ("p", "p", "p", "q", "own_a_1", "own_b_2", "r")]
    parts = source_folds(examples, 2)
    assert sorted(name for part in parts for name in part) == ["own", "p", "q", "r"]


def test_a_label_of_one_source_only_is_not_judged() -> None:
    examples = [Example(**row) for row in rows()] + [Example("refund me", "refund", "phone")] * 4
    found = leave_source_out(examples, folds=3)
    assert found is not None
    assert found.metrics.count == 30


def test_temperature_is_above_1_where_the_log_odds_claim_too_much() -> None:
    right = Verdict(Example("x", "a", "s"), {"a": 4.0, "b": 0.0})
    wrong = Verdict(Example("x", "b", "s"), {"a": 4.0, "b": 0.0})
    # three of four are right: the fitting log-odds are ln 3
    assert best_temperature([right] * 3 + [wrong]) == pytest.approx(4.0 / 1.0986, rel=1e-3)
