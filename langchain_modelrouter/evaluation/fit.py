"""Fits the local classifier to labelled prompts. Needs the `train` extra (numpy, and scipy with scikit-learn)."""

import random
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final, TypeVar

from langchain_modelrouter.evaluation.examples import Example, labels_of
from langchain_modelrouter.evaluation.perturb import typo
from langchain_modelrouter.routing.classifiers.features import Extractor, Feature, Features, Name, is_word, words_of
from langchain_modelrouter.routing.classifiers.text_model import Layers, TextModel, group_scales

F = TypeVar("F", bound=Feature)

HIDDEN: Final = 16
SOURCE_CAP: Final = 320
"""A label of one source counts as at most so many examples, so that no source teaches its style."""
ONE_HAND: Final = 0.7
"""What an example counts whose source is one of several that one hand wrote: they are more alike than sources are."""
MIN_COUNT: Final = 5
MIN_SOURCES: Final = 3
"""A feature of fewer sources says more about a source than about the label."""
TYPO_CHARS: Final = 4000
BATCH: Final = 256
EPOCHS: Final = 6
MIN_STEPS: Final = 300
RATE: Final = 0.003
DECAY: Final = 1e-4
FEATURE_DROPOUT: Final = 0.3
HIDDEN_DROPOUT: Final = 0.2
MOMENTS: Final = (0.9, 0.99)
"""Decay of Adam's two moments. Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015."""
BYTE: Final = 127
FAINT: Final = 10
"""A pair of words or a cue whose bytes are all this small is left out: the table is looked up faster without it."""


def fit(examples: Sequence[Example], *, seed: int = 0, temperature: float = 1.0) -> TextModel:
    """Return the classifier fitted to the examples; the same examples and seed give the same one.

    The settings above are the best of a few by leave-source-out accuracy; a linear model was 0.6 points below.

    Args:
        temperature: what the log-odds are divided by; `leave_source_out` finds it.

    Raises:
        ValueError: fewer than two labels.
    """
    import numpy as np

    labels = labels_of(examples)
    if len(labels) < 2:
        raise ValueError(f"{len(labels)} label: a classifier needs examples of at least two")
    examples = [*examples, *_with_typos(examples, seed)]
    words = _shared([(words_of(example.text), example.source) for example in examples])
    extract = Extractor(filter(is_word, words))
    found = [extract(example.text) for example in examples]
    features = _shared([(chain(*groups), example.source) for groups, example in zip(found, examples, strict=True)])
    names: list[Name] = sorted({*extract.names(features), *words}, key=str)
    truth = np.eye(len(labels), dtype=np.float32)[[labels.index(example.label) for example in examples]]
    weights = np.array(_weights(examples), dtype=np.float32)
    first, thresholds, output, bias = _descend(_matrix(found, list(map(extract.feature, names))), truth, weights, seed)
    units = np.maximum(np.abs(first).max(axis=0), 1e-6) / BYTE  # what one step of a byte is worth
    floors = -thresholds / units
    output = (output * units[:, None]).T / temperature
    layers = Layers(
        labels=tuple(labels),
        floors=_floats(floors),
        output=tuple(_floats(row) for row in output),
        bias=_floats(bias / temperature - output @ floors),
    )
    rows = np.rint(first / units).astype(np.int8)
    kept = [row for row, name in enumerate(names) if is_word(name) or np.abs(rows[row]).max() > FAINT]
    return TextModel.from_weights(layers, [names[row] for row in kept], rows[kept].tobytes())


def _descend(matrix: Any, truth: Any, weights: Any, seed: int) -> list[Any]:
    """Return both layers after Adam on the weighted log-loss, with dropout of features and of hidden units."""
    import numpy as np

    draw = np.random.default_rng(seed)
    count, width = matrix.shape
    layers = [
        draw.normal(0, 0.1, (width, HIDDEN)).astype(np.float32),
        np.zeros(HIDDEN, np.float32),
        draw.normal(0, 0.3, (HIDDEN, truth.shape[1])).astype(np.float32),
        np.zeros(truth.shape[1], np.float32),
    ]
    means, squares = [np.zeros_like(layer) for layer in layers], [np.zeros_like(layer) for layer in layers]
    batch = min(BATCH, count)
    steps = max(MIN_STEPS, EPOCHS * (count // batch))
    order = draw.permutation(count)
    for step in range(steps):
        start = step * batch % count
        if start < batch:
            order = draw.permutation(count)
        rows = order[start : start + batch]
        inputs = matrix[rows]
        inputs.data = (
            inputs.data * (draw.random(len(inputs.data), np.float32) > FEATURE_DROPOUT) / (1 - FEATURE_DROPOUT)
        )
        kept = (draw.random((len(rows), HIDDEN), np.float32) > HIDDEN_DROPOUT) / np.float32(1 - HIDDEN_DROPOUT)
        before = inputs @ layers[0] + layers[1]
        hidden = np.maximum(before, 0) * kept
        logits = hidden @ layers[2] + layers[3]
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        error = (odds / odds.sum(axis=1, keepdims=True) - truth[rows]) * weights[rows, None] / len(rows)
        back = (error @ layers[2].T) * kept * (before > 0)
        slopes = [
            inputs.T @ back + DECAY * layers[0],
            back.sum(axis=0),
            hidden.T @ error + DECAY * layers[2],
            error.sum(axis=0),
        ]
        rate = RATE * (1 - step / steps)
        for layer, slope, mean, square in zip(layers, slopes, means, squares, strict=True):
            mean += (1 - MOMENTS[0]) * (slope - mean)
            square += (1 - MOMENTS[1]) * (slope * slope - square)
            level = mean / (1 - MOMENTS[0] ** (step + 1))
            layer -= rate * level / (np.sqrt(square / (1 - MOMENTS[1] ** (step + 1))) + 1e-8)
    return layers


def _with_typos(examples: Sequence[Example], seed: int) -> Iterable[Example]:
    draw = random.Random(seed)
    for example in examples:
        yield Example(typo(example.text[:TYPO_CHARS], draw), example.label, example.source)


def _shared(found: Sequence[tuple[Iterable[F], str]]) -> list[F]:
    """Return what is frequent enough, in several sources and in at least half of a few."""
    counts: Counter[F] = Counter()
    sources: defaultdict[F, set[str]] = defaultdict(set)
    for names, source in found:
        for name in set(names):
            counts[name] += 1
            sources[name].add(source)
    wanted = min(MIN_SOURCES, -(-len({source for _, source in found}) // 2))
    return sorted((name for name in counts if counts[name] >= MIN_COUNT and len(sources[name]) >= wanted), key=str)


def _weights(examples: Sequence[Example]) -> list[float]:
    """Return the weight of each example, 1 on average: sources are capped, and a label counts as its root then."""
    counts = Counter((example.source, example.label) for example in examples)
    weights = [
        min(1.0, SOURCE_CAP / counts[example.source, example.label])
        * (1.0 if example.group == example.source else ONE_HAND)
        for example in examples
    ]
    mass = dict.fromkeys(labels_of(examples), 0.0)
    for weight, example in zip(weights, examples, strict=True):
        mass[example.label] += weight
    weights = [weight / mass[example.label] ** 0.5 for weight, example in zip(weights, examples, strict=True)]
    scale = len(examples) / sum(weights)
    return [weight * scale for weight in weights]


def _matrix(found: Sequence[Features], counted: Sequence[Feature]) -> Any:
    """Return the sparse matrix of the features, each weighted as the model weighs it."""
    import numpy as np
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]  # it ships no types

    index = {feature: column for column, feature in enumerate(counted)}
    data, columns, rows = array("f"), array("i"), array("i", [0])
    for features in found:
        groups: tuple[Sequence[Feature], ...] = features
        for group, scale in zip(groups, group_scales(features), strict=True):
            seen = sorted([index[each] for each in group if each in index])  # sets have another order in each process
            columns.extend(seen)
            data.extend([scale] * len(seen))
        rows.append(len(columns))
    return csr_matrix((data, columns, rows), shape=(len(found), len(counted)), dtype=np.float32)


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(f"{value:.7g}") for value in values)
