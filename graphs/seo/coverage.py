"""What the competitors' pages have and the target lacks, counted. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

from typing_extensions import TypedDict

from graphs.seo.page_facts import Page
from graphs.seo.terms import stem, terms

_MAX_TERMS = 40
_MAX_MISSING = 25
_MAX_TOPICS = 12
# A term that no page has among its keywords still counts when this many pages use it this often, if it is
# a pair of words or stands in a heading.
_COMMON_PAGES, _COMMON_MENTIONS = 2, 5


class TermUse(TypedDict):
    """How often one term stands on the target and on each competitor page, by URL."""

    term: str
    target: int
    competitors: dict[str, int]


class HeadingGap(TypedDict):
    """Headings: how many the target has, how many a competitor has on average, which subjects lack."""

    target: int
    competitors_mean: float
    missing: list[str]


class Gap(TypedDict):
    """The computed half of the gap analysis."""

    terms: list[TermUse]
    missing_keywords: list[str]
    coverage: float
    word_count_gap: int
    headings: HeadingGap
    missing_topics: list[str]


def gap(target: Page, competitors: Sequence[Page], *, keyword: str) -> Gap:
    """Return what the target lacks beside at least one competitor.

    `coverage` is the share, in [0, 1], of the competitors' terms that the target uses at least once,
    singular or plural; `word_count_gap` is the competitors' mean word count minus the target's.
    """
    used = [_by_stem(page["terms"]) for page in competitors]
    here = _by_stem(target["terms"])
    rows = [
        TermUse(
            term=term,
            target=here[stem(term)],
            competitors={page["url"]: counts[stem(term)] for page, counts in zip(competitors, used, strict=True)},
        )
        for term in _shared_terms(competitors, used, keyword)
    ]
    covered = sum(row["target"] > 0 for row in rows)
    mean_words = sum(page["word_count"] for page in competitors) / len(competitors)
    mean_headings = sum(len(page["headings"]) for page in competitors) / len(competitors)
    headings = [heading["text"] for page in competitors for heading in page["headings"] if heading["level"] in (2, 3)]
    return Gap(
        terms=rows,
        missing_keywords=[row["term"] for row in rows if row["target"] == 0][:_MAX_MISSING],
        coverage=round(covered / len(rows), 4) if rows else 1.0,
        word_count_gap=round(mean_words - target["word_count"]),
        headings=HeadingGap(
            target=len(target["headings"]),
            competitors_mean=round(mean_headings, 1),
            missing=uncovered(headings, target),
        ),
        missing_topics=uncovered((topic for page in competitors for topic in page["topics"]), target),
    )


def uncovered(subjects: Iterable[str], target: Page) -> list[str]:
    """Return the subjects of whose content words the target uses fewer than half, the most frequent first."""
    here = _by_stem(target["terms"])
    missing: Counter[str] = Counter()
    shown: dict[str, str] = {}
    for subject in subjects:
        words = {stem(term) for term in terms(subject) if " " not in term}
        if words and sum(word in here for word in words) * 2 < len(words):
            key = " ".join(sorted(words))
            missing[key] += 1
            shown.setdefault(key, subject)
    return [shown[key] for key, _ in missing.most_common(_MAX_TOPICS)]


def _shared_terms(competitors: Sequence[Page], used: Sequence[Counter[str]], keyword: str) -> list[str]:
    """Return the terms that the competitors are about: those on most pages first, then the most used."""
    totals: Counter[str] = Counter()
    pages: Counter[str] = Counter()
    for counts in used:
        totals.update(counts)
        pages.update(counts.keys())
    shown: dict[str, str] = {}
    for page in competitors:
        for term in page["keywords"]:
            shown.setdefault(stem(term), term)
    announced = {stem(word) for page in competitors for heading in page["headings"] for word in terms(heading["text"])}
    for page in competitors:
        for term in page["terms"]:
            key = stem(term)
            if pages[key] >= _COMMON_PAGES and totals[key] >= _COMMON_MENTIONS and (" " in key or key in announced):
                shown.setdefault(key, term)
    wanted = stem(keyword.lower())
    if totals[wanted]:
        shown.setdefault(wanted, keyword.lower())
    ranked = sorted(shown, key=lambda key: (key != wanted, -pages[key], -totals[key], key))
    return [shown[key] for key in ranked[:_MAX_TERMS]]


def _by_stem(counts: dict[str, int]) -> Counter[str]:
    """Return the counts with singular and plural added up."""
    added: Counter[str] = Counter()
    for term, count in counts.items():
        added[stem(term)] += count
    return added
