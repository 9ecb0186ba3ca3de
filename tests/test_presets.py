import pytest

from langchain_modelrouter.config import RouterConfig

SAMBANOVA = {
    "data_collection": "sambanova-llama-8b",
    "content_scraping": "sambanova-llama-8b",
    "classification": "sambanova-llama-8b",
    "gap_analysis": "sambanova-qwen-32b",
    "recommendations": "sambanova-deepseek-v3",
    "structured_extraction": "sambanova-llama-17b",
}


def first_choices(preset: str) -> dict[str, str]:
    return {task: models[0] for task, models in RouterConfig.builtin().preset_models(preset).items()}


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("sambanova_optimized", SAMBANOVA),
        ("nebius_balanced", dict.fromkeys(SAMBANOVA, "nebius-llama-8b") | {"recommendations": "nebius-llama-405b"}),
        ("mixed_optimal", SAMBANOVA | {"recommendations": "nebius-llama-405b"}),
        ("support_bot", {"simple": "cheapestinference-llama-8b", "agent": "cheapestinference-kimi-k2-5"}),
        ("reasoning_split", {"code": "sambanova-deepseek-r1", "default": "sambanova-llama-4-405b"}),
    ],
)
def test_presets_are_as_their_articles_say(preset: str, expected: dict[str, str]) -> None:
    assert expected.items() <= first_choices(preset).items()


def test_dev_fast_asks_the_fastest_small_models_only() -> None:
    config = RouterConfig.builtin()
    keys = {key for models in config.preset_models("dev_fast").values() for key in models}
    assert {config.registry[key].size for key in keys} == {"tiny", "small"}


def test_the_preset_in_force_is_mixed_optimal() -> None:
    assert RouterConfig.builtin().preset == "mixed_optimal"


def test_every_preset_has_a_default_and_every_task_a_description() -> None:
    config = RouterConfig.builtin()
    assert all("default" in config.preset_models(preset) for preset in config.presets)
    assert all(task.description for task in config.tasks.values())


def test_models_of_a_preset_can_do_what_their_task_requires() -> None:
    config = RouterConfig.builtin()
    for preset in set(config.presets) - {"nebius_balanced"}:  # Nebius serves no model that takes images
        for task, models in config.preset_models(preset).items():
            for key in models if task != "default" else ():
                assert config.tasks[task].requires <= config.registry[key].capabilities, (preset, task, key)


def test_vision_long_context_and_quality_are_reachable_on_the_aggregator() -> None:
    choices = first_choices("cheapestinference_routed")
    assert choices["vision"] == "cheapestinference-llama-4-scout"
    assert choices["long_context"] == "cheapestinference-minimax-m2-5"
    assert choices["max_quality"] == "cheapestinference-qwen3-235b"


@pytest.mark.parametrize(
    ("task", "settings"),
    [
        ("data_collection", ("tiny", 0.1, 1024, "low")),
        ("content_scraping", ("tiny", 0.1, 1024, "low")),
        ("classification", ("tiny", 0.0, 256, "low")),
        ("structured_extraction", ("small", 0.1, 2048, "medium")),
        ("gap_analysis", ("small", 0.3, 4096, "medium")),
        ("recommendations", ("large", 0.5, 8192, "high")),
        ("strategy_generation", ("large", 0.5, 8192, "high")),
    ],
)
def test_tasks_have_the_settings_of_the_seo_article(task: str, settings: tuple[str, float, int, str]) -> None:
    found = RouterConfig.builtin().tasks[task]
    assert (found.size, found.temperature, found.max_tokens, found.complexity) == settings
