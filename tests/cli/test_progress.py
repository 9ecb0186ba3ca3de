import io
import sys

import pytest

from langchain_modelrouter.cli.progress import agent_progress, said


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


EVENTS = (
    {"agent": "data_collection", "event": "called", "model": "m-1", "attempts": 1},
    {"agent": "content_scraping", "event": "has read", "url": "http://x/[page].html", "words": 3},
    {"agent": "gap_analysis", "event": "called", "model": None, "attempts": 3},
)


def test_a_terminal_shows_every_agent_and_a_pipe_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with agent_progress(2) as show:
        show(EVENTS[0])
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with agent_progress(2) as show:
        for event in EVENTS:
            show(event)
    shown = terminal.getvalue()
    assert all(agent in shown for agent in ("data_collection", "content_scraping", "gap_analysis", "recommendations"))
    assert "has read [page].html" in shown
    assert "2/2" in shown


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (EVENTS[0], "asked m-1"),
        (EVENTS[2], "asked in vain, 3 attempts"),
        ({"event": "failed", "error": "no"}, "failed: no"),
        ({"event": "has written", "count": 8}, "has written"),
    ],
)
def test_an_event_in_words(event: dict[str, object], words: str) -> None:
    assert said(event) == words
