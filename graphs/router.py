"""classify -> specialist -> fallback, over the built-in configuration or the file in force.

`langgraph dev` serves `graph`. With a checkpointer of your own:

    from langgraph.checkpoint.sqlite import SqliteSaver

    with SqliteSaver.from_conn_string("threads.sqlite") as checkpointer:
        graph = build(RouterChatModel(), checkpointer=checkpointer)
"""

from typing import Any

from langgraph.graph.state import CompiledStateGraph

from langchain_modelrouter import RouterChatModel
from langchain_modelrouter.prebuilt import create_router_graph

PROMPTS = {
    "simple": "Answer in a sentence or two.",
    "reasoning": "Work through it step by step, then state the result on a line of its own.",
    "code": "Answer with working code first, then with what the reader must know to use it.",
}


def build(router: RouterChatModel, **options: Any) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Return the graph over `router`; `options` are those of `create_router_graph`."""
    return create_router_graph(router, **{"prompts": PROMPTS, **options})


graph = build(RouterChatModel())
