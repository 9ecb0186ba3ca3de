"""What of a parsed page a reader sees."""

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

_UNSEEN_TAGS = (
    "head title meta link script style noscript template iframe object embed canvas svg math audio video "
    "datalist frameset"
)
_INLINE_TAGS = (
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q rb rp rt ruby s samp "
    "small span strike strong sub sup time tt u var wbr"
)
_UNSEEN, _INLINE = frozenset(_UNSEEN_TAGS.split()), frozenset(_INLINE_TAGS.split())
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HIDING_STYLE = re.compile(r"(display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)


@dataclass(slots=True)
class VisiblePage:
    """The text in reading order, one line per block, and the headings with their levels."""

    parts: list[str] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The visible text, white space squeezed."""
        lines = (" ".join(line.split()) for line in "".join(self.parts).split("\n"))
        return "\n".join(line for line in lines if line)


def visible(tree: LexborHTMLParser) -> VisiblePage:
    """Return what is shown: no scripts, styles, templates or elements hidden by attribute or inline style.

    Style sheets are not applied. The walk keeps its own stack, so deep nesting cannot overflow ours.
    """
    page = VisiblePage()
    root = tree.body
    stack: list[LexborNode | _Leave] = [root] if root is not None else []
    while stack:
        node = stack.pop()
        if isinstance(node, _Leave):
            node.of(page)
        elif node.is_text_node:
            page.parts.append((node.text_content or "").replace("\n", " "))
        elif node.is_element_node and not _is_hidden(node):
            tag = node.tag or ""
            if tag not in _INLINE:
                page.parts.append("\n")
                stack.append(_Leave(tag, len(page.parts)))
            child = node.last_child
            while child is not None:
                stack.append(child)
                child = child.prev
    return page


@dataclass(frozen=True, slots=True)
class _Leave:
    """The end of a block element that began at part number `start`."""

    tag: str
    start: int

    def of(self, page: VisiblePage) -> None:
        if self.tag in _HEADINGS:
            text = " ".join("".join(page.parts[self.start :]).split())
            if text:
                page.headings.append((_HEADINGS[self.tag], text))
        page.parts.append("\n")


def _is_hidden(node: LexborNode) -> bool:
    if node.tag in _UNSEEN:
        return True
    attributes = node.attributes
    return "hidden" in attributes or bool(_HIDING_STYLE.search(attributes.get("style") or ""))
