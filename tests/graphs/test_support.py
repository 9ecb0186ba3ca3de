import asyncio
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.types import Command

from graphs.orders import OrderBook
from graphs.support import PRESET, build
from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.routing.request import RouteRequest
from tests.doors import scripted

THREAD: Any = {"configurable": {"thread_id": "1"}}


def by_keyword(request: RouteRequest) -> str:
    words = {"api": "code", "why": "general"}
    return next((task for word, task in words.items() if word in request.text.casefold()), "simple")


def router(**replies: Any) -> RouterChatModel:
    given = {task: [f"{task} says"] for task in ("simple", "general", "reasoning", "code", "agent")} | replies
    models = {task: scripted(*said, name=f"{task}-model", cyclic=True) for task, said in given.items()}
    return RouterChatModel.from_models(models, classifier=by_keyword, max_retries=0)


def calls(tool: str, **args: str) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": tool, "args": args, "id": f"call-{tool}"}])


@pytest.fixture
def book(tmp_path: Path) -> OrderBook:
    return OrderBook(tmp_path / "orders.sqlite")


def says(text: str) -> dict[str, Any]:
    return {"messages": [("human", text)]}


async def run(graph: Any, given: Any, *, is_async: bool) -> dict[str, Any]:
    state: dict[str, Any] = await graph.ainvoke(given, THREAD) if is_async else graph.invoke(given, THREAD)
    return state


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("When do you open?", "simple-model"),
        ("Why is one brake better than the other?", "general-model"),
        ("Show me your API", "code-model"),
        ("Where is my order?", "agent-model"),
        ("a-1001 never came", "agent-model"),
        ("How do refunds work?", "agent-model"),
    ],
)
def test_each_kind_of_question_has_its_model(book: OrderBook, text: str, model: str) -> None:
    assert build(router(), orders=book).invoke(says(text))["model"] == model


def test_the_preset_is_that_of_the_article(served: Any, book: OrderBook) -> None:
    models = RouterChatModel(served[1], preset=PRESET).engine.snapshot.config.preset_models(PRESET)
    assert {task: keys[0] for task, keys in models.items() if task != "default"} == {
        "simple": "cheapestinference-llama-8b",
        "general": "cheapestinference-deepseek-v3",
        "reasoning": "cheapestinference-deepseek-v3",
        "code": "cheapestinference-qwen3-coder",
        "agent": "cheapestinference-kimi-k2-5",
    }


def test_a_thread_remembers_and_another_does_not(book: OrderBook, tmp_path: Path) -> None:
    simple = scripted("a", name="simple-model", cyclic=True)
    models = {task: simple if task == "simple" else scripted("b", name=task) for task in ("simple", "agent")}
    routed = RouterChatModel.from_models(models, classifier=by_keyword)
    with SqliteSaver.from_conn_string(str(tmp_path / "threads.sqlite")) as checkpointer:
        graph = build(routed, orders=book, checkpointer=checkpointer)
        graph.invoke(says("I am Ada"), THREAD)
        graph.invoke(says("Who am I?"), THREAD)
        graph.invoke(says("Who am I?"), {"configurable": {"thread_id": "2"}})
    heard = [[message.text for message in asked.messages[1:]] for asked in simple.requests]
    assert heard[1:] == [["I am Ada", "a", "Who am I?"], ["Who am I?"]]


@pytest.mark.parametrize("is_async", [False, True])
async def test_the_agent_looks_orders_up(book: OrderBook, is_async: bool) -> None:
    agent = [calls("order_status", order_id="a-1001 "), "It has been delivered."]
    state = await run(build(router(agent=agent), orders=book), says("Where is my order?"), is_async=is_async)
    assert state["messages"][2].text == "Order A-1001: bicycle lamp, $24.50, delivered."
    assert state["messages"][-1].text == "It has been delivered."


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("approved", "said", "status"),
    [
        (True, "Order A-1002 is refunded.", "refunded"),
        (False, "A person has refused the refund of A-1002.", "in transit, expected on Friday"),
        ("maybe", "A person has refused the refund of A-1002.", "in transit, expected on Friday"),
    ],
)
async def test_a_large_refund_waits_for_a_person(
    book: OrderBook, is_async: bool, approved: Any, said: str, status: str
) -> None:
    agent = [calls("refund_order", order_id="A-1002", reason="never came"), "Done."]
    graph = build(router(agent=agent), orders=book, checkpointer=InMemorySaver())
    stopped = await run(graph, says("Refund my order A-1002"), is_async=is_async)
    assert stopped["__interrupt__"][0].value["usd"] == "489.00"
    assert (book.find("A-1002") or {})["status"].startswith("in transit")
    state = await run(graph, Command(resume=approved), is_async=is_async)
    assert [message.type for message in state["messages"]] == ["human", "ai", "tool", "ai"]
    assert state["messages"][2].text == said
    assert (book.find("A-1002") or {})["status"] == status


def test_a_small_refund_is_made_at_once_and_only_once(book: OrderBook) -> None:
    agent = [calls("refund_order", order_id="A-1003", reason="late"), "Done."]
    graph = build(router(agent=agent), orders=book)
    assert graph.invoke(says("Refund my order"))["messages"][2].text == "Order A-1003 is refunded."
    assert graph.invoke(says("Refund my order"))["messages"][2].text == "Order A-1003: chain oil, $9.90, refunded."
    assert (book.find("A-1003") or {})["refund_reason"] == "late"


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("text", ["Let me talk to a real person", "Please put me through to your manager"])
async def test_a_customer_who_wants_a_person_gets_one(book: OrderBook, is_async: bool, text: str) -> None:
    graph = build(router(), orders=book, checkpointer=InMemorySaver())
    stopped = await run(graph, says(text), is_async=is_async)
    assert stopped["__interrupt__"][0].value["reason"] == "the customer asks for a person"
    state = await run(graph, Command(resume="Hello, Grace here."), is_async=is_async)
    assert (state["messages"][-1].text, state["path"]) == ("Hello, Grace here.", ["triage", "person"])


def test_where_no_model_answers_a_person_does(book: OrderBook) -> None:
    graph = build(router(code=[ConnectionError("gone")]), orders=book, checkpointer=InMemorySaver())
    stopped = graph.invoke(says("Show me your API"), THREAD)
    assert "AllModelsFailedError" in stopped["__interrupt__"][0].value["reason"]
    state = graph.invoke(Command(resume="Grace here: GET /orders"), THREAD)
    assert state["messages"][-1].text == "Grace here: GET /orders"
    assert state["path"] == ["classify", "specialist", "fallback"]


async def test_tools_do_not_block_the_event_loop(book: OrderBook, monkeypatch: pytest.MonkeyPatch) -> None:
    loop_thread = asyncio.get_running_loop()
    seen: list[bool] = []
    find = OrderBook.find

    def noting(self: OrderBook, order_id: str) -> Any:
        try:
            seen.append(asyncio.get_running_loop() is loop_thread)
        except RuntimeError:
            seen.append(False)
        return find(self, order_id)

    monkeypatch.setattr(OrderBook, "find", noting)
    agent = [calls("order_status", order_id="A-1001"), "Done."]
    await build(router(agent=agent), orders=book).ainvoke(says("Where is my order?"))
    assert seen == [False]


def test_the_database_is_made_when_first_used(book: OrderBook) -> None:
    build(router(), orders=book)
    assert not book.path.exists()
    assert book.find("A-9999") is None
    assert book.path.exists()
