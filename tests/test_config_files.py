from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_modelrouter.config_files import MAX_BYTES, MAX_DEPTH, Document, parse_document, read_document
from langchain_modelrouter.errors import ConfigError, Fault


def fault_of(path: Path) -> Fault:
    with pytest.raises(ConfigError) as raised:
        read_document(path)
    assert len(raised.value.faults) == 1
    assert "Traceback" not in str(raised.value)
    return raised.value.faults[0]


def document(tmp_path: Path, text: str, name: str = "c.yaml") -> Document:
    file = tmp_path / name
    file.write_bytes(text.encode())
    return read_document(file)


def test_knows_the_line_of_every_key(tmp_path: Path) -> None:
    read = document(tmp_path, "version: 1\n\npresets:\n  mine:\n    code: [a,\n      b]\n")
    assert read.data == {"version": 1, "presets": {"mine": {"code": ["a", "b"]}}}
    assert [read.line(key) for key in (("presets",), ("presets", "mine"), ("presets", "mine", "code", 1))] == [3, 4, 6]


def test_a_key_without_a_line_of_its_own_has_that_of_the_key_above(tmp_path: Path) -> None:
    assert document(tmp_path, "a:\n  b: 1\n").line(("a", "missing", "too")) == 1


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n"])
def test_an_empty_file_is_an_empty_configuration(tmp_path: Path, text: str) -> None:
    assert document(tmp_path, text).data == {}


def test_keys_are_texts_as_they_are_written(tmp_path: Path) -> None:
    assert document(tmp_path, "on: 1\n2: x\nnull: y\n").data == {"on": 1, "2": "x", "null": "y"}


def test_values_have_the_types_of_yaml(tmp_path: Path) -> None:
    text = "a: 1\nb: 0.02\nc: true\nd: ~\ne: 'on'\nf: text\ng: [1, x]\n"
    expected = {"a": 1, "b": 0.02, "c": True, "d": None, "e": "on", "f": "text", "g": [1, "x"]}
    assert document(tmp_path, text).data == expected


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    text = (
        "base: &base {size: tiny, tier: chat}\nmore: {<<: *base, size: large}\nlist: {<<: [*base, {tier: x, z: 1}]}\n"
    )
    read = document(tmp_path, text)
    assert read.data["more"] == {"size": "large", "tier": "chat"}
    assert read.data["list"] == {"size": "tiny", "tier": "chat", "z": 1}


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    assert document(tmp_path, "\ufeffpreset: x\r\nversion: 1\r\n").data == {"preset": "x", "version": 1}


def test_double_keys_are_faults_with_both_lines_and_the_rest_is_read(tmp_path: Path) -> None:
    read = document(tmp_path, "models:\n  a: {x: 1}\n  b: {}\n  a: {x: 2}\n")
    assert [(fault.line, fault.key) for fault in read.faults] == [(4, "models.a")]
    assert "line 2" in read.faults[0].problem
    assert set(read.data["models"]) == {"a", "b"}


@pytest.mark.parametrize(
    "value", ["!!python/object/apply:os.system [ls]", "!!set {x: 1}", "!mine text", "!!binary YQ=="]
)
def test_object_tags_are_refused(tmp_path: Path, value: str) -> None:
    read = document(tmp_path, f"a: 1\nb: {value}\n")
    assert [(fault.line, fault.key) for fault in read.faults] == [(2, "b")]
    assert "tag" in read.faults[0].problem


@pytest.mark.parametrize("value", ["2026-13-45", "1" * 5000])
def test_a_value_that_is_none_of_its_type_is_a_fault(tmp_path: Path, value: str) -> None:
    assert [fault.key for fault in document(tmp_path, f"a: {value}\n").faults] == ["a"]


def test_a_bomb_of_aliases_is_refused(tmp_path: Path) -> None:
    names = "abcdefgh"
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"{name}: &{name} [{', '.join([f'*{last}'] * 10)}]" for last, name in pairwise(names)]
    (tmp_path / "c.yaml").write_text("\n".join(lines))
    fault = fault_of(tmp_path / "c.yaml")
    assert fault.line == 5
    assert "aliases" in fault.problem


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: *nowhere\n"])
def test_an_alias_that_leads_nowhere_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    assert "alias" in fault_of(tmp_path / "c.yaml").problem


@pytest.mark.parametrize(
    ("name", "text"), [("c.yaml", "[" * 100_000), ("d.yaml", "{a: " * 100_000), ("c.toml", "a=" + "[" * 100_000)]
)
def test_bottomless_nesting_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert "nests" in fault_of(tmp_path / name).problem


def test_nesting_that_is_deep_enough_is_read(tmp_path: Path) -> None:
    depth = MAX_DEPTH - 1
    assert document(tmp_path, "a: " + "[" * depth + "]" * depth).data["a"]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: 1\nb: [1, 2\n", 3, "not valid YAML"),
        ("a: 1\n b: 2\n", 2, "not valid YAML"),
        ("a: 'x\n", 2, "not valid YAML"),
        ("a: 1\n---\na: 2\n", 2, "second document"),
        ("- a\n- b\n", 1, "a list"),
        ("just text\n", 1, "a single value"),
        ("? [1, 2]\n: 3\n", 1, "plain text"),
        ("a: 1\n\x01: 2\n", 0, "not valid YAML"),
    ],
)
def test_what_is_not_one_mapping_of_yaml_is_one_fault_with_its_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    (tmp_path / "c.yaml").write_text(text)
    fault = fault_of(tmp_path / "c.yaml")
    assert (fault.file, fault.line) == (str(tmp_path / "c.yaml"), line)
    assert says in fault.problem


def test_binary_and_oversized_files_are_refused(tmp_path: Path) -> None:
    for name, raw, says in [
        ("latin.yaml", b"a: 1\nb: caf\xe9\n", "UTF-8"),
        ("zero.yaml", b"a: \0\n", "binary"),
        ("large.yaml", b"#" * (MAX_BYTES + 1), "larger"),
    ]:
        (tmp_path / name).write_bytes(raw)
        assert says in fault_of(tmp_path / name).problem
    assert fault_of(tmp_path / "latin.yaml").line == 2


def test_a_missing_file_a_folder_and_a_device_are_refused(tmp_path: Path) -> None:
    assert "no such file" in fault_of(tmp_path / "none.yaml").problem
    assert "not a file" in fault_of(tmp_path).problem
    assert "not a file" in fault_of(Path("/dev/zero")).problem


def test_toml_is_read_with_the_lines_of_tables_and_keys(tmp_path: Path) -> None:
    text = 'preset = "mine"\n\n[presets.mine]\ncode = ["a"]\n\n[[budgets]]\nname = "x"\n[[budgets]]\n"name" = "y"\n'
    read = document(tmp_path, text, "c.toml")
    assert read.data["budgets"] == [{"name": "x"}, {"name": "y"}]
    lines = [read.line(key) for key in (("presets", "mine", "code"), ("budgets", 0, "name"), ("budgets", 1, "name"))]
    assert lines == [4, 7, 9]


@pytest.mark.parametrize(("text", "line"), [("a = 1\na = 2\n", 2), ("a = 1\nb = \n", 2), ("a = 'x' y\n", 1)])
def test_broken_toml_is_one_fault_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "c.toml").write_text(text)
    fault = fault_of(tmp_path / "c.toml")
    assert fault.line == line
    assert "not valid TOML" in fault.problem


@given(text=st.text(alphabet="ab:-,[]{}&*!|>'\"#%@?<\n \t01.~", max_size=60))
def test_any_text_is_read_or_is_faults_of_one_line(text: str) -> None:
    for name in ("c.yaml", "c.toml"):
        faults: Sequence[Fault] = ()
        try:
            faults = parse_document(text, Path(name), name).faults
        except ConfigError as error:
            faults = error.faults
        assert not any("\n" in str(fault) for fault in faults)
