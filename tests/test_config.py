import copy
import pickle
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest

from langchain_modelrouter.config import RouterConfig, config_path, missing_keys
from langchain_modelrouter.errors import ConfigError, UnknownPresetError

ALONE: dict[str, Any] = {
    "extends": "none",
    "providers": {"acme": {"base_url": "http://127.0.0.1:1/v1"}},
    "models": {"a": {"provider": "acme", "api_name": "A"}, "b": {"provider": "acme", "api_name": "B"}},
    "presets": {"mine": {"default": "a"}},
}

DESIGN = """
version: 1
extends: builtin
preset: mixed_optimal
providers:
  sambanova: {base_url: "https://api.sambanova.ai/v1", api_key_env: SAMBANOVA_API_KEY,
              kind: openai, timeout_s: 60, requests_per_minute: 60, tokens_per_minute: 200000, headers: {}}
models:
  sambanova-llama-8b:
    {provider: sambanova, api_name: Meta-Llama-3.1-8B-Instruct, canonical: llama-8b, size: tiny,
     input_usd_per_mtok: 0.02, output_usd_per_mtok: 0.02, tokens_per_s: 150, ttft_s: 0.2,
     context_window: 128000, max_output_tokens: 8192, capabilities: [tools, json_schema],
     tags: {family: llama, tier: chat}}
aliases: {general-model: sambanova-llama-8b}
tasks:
  gap_analysis: {size: small, temperature: 0.3, max_tokens: 4096, requires: [json_schema], description: "..."}
presets:
  mine: {gap_analysis: sambanova-qwen-32b, code: [sambanova-deepseek-v3, nebius-deepseek-r1],
         default: sambanova-llama-8b}
routing:
  classifier: local
  classifier_model: sambanova-llama-8b
  category_tasks: {simple: classification}
  default_task: general
  strategy: preset
  rules:
    - {name: sql, priority: 10, when: {keywords: [sql, join], tags: [db], min_input_tokens: 0, has_images: false},
       then: {task: code}}
  splits: {nebius-deepseek-r1: {nebius-deepseek-r1: 90, sambanova-deepseek-v3: 10}}
  max_cost_usd: 0.01
fallback: {order: [same_canonical, same_size, larger], max_models: 3, models: {sambanova-llama-8b: [nebius-llama-8b]}}
retry: {same_model: 1, budget_ratio: 0.2, backoff_base_s: 0.25, backoff_cap_s: 8}
limits: {deadline_s: 120, connect_timeout_s: 5, ttft_timeout_s: 20, idle_timeout_s: 30, stream_buffer: none}
breaker: {consecutive_failures: 5, failure_ratio: 0.5, min_calls: 5, window_s: 60, open_s: 5, open_max_s: 300}
budgets: [{name: daily, usd: 5.0, per: day, when_exceeded: downgrade}]
ledger: {path: null}
"""


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def faults_of(config: Any) -> dict[str, str]:
    with pytest.raises(ConfigError) as raised:
        RouterConfig.model_validate(config)
    return {fault.key: fault.problem for fault in raised.value.faults}


def test_nothing_is_needed() -> None:
    config = RouterConfig.model_validate({})
    assert config.preset == "mixed_optimal"
    assert config == RouterConfig() == RouterConfig.builtin()
    assert RouterConfig.builtin() is RouterConfig.builtin()
    assert (config.path, config.files) == (None, ())


def test_the_whole_structure_of_the_file_is_taken(tmp_path: Path) -> None:
    config = RouterConfig.load(written(tmp_path / "c.yaml", DESIGN))
    assert config.registry["sambanova-llama-8b"].ttft_s == 0.2
    assert config.registry["sambanova-llama-8b"].input_usd_per_mtok == Decimal("0.02")
    assert config.registry.resolve("general-model").key == "sambanova-llama-8b"
    assert config.tasks["gap_analysis"].requires == {"json_schema"}
    assert config.routing.max_cost_usd == Decimal("0.01")
    assert config.routing.rules[0].when.keywords == ("sql", "join")
    assert config.budgets[0].usd == 5


def test_entries_are_merged_field_by_field_over_the_built_in_ones() -> None:
    config = RouterConfig(
        models={"sambanova-llama-8b": {"input_usd_per_mtok": 0.5, "tags": {"team": "x"}}},
        presets={"mixed_optimal": {"code": "nebius-llama-8b"}},
        tasks={"code": {"temperature": 0}},
    )
    model = config.registry["sambanova-llama-8b"]
    assert (model.input_usd_per_mtok, model.output_usd_per_mtok) == (Decimal("0.5"), Decimal("0.02"))
    assert model.tags == {"family": "llama", "tier": "chat", "team": "x"}
    assert config.active_preset["code"] == ("nebius-llama-8b",)
    assert config.active_preset["recommendations"] == ("nebius-llama-405b",)
    assert (config.tasks["code"].temperature, config.tasks["code"].size) == (0, "large")
    assert RouterConfig.builtin().registry["sambanova-llama-8b"].input_usd_per_mtok == Decimal("0.02")


def test_a_field_set_to_null_becomes_unknown_and_an_empty_section_is_absent() -> None:
    config = RouterConfig(models={"sambanova-llama-8b": {"input_usd_per_mtok": None}}, routing=None)
    assert config.registry["sambanova-llama-8b"].input_usd_per_mtok is None


def test_lists_and_shares_are_replaced() -> None:
    rules = [{"name": "a", "then": {"task": "code"}}]
    config = RouterConfig(routing={"rules": rules, "splits": {"nebius-llama-8b": {"sambanova-llama-8b": 1}}})
    assert [rule.name for rule in config.routing.rules] == ["a"]
    assert config.routing.splits == {"nebius-llama-8b": {"sambanova-llama-8b": 1}}


def test_extends_none_starts_from_nothing() -> None:
    config = RouterConfig.model_validate(ALONE)
    assert set(config.models) == {"a", "b"}
    assert config.preset == "mine"
    assert set(config.tasks) == {"general"}
    assert ALONE["presets"] == {"mine": {"default": "a"}}


def test_a_configuration_may_have_no_preset_at_all() -> None:
    config = RouterConfig(extends="none")
    assert dict(config.active_preset) == {}


def test_several_presets_ask_for_a_choice() -> None:
    several = ALONE | {"presets": {"x": {"default": "a"}, "y": {"default": "b"}}}
    assert faults_of(several)["preset"] == "none is chosen; name one of x, y"
    assert RouterConfig.model_validate(several | {"preset": "y"}).active_preset == {"default": ("b",)}


def test_models_and_providers_know_their_keys() -> None:
    config = RouterConfig.model_validate(ALONE)
    assert (config.registry["a"].key, config.registry["a"].canonical) == ("a", "a")
    assert config.registry.providers["acme"].key == "acme"


def test_aliases_in_presets_are_resolved_and_doubles_fall_together() -> None:
    config = RouterConfig.model_validate(
        ALONE | {"aliases": {"first": "second", "second": "a"}, "presets": {"mine": {"default": ["first", "a", "b"]}}}
    )
    assert config.active_preset == {"default": ("a", "b")}


def test_settings_by_model_may_use_aliases() -> None:
    config = RouterConfig(
        routing={
            "splits": {"reasoning-model": {"reasoning-model": 90, "sambanova-deepseek-r1.1": 10}},
            "weights": {"general-model": 2},
        },
        fallback={"models": {"reasoning-model": "nebius-deepseek-r1"}},
    )
    shares = {"sambanova-deepseek-r1": 90, "sambanova-deepseek-r1.1": 10}
    assert config.routing.splits == {"sambanova-deepseek-r1": shares}
    assert config.routing.weights == {"sambanova-llama-4-405b": 2}
    assert config.fallback.models == {"sambanova-deepseek-r1": ("nebius-deepseek-r1",)}


@pytest.mark.parametrize("mode", ["python", "json"])
def test_a_dump_is_a_configuration_again(mode: Literal["python", "json"]) -> None:
    assert RouterConfig.model_validate(RouterConfig.builtin().model_dump(mode=mode)) == RouterConfig.builtin()


def test_the_models_of_an_unknown_preset_are_an_error() -> None:
    with pytest.raises(UnknownPresetError, match="Did you mean 'mine'"):
        RouterConfig.model_validate(ALONE).preset_models("minee")


def test_a_file_extends_another_by_a_path_as_seen_from_it(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    base = written(tmp_path / "base" / "b.yaml", "presets: {ours: {default: nebius-llama-8b}}\npreset: ours\n")
    top = written(tmp_path / "c.yaml", "extends: base/b.yaml\nretry: {same_model: 0}\n")
    config = RouterConfig.load(top)
    assert config.preset == "ours"
    assert config.retry.same_model == 0
    assert "sambanova-llama-8b" in config.models
    assert (config.path, config.files) == (top, (top, base))


def test_a_chain_may_end_in_none(tmp_path: Path) -> None:
    written(tmp_path / "b.yaml", "extends: none\nproviders: {p: {}}\nmodels: {m: {provider: p, api_name: x}}\n")
    config = RouterConfig.load(written(tmp_path / "c.yaml", "extends: b.yaml\npresets: {x: {default: m}}\n"))
    assert list(config.models) == ["m"]


def test_extending_in_a_circle_is_a_fault_at_its_line(tmp_path: Path) -> None:
    written(tmp_path / "b.yaml", "\nextends: c.yaml\n")
    with pytest.raises(ConfigError, match=r"b\.yaml:2: extends: it leads back"):
        RouterConfig.load(written(tmp_path / "c.yaml", "extends: b.yaml\n"))


def test_extending_a_missing_file_is_a_fault_at_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"c\.yaml:2: extends: there is no file"):
        RouterConfig.load(written(tmp_path / "c.yaml", "version: 1\nextends: nowhere.yaml\n"))


def test_faults_stand_at_the_line_of_the_file_that_has_them(tmp_path: Path) -> None:
    base = written(tmp_path / "b.yaml", "version: 1\nmodels:\n  sambanova-llama-8b: {size: huge}\n")
    top = written(tmp_path / "c.yaml", "extends: b.yaml\n\npresets:\n  p:\n    code:\n      - nebius-llama-9b\n")
    with pytest.raises(ConfigError) as raised:
        RouterConfig.load(top)
    places = [(fault.file, fault.line, fault.key) for fault in raised.value.faults]
    assert places == [(str(base), 3, "models.sambanova-llama-8b.size"), (str(top), 6, "presets.p.code[0]")]


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELROUTER_CONFIG", str(written(tmp_path / "c.yaml", "preset: dev_fast\n")))
    assert RouterConfig.load().preset == "dev_fast"
    monkeypatch.setenv("MODELROUTER_CONFIG", str(tmp_path / "gone.yaml"))
    with pytest.raises(ConfigError, match="no such file"):
        RouterConfig.load()


def test_the_file_of_the_folder_goes_before_the_built_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODELROUTER_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    assert config_path() is None
    assert RouterConfig.load() is RouterConfig.builtin()
    written(tmp_path / "modelrouter.yaml", "preset: dev_fast\n")
    assert RouterConfig.load().preset == "dev_fast"
    assert RouterConfig.load("modelrouter.yaml").path == tmp_path / "modelrouter.yaml"


@pytest.mark.parametrize("value", [["a"], "preset: x", None, 3])
def test_what_is_no_mapping_is_a_fault(value: Any) -> None:
    assert "a configuration is a mapping" in faults_of(value)["(dict)"]


@pytest.mark.parametrize("value", [2, "1", 0, True])
def test_another_version_is_a_fault(value: Any) -> None:
    assert "not supported" in faults_of({"version": value})["version"]


def test_a_configuration_is_frozen_and_can_be_copied_and_pickled_after_use() -> None:
    config = RouterConfig.model_validate(ALONE)
    assert config.active_preset
    assert copy.deepcopy(config) is config
    again = pickle.loads(pickle.dumps(config))
    assert again == config
    assert again.active_preset == config.active_preset
    with pytest.raises(ValueError, match="frozen"):
        config.preset = "x"


def test_missing_keys_name_their_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEBIUS_API_KEY", raising=False)
    monkeypatch.setenv("SAMBANOVA_API_KEY", "k")
    missing = missing_keys(RouterConfig.builtin())
    assert missing["nebius"] == "NEBIUS_API_KEY"
    assert not {"sambanova", "ollama"} & set(missing)
