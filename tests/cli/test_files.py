import gzip
from pathlib import Path

import pytest

from langchain_modelrouter.cli.files import check_folder, faults_of, read_bytes, write_whole
from langchain_modelrouter.errors import InvalidOptionError


def test_a_file_is_replaced_whole_or_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.csv"
    write_whole(file, "old\n")

    def no_space(path: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", no_space)
    with pytest.raises(OSError, match="No space"):
        write_whole(file, "new\n")
    assert file.read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_what_is_wrong_with_a_file_is_a_fault_of_its_option(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match=r"--in: .*gone: No such file"), faults_of("--in"):
        read_bytes(tmp_path / "gone")
    with pytest.raises(InvalidOptionError, match="--in: line 3"), faults_of("--in"):
        raise ValueError("line 3")
    (tmp_path / "x.gz").write_bytes(b"plain")
    with pytest.raises(InvalidOptionError, match="--in"), faults_of("--in"):
        read_bytes(tmp_path / "x.gz")
    with pytest.raises(InvalidOptionError, match="it is a folder"):
        check_folder("--out", tmp_path)


def test_gzip_is_read_by_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"text"))
    assert read_bytes(tmp_path / "x.gz") == b"text"
