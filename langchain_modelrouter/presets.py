"""The tasks and presets that we ship, as the data that a configuration file would hold."""

from collections.abc import Mapping
from typing import Any

DEFAULT_PRESET = "mixed_optimal"

_ARTICLE = "multi-agent SEO article"
_OURS = "ours, in the pattern of the multi-agent SEO article"
_CATEGORY = "multi-model architecture article (the category); settings are ours"

TASKS: Mapping[str, Mapping[str, Any]] = {
    # The steps of an SEO job. The article gives settings for three of them; the others are ours.
    "data_collection": {
        "size": "tiny",
        "temperature": 0.1,
        "max_tokens": 1024,
        "complexity": "low",
        "description": "Write search queries and pick results.",
        "source": _ARTICLE,
    },
    "content_scraping": {
        "size": "tiny",
        "temperature": 0.1,
        "max_tokens": 1024,
        "complexity": "low",
        "description": "Name the topics and the intent of a page.",
        "source": _OURS,
    },
    "classification": {
        "size": "tiny",
        "temperature": 0.0,
        "max_tokens": 256,
        "complexity": "low",
        "description": "Put a text into one of a few classes.",
        "source": _OURS,
    },
    "structured_extraction": {
        "size": "small",
        "temperature": 0.1,
        "max_tokens": 2048,
        "complexity": "medium",
        "description": "Turn a text into fields of a schema.",
        "source": _OURS,
    },
    "gap_analysis": {
        "size": "small",
        "temperature": 0.3,
        "max_tokens": 4096,
        "complexity": "medium",
        "description": "Compare a page with its competitors.",
        "source": _ARTICLE,
    },
    "recommendations": {
        "size": "large",
        "temperature": 0.5,
        "max_tokens": 8192,
        "complexity": "high",
        "description": "Recommend what to change, with reasons and steps.",
        "source": _ARTICLE,
    },
    "strategy_generation": {
        "size": "large",
        "temperature": 0.5,
        "max_tokens": 8192,
        "complexity": "high",
        "description": "Plan over many findings.",
        "source": _OURS,
    },
    # What the classifiers tell apart.
    "simple": {
        "size": "tiny",
        "temperature": 0.3,
        "max_tokens": 1024,
        "complexity": "low",
        "description": "Greetings, FAQ and simple factual questions.",
        "source": _CATEGORY,
    },
    "general": {
        "size": "medium",
        "temperature": 0.7,
        "complexity": "medium",
        "description": "Complex questions, analysis, writing and summaries.",
        "source": _CATEGORY,
    },
    "reasoning": {
        "size": "large",
        "temperature": 0.2,
        "complexity": "high",
        "description": "Mathematics, logic, science and problems of several steps.",
        "source": _CATEGORY,
    },
    "code": {
        "size": "large",
        "temperature": 0.2,
        "complexity": "high",
        "description": "Write, debug, refactor and explain code.",
        "source": _CATEGORY,
    },
    "agent": {
        "size": "medium",
        "temperature": 0.2,
        "complexity": "high",
        "requires": ["tools"],
        "description": "Work that takes tools, web search or several actions.",
        "source": _CATEGORY,
    },
    # Kinds of work that applications name themselves.
    "math": {"size": "large", "temperature": 0.2, "complexity": "high", "description": "Calculate and prove."},
    "creative": {
        "size": "medium",
        "temperature": 0.9,
        "complexity": "medium",
        "description": "Stories, slogans, verse.",
    },
    "analysis": {"size": "medium", "temperature": 0.3, "complexity": "high", "description": "Weigh and compare."},
    "translation": {"size": "small", "temperature": 0.2, "complexity": "low", "description": "Translate a text."},
    "summarization": {"size": "small", "temperature": 0.3, "complexity": "low", "description": "Shorten a text."},
    "conversation": {"size": "tiny", "temperature": 0.7, "complexity": "low", "description": "Talk with a person."},
    "vision": {
        "size": "small",
        "temperature": 0.2,
        "complexity": "medium",
        "requires": ["images"],
        "description": "Questions about images.",
    },
    "long_context": {"size": "large", "complexity": "high", "description": "More text than other models hold."},
    "max_quality": {"size": "large", "complexity": "high", "description": "The best answer, whatever it takes."},
}

_SAMBANOVA = {
    "data_collection": "sambanova-llama-8b",
    "content_scraping": "sambanova-llama-8b",
    "classification": "sambanova-llama-8b",
    "structured_extraction": "sambanova-llama-17b",
    "gap_analysis": "sambanova-qwen-32b",
    "recommendations": "sambanova-deepseek-v3",
    "strategy_generation": "sambanova-deepseek-v3",
    "simple": "sambanova-llama-8b",
    "general": "sambanova-llama-70b",
    "reasoning": "sambanova-deepseek-70b",
    "code": "sambanova-deepseek-v3",
    "agent": "sambanova-llama-70b",
    "math": "sambanova-deepseek-70b",
    "creative": "sambanova-llama-70b",
    "analysis": "sambanova-llama-70b",
    "translation": "sambanova-qwen-32b",
    "summarization": "sambanova-llama-17b",
    "conversation": "sambanova-llama-8b",
    "vision": "sambanova-llama-17b",
    "long_context": "sambanova-llama-70b",
    "max_quality": "sambanova-deepseek-v3",
    "default": "sambanova-llama-8b",
}

PRESETS: Mapping[str, Mapping[str, str | list[str]]] = {
    # The first four are named by the multi-agent SEO article; it fixes the SEO tasks of the first three.
    "sambanova_optimized": _SAMBANOVA,
    "nebius_balanced": dict.fromkeys(_SAMBANOVA, "nebius-llama-8b") | {"recommendations": "nebius-llama-405b"},
    "mixed_optimal": _SAMBANOVA
    | {
        "recommendations": "nebius-llama-405b",
        "strategy_generation": "nebius-llama-405b",
        "reasoning": "nebius-deepseek-r1",
        "math": "nebius-deepseek-r1",
        "max_quality": "nebius-llama-405b",
    },
    "dev_fast": {task: ["sambanova-llama-8b", "sambanova-llama-17b"] for task in _SAMBANOVA}
    | {"vision": "sambanova-llama-17b"},
    # Multi-model architecture article: the routes of one aggregator, and its support bot.
    "cheapestinference_routed": {
        "simple": "cheapestinference-llama-8b",
        "classification": "cheapestinference-llama-8b",
        "general": "cheapestinference-deepseek-v3",
        "reasoning": ["cheapestinference-deepseek-reasoner", "cheapestinference-deepseek-v3"],
        "code": ["cheapestinference-qwen3-coder", "cheapestinference-deepseek-v3"],
        "agent": ["cheapestinference-kimi-k2-5", "cheapestinference-deepseek-v3"],
        "vision": "cheapestinference-llama-4-scout",
        "long_context": "cheapestinference-minimax-m2-5",
        "max_quality": "cheapestinference-qwen3-235b",
        "default": "cheapestinference-deepseek-v3",
    },
    "cheapestinference_budget": {
        "simple": "cheapestinference-llama-8b",
        "general": ["cheapestinference-glm-4-7-flash", "cheapestinference-deepseek-v3"],
        "vision": "cheapestinference-llama-4-scout",
        "default": "cheapestinference-glm-4-7-flash",
    },
    "support_bot": {
        "simple": "cheapestinference-llama-8b",
        "general": "cheapestinference-deepseek-v3",
        "reasoning": "cheapestinference-deepseek-v3",
        "code": "cheapestinference-qwen3-coder",
        "agent": "cheapestinference-kimi-k2-5",
        "default": "cheapestinference-deepseek-v3",
    },
    # Multi-model routing article: a reasoning and a general model behind logical names.
    "reasoning_split": {
        "reasoning": "reasoning-model",
        "math": "reasoning-model",
        "code": "reasoning-model",
        "long_context": "reasoning-model",
        "default": "general-model",
    },
    # Ours: current models of three vendors, in place of the retired ones of the multi-model orchestration article.
    "vendors_current": {
        "simple": ["openai-gpt-6-luna", "anthropic-claude-haiku-5-5", "google-gemini-3.5-flash-lite"],
        "general": ["anthropic-claude-sonnet-5-5", "openai-gpt-6.1-terra", "google-gemini-3.8-flash"],
        "reasoning": ["openai-gpt-6.1-sol", "anthropic-claude-opus-5-5", "google-gemini-4-argon"],
        "code": ["anthropic-claude-sonnet-5-5", "openai-gpt-6.1-sol", "google-gemini-4-argon"],
        "agent": ["anthropic-claude-sonnet-5-5", "openai-gpt-6.1-terra", "google-gemini-3.8-flash"],
        "vision": ["openai-gpt-6.1-terra", "google-gemini-3.8-flash", "anthropic-claude-sonnet-5-5"],
        "default": ["openai-gpt-6-luna", "anthropic-claude-haiku-5-5", "google-gemini-3.5-flash-lite"],
    },
}
