"""Reading what a person names, and writing files whole or not at all."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from langchain_modelrouter.errors import InvalidOptionError


@contextmanager
def faults_of(option: str) -> Iterator[None]:
    """Turn what is wrong with the file that an option names into a fault of usage.

    Raises:
        InvalidOptionError: the block could not read it, or it does not hold what it should.
    """
    try:
        yield
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        raise InvalidOptionError(option, f"{named}{error.strerror or error}") from None
    except (ValueError, EOFError) as error:
        raise InvalidOptionError(option, str(error)) from None


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, gzip or plain, or of stdin for `-`."""
    if str(path) == "-":
        return sys.stdin.buffer.read()
    if path.suffix == ".gz":
        import gzip

        return gzip.decompress(path.read_bytes())
    return path.read_bytes()


def check_folder(option: str, path: Path) -> None:
    """Check, before the work is done, that a file can be made there.

    Raises:
        InvalidOptionError: there is no such folder, or the path is a folder itself.
    """
    if path.is_dir() or not path.parent.is_dir():
        problem = "it is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise InvalidOptionError(option, f"{path}: {problem}")


def write_whole(path: Path, text: str) -> None:
    """Write a file in one step: it is replaced whole, or left as it was.

    Raises:
        OSError: it cannot be written.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
