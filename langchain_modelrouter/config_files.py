"""Configuration files as plain data, with the line on which each key stands.

YAML is read event by event, so that a file can hold no duplicate key, no object tag, no bomb of aliases and no
nesting that would break the reader: each is a `Fault` with its line.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from langchain_modelrouter.errors import ConfigError, Fault

Key = tuple[str | int, ...]
"""Where a value stands: `("presets", "mine", "code", 0)`."""

MAX_BYTES = 1_000_000
MAX_NODES = 50_000
"""Values in one file once its aliases are expanded; the built-in catalogue has about a thousand."""
MAX_DEPTH = 30

_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map")
)
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """One file, or one mapping handed in, before it is merged and checked."""

    name: str
    """What faults call it: the path as it was given, `<dict>` or `<built in>`."""
    data: Mapping[str, Any]
    path: Path | None = None
    lines: Mapping[Key, int] = field(default_factory=dict)
    faults: Sequence[Fault] = ()
    """What the reader found and could read past, such as a key that stands there twice."""

    def line(self, key: Key) -> int:
        """Return the line of a key, or of the nearest key above it that has one; 0 where lines are unknown."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 0)


def read_document(path: Path, name: str | None = None) -> Document:
    """Return the data of a YAML or TOML file.

    Raises:
        ConfigError: the file is missing, too large, not text, not YAML or TOML, or not one mapping.
    """
    name = name or str(path)
    return parse_document(read_text(path, name), path, name)


def parse_document(text: str, path: Path, name: str) -> Document:
    """Return the data of a text that stands, or is to stand, in the file `path`.

    Raises:
        ConfigError: it is not YAML or TOML, or not one mapping.
    """
    faults: list[Fault] = []
    data, lines = _from_toml(text, name) if path.suffix == ".toml" else _from_yaml(text, name, faults)
    if data is None:
        data = {}
    if not isinstance(data, dict):
        kind = "a list" if isinstance(data, list) else "a single value"
        problem = f"it holds {kind}; a configuration is a mapping of sections, such as `preset: mixed_optimal`"
        raise _broken(name, 1, problem)
    return Document(name, data, path, lines, faults)


def _broken(name: str, line: int, problem: str, key: str = "(file)") -> ConfigError:
    return ConfigError([Fault(name, line, key, problem)])


def read_text(path: Path, name: str) -> str:
    """Return the text of a configuration file.

    Raises:
        ConfigError: the file is missing, too large or not UTF-8 text.
    """
    try:
        if not path.exists():
            raise _broken(name, 0, "there is no such file; check the path, or leave it out for the built-in catalogue")
        if not path.is_file():
            raise _broken(name, 0, "it is not a file; name a YAML or TOML file")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _broken(name, 0, f"it cannot be read ({error.strerror}); check its owner and mode") from None
    if len(raw) > MAX_BYTES:
        raise _broken(name, 0, f"it is larger than {MAX_BYTES:,} bytes; is it a configuration at all?")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _broken(name, line, "it is not UTF-8 text; save it as UTF-8") from None
    if "\0" in text:
        raise _broken(name, 1, "it is binary, not text; name a YAML or TOML file")
    return text


def _from_yaml(text: str, name: str, faults: list[Fault]) -> tuple[Any, dict[Key, int]]:
    loader = _Loader(text)
    try:
        reader = _YamlReader(loader, name, faults)
        data = reader.document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        why = ", ".join(part for part in (error.context, error.problem) if part)
        raise _broken(name, line, f"it is not valid YAML: {why}; mind indentation, colons and quotes") from None
    except yaml.YAMLError as error:
        problem = f"it is not valid YAML: {str(error).splitlines()[0]}; remove control characters"
        raise _broken(name, 0, problem) from None
    finally:
        loader.dispose()
    return data, reader.lines


class _YamlReader:
    """Builds the value of one document out of the parser's events, and notes lines and faults on the way."""

    def __init__(self, loader: Any, name: str, faults: list[Fault]) -> None:
        self.loader, self.name, self.faults = loader, name, faults
        self.lines: dict[Key, int] = {}
        self.anchors: dict[str, tuple[Any, int]] = {}
        """Anchor to its value and the number of values in it, aliases expanded."""
        self.nodes = 0

    def document(self) -> Any:
        """Return the value of the only document in the file; None where there is none."""
        self.loader.get_event()  # the start of the stream
        if isinstance(self.loader.peek_event(), yaml.StreamEndEvent):
            return None
        self.loader.get_event()  # the start of the document
        value = self.value((), 0)
        self.loader.get_event()  # the end of the document
        following = self.loader.get_event()
        if not isinstance(following, yaml.StreamEndEvent):
            line = following.start_mark.line + 1
            raise _broken(self.name, line, "a second document starts here; keep one document per file")
        return value

    def value(self, key: Key, depth: int) -> Any:
        """Return the value that starts at the next event."""
        event = self.loader.get_event()
        line = event.start_mark.line + 1
        self.count(1, line)
        if depth > MAX_DEPTH:
            raise _broken(self.name, line, f"it nests more than {MAX_DEPTH} levels deep; no section needs that")
        self.lines.setdefault(key, line)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(str(event.anchor), line)
        before = self.nodes
        if event.tag is not None and event.tag not in _PLAIN_TAGS:
            problem = f"the tag {event.tag} is not taken here; write plain values"
            self.faults.append(Fault(self.name, line, shown(key), problem))
        if isinstance(event, yaml.ScalarEvent):
            value = self.scalar(event, key, line)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self.sequence(key, depth)
        else:
            value = self.mapping(key, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, self.nodes - before + 1)
        return value

    def count(self, nodes: int, line: int) -> None:
        """Add to the number of values and stop at the cap."""
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise _broken(self.name, line, f"its aliases expand to more than {MAX_NODES:,} values; write less of it")

    def alias(self, anchor: str, line: int) -> Any:
        """Return what an anchor stands for; its size counts again."""
        if anchor not in self.anchors:
            raise _broken(self.name, line, f"alias *{anchor} has no &{anchor} before it, or stands inside of it")
        value, size = self.anchors[anchor]
        self.count(size - 1, line)
        return value

    def scalar(self, event: yaml.ScalarEvent, key: Key, line: int) -> Any:
        """Return a text, number, date, truth value or None."""
        if event.tag is None and not event.implicit[0]:
            return event.value
        tag = event.tag or self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag == "tag:yaml.org,2002:str" or tag not in _PLAIN_TAGS:
            return event.value
        node = yaml.ScalarNode(tag, event.value)
        try:
            return self.loader.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError):
            kind = tag.rpartition(":")[2]
            problem = f"it looks like a YAML {kind} and is none; put it in quotes if it is a text"
            self.faults.append(Fault(self.name, line, shown(key), problem))
            return None

    def sequence(self, key: Key, depth: int) -> list[Any]:
        """Return the list whose start has just been read."""
        items: list[Any] = []
        while not isinstance(self.loader.peek_event(), yaml.SequenceEndEvent):
            items.append(self.value((*key, len(items)), depth + 1))
        self.loader.get_event()
        return items

    def name_of_entry(self, key: Key, line: int) -> str:
        """Return the key of a mapping's entry as it is written: `on` and `1` are texts here."""
        event = self.loader.get_event()
        if isinstance(event, yaml.ScalarEvent) and event.anchor is None:
            return str(event.value)
        raise _broken(self.name, line, "a key must be a plain text, without anchor or alias", shown(key))

    def mapping(self, key: Key, depth: int) -> dict[str, Any]:
        """Return the mapping whose start has just been read, with `<<` merged in."""
        own: dict[str, Any] = {}
        inherited: dict[str, Any] = {}
        first_lines: dict[str, int] = {}
        while not isinstance(self.loader.peek_event(), yaml.MappingEndEvent):
            line = self.loader.peek_event().start_mark.line + 1
            name = self.name_of_entry(key, line)
            self.lines[*key, name] = line
            value = self.value((*key, name), depth + 1)
            if name == "<<":
                for part in value if isinstance(value, list) else [value]:
                    inherited = (part if isinstance(part, dict) else {}) | inherited
            elif name in first_lines:
                problem = f"it stands here twice, first on line {first_lines[name]}; remove one of the two"
                self.faults.append(Fault(self.name, line, shown((*key, name)), problem))
            else:
                own[name], first_lines[name] = value, line
        self.loader.get_event()
        return inherited | own


def _from_toml(text: str, name: str) -> tuple[Any, dict[Key, int]]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        why = str(error).split(" (at ")[0]
        raise _broken(name, line, f"it is not valid TOML: {why}; mind quotes, brackets and double keys") from None
    except RecursionError:
        raise _broken(name, 0, "it nests too deeply; no section needs that") from None
    lines: dict[Key, int] = {}
    for key, line in _toml_lines(text):
        for end in range(1, len(key) + 1):
            lines.setdefault(key[:end], line)
    return data, lines


def _toml_lines(text: str) -> Iterator[tuple[Key, int]]:
    """Yield the line of each key that a table header or the start of a line names; tomllib tells none."""
    table: Key = ()
    rows: dict[Key, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[(\[)?([^\[\]]+)\]", line):
            table = _toml_key(header[2])
            if header[1]:
                rows[table] = rows.get(table, -1) + 1
                table = (*table, rows[table])
            yield table, number
        elif entry := re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""", line):
            yield (*table, *_toml_key(entry[1])), number


def _toml_key(dotted: str) -> Key:
    return tuple(part.strip().strip("\"'") for part in re.findall(r"""[\w-]+|"[^"]*"|'[^']*'""", dotted))


def shown(key: Key) -> str:
    """Return a key as people write it: `routing.rules[0].then.task`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text or "(file)"
