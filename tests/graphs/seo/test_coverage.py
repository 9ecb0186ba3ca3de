from graphs.seo.coverage import gap, uncovered
from graphs.seo.extract import page_facts
from graphs.seo.page_facts import Page


def page(name: str, body: str, topics: tuple[str, ...] = ()) -> Page:
    facts = page_facts(f"<body>{body}</body>", f"https://{name}.example/")
    return {**facts, "url": f"https://{name}.example/", "topics": list(topics), "intent": "informational"}


TARGET = page("target", "<h1>Bike care</h1><p>Clean the chain. Clean the brake. A chain wants oil.</p>", ("chain",))
FIRST = page(
    "first",
    "<h1>Bike care</h1><h2>Battery storage</h2>"
    "<p>Battery storage matters. A chain wears, the chain stretches. Battery.</p>",
    ("battery storage", "chain wear"),
)
SECOND = page(
    "second", "<h2>Torque</h2><p>Battery torque. Torque wrench, torque wrench. Battery life.</p>", ("torque",)
)


def test_says_which_terms_how_often_and_where() -> None:
    rows = {row["term"]: row for row in gap(TARGET, [FIRST, SECOND], keyword="battery")["terms"]}
    assert rows["battery"] == {
        "term": "battery",
        "target": 0,
        "competitors": {"https://first.example/": 3, "https://second.example/": 2},
    }
    assert rows["torque wrench"]["competitors"] == {"https://first.example/": 0, "https://second.example/": 2}


def test_missing_keywords_are_the_competitors_terms_that_the_target_lacks() -> None:
    found = gap(TARGET, [FIRST, SECOND], keyword="battery")
    assert found["missing_keywords"][0] == "battery"
    assert "torque wrench" in found["missing_keywords"]
    assert not {"chain", "chains", "bike care"} & set(found["missing_keywords"])


def test_coverage_is_the_share_of_terms_that_the_target_uses() -> None:
    found = gap(TARGET, [FIRST, SECOND], keyword="battery")
    used = [row for row in found["terms"] if row["target"]]
    assert found["coverage"] == round(len(used) / len(found["terms"]), 4)
    assert 0 < found["coverage"] < 1
    assert gap(FIRST, [FIRST], keyword="battery")["coverage"] == 1
    assert gap(TARGET, [page("empty", "")], keyword="x")["coverage"] == 1


def test_word_count_gap_is_the_mean_of_the_competitors_minus_the_target() -> None:
    assert TARGET["word_count"] == 12
    expected = round((FIRST["word_count"] + SECOND["word_count"]) / 2 - 12)
    assert gap(TARGET, [FIRST, SECOND], keyword="battery")["word_count_gap"] == expected


def test_headings_and_topics_that_lack_are_named() -> None:
    found = gap(TARGET, [FIRST, SECOND], keyword="battery")
    assert found["headings"] == {
        "target": 1,
        "competitors_mean": 1.5,
        "missing": ["Battery storage", "Torque"],
    }
    assert found["missing_topics"] == ["battery storage", "torque"]


def test_a_subject_counts_as_covered_when_half_of_its_words_are_used() -> None:
    assert uncovered(["Chain wear", "oils", "wrench size chart", "the of"], TARGET) == ["wrench size chart"]


def test_other_competitors_give_other_figures() -> None:
    one, other = gap(TARGET, [FIRST], keyword="k"), gap(TARGET, [SECOND], keyword="k")
    assert one["missing_keywords"] != other["missing_keywords"]
    assert one["coverage"] != other["coverage"]
