import pytest

from langchain_modelrouter.routing.classifiers.features import HEAD_TOKENS, TAIL_TOKENS, Extractor, Features

extract = Extractor(["walrus", "calculus"])


def flat(features: Features) -> list[set[object]]:
    return [set(group) for group in features]


@pytest.mark.parametrize(
    "changed",
    [
        "WRITE A POEM ABOUT A WALRUS",
        "Hi, write a poem about a walrus",
        "Good morning! Write a poem about a walrus, please.",
        "Hello there, write a poem about a walrus. Thank you very much in advance!",
        "please write a poem about a walrsu",
    ],
)
def test_case_greetings_thanks_and_a_typo_make_no_difference(changed: str) -> None:
    assert flat(extract(changed)) == flat(extract("Write a poem about a walrus."))


@pytest.mark.parametrize("text", ["hello", "Thank you so much!", "hi there"])
def test_a_greeting_alone_is_kept(text: str) -> None:
    assert text.lower().split()[0] in extract(text).words


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("calclus", "calculus"),
        ("calculuss", "calculus"),
        ("claculus", "calculus"),
        ("waht", "what"),
        ("whho", "who"),
        ("wirte", "write"),
    ],
)
def test_reads_a_word_with_one_error_as_the_word(typed: str, meant: str) -> None:
    assert extract[typed].word == meant


def test_pairs_are_numbers_that_tell_their_two_words_and_the_parts_that_these_play() -> None:
    pairs = [word for word in extract("play walrus calculus").words if isinstance(word, int)]
    assert set(extract.names(pairs)) == {
        ("play", "walrus"),
        ("walrus", "calculus"),
        ("&@do", "@-"),
        ("&@-", "@.maths"),
    }
    assert extract.feature(("walrus", "play")) not in pairs


def test_reads_an_unknown_word_by_its_letters() -> None:
    known = extract["zyzzyva"]
    assert known.word == "*"
    assert known.pieces == ("~zyz", "~-yva")


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("solve 3x + 4 = 10", "@equation"),
        (r"evaluate $\frac{1}{2}$", "@latex"),
        ("what does print(x) show", "@code-call"),
        ("open main.py for me", "@codefile"),
        ("crop holiday.jpg", "@anyfile"),
        ("which one? a) red b) blue c) green", "@choice"),
        ("go to https://example.org", "@address"),
        ("play a song", "@media"),
        ("is it warm right now", "@live"),
        ("где находится Казань", "@foreign"),
    ],
)
def test_finds_what_a_text_looks_like(text: str, cue: str) -> None:
    assert cue in extract(text).cues


def test_marks_how_the_text_and_its_last_sentence_begin() -> None:
    cues = extract("The tank is tall. What is its height? Thanks!").cues
    assert {"^ the", "% what is", "% @wh @be"} <= set(cues)


def test_reads_head_and_tail_of_a_long_text_only() -> None:
    long = extract("compare " + "walrus soup " * 100_000 + "calculus")
    assert {"compare", "calculus"} <= set(long.words)
    assert len(long.words) < 20 * (HEAD_TOKENS + TAIL_TOKENS)
    assert extract("compare " + "walrus soup " * 9_000 + "calculus").words == long.words
