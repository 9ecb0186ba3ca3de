"""The policy as a value: send outcomes, look at steps."""

from langchain_core.messages import AIMessage

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.dispatch.failures import Failure, Kind
from langchain_modelrouter.dispatch.plan import Call, Failed, Outcome, Plan, Skipped, Step, Wait, retry_then_fall_back
from langchain_modelrouter.dispatch.settings import FailureAction
from langchain_modelrouter.errors import AllModelsFailedError, DeadlineExceededError
from langchain_modelrouter.routing.decision import Decision
from tests.factories import model_info

A, B, C = model_info("a"), model_info("b"), model_info("c", context_window=32_000)
ANSWER = AIMessage("yes")


def plan_over(*models: ModelInfo, retries: int = 1, max_models: int = 3) -> Plan:
    decision = Decision(ranked=models, strategy="preset", reason="")
    return retry_then_fall_back(decision, retries=retries, max_models=max_models, backoff_s=float)


def failed(
    model: ModelInfo, action: FailureAction = "next_model", kind: Kind = "connection", after: float | None = None
) -> Failed:
    return Failed(model.key, ConnectionError(model.key), Failure(kind, action, True, after), model.provider)


def steps_of(plan: Plan, *outcomes: Outcome) -> tuple[list[Step], object]:
    """Return the steps that the plan asks for while it is sent `outcomes`, and how it ends."""
    steps: list[Step] = [next(plan)]
    for outcome in outcomes:
        try:
            steps.append(plan.send(outcome))
        except StopIteration as done:
            return steps, done.value
        except Exception as error:  # noqa: BLE001  the test looks at it
            return steps, error
    return steps, None


def test_the_first_answer_ends_it() -> None:
    assert steps_of(plan_over(A, B), ANSWER) == ([Call(A)], ANSWER)


def test_another_model_is_asked_at_once_where_a_retry_would_not_help() -> None:
    assert steps_of(plan_over(A, B), failed(A), ANSWER) == ([Call(A), Call(B)], ANSWER)


def test_the_last_try_is_at_a_provider_that_has_not_failed() -> None:
    elsewhere = model_info("d", provider="q")
    plan = plan_over(A, B, C, elsewhere, max_models=3)
    assert steps_of(plan, failed(A), failed(B), ANSWER)[0] == [Call(A), Call(B), Call(elsewhere)]
    assert steps_of(plan_over(A, B, C), failed(A), failed(B), ANSWER)[0] == [Call(A), Call(B), Call(C)]


def test_a_transient_failure_is_retried_once_then_falls_back() -> None:
    transient = failed(A, "retry", "server_error")
    steps, end = steps_of(plan_over(A, B), transient, None, transient, ANSWER)
    assert steps == [Call(A), Wait(1.0), Call(A), Call(B)]
    assert end is ANSWER


def test_one_call_retries_no_model_twice_over() -> None:
    transient = failed(A, "retry", "server_error"), failed(B, "retry", "server_error")
    steps, end = steps_of(plan_over(A, B), transient[0], None, transient[0], transient[1])
    assert steps == [Call(A), Wait(1.0), Call(A), Call(B)]
    assert isinstance(end, AllModelsFailedError)
    assert len(end.exceptions) == 3


def test_where_the_provider_says_how_long_to_wait_others_are_asked_first() -> None:
    later = failed(A, "retry", "server_error", after=3.0)
    steps, end = steps_of(plan_over(A, B), later, failed(B), None, ANSWER)
    assert steps == [Call(A), Call(B), Wait(3.0), Call(A, forced=True)]
    assert end is ANSWER


def test_a_model_that_is_only_slow_is_the_last_resort() -> None:
    slow = Skipped("resting", is_only_slow=True)
    steps, end = steps_of(plan_over(A, B), slow, slow, ANSWER)
    assert steps == [Call(A), Call(B), Call(A, forced=True)]
    assert end is ANSWER
    assert steps_of(plan_over(A, B), slow, ANSWER)[0] == [Call(A), Call(B)]


def test_zero_retries_is_valid() -> None:
    assert steps_of(plan_over(A, B, retries=0), failed(A, "retry", "server_error"), ANSWER)[0] == [Call(A), Call(B)]


def test_without_retry_budget_the_next_model_is_asked() -> None:
    steps, _ = steps_of(plan_over(A, B), failed(A, "retry", "server_error"), Skipped("spent"), ANSWER)
    assert steps == [Call(A), Wait(1.0), Call(B)]


def test_what_no_model_can_mend_is_raised_as_it_was() -> None:
    bad = failed(A, "raise", "bad_request")
    assert steps_of(plan_over(A, B), bad) == ([Call(A)], bad.error)


def test_after_an_overflow_only_a_larger_window_is_asked() -> None:
    overflow = failed(A, "larger_window", "context_overflow")
    assert steps_of(plan_over(A, B, C), overflow, ANSWER)[0] == [Call(A), Call(C)]
    _, end = steps_of(plan_over(A, B), overflow)
    assert isinstance(end, AllModelsFailedError)


def test_a_resting_model_is_skipped_and_does_not_count_as_tried() -> None:
    steps, end = steps_of(plan_over(A, B, C, max_models=1), Skipped("resting"), failed(B))
    assert steps == [Call(A), Call(B)]
    assert isinstance(end, AllModelsFailedError)
    assert len(end.exceptions) == 1


def test_at_most_so_many_models_are_tried() -> None:
    steps, end = steps_of(plan_over(A, B, C, max_models=2), failed(A), failed(B))
    assert steps == [Call(A), Call(B)]
    assert "No answer from 2 models" in str(end)


def test_where_only_a_rate_limit_is_in_the_way_it_is_waited_for_once() -> None:
    limited = failed(A, "next_model", "rate_limited", after=2.0)
    steps, end = steps_of(plan_over(A, B), limited, failed(B), None, ANSWER)
    assert steps == [Call(A), Call(B), Wait(2.0), Call(A, forced=True)]
    assert end is ANSWER


def test_a_long_rate_limit_is_not_waited_for() -> None:
    limited = failed(A, "next_model", "rate_limited", after=3600.0)
    _, end = steps_of(plan_over(A), limited)
    assert isinstance(end, AllModelsFailedError)


def test_when_the_time_is_up_nothing_else_is_asked() -> None:
    over = Skipped("over", 2.0)
    _, end = steps_of(plan_over(A, B), failed(A), over)
    assert isinstance(end, AllModelsFailedError)
    assert "within the deadline of 2 s" in str(end)
    _, end = steps_of(plan_over(A, B), over)
    assert isinstance(end, DeadlineExceededError)


def test_when_all_rest_the_error_says_so() -> None:
    _, end = steps_of(plan_over(A), Skipped("resting"))
    assert isinstance(end, AllModelsFailedError)
    assert "resting after failures: a" in str(end.exceptions[0])
