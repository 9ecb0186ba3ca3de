import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from langgraph.graph.state import CompiledStateGraph

from langchain_modelrouter import RouterConfig
from langchain_modelrouter.simulator import Simulator
from langchain_modelrouter.simulator.simulated_config import simulated_providers

ROOT = Path(__file__).parents[2]
SERVED = json.loads((ROOT / "langgraph.json").read_text())["graphs"]
START_S = 60.0
langgraph = Path(sys.executable).with_name("langgraph")


@pytest.mark.parametrize("name", SERVED)
def test_each_graph_is_there_and_leaves_the_checkpointer_to_the_server(name: str) -> None:
    path, _, variable = SERVED[name].partition(":")
    module = import_module(".".join(Path(path).with_suffix("").parts))
    graph = getattr(module, variable)
    assert isinstance(graph, CompiledStateGraph)
    assert graph.checkpointer is None


def test_all_graphs_are_served() -> None:
    files = [path for path in (ROOT / "graphs").rglob("*.py") if "\ngraph = " in path.read_text()]
    assert {ROOT / value.partition(":")[0] for value in SERVED.values()} == set(files)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[httpx2.Client]:
    """Run `langgraph dev` on the graphs, over a configuration whose providers are simulated."""
    config = RouterConfig.builtin()
    with Simulator(config.registry, speed=1e6) as simulator, (tmp_path / "out.log").open("w") as log:
        settings = tmp_path / "modelrouter.yaml"
        settings.write_text(yaml.safe_dump({"version": 1, "providers": simulated_providers(config, simulator)}))
        shutil.copy(ROOT / "langgraph.json", tmp_path)
        (tmp_path / "graphs").symlink_to(ROOT / "graphs")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        own = {"MODELROUTER_CONFIG": str(settings), "LANGGRAPH_CLI_NO_ANALYTICS": "1", "LANGSMITH_TRACING": "false"}
        process = subprocess.Popen(
            [langgraph, "dev", "--no-browser", "--no-reload", "--port", str(port)],
            cwd=tmp_path,
            env={**os.environ, **own},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
                wait_for(client, process, tmp_path / "out.log")
                yield client
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=20)


def wait_for(client: httpx2.Client, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        try:
            if client.get("/ok").status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"langgraph dev did not start: {log.read_text()[-2000:]}")


def run(server: httpx2.Client, graph: str, thread: str, **body: Any) -> dict[str, Any]:
    answer = server.post(f"/threads/{thread}/runs/wait", json={"assistant_id": graph, **body})
    assert answer.status_code == 200, answer.text
    state: dict[str, Any] = answer.json()
    assert "__error__" not in state, state
    return state


def says(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}


@pytest.mark.slow
@pytest.mark.skipif(not langgraph.exists(), reason="needs the extra dev: langgraph-cli[inmem]")
def test_langgraph_dev_serves_the_graphs_and_keeps_a_thread(server: httpx2.Client) -> None:
    """Blocking calls in async nodes are errors there."""
    assistants = server.post("/assistants/search", json={}).json()
    assert {assistant["graph_id"] for assistant in assistants} == set(SERVED)

    def thread() -> str:
        return str(server.post("/threads", json={}).json()["thread_id"])

    kept = thread()
    first = run(server, "router", kept, input=says("Write a Python function that reverses a list"))
    second = run(server, "router", kept, input=says("And now in Rust"))
    assert [message["type"] for message in second["messages"]] == ["human", "ai", "human", "ai"]
    assert second["cost_usd"] > first["cost_usd"] > 0
    history = server.get(f"/threads/{kept}/state").json()["values"]
    assert history["messages"] == second["messages"]

    person = thread()
    stopped = run(server, "support", person, input=says("Let me talk to a real person"))
    assert stopped["__interrupt__"][0]["value"]["reason"] == "the customer asks for a person"
    resumed = run(server, "support", person, command={"resume": "Grace here."})
    assert resumed["messages"][-1]["content"] == "Grace here."

    ordered = run(server, "support", thread(), input=says("What is the order_status of my order? order_id: A-1002"))
    assert "cargo bike battery" in json.dumps(ordered["messages"])
    for graph in ("cascade", "ensembles"):
        assert run(server, graph, thread(), input=says("Which is heavier, oil or water?"))["cost_usd"] > 0
    nowhere = "http://127.0.0.1:1/"
    assert run(server, "research", thread(), input={"question": "Why?", "urls": [nowhere]})["bullets"] == []
    assert run(server, "seo", thread(), input={"target": nowhere, "competitors": [nowhere]})["report"]["errors"]
