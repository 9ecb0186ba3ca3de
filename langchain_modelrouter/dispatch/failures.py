"""The one failure table: what an error means, and what to do about it. Pure.

Only what is listed here may lead to another model; whatever else is raised is a bug of the program and stays one.
"""

import errno
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from langchain_core.exceptions import ModelError

from langchain_modelrouter.dispatch.broken_bodies import error_payload, is_broken_body
from langchain_modelrouter.dispatch.error_facts import ErrorFacts, chain, facts_of, retry_after_s
from langchain_modelrouter.dispatch.failure_signs import (
    BY_CODE,
    BY_GENERIC_CODE,
    BY_LANGCHAIN_CLASS,
    BY_OWN_CLASS,
    BY_SDK_CLASS,
    BY_STATUS,
    KINDS,
    Kind,
    kind_by_wording,
)
from langchain_modelrouter.dispatch.settings import FailureAction
from langchain_modelrouter.errors import (
    AllModelsFailedError,
    BadAnswerError,
    DeadlineExceededError,
    FirstTokenTimeoutError,
    ModelRouterError,
)

__all__ = ["KINDS", "LONGEST_WAIT_S", "TABLE", "Failure", "Kind", "classify", "short"]

LONGEST_WAIT_S = 10.0
"""A longer Retry-After is not waited out: the model rests and the next is asked (FAULTS, numbers)."""


class Policy(NamedTuple):
    """What to do about one kind of failure."""

    action: FailureAction
    counts: bool
    """Against the breaker. 4xx other than 408 and 429 and cancellation do not (FAULTS, numbers)."""
    alert: bool
    words: str
    """What a record says: our own words, because a provider's may quote the prompt."""


TABLE: Mapping[Kind, Policy] = MappingProxyType(
    {
        "rate_limited": Policy("next_model", True, False, "rate limited"),
        "quota": Policy("next_model", False, True, "the quota is used up"),
        "overloaded": Policy("next_model", True, False, "overloaded"),
        "server_error": Policy("retry", True, False, "server error"),
        "timeout": Policy("next_model", True, False, "timed out"),
        "connection": Policy("next_model", True, False, "connection failed"),
        "tls": Policy("next_model", True, True, "TLS failed, the peer is not trusted"),
        "malformed": Policy("next_model", True, False, "the answer is malformed"),
        "truncated": Policy("next_model", True, False, "the answer is cut off"),
        "empty": Policy("next_model", True, False, "the answer is empty"),
        "context_overflow": Policy("larger_window", False, False, "the input exceeds the context window"),
        "content_filter": Policy("raise", False, False, "the provider's filter refused the input"),
        "auth": Policy("next_model", False, True, "the credential is refused"),
        "not_found": Policy("next_model", False, True, "the provider does not know the model"),
        "bad_request": Policy("raise", False, False, "the request is refused as invalid"),
        "cancelled": Policy("raise", False, False, "cancelled"),
        "bug": Policy("raise", False, False, "an error of the program, not of the model"),
    }
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What one error means for the routing."""

    kind: Kind
    action: FailureAction
    counts: bool
    """Does the breaker count it?"""
    retry_after_s: float | None = None
    """How long the provider asks to be left alone."""
    alert: bool = False
    """Does a person have to act?"""

    @property
    def ends_credential(self) -> bool:
        """True where nothing that uses the same credential need be asked."""
        return self.kind in ("auth", "quota")

    @property
    def ends_model(self) -> bool:
        """True where the model need not be asked before the configuration changes."""
        return self.kind == "not_found"


def classify(
    error: BaseException, *, overrides: Mapping[str, FailureAction] = MappingProxyType({}), now: datetime | None = None
) -> Failure:
    """Return what `error` means and what to do about it.

    Args:
        error: what the call raised.
        overrides: kind to action, from the configuration; cancellation is never overridden.
        now: the wall time with its zone, for a Retry-After that is a date.
    """
    facts = facts_of(error, body=error_payload(error))
    kind = _kind(error, facts)
    policy = TABLE[kind]
    wait_s = error.retry_after_s if isinstance(error, AllModelsFailedError) else retry_after_s(facts.headers, now=now)
    action, counts = policy.action, policy.counts and not _is_ours_to_answer_for(error, facts)
    if kind == "server_error" and wait_s is not None and wait_s > LONGEST_WAIT_S:
        action = "next_model"
    if "LengthFinishReasonError" in facts.names:
        action, counts = "raise", False  # an answer that was cut to its length is an answer, only not a parsable one
    if kind != "cancelled":
        action = overrides.get(kind, action)
    return Failure(kind, action, counts, wait_s, policy.alert)


def short(error: BaseException) -> str:
    """Return `class: short text` for records: one line of at most 200 characters, without prompt, answer or key."""
    if isinstance(error, BadAnswerError | FirstTokenTimeoutError | DeadlineExceededError):
        return _line(error, str(error))
    facts = facts_of(error, body=error_payload(error))
    kind = _kind(error, facts)
    notes = [f"status {facts.status}"] if facts.status else []
    code = next((code for code in facts.codes if code in BY_CODE or code in BY_GENERIC_CODE), None)
    notes += [f"code {code}"] if code else []
    notes += [word] if (word := _connection_word(error)) and kind in ("connection", "tls") else []
    wait_s = retry_after_s(facts.headers)
    notes += [f"retry after {wait_s:g} s"] if wait_s is not None else []
    return _line(error, TABLE[kind].words + (f" ({', '.join(notes)})" if notes else ""))


def _line(error: BaseException, text: str) -> str:
    return " ".join(f"{type(error).__name__}: {text}".split())[:200]


def _kind(error: BaseException, facts: ErrorFacts) -> Kind:
    """The kind of an error; the first rule that knows it decides."""
    if not isinstance(error, Exception) or "GraphBubbleUp" in facts.names:
        return "cancelled"
    if isinstance(error, BadAnswerError):
        return next((kind for kind in KINDS if kind == error.kind), "malformed")
    if isinstance(error, ModelRouterError):
        return next((BY_OWN_CLASS[name] for name in facts.names if name in BY_OWN_CLASS), "bad_request")
    if isinstance(error, ModelError) or (facts.is_sdk and _speaks_of_a_provider(facts)):
        return _provider_kind(error, facts)
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return "malformed"
    if error_payload(error) is not None:
        kind = _provider_kind(error, facts)
        return "malformed" if kind in ("bad_request", "server_error") else kind
    if is_broken_body(error):
        return "malformed"
    return _builtin_kind(error)


def _speaks_of_a_provider(facts: ErrorFacts) -> bool:
    """An SDK raises errors about its own use as well (no key, a stream read twice): those stay bugs."""
    return facts.status is not None or any(name in BY_SDK_CLASS for name in facts.names)


def _provider_kind(error: BaseException, facts: ErrorFacts) -> Kind:
    named = next((BY_SDK_CLASS[name] for name in facts.names if name in BY_SDK_CLASS and name != "APIError"), None)
    if named is not None:
        return "tls" if named == "connection" and _is_tls(error) else named
    by_code = next((BY_CODE[code] for code in facts.codes if code in BY_CODE), None)
    if by_code is not None:
        return by_code
    if (by_wording := kind_by_wording(facts)) is not None:
        return by_wording
    if facts.status is not None:
        return BY_STATUS.get(facts.status, "bad_request" if facts.status < 500 else "server_error")
    by_class = next((BY_LANGCHAIN_CLASS[name] for name in facts.names if name in BY_LANGCHAIN_CLASS), None)
    if by_class is not None:
        return "tls" if by_class == "connection" and _is_tls(error) else by_class
    return next((BY_GENERIC_CODE[code] for code in facts.codes if code in BY_GENERIC_CODE), "server_error")


_NETWORK_ERRNOS = frozenset(
    {errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ETIMEDOUT}
)


def _builtin_kind(error: BaseException) -> Kind:
    if _is_tls(error):
        return "tls"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionError | socket.gaierror | socket.herror | ssl.SSLError):
        return "connection"
    return "connection" if isinstance(error, OSError) and error.errno in _NETWORK_ERRNOS else "bug"


def _is_tls(error: BaseException) -> bool:
    """True where TLS itself failed; a peer that hangs up in the middle of it is a broken connection."""
    return any(
        isinstance(one, ssl.SSLError) and not isinstance(one, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        for one in chain(error)
    )


def _is_ours_to_answer_for(error: BaseException, facts: ErrorFacts) -> bool:
    """True where the breaker must not blame the model: a conflict, our own full pool, the caller's deadline."""
    is_pool = any(type(one).__name__ == "PoolTimeout" for one in chain(error))
    return is_pool or facts.status == 409 or isinstance(error, DeadlineExceededError)


def _connection_word(error: BaseException) -> str:
    words: tuple[tuple[type[BaseException], str], ...] = (
        (ConnectionRefusedError, "refused"),
        (ConnectionResetError, "reset"),
        (socket.gaierror, "host name not found"),
    )
    return next((word for one in chain(error) for cls, word in words if isinstance(one, cls)), "")
