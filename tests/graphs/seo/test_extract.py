import pytest

from graphs.seo.extract import page_facts
from graphs.seo.page_facts import PageFacts

URL = "https://shop.example.co.uk/guides/care.html"


def facts(html: str) -> PageFacts:
    return page_facts(html, URL)


def test_title_and_description() -> None:
    page = facts(
        '<head><title> Bike \n care </title><meta name="Description" content=" All about\ncare. "></head>'
        "<svg><title>not this</title></svg>"
    )
    assert (page["title"], page["meta_description"]) == ("Bike care", "All about care.")


def test_headings_keep_level_and_order() -> None:
    page = facts("<h1>A <em>b</em></h1><div><h3>C</h3></div><h2> </h2><h2 hidden>no</h2><h2>D</h2>")
    assert page["headings"] == [{"level": 1, "text": "A b"}, {"level": 3, "text": "C"}, {"level": 2, "text": "D"}]


@pytest.mark.parametrize(
    "unseen",
    [
        "<script>var a = 'one two';</script>",
        "<style>p { color: red }</style>",
        "<noscript>turn <p>scripts</p> on</noscript>",
        "<template><p>later</p></template>",
        "<p hidden>secret words</p>",
        '<p style="color:red; DISPLAY : none">secret</p>',
        '<div style="visibility:hidden"><p>secret</p></div>',
        "<!-- a comment -->",
        "<textarea hidden>x</textarea>",
        "<iframe>old browsers</iframe>",
    ],
)
def test_only_what_is_seen_counts_as_words(unseen: str) -> None:
    page = facts(f"<body><p>four words are seen</p>{unseen}</body>")
    assert page["word_count"] == 4


def test_words_are_split_by_blocks_not_by_inline_elements() -> None:
    assert facts("<p>e<b>bi</b>ke</p><p>two</p>three<br>four<ul><li>five<li>six</ul>")["word_count"] == 6


def test_links_count_by_registrable_domain() -> None:
    page = facts(
        '<a href="/a">1</a><a href="b">2</a><a href="#top">3</a><a href="https://www.example.co.uk/">4</a>'
        '<a href="https://other.co.uk/">out</a><a href="//cdn.example.org">out</a>'
        '<a href="mailto:a@b.c">no</a><a href="javascript:void(0)">no</a><a name="x">no</a>'
        '<a href="http://[broken">no</a>'
    )
    assert page["links"] == {"internal": 4, "external": 2}


def test_links_follow_the_base_element() -> None:
    assert facts('<base href="https://elsewhere.example.org/"><a href="x">y</a>')["links"] == {
        "internal": 0,
        "external": 1,
    }


def test_an_empty_alt_marks_decoration() -> None:
    assert facts('<img src=a><img src=b alt=""><img src=c alt="Bike"><img src=d>')["images_without_alt"] == 2


def test_the_main_text_leaves_the_menu_out_but_words_count_it() -> None:
    story = "<p>" + "The battery likes the cellar in winter and dislikes frost. " * 12 + "</p>"
    page = facts(f"<nav><a href=/>Startseite</a> Menu Login</nav><main><article><h1>Care</h1>{story}</article></main>")
    assert "Startseite" not in page["main_text"]
    assert page["word_count"] == 3 + 1 + 120


def test_a_page_with_little_text_still_has_a_main_text() -> None:
    assert facts("<body><div>Only this.</div></body>")["main_text"] == "Only this."


@pytest.mark.parametrize("html", ["", "<", "<html>", "no markup", "<p><b><i>unclosed", "</div></p>", "\x00<p>a</p>"])
def test_odd_html_gives_facts(html: str) -> None:
    page = facts(html)
    assert page["word_count"] >= 0
    assert page["headings"] == []


def test_no_page_can_swell_the_prompts() -> None:
    long = "word " * 1_000
    page = facts(f"<title>{long}</title><meta name=description content='{long}'>" + f"<h2>{long}</h2>" * 300)
    assert len(page["title"]) == len(page["meta_description"]) == 500
    assert len(page["headings"]) == 200
    assert {len(heading["text"]) for heading in page["headings"]} == {500}


def test_keywords_and_terms_come_from_the_page() -> None:
    page = facts("<title>Saddle height</title><p>Saddle height matters. Saddle height again.</p>")
    assert page["keywords"][0] == "saddle height"
    assert page["terms"]["saddle"] == 3
