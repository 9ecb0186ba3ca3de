"""The one way in which a page fails."""

import re
from typing import Literal

from typing_extensions import TypedDict

Stage = Literal["fetch", "parse", "model"]
_MAX_CHARS = 300


class ErrorEntry(TypedDict):
    """What the report says about something that went wrong."""

    url: str
    stage: Stage
    error: str


class PageError(Exception):
    """A page that cannot be had, with the reason in one line; the other pages go on."""

    def __init__(self, url: str, stage: Stage, error: str) -> None:
        self.url, self.stage, self.error = url, stage, one_line(error)
        super().__init__(self.url, self.stage, self.error)

    def __str__(self) -> str:
        return f"{self.url}: {self.stage}: {self.error}"

    def entry(self) -> ErrorEntry:
        """Return the error as an entry of the report."""
        return {"url": self.url, "stage": self.stage, "error": self.error}


def same_page(url: str) -> str:
    """Return as much of the URL as tells pages apart."""
    return url.partition("#")[0].rstrip("/")


def one_line(text: str) -> str:
    """Return the text without line breaks and control characters, at most 300 characters."""
    flat = re.sub(r"[\s\x00-\x1f\x7f]+", " ", text).strip()
    return flat if len(flat) <= _MAX_CHARS else flat[: _MAX_CHARS - 1] + "…"
