from typing import Any

import pytest

from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.errors import ConfigError

KEY = "sk-0123456789abcdef"


def faults_of(config: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ConfigError) as raised:
        RouterConfig.model_validate(config)
    assert KEY not in str(raised.value)
    return {fault.key: fault.problem for fault in raised.value.faults}


@pytest.mark.parametrize(
    ("config", "key", "says"),
    [
        ({"preset": "mixed_optimall"}, "preset", "'mixed_optimal'"),
        ({"models": {"x": {"provider": "nebuis", "api_name": "x"}}}, "models.x.provider", "'nebius'"),
        ({"models": {"x": {"provider": "nebius"}}}, "models.x.api_name", "missing"),
        ({"aliases": {"a": "nebius-lama-8b"}}, "aliases.a", "'nebius-llama-8b'"),
        ({"presets": {"p": {"default": "nebius-lama-8b"}}}, "presets.p.default", "'nebius-llama-8b'"),
        ({"presets": {"p": {"default": ["nebius-llama-8b", "x"]}}}, "presets.p.default[1]", "no model 'x'"),
        ({"presets": {"p": {"default": []}}}, "presets.p.default", "at least 1"),
        ({"presets": {"p": {"gap_analisys": "nebius-llama-8b"}}}, "presets.p.gap_analisys", "'gap_analysis'"),
        ({"tasks": {"t": {"requires": ["tool"]}}}, "tasks.t.requires[0]", "'tools'"),
        ({"fallback": {"models": {"x": "nebius-llama-8b"}}}, "fallback.models.x", "no model 'x'"),
        ({"fallback": {"models": {"nebius-llama-8b": ["y"]}}}, "fallback.models.nebius-llama-8b[0]", "no model 'y'"),
        ({"fallback": {"order": ["same_canon"]}}, "fallback.order[0]", "'same_canonical'"),
        ({"routing": {"splits": {"x": {"nebius-llama-8b": 1}}}}, "routing.splits.x", "no model 'x'"),
        ({"routing": {"splits": {"nebius-llama-8b": {"x": 1}}}}, "routing.splits.nebius-llama-8b.x", "no model 'x'"),
        ({"routing": {"splits": {"nebius-llama-8b": {"nebius-llama-8b": 0}}}}, "routing.splits", "above 0"),
        ({"routing": {"weights": {"x": 1}}}, "routing.weights.x", "no model 'x'"),
        ({"routing": {"classifier": "lokal"}}, "routing.classifier", "'local'"),
        ({"routing": {"classifier_model": "x"}}, "routing.classifier_model", "no model 'x'"),
        ({"routing": {"default_task": "x"}}, "routing.default_task", "no task 'x'"),
        ({"routing": {"category_tasks": {"simple": "x"}}}, "routing.category_tasks.simple", "no task 'x'"),
        ({"routing": {"category_tasks": {"simpel": "code"}}}, "routing.category_tasks.simpel", "'simple'"),
        ({"routing": {"routes": {"x": ["a"]}}}, "routing.routes.x", "no task 'x'"),
        ({"routing": {"strategy": "cheepest"}}, "routing.strategy", "'cheapest'"),
        ({"routing": {"rules": [{"name": "a", "then": {"task": "cod"}}]}}, "routing.rules[0].then.task", "'code'"),
        ({"routing": {"rules": [{"name": "a", "then": {"model": "x"}}]}}, "routing.rules[0].then.model", "no model"),
        ({"routing": {"rules": [{"name": "a", "then": {}}]}}, "routing.rules[0].then", "sets nothing"),
        ({"budgets": [{"name": "a", "usd": 1, "per": "day", "preset": "x"}]}, "budgets[0].preset", "no preset"),
        ({"budgets": [{"name": "a", "usd": -1, "per": "day"}]}, "budgets[0].usd", "-1"),
        ({"budgets": [{"name": "a", "usd": 1, "per": "dai"}]}, "budgets[0].per", "'day'"),
        ({"retry": {"same_model": -1}}, "retry.same_model", "-1"),
        ({"limits": {"deadline_s": "soon"}}, "limits.deadline_s", "'soon'"),
        ({"modles": {}}, "modles", "'models'"),
        (
            {"routing": {"rules": [{"name": "a", "when": {"keywrds": ["x"]}, "then": {"task": "code"}}]}},
            "routing.rules[0].when.keywrds",
            "'keywords'",
        ),
        (
            {"models": {"nebius-llama-8b": {"inptu_usd_per_mtok": 1}}},
            "models.nebius-llama-8b.inptu_usd_per_mtok",
            "'input_usd_per_mtok'",
        ),
        (
            {"models": {"nebius-llama-8b": {"input_usd_per_mtok": -0.1}}},
            "models.nebius-llama-8b.input_usd_per_mtok",
            "greater than or equal to 0",
        ),
        (
            {"models": {"nebius-llama-8b": {"input_usd_per_mtok": float("nan")}}},
            "models.nebius-llama-8b.input_usd_per_mtok",
            "finite",
        ),
        ({"models": {"nebius-llama-8b": 3}}, "models.nebius-llama-8b", "must be a mapping"),
        ({"models": ["nebius-llama-8b"]}, "models", "must be a mapping"),
        ({"tasks": {"t": "x"}}, "tasks.t", "must be a mapping"),
        ({"providers": {"p": {"base_url": "api.example.com"}}}, "providers.p.base_url", "not a URL"),
    ],
)
def test_a_fault_names_its_key_and_the_way_out(config: dict[str, Any], key: str, says: str) -> None:
    faults = faults_of(config)
    assert list(faults) == [key]
    assert says in faults[key]
    assert "\n" not in faults[key]


def test_all_faults_come_at_once() -> None:
    config = {
        "preset": "x",
        "modles": {},
        "models": {"a": {"provider": "y", "input_usd_per_mtok": -1}},
        "presets": {"p": {"code": "z"}},
    }
    assert set(faults_of(config)) == {
        "preset",
        "modles",
        "models.a.provider",
        "models.a.api_name",
        "models.a.input_usd_per_mtok",
        "presets.p.code",
    }


def test_a_faulty_model_is_still_known_to_those_that_name_it() -> None:
    config = {"models": {"a": {"provider": "nebius"}}, "presets": {"p": {"code": "a"}}}
    assert set(faults_of(config)) == {"models.a.api_name"}


def test_aliases_in_a_circle_are_faults() -> None:
    faults = faults_of({"aliases": {"a": "b", "b": "a", "c": "b", "d": "d"}})
    assert set(faults) == {"aliases.a", "aliases.b", "aliases.d"}
    assert "a -> b -> a" in faults["aliases.a"]


def test_an_alias_may_have_the_name_that_a_model_has_elsewhere() -> None:
    config = RouterConfig(aliases={"deepseek/deepseek-r1": "sambanova-deepseek-v3"})
    assert config.registry.resolve("deepseek/deepseek-r1").key == "sambanova-deepseek-v3"


def test_rules_and_budgets_have_names_of_their_own() -> None:
    rule = {"name": "a", "then": {"task": "code"}}
    budget = {"name": "b", "usd": 1, "per": "day"}
    faults = faults_of({"routing": {"rules": [rule, rule]}, "budgets": [budget, budget]})
    assert set(faults) == {"routing.rules[1].name", "budgets[1].name"}


@pytest.mark.parametrize(
    ("provider", "key"),
    [
        ({"api_key": KEY}, "api_key"),
        ({"api-key": KEY}, "api-key"),
        ({"token": KEY}, "token"),
        ({"api_key_env": KEY}, "api_key_env"),
        ({"headers": {"Authorization": f"Bearer {KEY}"}}, "headers.Authorization"),
        ({"headers": {"X-Trace": [KEY]}}, "headers.X-Trace"),
        ({"base_url": f"https://me:{KEY}@api.example.com/v1"}, "base_url"),
    ],
)
def test_a_key_in_the_file_is_refused_and_never_shown(provider: dict[str, Any], key: str) -> None:
    assert list(faults_of({"providers": {"p": provider}})) == [f"providers.p.{key}"]


def test_a_key_in_the_file_is_answered_with_where_it_belongs() -> None:
    assert "api_key_env" in faults_of({"providers": {"nebius": {"api_key": KEY}}})["providers.nebius.api_key"]
