import subprocess
import sys

import graphs.seo
from graphs.seo.graph import graph


def test_the_served_graph_has_its_four_agents_and_no_checkpointer() -> None:
    assert {"data_collection", "content_scraping", "gap_analysis", "recommendations"} <= set(graph.nodes)
    assert graph.checkpointer is None
    assert set(graph.get_input_jsonschema()["properties"]) == {"target", "competitors", "keyword"}


def test_the_package_gives_its_names_and_no_others() -> None:
    assert graphs.seo.build is not None
    assert graphs.seo.graph is not None
    assert not hasattr(graphs.seo, "no_such_name")


def test_a_parsing_worker_does_not_load_langgraph() -> None:
    code = "import sys, graphs.seo.parse_worker, graphs.seo.extract; print('langgraph' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
