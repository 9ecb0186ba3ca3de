import httpx2
import pytest
from langchain_openai.decisions import Choice, OpenAIDecisions, Predicate, Question, Score
from pydantic import SecretStr

from langchain_modelrouter.simulator import Simulator

QUESTIONS: dict[str, Question] = {
    "department": Choice(instructions="Who?", choices={"billing": "Payments.", "technical": None}),
    "flag": Choice(instructions="On?", choices={True: None, False: None}),
    "urgent": Predicate(instructions="Is it urgent?"),
    "anger": Score(instructions="How angry?", levels=["Calm", "Concerned", "Angry"]),
}


@pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
def test_the_own_client_of_the_api_reads_every_kind_of_answer(server: Simulator) -> None:
    with httpx2.Client(timeout=5, verify=False) as http:
        client = OpenAIDecisions(model="large", base_url=server.url("one"), api_key=SecretStr("none"), http_client=http)
        response = client.invoke({"input": "a technical and angry note", "questions": QUESTIONS})
    assert set(response.answers) == set(QUESTIONS)
    department, anger = response.choices["department"], response.scores["anger"]
    assert (department.choice, department.probabilities["technical"]) == ("technical", 0.8)
    assert 0 < department.confidence < 1
    assert isinstance(response.choices["flag"].choice, bool)
    assert response.predicates["urgent"].probability in (pytest.approx(0.2), pytest.approx(0.8))
    assert anger.legend == {0: "Calm", 1: "Concerned", 2: "Angry"}
    assert anger.score == pytest.approx(0.1 + 2 * 0.8)
    assert sum(anger.probabilities.values()) == pytest.approx(1)
    assert (response.usage.input_tokens or 0) > 10
    assert response.request_id == "req-simulated-0"


def test_what_is_no_question_is_refused(server: Simulator, http: httpx2.Client) -> None:
    url = f"{server.url('one')}/decisions"
    good = {"model": "large", "input": "x", "questions": [{"name": "a", "type": "predicate", "instructions": "b"}]}
    assert http.post(url, json=good).json()["simulated"] is True
    wrongs: list[dict[str, object]] = [
        {"input": None},
        {"input": [1]},
        {"questions": []},
        {"questions": [{"name": "a", "type": "choice"}]},
    ]
    for wrong in wrongs:
        assert http.post(url, json={**good, **wrong}).status_code == 400
    assert http.post(url, json={**good, "model": "unknown"}).status_code == 404
