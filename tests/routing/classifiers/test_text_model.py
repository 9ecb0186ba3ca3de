from collections.abc import Callable

import pytest

from langchain_modelrouter.routing.classifiers.features import Features, Name
from langchain_modelrouter.routing.classifiers.text_model import MAGIC, Layers, NotAModelError, TextModel, softmax

LAYERS = Layers(labels=("left", "right"), floors=(0.0, -10.0), output=((0.5, 0.0), (0.25, -1.0)), bias=(1.0, 2.0))
NAMES: list[Name] = ["ping", "pong", ("ping", "pong"), "@chat"]
ROWS = ((127, -128), (-3, 5), (1, 0), (8, 2))


def tiny() -> TextModel:
    return TextModel.from_weights(LAYERS, NAMES, bytes(value % 256 for row in ROWS for value in row))


def test_sums_the_signed_bytes_of_each_unit_and_weighs_those_above_their_floor() -> None:
    # one word counts twice, a cue half: units 2 * 127 + 8 / 2 = 258 and 2 * -128 + 2 / 2 = -255, below -10
    assert tiny().logits_of(Features(["ping"], ["@chat"])) == pytest.approx([1 + 0.5 * 258, 2 + 0.25 * 258 + 10])


def test_divides_by_the_root_of_the_number_of_words_and_passes_over_unknown_ones() -> None:
    share = 2 / 4**0.5
    units = share * (127 - 3 + 1), share * (-128 + 5)
    model = tiny()
    found = model.logits_of(Features(["ping", "pong", model.extract.feature(("ping", "pong")), "paddle"], []))
    assert found == pytest.approx([1 + 0.5 * units[0], 2 + 0.25 * units[0] + 10])


def test_without_a_known_feature_the_bias_and_the_floors_speak() -> None:
    assert tiny().logits_of(Features([], [])) == [1.0, 2.0]


def test_survives_writing_and_reading() -> None:
    data = tiny().to_bytes()
    model = TextModel.from_bytes(data)
    assert (model.layers, model.table) == (LAYERS, tiny().table)
    assert model.logits("ping pong") == tiny().logits("ping pong")
    assert model.to_bytes() == data


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: b"PK" + data,
        lambda data: MAGIC + b"{}\n",
        lambda data: MAGIC + b"[]\n",
        lambda data: MAGIC + b"not json",
        lambda data: data[:-4],
        lambda data: data.replace(b'["left", "right"]', b'["left", "r", "x"]'),
        lambda data: data.replace(b'"floors": [0.0, -10.0]', b'"floors": [0.0]'),
    ],
)
def test_refuses_what_is_no_model(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(NotAModelError):
        TextModel.from_bytes(spoil(tiny().to_bytes()))


def test_softmax_sums_to_one_and_bears_large_values() -> None:
    assert softmax([1000.0, 1000.0]) == [0.5, 0.5]
    assert sum(softmax([-3.0, 0.1, 7.0])) == pytest.approx(1.0)
