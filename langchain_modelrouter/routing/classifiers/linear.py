"""A linear text classifier in one small file, read and computed without numpy.

The file is a line `MRLINEAR1`, a line of JSON (labels, bias, unit, sizes), then two zlib streams: the features,
one per line, and for each feature one signed byte per label. `unit` turns bytes into log-odds. Nothing in it is
executed, so a file from a stranger can at worst classify badly.

In memory the bytes of one feature are packed into one integer, `LANE` bits apart. Adding such integers adds
all labels at once, and `sum(map(table.get, ...))` does so without a Python loop.
"""

import json
import math
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final, Self

from langchain_modelrouter.routing.classifiers.features import Extractor, Feature, Features, is_word

MAGIC: Final = b"MRLINEAR1\n"
LANE: Final = 24
"""Bits per label: room for 65,000 features of the largest byte before one label runs into the next."""
_MASK: Final = (1 << LANE) - 1
_SIGN: Final = 1 << (LANE - 1)
MAX_BYTES: Final = 64_000_000
"""Larger streams are refused when read."""


class NotAModelError(ValueError):
    """A file that does not hold a linear classifier."""


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Log-odds per label as a weighted sum over the features of a text."""

    labels: tuple[str, ...]
    bias: tuple[float, ...]
    unit: float
    """The log-odds that one step of a byte is worth, temperature included."""
    table: Mapping[Feature, int]
    """Feature -> packed weights."""
    extract: Extractor

    @classmethod
    def from_weights(
        cls, labels: Sequence[str], bias: Sequence[float], unit: float, weights: Mapping[Feature, Sequence[int]]
    ) -> Self:
        """Build the model from signed bytes per feature and label."""
        table = {feature: _packed(values) for feature, values in weights.items()}
        return cls(tuple(labels), tuple(bias), unit, table, Extractor(filter(is_word, table)))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` of the trainer wrote.

        Raises:
            NotAModelError: the bytes are something else, cut short or too large.
        """
        if not data.startswith(MAGIC):
            raise NotAModelError("it does not begin with MRLINEAR1; write one with `modelrouter train`")
        line, _, body = data[len(MAGIC) :].partition(b"\n")
        try:
            header = json.loads(line)
            labels, size = [str(label) for label in header["labels"]], int(header["feature_bytes"])
            features = [_feature(name) for name in _inflated(body[:size]).decode().split("\n")]
            numbers = array("b", _inflated(body[size:]))
            bias, unit = [float(value) for value in header["bias"]], float(header["unit"])
        except (KeyError, TypeError, ValueError, zlib.error) as error:
            raise NotAModelError(f"it is damaged: {type(error).__name__}") from error
        width = len(labels)
        if len(numbers) != width * len(features) or len(bias) != width:
            raise NotAModelError("it is damaged: its sizes do not agree")
        rows = (numbers[i : i + width] for i in range(0, len(numbers), width))
        return cls.from_weights(labels, bias, unit, dict(zip(features, rows, strict=True)))

    def logits(self, text: str) -> list[float]:
        """Return the log-odds of each label, up to a shared constant."""
        return self.logits_of(self.extract(text))

    def logits_of(self, features: Features) -> list[float]:
        """Return the log-odds for features that are already extracted."""
        logits = list(self.bias)
        groups: tuple[Sequence[Feature], ...] = features
        for group, scale in zip(groups, group_scales(features), strict=True):
            step, total = scale * self.unit, sum(map(self.table.get, group, repeat(0)))
            for label, value in enumerate(_unpacked(total, len(logits))):
                logits[label] += step * value
        return logits


def group_scales(features: Features) -> tuple[float, float, float]:
    """Return the weight of one feature in each group: a long text has more features, not more say."""
    words, pairs, _ = features
    return 2.0 / math.sqrt(len(words) or 1), 2.0 / math.sqrt(len(pairs) or 1), 0.5


def write_linear(model: LinearModel) -> bytes:
    """Return the file of a model; the same model gives the same bytes."""
    names = {_name(feature): packed for feature, packed in model.table.items()}
    features = zlib.compress("\n".join(sorted(names)).encode(), 9)
    values = array("b", [value for name in sorted(names) for value in _unpacked(names[name], len(model.labels))])
    header = {"labels": model.labels, "bias": model.bias, "unit": model.unit, "feature_bytes": len(features)}
    return MAGIC + json.dumps(header).encode() + b"\n" + features + zlib.compress(values.tobytes(), 9)


def softmax(logits: Sequence[float]) -> list[float]:
    """Return probabilities for log-odds."""
    top = max(logits)
    odds = [math.exp(value - top) for value in logits]
    total = sum(odds)
    return [value / total for value in odds]


def _name(feature: Feature) -> str:
    return feature if isinstance(feature, str) else " ".join(feature)


def _feature(name: str) -> Feature:
    """Return the feature of a name; the edges of a text (`^ how many`) are one string, other pairs are two."""
    first, space, second = name.partition(" ")
    return (first, second) if space and first not in ("^", "$") else name


def _packed(values: Sequence[int]) -> int:
    return sum(value << LANE * label for label, value in enumerate(values))


def _unpacked(total: int, width: int) -> Iterator[int]:
    for _ in range(width):
        value = ((total & _MASK) ^ _SIGN) - _SIGN
        yield value
        total = (total - value) >> LANE


def _inflated(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    inflated = stream.decompress(data, MAX_BYTES)
    if not stream.eof:
        raise ValueError("too large or cut short")
    return inflated
