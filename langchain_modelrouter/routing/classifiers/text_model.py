"""A small two-layer text classifier in one file, read and computed without numpy.

The file is a line `MRTEXT1`, a line of JSON (labels, sizes, the layers behind the first), then two zlib streams:
the features, one per line, and for each feature one signed byte per hidden unit. Nothing in it is executed, so
a file from a stranger can at worst classify badly.

In memory the bytes of one feature are one integer, a lane of 16 bits per hidden unit and one lane that counts.
Adding such integers adds all units at once, and `sum` over `map(table.get, ...)` does so without a Python loop. As
many as fit a lane are added at a time.
"""

import json
import math
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from sys import intern
from typing import Final, Self

from langchain_modelrouter.routing.classifiers.features import Extractor, Feature, Features, Name, is_word

MAGIC: Final = b"MRTEXT1\n"
OFFSET: Final = 128
"""Added to each byte in memory, so that no lane is ever negative."""
UNSIGNED: Final = bytes(byte ^ OFFSET for byte in range(256))
"""Signed byte -> what it is in memory."""
LANE: Final = "H"
LANE_BYTES: Final = 2
AT_ONCE: Final = 0xFFFF // 0xFF
"""So many bytes never overflow a lane."""
EDGES: Final = frozenset("^$%")
"""What the names of how a text begins and ends begin with."""
MAX_BYTES: Final = 64_000_000
"""Larger streams are refused when read."""


class NotAModelError(ValueError):
    """A file that does not hold a text classifier."""


@dataclass(frozen=True, slots=True)
class Layers:
    """The small numbers of a model; temperature included, so that the logits are calibrated."""

    labels: tuple[str, ...]
    floors: tuple[float, ...]
    """Per hidden unit, the sum of bytes below which it does not react."""
    output: tuple[tuple[float, ...], ...]
    """Per label, the weight of each hidden unit."""
    bias: tuple[float, ...]
    """Per label."""

    def __post_init__(self) -> None:
        if {len(row) for row in self.output} != {len(self.floors)}:
            raise ValueError("layers of different width")
        if not len(self.labels) == len(self.output) == len(self.bias):
            raise ValueError("a row and a bias per label are wanted")


@dataclass(frozen=True, slots=True)
class TextModel:
    """Log-odds per label: features -> weighted sum -> rectified hidden units -> weighted sum."""

    layers: Layers
    table: Mapping[Feature, int]
    """Feature -> packed bytes."""
    extract: Extractor

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the logits."""
        return self.layers.labels

    @classmethod
    def from_weights(cls, layers: Layers, features: Sequence[Name], weights: bytes) -> Self:
        """Build the model from signed bytes, one row per feature and one column per hidden unit."""
        width = len(layers.floors)
        if len(weights) != width * len(features):
            raise ValueError("weights and features do not agree")
        row, count = LANE_BYTES * width, 1 << (8 * LANE_BYTES * width)
        lanes = bytearray(row * len(features))
        lanes[::LANE_BYTES] = weights.translate(UNSIGNED)
        packed = (int.from_bytes(lanes[i : i + row], "little") + count for i in range(0, len(lanes), row))
        extract = Extractor(filter(is_word, features))
        return cls(layers, dict(zip(map(extract.feature, features), packed, strict=True)), extract)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            NotAModelError: the bytes are something else, cut short or too large.
        """
        if not data.startswith(MAGIC):
            raise NotAModelError("it does not begin with MRTEXT1; write one with `modelrouter train`")
        line, _, body = data[len(MAGIC) :].partition(b"\n")
        try:
            header = json.loads(line)
            size = int(header["feature_bytes"])
            layers = Layers(
                labels=tuple(map(str, header["labels"])),
                floors=tuple(map(float, header["floors"])),
                output=tuple(tuple(map(float, row)) for row in header["output"]),
                bias=tuple(map(float, header["bias"])),
            )
            lines = _inflated(body[:size]).decode().split("\n")
            return cls.from_weights(layers, list(map(_name, lines)), _inflated(body[size:]))
        except (KeyError, TypeError, ValueError, zlib.error) as error:
            raise NotAModelError(f"it is damaged: {type(error).__name__}") from error

    def to_bytes(self) -> bytes:
        """Return the file of this model; the same model gives the same bytes."""
        names = dict(zip(map(_line, self.extract.names(self.table)), self.table.values(), strict=True))
        width = len(self.layers.floors)
        weights = b"".join(bytes(value ^ OFFSET for value in _lanes(names[name], width)[:-1]) for name in sorted(names))
        features = zlib.compress("\n".join(sorted(names)).encode(), 9)
        layers = {name: getattr(self.layers, name) for name in Layers.__slots__}
        header = json.dumps({"feature_bytes": len(features), **layers}).encode()
        return MAGIC + header + b"\n" + features + zlib.compress(weights, 9)

    def logits(self, text: str) -> list[float]:
        """Return the log-odds of each label, up to a shared constant."""
        return self.logits_of(self.extract(text))

    def logits_of(self, features: Features) -> list[float]:
        """Return the log-odds for features that are already extracted."""
        layers = self.layers
        word_scale, cue_scale = group_scales(features)
        *words, word_count = self._sums(features.words)
        *cues, cue_count = self._sums(features.cues)
        shift = OFFSET * (word_scale * word_count + cue_scale * cue_count)
        hidden = [
            value if (value := word_scale * word + cue_scale * cue - shift) > floor else floor
            for word, cue, floor in zip(words, cues, layers.floors, strict=True)
        ]
        return [sum(map(mul, row, hidden), bias) for row, bias in zip(layers.output, layers.bias, strict=True)]

    def _sums(self, features: Sequence[Feature]) -> Sequence[int]:
        """Return the sum of each hidden unit's bytes, and last how many features the model knows."""
        get, width = self.table.get, len(self.layers.floors)
        if len(features) <= AT_ONCE:
            return _lanes(sum(filter(None, map(get, features))), width)
        rows = [features[start : start + AT_ONCE] for start in range(0, len(features), AT_ONCE)]
        return [sum(lane) for lane in zip(*[self._sums(row) for row in rows], strict=True)]


def group_scales(features: Features) -> tuple[float, float]:
    """Return the weight of one feature in each group: a long text has more words, not more say."""
    return 2.0 / math.sqrt(len(features.words) or 1), 0.5


def softmax(logits: Sequence[float]) -> list[float]:
    """Return probabilities for log-odds."""
    top = max(logits)
    odds = [math.exp(value - top) for value in logits]
    total = sum(odds)
    return [value / total for value in odds]


def _lanes(total: int, width: int) -> Sequence[int]:
    """Return the sum of each lane, the count last."""
    lanes = array(LANE)
    lanes.frombytes(total.to_bytes(LANE_BYTES * (width + 1), "little"))
    return lanes


def _line(name: Name) -> str:
    return name if isinstance(name, str) else " ".join(name)


def _name(line: str) -> Name:
    """Return the name of a line; the edges of a text (`^ how many`) are one string, other pairs are two."""
    first, space, second = line.partition(" ")
    return (first, second) if space and first not in EDGES else intern(line)


def _inflated(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    inflated = stream.decompress(data, MAX_BYTES)
    if not stream.eof:
        raise ValueError("too large or cut short")
    return inflated
