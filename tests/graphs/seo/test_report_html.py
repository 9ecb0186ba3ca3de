import re
from html.parser import HTMLParser
from typing import Any
from xml.dom.minidom import parseString

import pytest

from graphs.seo.charts import page_name
from graphs.seo.report_html import report_html
from graphs.seo.report_markdown import report_markdown

EVIL = "<script>alert('x')</script> | {0} & \"q\" [a](javascript:b) `c` <img src=//evil.example/x>"


def report(**changes: Any) -> dict[str, Any]:
    page = {
        "title": EVIL,
        "meta_description": EVIL,
        "headings": [{"level": 1, "text": EVIL}],
        "word_count": 400,
        "keywords": [EVIL],
        "links": {"internal": 1, "external": 2},
        "images_without_alt": 0,
        "topics": [EVIL],
        "intent": EVIL,
    }
    recommendation = dict.fromkeys(
        ("title", "category", "priority", "description", "rationale", "effort", "impact"), EVIL
    ) | {"implementation_steps": [EVIL] * 3}
    row = {"task": "gap_analysis", "model": EVIL, "provider": "p", "calls": 1, "attempts": 2}
    return {
        "target": "https://a.example/x",
        "keyword": EVIL,
        "simulated": False,
        "preset": "mixed_optimal",
        "pages": [{"url": "https://a.example/x", **page}, {"url": f"https://b.example/{EVIL}", **page}],
        "errors": [{"url": f"https://c.example/{EVIL}", "stage": "fetch", "error": EVIL}],
        "gap_analysis": {
            "missing_keywords": [EVIL],
            "coverage": 0.41,
            "word_count_gap": 656,
            "missing_topics": [EVIL],
            "summary": EVIL,
            "terms": [{"term": EVIL, "target": 0, "competitors": {f"https://b.example/{EVIL}": 7}}],
        },
        "recommendations": [recommendation] * 8,
        "costs": [row | {"input_tokens": 10, "output_tokens": 20, "cost_usd": 0.002}],
        "total_cost_usd": 0.002,
        "baseline_cost_usd": 0.03,
        "saving": 0.9333,
        **changes,
    }


NOTHING: dict[str, Any] = {
    "missing_keywords": [],
    "coverage": None,
    "word_count_gap": None,
    "missing_topics": [],
    "summary": "none",
}
EMPTY = report(
    pages=[],
    recommendations=[],
    gap_analysis=NOTHING,
    costs=[],
    total_cost_usd=None,
    baseline_cost_usd=None,
    saving=None,
    errors=[],
    preset=None,
)


class Tags(HTMLParser):
    """Collects the elements of a document."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_text_from_pages_and_models_cannot_become_markup() -> None:
    tags = Tags(report_html(report())).seen
    assert not {"script", "img", "a", "iframe", "link"} & {tag for tag, _ in tags}
    assert not [attrs for _, attrs in tags if any(name.startswith("on") for name in attrs)]


def test_it_opens_offline() -> None:
    html = report_html(report())
    assert not re.search(r"(src|href|url\(|@import)", re.sub(r"&lt;.*?&gt;|//evil", "", html))
    assert [attrs for _, attrs in Tags(html).seen if "src" in attrs or "href" in attrs] == []


def test_the_charts_are_well_formed_and_show_the_figures() -> None:
    charts = re.findall(r"<svg.*?</svg>", report_html(report()), re.DOTALL)
    for chart in charts:
        parseString(chart)
    assert re.findall(r'aria-label="(.*?)"', "".join(charts)) == [
        "How often each term stands on each page",
        "Words per page",
        "Cost per task",
    ]
    assert ">7</text>" in charts[0]
    assert ">400</text>" in charts[1]
    assert "$0.002" in charts[2]


def test_a_simulated_run_says_so() -> None:
    assert "Simulated." in report_html(report(simulated=True))
    assert "Simulated." in report_markdown(report(simulated=True))
    assert "Simulated." not in report_html(report())


@pytest.mark.parametrize("render", [report_html, report_markdown])
def test_a_report_without_figures_is_still_a_report(render: Any) -> None:
    assert "not known" in render(EMPTY)


def test_markdown_stays_in_its_cells_and_shows_markup_as_text() -> None:
    text = report_markdown(report())
    assert "<script" not in text.replace("\\<script", "")
    rows = [line for line in text.splitlines() if line.startswith("|") and "p |" in line]
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 9 for row in rows)
    assert "41%" in text
    assert "93.3%" in text
    assert "\\{0\\}" in text


def test_a_price_that_nobody_knows_is_no_bar() -> None:
    rows = [{**report()["costs"][0], "task": task, "cost_usd": cost} for task, cost in (("a", 0.002), ("b", None))]
    html = report_html(report(costs=rows, total_cost_usd=None))
    assert html.count('<rect x="190"') == 3  # two pages and one task
    assert "<td>not known</td>" in html


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a.example/bikes/city.html", "city"),
        ("https://a.example/bikes/v1.5/", "v1.5"),
        ("https://a.example/", "a.example"),
    ],
)
def test_a_page_goes_by_the_last_part_of_its_address(url: str, name: str) -> None:
    assert page_name(url) == name
