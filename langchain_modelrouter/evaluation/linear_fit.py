"""Fits the linear classifier to labelled prompts. Needs the `train` extra (numpy, scikit-learn)."""

import random
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

from langchain_modelrouter.evaluation.examples import Example, labels_of
from langchain_modelrouter.evaluation.perturb import typo
from langchain_modelrouter.routing.classifiers.features import Extractor, Feature, Features, is_word, words_of
from langchain_modelrouter.routing.classifiers.linear import LinearModel, group_scales

C: Final = 0.3
"""Inverse strength of the L2 penalty; best of 0.1, 0.3, 1 and 3 by leave-source-out accuracy."""
SOURCE_CAP: Final = 250
"""A label of one source counts as at most so many examples, so that no source teaches its style."""
MIN_COUNT: Final = 4
MIN_SOURCES: Final = 2
"""A feature that occurs in one source only says more about the source than about the label."""
BYTE: Final = 127
TYPO_CHARS: Final = 4000


def fit(examples: Sequence[Example], *, seed: int = 0, c: float = C, temperature: float = 1.0) -> LinearModel:
    """Return the classifier fitted to the examples; the same examples and seed give the same one.

    Args:
        c: inverse strength of the penalty.
        temperature: what the log-odds are divided by; `leave_source_out` finds it.

    Raises:
        ValueError: fewer than two labels.
    """
    import numpy as np

    labels, bias, coefficients, features = _solve([*examples, *_with_typos(examples, seed)], c)
    largest = float(np.abs(coefficients).max()) or 1.0
    steps = np.rint(coefficients * (BYTE / largest)).astype(int)
    rows = dict(zip(features, steps.T.tolist(), strict=True))
    weights = {feature: row for feature, row in rows.items() if any(row) or is_word(feature)}
    return LinearModel.from_weights(labels, (bias / temperature).tolist(), largest / BYTE / temperature, weights)


def _solve(examples: Sequence[Example], c: float) -> tuple[Sequence[str], Any, Any, list[Feature]]:
    """Return labels, bias, coefficients and the names of their columns."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # it ships no types

    labels = labels_of(examples)
    if len(labels) < 2:
        raise ValueError(f"{len(labels)} label: a classifier needs examples of at least two")
    words = _shared([(words_of(example.text), example.source) for example in examples])
    extract = Extractor(filter(is_word, words))
    found = [extract(example.text) for example in examples]
    names = _shared([(chain(*groups), example.source) for groups, example in zip(found, examples, strict=True)])
    names = sorted({*names, *words}, key=str)
    learner = LogisticRegression(C=c, max_iter=300, tol=1e-3)
    truth = [labels.index(example.label) for example in examples]
    learner.fit(_matrix(found, names), truth, sample_weight=_weights(examples))
    coefficients, bias = np.asarray(learner.coef_), np.asarray(learner.intercept_)
    if len(labels) == 2:  # one row of log-odds for the second label: share it between both
        coefficients, bias = np.vstack([-coefficients, coefficients]) / 2, np.concatenate([-bias, bias]) / 2
    return labels, bias, coefficients, names


def _with_typos(examples: Sequence[Example], seed: int) -> Iterable[Example]:
    draw = random.Random(seed)
    for example in examples:
        yield Example(typo(example.text[:TYPO_CHARS], draw), example.label, example.source)


def _shared(found: Sequence[tuple[Iterable[Feature], str]]) -> list[Feature]:
    """Return what is frequent enough and, where there are several sources, not of one alone."""
    counts: Counter[Feature] = Counter()
    sources: defaultdict[Feature, set[str]] = defaultdict(set)
    for names, source in found:
        for name in set(names):
            counts[name] += 1
            sources[name].add(source)
    wanted = min(MIN_SOURCES, len({source for _, source in found}))
    return sorted((name for name in counts if counts[name] >= MIN_COUNT and len(sources[name]) >= wanted), key=str)


def _weights(examples: Sequence[Example]) -> list[float]:
    """Return the weight of each example: sources capped, then every label the same in sum, 1 on average."""
    counts = Counter((example.source, example.label) for example in examples)
    capped = [min(1.0, SOURCE_CAP / counts[example.source, example.label]) for example in examples]
    sums: Counter[str] = Counter()
    for example, weight in zip(examples, capped, strict=True):
        sums[example.label] += weight  # type: ignore[assignment]  # a Counter of floats
    share = len(examples) / len(sums)
    return [weight * share / sums[example.label] for example, weight in zip(examples, capped, strict=True)]


def _matrix(found: Sequence[Features], names: Sequence[Feature]) -> Any:
    """Return the sparse matrix of the features, each weighted as the model weighs it."""
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]  # it ships no types

    index = {name: column for column, name in enumerate(names)}
    data, columns, rows = array("f"), array("i"), array("i", [0])
    for features in found:
        groups: tuple[Sequence[Feature], ...] = features
        for group, scale in zip(groups, group_scales(features), strict=True):
            seen = [index[name] for name in group if name in index]
            columns.extend(seen)
            data.extend([scale] * len(seen))
        rows.append(len(columns))
    return csr_matrix((data, columns, rows), shape=(len(found), len(names)))
