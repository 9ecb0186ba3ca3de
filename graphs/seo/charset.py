"""From the bytes of a page to its text."""

import codecs
import re

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META = re.compile(rb"<meta[^>]{0,500}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_META_WITHIN = 4096
_KNOWN = re.compile(
    r"(utf-?(8|16|32)|iso-?8859|iso-?2022|latin|(us-)?ascii|windows-|cp\d|koi8|shift|sjis|euc|gb|big5|mac|tis)",
    re.IGNORECASE,
)
# ASCII bytes mean something else in these, so "it is valid UTF-8" says nothing.
_NOT_ASCII_BASED = ("utf-16", "utf16", "utf-32", "utf32", "iso-2022", "iso2022")
# Browsers read these labels as windows-1252. Source: WHATWG Encoding Standard, section 4.2.
_LATIN_1 = frozenset({"iso-8859-1", "iso8859-1", "latin-1", "latin1", "ascii", "us-ascii"})


def decoded(body: bytes, header_charset: str | None) -> str:
    """Return the text of a page; never fails, undecodable bytes become U+FFFD.

    A byte order mark decides, then valid UTF-8 (text in another charset is hardly ever that by
    accident, whatever the page claims), then the HTTP header, the `<meta>` element, windows-1252.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, errors="replace")
    claims = [claim for claim in (header_charset, _meta_charset(body)) if claim and _KNOWN.match(claim)]
    if not claims or not claims[0].lower().startswith(_NOT_ASCII_BASED):
        claims.insert(0, "utf-8")
    for claim in claims:
        try:
            return body.decode("windows-1252" if claim.lower() in _LATIN_1 else claim)
        except (UnicodeDecodeError, LookupError):
            continue
    return _damaged(body)


def _damaged(body: bytes) -> str:
    """Return UTF-8 with holes where most of its special characters are whole, else windows-1252."""
    text = body.decode("utf-8", errors="replace")
    holes = text.count("\ufffd")
    whole = sum(not char.isascii() for char in text) - holes
    return text if whole > holes else body.decode("windows-1252", errors="replace")


def _meta_charset(body: bytes) -> str | None:
    """Return what the `<meta>` element claims; being readable as ASCII, it cannot be UTF-16 truly."""
    found = _META.search(body[:_META_WITHIN])
    claim = found[1].decode("ascii", errors="replace") if found else None
    return None if claim is None or claim.lower().startswith(_NOT_ASCII_BASED) else claim
