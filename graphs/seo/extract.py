"""From the HTML of a page to the facts about it. Pure: no network, no clock; may be slow on hostile HTML."""

import re
from urllib.parse import urljoin, urlsplit

import trafilatura
from selectolax.lexbor import LexborHTMLParser, LexborNode
from tld import get_fld

from graphs.seo.page_facts import Heading, Links, PageFacts
from graphs.seo.terms import keywords, terms, word_count
from graphs.seo.visible import VisiblePage, visible

_MAX_TEXT_CHARS = 8_000
_MAX_TERMS = 20_000
_MAX_KEYWORDS = 15
_MAX_HEADINGS = 200
_MAX_LINE_CHARS = 500
"""What is kept of a title, description or heading, so that no page can swell the prompts."""
_NOSCRIPT = re.compile(r"<noscript\b[^>]*>.*?</noscript\s*>", re.IGNORECASE | re.DOTALL)


def page_facts(html: str, url: str) -> PageFacts:
    """Return the facts about a page.

    `word_count` and `terms` are of all the visible text (`terms` of title and description too),
    `keywords` of the main text. Links are counted as often as they stand there, http and https only.
    An image counts as without alt text when it has no `alt` attribute; `alt=""` marks decoration
    (HTML Living Standard, 4.8.4.4) and is fine.

    Args:
        url: where the page was in the end; relative links are resolved against it.
    """
    tree = LexborHTMLParser(_NOSCRIPT.sub(" ", html))
    page = visible(tree)
    title = _squeezed(_text_of(tree.css_first("head title")))
    description = _meta_description(tree)
    main_text = _main_text(html, url, page)
    headings = [Heading(level=level, text=text[:_MAX_LINE_CHARS]) for level, text in page.headings[:_MAX_HEADINGS]]
    counts = terms("\n".join([title, description, page.text]))
    return PageFacts(
        title=title,
        meta_description=description,
        headings=headings,
        main_text=main_text[:_MAX_TEXT_CHARS],
        word_count=word_count(page.text),
        keywords=keywords(
            main_text, title=title, headings=[heading["text"] for heading in headings], limit=_MAX_KEYWORDS
        ),
        terms=dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MAX_TERMS]),
        links=_links(tree, url),
        images_without_alt=sum("alt" not in image.attributes for image in tree.css("img")),
    )


def _main_text(html: str, url: str, page: VisiblePage) -> str:
    """Return the text without menus and footers; where none can be told apart, all visible text."""
    found = trafilatura.extract(html, url=url, include_comments=False)
    return found if found and found.strip() else page.text


def _meta_description(tree: LexborHTMLParser) -> str:
    for meta in tree.css("meta[name][content]"):
        if (meta.attributes.get("name") or "").strip().lower() == "description":
            return _squeezed(meta.attributes.get("content") or "")
    return ""


def _links(tree: LexborHTMLParser, url: str) -> Links:
    base_node = tree.css_first("base[href]")
    base = _joined(url, (base_node.attributes.get("href") or "") if base_node else "") or url
    here = _site(url)
    links = Links(internal=0, external=0)
    for node in tree.css("a[href], area[href]"):
        target = _joined(base, node.attributes.get("href") or "")
        if target is not None and urlsplit(target).scheme in {"http", "https"}:
            links["internal" if _site(target) == here else "external"] += 1
    return links


def _joined(base: str, href: str) -> str | None:
    try:
        return urljoin(base, href.strip())
    except ValueError:
        return None


def _site(url: str) -> str:
    """Return the registrable domain (`example.co.uk`), or the host where it has none."""
    return get_fld(url, fail_silently=True) or urlsplit(url).hostname or ""


def _text_of(node: LexborNode | None) -> str:
    return node.text() if node is not None else ""


def _squeezed(text: str) -> str:
    return " ".join(text.split())[:_MAX_LINE_CHARS]
