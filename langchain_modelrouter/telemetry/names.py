"""Every name that telemetry gives out, in one place.

`gen_ai.*`: OpenTelemetry semantic conventions for generative AI, v1.41. `llm.*` and `openinference.*`: OpenInference.
`modelrouter.*` and `modelrouter_*` are ours.
"""

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
CONVERSATION = "gen_ai.conversation.id"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_TEMPERATURE = "gen_ai.request.temperature"
REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
RESPONSE_FINISH_REASONS = "gen_ai.response.finish_reasons"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHED_TOKENS = "gen_ai.usage.cache_read.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
TOKEN_TYPE = "gen_ai.token.type"
ERROR_TYPE = "error.type"

TOKEN_USAGE = "gen_ai.client.token.usage"
OPERATION_DURATION = "gen_ai.client.operation.duration"
TOKEN_BUCKETS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
SECONDS_BUCKETS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""Both as the conventions advise."""

OI_KIND = "openinference.span.kind"
OI_MODEL = "llm.model_name"
OI_PROVIDER = "llm.provider"
OI_INPUT_TOKENS = "llm.token_count.prompt"
OI_OUTPUT_TOKENS = "llm.token_count.completion"
OI_TOTAL_TOKENS = "llm.token_count.total"
OI_COST = "llm.cost.total"

MARK = "modelrouter_preset"
"""Metadata of the chain run that stands for a routed call."""
ROUTED_CALL = "route"
"""Name of its span."""
COST = "modelrouter.cost"
"""A counter, and an attribute of spans; USD."""
TASK = "modelrouter.task"
TASK_SOURCE = "modelrouter.task_source"
PRESET = "modelrouter.preset"
STRATEGY = "modelrouter.strategy"
REASON = "modelrouter.reason"
MODEL = "modelrouter.model"
ATTEMPTS = "modelrouter.attempts"
DECISION_MS = "modelrouter.decision_ms"

PROM_ATTEMPTS = "modelrouter_attempts_total"
PROM_TOKENS = "modelrouter_tokens_total"
PROM_COST = "modelrouter_cost_usd_total"
PROM_UNPRICED = "modelrouter_unpriced_attempts_total"
PROM_LATENCY = "modelrouter_attempt_duration_seconds"

DECISION_LOGGER = "langchain_modelrouter.decisions"
