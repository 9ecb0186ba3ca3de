"""Facts about one model at one provider, and about a provider: data, never a client."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal, get_args

from langchain_core.language_models import ModelProfile
from pydantic import Field, HttpUrl, TypeAdapter, field_validator

from langchain_modelrouter.strict import Strict

Size = Literal["tiny", "small", "medium", "large"]
SIZES: tuple[Size, ...] = get_args(Size)
"""Smallest first. About 8B, 17-32B, 70B, 120B and more parameters."""

Capability = Literal["tools", "json_schema", "images", "audio", "files", "reasoning", "embeddings"]
CAPABILITIES: tuple[Capability, ...] = get_args(Capability)

Usd = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
PositiveInt = Annotated[int, Field(gt=0)]

MILLION = Decimal(1_000_000)
_URL: TypeAdapter[HttpUrl] = TypeAdapter(HttpUrl)


class Provider(Strict):
    """Who serves models and owns the credentials for them."""

    key: str = ""
    base_url: str | None = None
    """Root of the OpenAI-compatible API, with its version path; None for kinds that know their own."""
    api_key_env: str | None = None
    """Name of the environment variable that holds the key; None where no key is needed."""
    kind: str = "openai"
    """`openai` builds ChatOpenAI; any other is a provider name of `langchain.chat_models.init_chat_model`."""
    timeout_s: PositiveFloat = 60.0
    requests_per_minute: PositiveInt | None = None
    tokens_per_minute: PositiveInt | None = None
    headers: Mapping[str, str] = Field(default_factory=dict, repr=False)
    source: str | None = None
    checked: date | None = None

    @field_validator("base_url")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None:
            _URL.validate_python(value)
        return value


class PriceTier(Strict):
    """Prices that hold for a whole request once its input is longer than `above_input_tokens`."""

    above_input_tokens: PositiveInt
    input_usd_per_mtok: Usd
    output_usd_per_mtok: Usd


class ModelInfo(Strict):
    """Facts about one model at one provider. Prices are USD per 1,000,000 tokens; None is unknown, never free."""

    key: str = ""
    provider: str
    api_name: str
    """The name that the provider's API takes."""
    canonical: str = ""
    """The same for one model at several providers; by default the key."""
    size: Size = "medium"
    input_usd_per_mtok: Usd | None = None
    output_usd_per_mtok: Usd | None = None
    cached_input_usd_per_mtok: Usd | None = None
    """None: cached input costs as much as other input."""
    reasoning_usd_per_mtok: Usd | None = None
    """None: reasoning costs as much as other output."""
    tiers: tuple[PriceTier, ...] = ()
    tokens_per_s: PositiveFloat | None = None
    ttft_s: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    context_window: PositiveInt | None = None
    max_output_tokens: PositiveInt | None = None
    capabilities: frozenset[Capability] = frozenset()
    quality: Annotated[float, Field(ge=0, le=1)] | None = None
    """Measured or judged quality in [0, 1], for the `balanced` strategy; `source` says where from."""
    drop_params: frozenset[str] = frozenset()
    """Call parameters that this model refuses and that are left out for it, such as `temperature`."""
    tags: Mapping[str, str] = Field(default_factory=dict)
    source: str | None = None
    checked: date | None = None

    def model_post_init(self, _context: object) -> None:
        """Let the canonical name default to the key."""
        if not self.canonical:
            object.__setattr__(self, "canonical", self.key)

    def __hash__(self) -> int:
        return hash((self.key, self.provider, self.api_name))

    @property
    def is_priced(self) -> bool:
        """True where the input and the output price are both known."""
        return self.input_usd_per_mtok is not None and self.output_usd_per_mtok is not None

    def cost_usd(
        self, input_tokens: int, output_tokens: int, *, cached_tokens: int = 0, reasoning_tokens: int = 0
    ) -> Decimal | None:
        """Return the exact price of one call in USD, or None where a price is unknown.

        Args:
            input_tokens: all input, cached tokens included.
            output_tokens: all output, reasoning tokens included.
            cached_tokens: the part of the input that the provider read from its cache.
            reasoning_tokens: the part of the output that was reasoning.
        """
        tier: ModelInfo | PriceTier = self
        for higher in self._tiers_descending:
            if input_tokens > higher.above_input_tokens:
                tier = higher
                break
        if tier.input_usd_per_mtok is None or tier.output_usd_per_mtok is None:
            return None
        total = input_tokens * tier.input_usd_per_mtok + output_tokens * tier.output_usd_per_mtok
        if cached_tokens and self.cached_input_usd_per_mtok is not None:
            total += cached_tokens * (self.cached_input_usd_per_mtok - tier.input_usd_per_mtok)
        if reasoning_tokens and self.reasoning_usd_per_mtok is not None:
            total += reasoning_tokens * (self.reasoning_usd_per_mtok - tier.output_usd_per_mtok)
        return total / MILLION

    def latency_s(self, output_tokens: int) -> float | None:
        """Return the expected seconds to a full answer: time to first token + output / speed (FACTS 2)."""
        if self.tokens_per_s is None:
            return None
        return (self.ttft_s or 0.0) + output_tokens / self.tokens_per_s

    @cached_property
    def profile(self) -> ModelProfile:
        """The facts as LangChain's `ModelProfile`; what is unknown is left out."""
        has = self.capabilities
        profile = ModelProfile(
            tool_calling="tools" in has,
            structured_output="json_schema" in has,
            image_inputs="images" in has,
            audio_inputs="audio" in has,
            pdf_inputs="files" in has,
            reasoning_output="reasoning" in has,
            text_inputs=True,
            text_outputs=True,
        )
        if self.context_window is not None:
            profile["max_input_tokens"] = self.context_window
        if self.max_output_tokens is not None:
            profile["max_output_tokens"] = self.max_output_tokens
        return profile

    @cached_property
    def _tiers_descending(self) -> tuple[PriceTier, ...]:
        return tuple(sorted(self.tiers, key=lambda tier: tier.above_input_tokens, reverse=True))
