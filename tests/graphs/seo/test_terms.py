from hypothesis import given
from hypothesis import strategies as st

from graphs.seo.stop_words import STOP_WORDS
from graphs.seo.terms import keywords, stem, terms, word_count


def test_words_are_counted_as_a_reader_would() -> None:
    assert word_count("The chain - 11-speed, 3.5 bar - isn't and/or dry.") == 8
    assert word_count(" \n ") == 0


def test_ideographs_count_one_by_one() -> None:
    assert word_count("电动自行车 e-bike") == 6


def test_terms_leave_out_stop_words_and_do_not_cross_them() -> None:
    counts = terms("The battery of the bike. Battery care, battery care")
    assert counts["battery"] == 3
    assert counts["battery care"] == 2
    assert "battery bike" not in counts
    assert "the" not in counts


def test_terms_do_not_cross_sentences_numbers_or_lines() -> None:
    counts = terms("clean chain. brakes\nlights 20 tyres")
    assert not [term for term in counts if " " in term and term != "clean chain"]


def test_names_with_digits_stay_whole() -> None:
    assert "bzip2" in terms("bzip2 compresses")


def test_the_topic_of_the_title_comes_first() -> None:
    text = "Oil the chain. Oil it again, oil it often. Bike care is easy; bike care pays."
    assert keywords(text, title="Bike care", headings=["Oil"], limit=5)[0] == "bike care"


def test_keywords_say_nothing_twice() -> None:
    found = keywords("battery batteries battery chains chain chain", title="", headings=[], limit=10)
    assert len({stem(term) for term in found}) == len(found)


def test_keywords_hold_no_stop_words_of_seven_languages() -> None:
    text = "und die der und die the and of les des pour con para della Bremse Bremse"
    assert keywords(text, title="", headings=[], limit=10) == ["bremse"]


def test_a_term_said_once_is_no_keyword() -> None:
    assert keywords("one two saddle", title="", headings=[], limit=10) == []


@given(st.text(max_size=400))
def test_any_text_gives_clean_terms_and_the_same_keywords_twice(text: str) -> None:
    for term in terms(text):
        assert not set(term.split()) & STOP_WORDS
    first = keywords(text, title=text[:50], headings=[text[-50:]], limit=8)
    assert first == keywords(text, title=text[:50], headings=[text[-50:]], limit=8)
    assert len(first) <= 8
