"""What a text looks like, whatever its words: length, numbers, formulas, code, files, choices, lines."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

# Each begins with what it looks for and then looks behind: several times faster than the other way round.
_ARITHMETIC: Final = re.compile(
    r"[-+*/^=\u00d7\u00f7<>](?:(?<=[\d)].)|(?<=[\d)a-z]\s.))=?\s?[\d(a-z\\]|[+^=](?<=[a-z].)\s?[\d(a-z]"
)
_EQUATION: Final = re.compile(r"=(?:\s?-?\d|(?<=[\d)a-z].)|(?<=[\d)a-z]\s.))|\^[\d{(]|\\(?:frac|sqrt)")
_CALL: Final = re.compile(r"\((?<=\w\w.)[\w,. ]{0,20}\)")
_NAME: Final = re.compile(r"_(?<=[a-z]{2}.)[a-z]{2}")
_OPERATORS: Final = ("+", "*", "/", "=", "^", "<", ">", " - ", "\u00d7", "\u00f7")
_LATEX: Final = re.compile(r"\$[^$\n]*[\\^_=+][^$\n]*\$|\\[a-z(\[]")
_CHOICE: Final = re.compile(r"(?:^|[\s(])[a-e][).:]\s?\S")
_FILE: Final = re.compile(
    r"\.(?:(py|js|ts|java|cpp|c|cs|go|rs|rb|php|sh|sql|html|css|json|ya?ml|toml|xml)"
    r"|jpe?g|png|gif|mp[34]|wav|pdf|docx?|xlsx?|csv|pptx?|txt|zip|url)\b"
)
_KEYWORDS: Final = frozenset(
    {"def", "function", "func", "fn", "class", "import", "include", "public", "require", "select"}
)
_KEYWORD: Final = re.compile(
    r"\b(?:(?P<def>def \w+\s?\(|function ?\w*\(|func? \w+\(|public (?:static|class|int|void)|class \w+\s?[:({])"
    r"|(?P<import>import \w+|include [<\"]|require\()|(?P<sql>select\b.{1,80}\bfrom\b))"
)
_TAG: Final = re.compile(r"</?\w+[^<>\n]{0,80}>")
_SIGNS: Final = ("=>", "->", "==", "!=", "&&", "||", "::", "${", "+=")
_PASSAGE: Final = re.compile(r"[\"\u201c][^\"\u201d]{80}|:\s*\n\s*\S[^\n]{60}|\n\n[^\n]{120}")
_BOOLEAN: Final = ("true", "false", "not", "and", "or", "is")
_DIGITS: Final = frozenset("0123456789")
_FOREIGN: Final = re.compile(
    r"[^\x00-\x7f\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u00b0\u00b2\u00b3\u00d7\u00f7\u221a\u03c0\u20ac\u00a3]"
)
_LENGTHS: Final = (1, 2, 4, 6, 8, 11, 15, 20, 28, 40, 60, 90, 150, 300)


def shapes(text: str, plain: Sequence[str], length: int) -> Iterator[str]:
    """Yield what the text looks like, whatever its words. A search is made only where its signs occur."""
    yield f"@len{bisect_left(_LENGTHS, length)}"
    numbers = sum(map(plain.count, _DIGITS.intersection(plain)))
    if numbers:
        yield f"@num{numbers if numbers < 4 else 4 + (numbers > 7)}"
        if numbers * 4 > length:
            yield "@numdense"
    equals, lines = "=" in text, text.count("\n")
    if True in map(text.__contains__, _OPERATORS) and _ARITHMETIC.search(text):
        yield "@arith"
    if (equals or "^" in text or "\\" in text) and _EQUATION.search(text):
        yield "@equation"
    latex = ("$" in text or "\\" in text) and _LATEX.search(text) is not None
    if latex:
        yield "@latex"
    kinds = set(_code(text, plain, latex=latex))
    yield from kinds
    if kinds:
        yield f"@code{1 + (len(kinds) > 1) + (len(kinds) > 3)}"
    if "." in text and (file := _FILE.search(text)):
        yield "@codefile" if file[1] else "@anyfile"
    if ("b)" in text or "b." in text or "b:" in text) and len(_CHOICE.findall(text)) > 2:
        yield "@choice"
    if "@" in text or "://" in text or "www." in text:
        yield "@address"
    if lines:
        yield f"@lines{1 + (lines > 2) + (lines > 8)}"
    if len(text) > 150 and (lines or '"' in text or "\u201c" in text) and _PASSAGE.search(text):
        yield "@passage"
    if ("true" in plain or "false" in plain) and sum(map(plain.count, _BOOLEAN)) * 4 > length * 3:
        yield "@boolean"
    if "___" in text or "..." in text:
        yield "@blank"
    if not text.isascii() and len(_FOREIGN.findall(text)) > 2:
        yield "@foreign"


def _code(text: str, plain: Sequence[str], *, latex: bool) -> Iterator[str]:
    """Yield the kinds of code that the text holds; formulas share brackets and signs with code."""
    if not _KEYWORDS.isdisjoint(plain):
        for found in _KEYWORD.finditer(text):
            yield f"@code-{found.lastgroup}"
    if "```" in text:
        yield "@code-fence"
    if ">>> " in text:
        yield "@code-doctest"
    if " --" in text:
        yield "@code-option"
    if "<" in text and _TAG.search(text):
        yield "@code-tag"
    if text.count("{") + text.count(";") > 2:
        yield "@code-braces"
    if not latex:
        if "(" in text and (_CALL.search(text) or ");" in text):
            yield "@code-call"
        if "_" in text and _NAME.search(text):
            yield "@code-name"
        if True in map(text.__contains__, _SIGNS):
            yield "@code-sign"
