"""Values made quickly are frozen dataclasses like any other."""

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace

import pytest

from langchain_modelrouter.quick import quick


@dataclass(frozen=True, slots=True)
class Slow:
    name: str
    size: int = 3
    parts: list[str] = field(default_factory=list)


@quick
@dataclass(frozen=True, slots=True)
class Quick:
    name: str
    size: int = 3
    parts: list[str] = field(default_factory=list)


def test_it_is_made_as_a_dataclass_is() -> None:
    for args, kwargs in ((("a",), {}), (("a", 4), {}), ((), {"name": "a", "parts": ["x"]})):
        assert asdict(Quick(*args, **kwargs)) == asdict(Slow(*args, **kwargs))  # type: ignore[arg-type]
    assert repr(Quick("a")) == repr(Slow("a")).replace("Slow", "Quick")
    assert [one.name for one in fields(Quick)] == list(inspect.signature(Quick).parameters) == ["name", "size", "parts"]
    assert Quick("a").parts is not Quick("a").parts


def test_a_wrong_call_is_refused() -> None:
    for wrong in ({}, {"name": "a", "colour": "red"}):
        with pytest.raises(TypeError, match=r"__init__\(\)"):
            Quick(**wrong)


def test_it_is_of_its_class_and_stays_as_it_is() -> None:
    value = Quick("a")
    assert type(value) is Quick
    assert value == Quick("a") != Quick("b")
    for change in (lambda: setattr(value, "size", 4), lambda: delattr(value, "size")):
        with pytest.raises(FrozenInstanceError):
            change()
    with pytest.raises((AttributeError, TypeError)):
        value.colour = "red"  # type: ignore[attr-defined]
    assert value == Quick("a")


def test_it_is_replaced_copied_and_pickled() -> None:
    value = Quick("a", parts=["x"])
    assert replace(value, size=5) == Quick("a", 5, ["x"])
    for twin in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert (type(twin), twin) == (Quick, value)
        with pytest.raises(FrozenInstanceError):
            twin.size = 4


def test_it_has_no_subclasses() -> None:
    with pytest.raises(TypeError, match="is final"):

        class _Sub(Quick):
            pass
