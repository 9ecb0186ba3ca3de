import pytest

from graphs.seo.charset import decoded

TEXT = "Größe Ñandú żółw"


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (TEXT.encode(), None),
        (TEXT.encode(), "iso-8859-1"),
        (TEXT.encode("utf-8-sig"), "windows-1252"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), None),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("iso-8859-2", "replace"), "iso-8859-2"),
    ],
    ids=["utf-8", "utf-8 sent as latin-1", "byte order mark", "utf-16 mark", "utf-16 by header", "latin-2"],
)
def test_finds_the_charset(body: bytes, header: str | None) -> None:
    assert decoded(body, header).startswith("Größe")


def test_the_meta_element_counts_where_the_header_is_silent() -> None:
    body = b'<html><meta charset="windows-1251">' + "привет".encode("windows-1251")
    assert decoded(body, None).endswith("привет")


def test_the_header_wins_over_the_meta_element() -> None:
    body = b'<meta charset="windows-1251">' + "žluť".encode("windows-1250")
    assert decoded(body, "windows-1250").endswith("žluť")


def test_shift_jis_by_meta() -> None:
    body = b'<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">' + "日本語".encode("shift_jis")
    assert decoded(body, None).endswith("日本語")


def test_a_wrong_claim_of_utf_8_falls_back_to_what_browsers_do() -> None:
    assert decoded("Größe € “gut”".encode("windows-1252"), "utf-8") == "Größe € “gut”"


def test_one_broken_byte_does_not_spoil_a_utf_8_page() -> None:
    assert decoded("Größe für Bücher \xff".encode()[:-2] + b"\xff", "utf-8") == "Größe für Bücher �"


@pytest.mark.parametrize("claim", ["no-such-charset", "rot13", "zip", "utf-16", "punycode", ""])
def test_odd_claims_do_no_harm(claim: str) -> None:
    assert decoded(f'<meta charset="{claim}">plain'.encode(), claim if claim != "utf-16" else None).endswith("plain")
