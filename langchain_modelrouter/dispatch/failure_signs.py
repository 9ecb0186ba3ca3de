"""By what a failure is told: class names, statuses, codes and wordings of providers, each to its kind.

Sources: the error pages of OpenAI, Azure OpenAI, Anthropic, Google (`google.rpc.Code`), AWS Bedrock, Groq,
DashScope and Moonshot; the servers of vLLM, TGI and llama.cpp; FAULTS 1-6 and 28-33. Everything is in lower case.
"""

import re
from collections.abc import Mapping
from typing import Literal, get_args

from langchain_modelrouter.dispatch.error_facts import ErrorFacts

Kind = Literal[
    "rate_limited",
    "quota",
    "overloaded",
    "server_error",
    "timeout",
    "connection",
    "tls",
    "malformed",
    "truncated",
    "empty",
    "context_overflow",
    "content_filter",
    "auth",
    "not_found",
    "bad_request",
    "cancelled",
    "bug",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

BY_OWN_CLASS: Mapping[str, Kind] = {
    "FirstTokenTimeoutError": "timeout",
    "DeadlineExceededError": "timeout",
    "StreamInterruptedError": "truncated",
    "AllModelsFailedError": "overloaded",
    "AllRestingError": "overloaded",
}
"""Errors of this package, raised by a router that serves as a target; all others speak of the request."""

BY_LANGCHAIN_CLASS: Mapping[str, Kind] = {
    "ModelAuthenticationError": "auth",
    "ModelPermissionDeniedError": "auth",
    "ModelInvalidRequestError": "bad_request",
    "ModelNotFoundError": "not_found",
    "ModelRateLimitError": "rate_limited",
    "ModelAPIError": "server_error",
    "ModelConnectionError": "connection",
    "ModelTimeoutError": "timeout",
}

BY_SDK_CLASS: Mapping[str, Kind] = {
    # httpx and httpx2; httpcore's names are the same
    "TimeoutException": "timeout",
    "DecodingError": "malformed",
    "TransportError": "connection",
    "NetworkError": "connection",
    "TooManyRedirects": "malformed",
    # openai, anthropic, groq
    "APITimeoutError": "timeout",
    "APIConnectionError": "connection",
    "APIResponseValidationError": "malformed",
    "LengthFinishReasonError": "truncated",
    "ContentFilterFinishReasonError": "content_filter",
    "APIError": "server_error",  # the base of them all: its status and codes say more
    # langchain-openai, which knows some wordings itself
    "ContextOverflowError": "context_overflow",
    # requests, urllib3, aiohttp, botocore, google
    "Timeout": "timeout",
    "ServerTimeoutError": "timeout",
    "ReadTimeoutError": "timeout",
    "ConnectTimeoutError": "timeout",
    "DeadlineExceeded": "timeout",
    "ConnectionError": "connection",
    "ClientConnectionError": "connection",
    "EndpointConnectionError": "connection",
    "ProtocolError": "connection",
}

BY_STATUS: Mapping[int, Kind] = {
    401: "auth",
    402: "quota",
    403: "auth",
    404: "not_found",
    408: "timeout",
    409: "server_error",  # a conflict of the provider's own locks: asked again once, as the SDKs do
    413: "context_overflow",
    425: "server_error",
    429: "rate_limited",
    498: "overloaded",  # Groq: capacity exceeded
    529: "overloaded",
}
"""Other 4xx are `bad_request`, other 5xx `server_error`."""


def _codes(**kinds: str) -> dict[str, Kind]:
    return {code: kind for kind, codes in kinds.items() for code in codes.split()}  # type: ignore[misc]


BY_CODE: Mapping[str, Kind] = _codes(
    quota="insufficient_quota quota_exceeded billing_hard_limit_reached billing_not_active billing_error "
    "payment_required insufficient_balance insufficient_credits insufficient_funds exceeded_current_quota_error "
    "arrearage",
    rate_limited="rate_limit_exceeded rate_limit_error rate_limited rate_limit too_many_requests resource_exhausted "
    "throttlingexception throttling toomanyrequestsexception",
    overloaded="overloaded overloaded_error server_overloaded engine_overloaded engine_overloaded_error "
    "model_overloaded capacity_exceeded slow_down unavailable serviceunavailableexception modelnotreadyexception",
    context_overflow="context_length_exceeded context_window_exceeded model_context_window_exceeded prompt_too_long "
    "exceed_context_size_error string_above_max_length request_too_large tokens_limit_reached input_too_long",
    content_filter="content_filter content_policy_violation responsibleaipolicyviolation data_inspection_failed "
    "moderation_blocked",
    auth="invalid_api_key api_key_invalid incorrect_api_key missing_api_key authentication_error permission_error "
    "permission_denied unauthenticated unauthorized forbidden account_deactivated accessdeniedexception "
    "unrecognizedclientexception expiredtokenexception",
    not_found="model_not_found not_found_error notfounderror model_not_available model_decommissioned "
    "deploymentnotfound deployment_not_found resourcenotfoundexception",
)
"""Codes that say more than the status that they come with."""

BY_GENERIC_CODE: Mapping[str, Kind] = _codes(
    server_error="server_error internal_error internal_server_error internalservererror api_error internal "
    "internalserverexception upstream_error",
    timeout="timeout timeout_error request_timeout gateway_timeout deadline_exceeded",
    bad_request="invalid_request_error bad_request badrequesterror invalid_argument invalid_value invalid_type "
    "unsupported_parameter unsupported_value unknown_parameter validation_error validationexception "
    "failed_precondition",
    not_found="not_found",
)
"""Codes that count only where no status says more: an SSE `error` event has none."""

BY_WORDING: tuple[tuple[Kind, frozenset[int | None], re.Pattern[str]], ...] = (
    (
        "context_overflow",
        frozenset({400, 413, 422, 500, None}),
        re.compile(
            r"(maximum|max|model'?s|model's maximum) (context|model|sequence|prompt|input) (length|size|window)"
            r"|context (length|window|size|limit)|available context|contextwindowexceeded"
            r"|(prompt|input) is too long|too many (input )?tokens|reduce the length of"
            r"|exceeds? the maximum number of (input )?tokens|tokens exceed the configured limit"
            r"|(inputs?`?|prompt) tokens? \+ `?max_new_tokens|range of input length"
        ),
    ),
    (
        "quota",
        frozenset({400, 402, 403, 429, None}),
        re.compile(
            r"exceeded your current quota|insufficient[ _](balance|funds|credits?|quota)|credit balance is too low"
            r"|billing hard limit|out of credits|payment required"
        ),
    ),
    (
        "content_filter",
        frozenset({400, 403, 422, None}),
        re.compile(r"content management policy|content[ _]filter|content policy|blocked by our safety system"),
    ),
    ("auth", frozenset({400, None}), re.compile(r"(incorrect|invalid) api[ _]key|api[ _]key not (valid|found)")),
    (
        "not_found",
        frozenset({400, 403, None}),
        re.compile(r"model\b.{0,100}\b(does not exist|not found|deprecated|decommissioned)|no such model"),
    ),
    (
        "overloaded",
        frozenset({429, 500, 503, None}),
        re.compile(r"overloaded|at (full )?capacity|no (available )?capacity|is currently loading"),
    ),
    ("rate_limited", frozenset({403, 500, 503, None}), re.compile(r"rate limit|too many requests")),
)
"""Kind, the statuses at which the words are looked for (None: an error event in a stream), the words."""


def kind_by_wording(facts: ErrorFacts) -> Kind | None:
    """Return the kind that the provider's words tell, where its status leaves it open."""
    for kind, statuses, words in BY_WORDING:
        if facts.status in statuses and words.search(facts.text):
            return kind
    return None
