"""The shape of what a page says, for those who do not parse it themselves."""

from typing_extensions import TypedDict


class Heading(TypedDict):
    """One heading: `<h2>Grind size</h2>` is level 2."""

    level: int
    text: str


class Links(TypedDict):
    """How many links lead to the same site and elsewhere."""

    internal: int
    external: int


class PageFacts(TypedDict):
    """What the HTML of one page says, computed, not judged; `main_text` is its beginning."""

    title: str
    meta_description: str
    headings: list[Heading]
    main_text: str
    word_count: int
    keywords: list[str]
    terms: dict[str, int]
    links: Links
    images_without_alt: int


class Page(PageFacts):
    """The facts about a page, its address, and what the model said about it."""

    url: str
    topics: list[str]
    intent: str
