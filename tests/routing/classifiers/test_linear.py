import pytest

from langchain_modelrouter.routing.classifiers.features import Feature
from langchain_modelrouter.routing.classifiers.linear import MAGIC, LinearModel, NotAModelError, softmax, write_linear

WEIGHTS: dict[Feature, tuple[int, int]] = {"ping": (127, -128), "pong": (-3, 5), ("ping", "pong"): (1, 0)}


def tiny() -> LinearModel:
    return LinearModel.from_weights(("left", "right"), (0.5, -0.5), 0.01, WEIGHTS)


def test_adds_bias_and_the_signed_weights_of_each_feature() -> None:
    left, right = tiny().logits("ping")
    assert left == pytest.approx(0.5 + 2.0 * 1.27)  # one word: its group counts twice
    assert right == pytest.approx(-0.5 - 2.0 * 1.28)


def test_divides_by_the_root_of_the_number_of_words() -> None:
    left, right = tiny().logits("ping pong")  # two words and one pair of words
    assert left == pytest.approx(0.5 + 2.0 / 3**0.5 * 0.01 * (127 - 3 + 1))
    assert right == pytest.approx(-0.5 + 2.0 / 3**0.5 * 0.01 * (-128 + 5))


def test_survives_writing_and_reading() -> None:
    data = write_linear(tiny())
    model = LinearModel.from_bytes(data)
    assert model.table == tiny().table
    assert model.logits("ping pong") == tiny().logits("ping pong")
    assert write_linear(model) == data


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
    ],
)
def test_refuses_what_is_no_model(spoil) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotAModelError):
        LinearModel.from_bytes(spoil(write_linear(tiny())))


def test_softmax_sums_to_one_and_bears_large_values() -> None:
    assert softmax([1000.0, 1000.0]) == [0.5, 0.5]
    assert sum(softmax([-3.0, 0.1, 7.0])) == pytest.approx(1.0)
