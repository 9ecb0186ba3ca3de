"""`modelrouter chat`."""

import json as json_format
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import uuid4

import typer
from langchain_core.exceptions import ModelError
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage

from langchain_modelrouter.chat_model import RouterChatModel
from langchain_modelrouter.cli import render
from langchain_modelrouter.cli.answering import answering
from langchain_modelrouter.cli.guard import exit_code
from langchain_modelrouter.cli.options import ConfigOption, JsonOption, LiveOption, PresetOption, SimulateOption
from langchain_modelrouter.errors import ModelRouterError

EXAMPLES = ("modelrouter chat", 'echo "What is a join?" | modelrouter chat --preset nebius_balanced')

_HELP = "/task NAME, /model NAME, /preset NAME set one for what follows (without a name: no longer); /new, /quit"
_SETTINGS = ("task", "model", "preset")


@dataclass(slots=True)
class Conversation:
    """What has been said, and what is set for what follows."""

    router: RouterChatModel
    settings: dict[str, str] = field(default_factory=dict)
    messages: list[BaseMessage] = field(default_factory=list)
    thread_id: str = field(default_factory=lambda: uuid4().hex)

    def ask(self, text: str, show: Callable[[str], None]) -> AIMessage:
        """Return the answer, its text shown as it comes; both are kept as said.

        Raises:
            ModelError: no model answered; nothing is kept.
        """
        asked = [*self.messages, HumanMessage(text)]
        config = {"configurable": {"thread_id": self.thread_id, **self.settings}}
        whole: AIMessageChunk | None = None
        for chunk in self.router.stream(asked, config):  # type: ignore[arg-type]
            show(chunk.text)
            whole = chunk if whole is None else whole + chunk
        answer = AIMessage(whole.content if whole else "", response_metadata=whole.response_metadata if whole else {})
        self.messages = [*asked, answer]
        return answer


def command(
    task: Annotated[str | None, typer.Option(help="State the task of every question.", show_default=False)] = None,
    model: Annotated[str | None, typer.Option(help="Force a model.", show_default=False)] = None,
    preset: PresetOption = None,
    live: LiveOption = False,
    simulate: SimulateOption = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Talk to the router, one question per line; each answer says which model gave it and what it cost.

    In a pipe it answers line by line, and ends with 1 if a question got no answer. /help lists what can be set.
    """
    stated = {"task": task, "model": model}
    failed = 0
    with answering(config, live=live, simulate=simulate, preset=preset) as by:
        talk = Conversation(by.router, {name: value for name, value in stated.items() if value})
        by.router.decide("hello", **talk.settings)  # type: ignore[arg-type]
        for line in _lines():
            if line.startswith("/"):
                if line == "/quit":
                    break
                _set(talk, line)
                continue
            failed += not _answer(talk, line, json=json)
    if failed and not sys.stdin.isatty():
        raise typer.Exit(1)


def _lines() -> Iterator[str]:
    """Yield the questions; on a terminal a prompt asks for them until Ctrl-D or Ctrl-C."""
    if not sys.stdin.isatty():
        yield from filter(None, map(str.strip, sys.stdin))
        return
    render.note(_HELP)
    while True:
        try:
            line = input("> ").strip()
        except (EOFError, KeyboardInterrupt):
            render.note("")
            return
        if line:
            yield line


def _set(talk: Conversation, line: str) -> None:
    name, _, value = line[1:].partition(" ")
    if name == "new":
        talk.messages, talk.thread_id = [], uuid4().hex
    elif name not in _SETTINGS:
        render.note(_HELP)
    elif value.strip():
        talk.settings[name] = value.strip()
    else:
        talk.settings.pop(name, None)


def _answer(talk: Conversation, question: str, *, json: bool) -> bool:
    """Print the answer and how it was come by; return whether there was one."""
    started_s = time.monotonic()
    try:
        answer = talk.ask(question, (lambda text: None) if json else render.raw)
    except ModelError as error:
        if not json:
            render.line()
        render.note(f"No answer: {error}")
        if isinstance(error, ModelRouterError) and exit_code(error) == 2 and not sys.stdin.isatty():
            raise
        return False
    routed: dict[str, Any] = answer.response_metadata.get("model_router", {})
    if json:
        render.line(json_format.dumps({"answer": answer.text, "model_router": routed}, ensure_ascii=False))
        return True
    render.line()
    render.remark(routing_line(routed, time.monotonic() - started_s))
    return True


def routing_line(routed: dict[str, Any], seconds: float) -> str:
    """Return how an answer was come by, in one line."""
    attempts = routed.get("attempts", [])
    tokens = [sum(attempt[name] for attempt in attempts) for name in ("input_tokens", "output_tokens")]
    sure = "" if routed.get("confidence") is None else f" {routed['confidence']:.2f}"
    failed = [attempt["model"] for attempt in attempts if attempt["outcome"] != "ok"]
    cost = routed.get("cost_usd")
    parts = [
        str(routed.get("model")),
        f"task {routed.get('task')} by {routed.get('task_source')}{sure}",
        f"{tokens[0]} + {tokens[1]} tokens",
        "cost unknown" if cost is None else f"${cost:.7f}",
        f"{seconds:.2f} s",
        *([f"after {', '.join(failed)} failed"] if failed else []),
    ]
    return f"[{' | '.join(parts)}]"
