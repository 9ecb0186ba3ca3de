"""A configuration file that is followed while the process runs, and the one-line switch of its preset."""

import inspect
import json
import logging
import os
import re
import stat
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.config_files import Document, parse_document, read_text
from langchain_modelrouter.errors import ConfigError, Fault, UnknownPresetError

OnChange = Callable[[RouterConfig, RouterConfig], None]
"""Called with the old and the new configuration."""

POLL_S = 0.25
"""Seconds between two looks at the files. A change is in force after two to three of them."""

_RETRIES = 4
"""Looks after which a broken file is read again although it did not change: what it extends may have come."""

_log = logging.getLogger("langchain_modelrouter")

_Stamp = tuple[tuple[str, int, int, int] | None, ...]


class FollowedConfig:
    """A configuration that follows its file: `current` is always the last good one.

    A thread looks at the file and those that it extends. A change that has stood still for one look is read and
    validated there, off the callers' threads; `current` is then swapped at once. A file that is broken, half
    written or gone changes nothing and is logged once per content.

    The thread holds no strong reference, so that it ends with its owner; after a fork it comes back at first use.
    """

    def __init__(self, path: Path | str, *, poll_s: float = POLL_S) -> None:
        self.path = Path(path).expanduser().absolute()
        self._poll_s = poll_s
        self._listeners: list[Callable[[], OnChange | None]] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        seen = _stamp((self.path,))
        self._current = RouterConfig.load(self.path)
        self._loaded = seen + _stamp(self._current.files[1:])
        """Stamps of the files as they were last read, whether they were good or not."""
        self._pending: _Stamp | None = None
        self._broken: tuple[str, _Stamp] | None = None
        self._looks = 0
        _alive.add(self)
        self._start()

    @property
    def current(self) -> RouterConfig:
        """The last good configuration; no file is touched."""
        if self._thread is None:
            self._start()
        return self._current

    def subscribe(self, on_change: OnChange) -> None:
        """Have `on_change` called after each change, on the watching thread. A bound method is held weakly."""
        listener = weakref.WeakMethod(on_change) if inspect.ismethod(on_change) else lambda: on_change
        with self._lock:
            self._listeners = [held for held in self._listeners if held() is not None] + [listener]

    def close(self) -> None:
        """Stop following; `current` stays as it is. The file is then no longer followed for those who share this."""
        with _sharing:
            if _shared.get(self.path) is self:
                del _shared[self.path]
        self._stop.set()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(
                    target=_watch,
                    args=(weakref.ref(self), self._stop, self._poll_s),
                    name=f"modelrouter-follows-{self.path.name}",
                    daemon=True,
                )
                self._thread.start()

    def _look(self) -> None:
        """Look at the files once; read them when they have changed and stood still since the last look."""
        self._looks += 1
        stamp = _stamp((self.path, *self._current.files[1:]))
        if stamp == self._loaded and not (self._broken and self._looks % _RETRIES == 0):
            self._pending = None
        elif stamp in (self._pending, self._loaded):
            self._pending = None
            self._loaded = stamp
            self._read(stamp)
        else:
            self._pending = stamp

    def _read(self, stamp: _Stamp) -> None:
        old = self._current
        try:
            if stamp[0] is not None and stamp[0][2] == 0:
                raise ConfigError([Fault(str(self.path), 0, "(file)", "it is empty now; is it still being written?")])
            new = RouterConfig.load(self.path)
        except ConfigError as error:
            broken = ("; ".join(map(str, error.faults)), stamp)
            if broken != self._broken:
                _log.error("The configuration stays as it was, its file has faults: %s", broken[0])
            self._broken = broken
            return
        self._broken = None
        self._loaded = stamp[:1] + _stamp(new.files[1:])
        if new == old:
            return
        self._current = new
        _log.info("%s is in force as changed; preset %s", self.path, new.preset)
        for held in self._listeners:
            if (on_change := held()) is not None:
                try:
                    on_change(old, new)
                except Exception:  # noqa: BLE001 - one listener must not keep the change from the others
                    _log.exception("A listener to %s failed", self.path)

    def _after_fork(self) -> None:
        """Forget the thread, which the child of a fork does not have, and locks that others may hold."""
        self._lock, self._thread = threading.Lock(), None
        if not self._stop.is_set():
            self._stop = threading.Event()


def follow(path: Path | str) -> FollowedConfig:
    """Return the one `FollowedConfig` of a file, shared by all who follow it and gone with the last of them.

    Raises:
        ConfigError: the file cannot be used.
    """
    key = Path(path).expanduser().absolute()
    with _sharing:
        followed = _shared.get(key)
        if followed is None:
            followed = _shared[key] = FollowedConfig(key)
        return followed


def set_preset(path: Path | str, name: str) -> RouterConfig:
    """Make `name` the preset of a file by editing its one line `preset:`; every other byte stays.

    The line is added where there is none. The file is replaced at once and keeps its mode.

    Returns:
        The configuration that is now in the file.

    Raises:
        UnknownPresetError: there is no such preset.
        ConfigError: the file cannot be used or written, or has no line `preset:` of its own to edit.
    """
    path = Path(path).expanduser()
    text = read_text(path, str(path))
    before = parse_document(text, path, str(path))
    with suppress(ConfigError):  # a fault that the switch does not mend is raised below
        presets = RouterConfig.of_document(before).presets
        if name not in presets:
            raise UnknownPresetError(name, presets)
    for edited in _with_preset(text, name, before, is_toml=path.suffix == ".toml"):
        try:
            after = parse_document(edited, path, str(path))
        except ConfigError:
            continue
        if after.data == {**before.data, "preset": name}:
            config = RouterConfig.of_document(after)
            _replace(path, edited)
            return config
    problem = f"there is no line of its own to edit; write `preset: {name}` on one line"
    raise ConfigError([Fault(str(path), before.line(("preset",)), "preset", problem)])


def create_with_preset(path: Path, name: str) -> RouterConfig:
    """Make a file that puts a built-in preset in force.

    Raises:
        UnknownPresetError: there is no such preset.
        ConfigError: the file cannot be written, or there is one by now.
    """
    if name not in RouterConfig.builtin().presets:
        raise UnknownPresetError(name, RouterConfig.builtin().presets)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(f"version: 1\npreset: {name}\n")
    except OSError as error:
        raise ConfigError([Fault(str(path), 0, "(file)", f"it cannot be made ({error.strerror})")]) from None
    return RouterConfig.load(path)


_PRESET_LINE = re.compile(
    r"^(?P<head>preset[ \t]*[:=])(?P<gap>[ \t]*)"
    r"""(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s#"'][^\s#]*|)"""
    r"(?=[ \t]*(?:[ \t]#.*)?\r?$)",
    re.MULTILINE,
)


def _with_preset(text: str, name: str, before: Document, *, is_toml: bool) -> Iterator[str]:
    """Yield the texts that may be the one asked for: one line edited, or one line added before the first key."""
    if "preset" in before.data:
        for line in _PRESET_LINE.finditer(text):
            quote = line["value"][:1] if line["value"][:1] in ("'", '"') else ""
            for value in (f"{quote}{name}{quote}", json.dumps(name)):
                yield text[: line.end("head")] + (line["gap"] or " ") + value + text[line.end("value") :]
        return
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split("\n")
    first = min((before.line((key,)) for key in before.data), default=len(lines)) - 1
    for value in (name, json.dumps(name)):
        added = f"preset = {value}" if is_toml else f"preset: {value}"
        yield "\n".join([*lines[:first], f"{added}{newline[:-1]}", *lines[first:]])


def _replace(path: Path, text: str) -> None:
    """Write a file in one step, with the mode that it has; links keep pointing at it."""
    path = path.resolve()
    try:
        raw = path.read_bytes()
        bom = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
        if raw == (new := bom + text.encode()):
            return
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(new)
                os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        problem = f"it cannot be written ({error.strerror}); check the owner and mode of it and its folder"
        raise ConfigError([Fault(str(path), 0, "(file)", problem)]) from None


def _watch(owner: "weakref.ref[FollowedConfig]", stop: threading.Event, poll_s: float) -> None:
    while not stop.wait(poll_s):
        followed = owner()
        if followed is None:
            return
        followed._look()
        del followed


def _stamp(paths: tuple[Path, ...]) -> _Stamp:
    return tuple(map(_stamp_of, paths))


def _stamp_of(path: Path) -> tuple[str, int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (str(path), found.st_mtime_ns, found.st_size, found.st_ino)


_alive: "weakref.WeakSet[FollowedConfig]" = weakref.WeakSet()
_shared: "weakref.WeakValueDictionary[Path, FollowedConfig]" = weakref.WeakValueDictionary()
_sharing = threading.Lock()


def _after_fork() -> None:
    global _sharing
    _sharing = threading.Lock()
    for followed in list(_alive):
        followed._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
