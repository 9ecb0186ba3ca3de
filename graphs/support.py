"""A support bot: FAQ, complex and technical questions and an agent with tools, each on its model; people where needed.

    graph = build(RouterChatModel(preset="support_bot"), checkpointer=InMemorySaver())
    thread = {"configurable": {"thread_id": "customer-7"}}
    state = graph.invoke({"messages": [("human", "Refund order A-1002, it never came")]}, thread)
    if "__interrupt__" in state:  # a refund above $50, or a customer who wants a person
        state = graph.invoke(Command(resume=True), thread)

It needs the extra `agents`. The checkpointer is the memory, per thread. For PostgreSQL change that line:

    with PostgresSaver.from_conn_string("postgresql://...") as checkpointer:  # package langgraph-checkpoint-postgres
        checkpointer.setup()  # once
        graph = build(RouterChatModel(preset="support_bot"), checkpointer=checkpointer)
"""

import re
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command, interrupt

from graphs.orders import OrderBook, order_tools
from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.prebuilt import RouterInput, RouterState, create_router_graph

PRESET = "support_bot"
"""FAQ on the small model, complex questions on the general one, code on the coder, tools on the agent's model."""

FAQ = """Opening hours: Monday to Friday, 8:00 to 18:00.
Delivery: 2 to 4 working days, free from $40.
Returns: within 30 days, unused, free of charge.
Warranty: 2 years, batteries 1 year.
Payment: card, bank transfer, invoice for companies."""

PROMPTS = {
    "simple": f"You answer customers of a bicycle shop in a sentence or two, from these facts only:\n{FAQ}",
    "general": "You advise customers of a bicycle shop. Weigh what they say and answer in a short paragraph.",
    "reasoning": "You advise customers of a bicycle shop. Work it out step by step, then state the result.",
    "code": "You help developers who use the shop's API. Show working code, then explain it in a sentence.",
}
AGENT_PROMPT = (
    "You handle orders of a bicycle shop with your tools. Look an order up before you speak of it; refund only what "
    "the customer asks to be refunded."
)

_WANTS_PERSON = re.compile(
    r"\b(?:speak|talk|chat|connect|put|pass)\b.{0,30}\b(?:human|person|someone|somebody|manager|representative)\b"
    r"|\b(?:real|actual|live) (?:human|person|agent)\b|\bhuman (?:agent|being|support)\b",
    re.IGNORECASE | re.DOTALL,
)


_ABOUT_AN_ORDER = re.compile(r"\b[A-Z]-\d{4}\b|\bmy (?:order|parcel|delivery)\b|\brefund", re.IGNORECASE)


def build(
    router: RouterChatModel,
    *,
    orders: OrderBook | None = None,
    checkpointer: Any = None,
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Return the bot: `{"messages": [...]}` in, the conversation with category, model, path and cost out.

    It stops with an `interrupt` where a customer asks for a person, where no model answers, and before a refund
    above $50. The first two are resumed with what the person says, the last with True or False.

    Args:
        orders: the order database; by default `support_orders.sqlite` in the working directory, made when first used.
        checkpointer: keeps the threads; without one there is no memory, and no person can be asked.
    """
    agent = create_agent(
        router.for_task("agent"), order_tools(orders or OrderBook()), system_prompt=AGENT_PROMPT, name="orders"
    )
    answering = create_router_graph(
        router, specialists={"agent": agent}, fallback=ask_person, prompts=PROMPTS, name="answering"
    )
    graph = StateGraph(RouterState, input_schema=RouterInput)
    graph.add_node("triage", triage, destinations=("answering", "person"))
    graph.add_node("answering", answering)
    graph.add_node("person", person)
    graph.add_edge(START, "triage")
    graph.add_edge("answering", END)
    graph.add_edge("person", END)
    return graph.compile(checkpointer=checkpointer, name="support")


def triage(state: RouterState) -> Command[str]:
    """Send those who ask for a person to one, and what is about an order to the agent that can look it up."""
    text = str(state["messages"][-1].text)
    if _WANTS_PERSON.search(text):
        return Command(goto="person")
    return Command(goto="answering", update={"task": "agent" if _ABOUT_AN_ORDER.search(text) else None})


def person(state: RouterState) -> dict[str, Any]:
    """Let a person answer."""
    reply = ask_person(state, reason="the customer asks for a person")
    return {"messages": [reply], "category": "person", "model": None, "path": ["triage", "person"], "error": None}


def ask_person(state: RouterState, reason: str = "no model could answer") -> AIMessage:
    """Wait for a person's answer."""
    said = interrupt({"question": "Please answer the customer.", "reason": state.get("error") or reason})
    return AIMessage(str(said), name="person")


graph = build(RouterChatModel(preset=PRESET))
"""Built when this module is imported; `langgraph dev` gives it its checkpointer."""
