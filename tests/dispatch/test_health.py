import asyncio
import os
import pickle
import threading
import timeit
from typing import Any

import pytest
from factories import model_info

from langchain_modelrouter.catalog.model_info import ModelInfo
from langchain_modelrouter.dispatch.failures import TABLE, Failure, Kind, classify
from langchain_modelrouter.dispatch.health import Health, Permit
from langchain_modelrouter.dispatch.settings import BreakerConfig
from langchain_modelrouter.errors import DeadlineExceededError
from langchain_modelrouter.routing.decision import Signals


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def health_at(**settings: float) -> tuple[Health, Clock]:
    clock = Clock()
    return Health(BreakerConfig.model_validate(settings), clock=clock, draw=lambda: 0.0), clock


def failure(kind: Kind = "server_error", retry_after_s: float | None = None) -> Failure:
    return Failure(kind, TABLE[kind].action, TABLE[kind].counts, retry_after_s)


def admitted(health: Health, model: ModelInfo, *, force: bool = False) -> Permit:
    permit = health.admit(model, force=force)
    assert permit is not None
    return permit


def trip(health: Health, model: ModelInfo) -> None:
    for _ in range(5):
        admitted(health, model).failed(failure())


A, B = model_info("a"), model_info("b")


def test_a_model_without_a_history_has_no_signals_and_is_admitted() -> None:
    health, _ = health_at()
    assert health.signals("a") is health.signals("b")
    assert health.signals("a") == Signals()
    assert not admitted(health, A).probe


def test_somebody_is_unwell_from_the_first_rest_until_a_call_has_gone_well() -> None:
    health, clock = health_at()
    admitted(health, B).failed(failure())
    assert not health.is_anyone_unwell
    trip(health, A)
    assert health.is_anyone_unwell
    clock.now += 6.0
    assert health.is_anyone_unwell
    admitted(health, A).succeeded(0.1)
    assert not health.is_anyone_unwell
    admitted(health, B).failed(failure("rate_limited", retry_after_s=2.0))
    assert health.is_anyone_unwell
    health.on_reload(["a"])
    assert not health.is_anyone_unwell
    health.credential_out("KEY", "refused")
    assert health.is_anyone_unwell


def test_a_failing_model_rests_and_its_siblings_do_not() -> None:
    health, _ = health_at()
    trip(health, A)
    assert health.admit(A) is None
    assert health.signals("a").resting_s == 5.0
    assert health.admit(B) is not None
    assert health.signals("b").resting_s == 0.0


@pytest.mark.parametrize("kind", [kind for kind, policy in TABLE.items() if policy.counts])
def test_what_counts_trips(kind: Kind) -> None:
    health, _ = health_at()
    for _ in range(5):
        admitted(health, A).failed(failure(kind))
    assert health.snapshot()["a"].state == "open"


@pytest.mark.parametrize("kind", [kind for kind, policy in TABLE.items() if not policy.counts])
def test_what_does_not_count_never_trips(kind: Kind) -> None:
    health, _ = health_at()
    for _ in range(50):
        admitted(health, A).failed(failure(kind))
        admitted(health, A).cancelled()
    assert health.snapshot()["a"].state == "closed"
    assert health.signals("a") == Signals()


def test_fault_1_retry_after_rests_the_model_at_least_that_long() -> None:
    health, clock = health_at()
    admitted(health, A).failed(failure("rate_limited", 2.0))
    assert health.signals("a").resting_s == 2.0
    clock.now += 1.9
    assert health.admit(A) is None
    assert health.signals("a").resting_s == pytest.approx(0.1)
    clock.now += 0.1
    assert health.admit(A) is not None


def test_fault_36_of_50_callers_at_half_open_exactly_one_is_admitted() -> None:
    health, clock = health_at()
    trip(health, A)
    clock.now += 5.0
    barrier, permits = threading.Barrier(50), list[Permit]()

    def call() -> None:
        barrier.wait()
        if (permit := health.admit(A)) is not None:
            permits.append(permit)

    threads = [threading.Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [permit.probe for permit in permits] == [True]


def test_while_a_probe_is_under_way_the_model_ranks_last() -> None:
    health, clock = health_at()
    trip(health, A)
    clock.now += 5.0
    assert health.signals("a").resting_s == 0.0
    probe = admitted(health, A)
    assert health.signals("a").resting_s == 1.0
    probe.succeeded(0.5)
    assert health.signals("a").resting_s == 0.0
    assert health.snapshot()["a"].state == "closed"


def test_fault_45_a_cancelled_probe_frees_its_slot() -> None:
    health, clock = health_at()
    trip(health, A)
    clock.now += 5.0
    admitted(health, A).cancelled()
    assert admitted(health, A).probe


def test_a_probe_that_meets_a_bad_request_frees_its_slot_without_a_verdict() -> None:
    health, clock = health_at()
    trip(health, A)
    clock.now += 5.0
    admitted(health, A).failed(failure("bad_request"))
    assert health.snapshot()["a"].state == "half_open"
    assert admitted(health, A).probe


def test_a_forced_call_goes_to_a_resting_model_and_its_answer_ends_the_rest() -> None:
    health, _ = health_at()
    trip(health, A)
    forced = admitted(health, A, force=True)
    assert not forced.probe
    forced.succeeded(0.5)
    assert health.snapshot()["a"].state == "closed"


def test_a_permit_ends_once() -> None:
    health, _ = health_at()
    permit = admitted(health, A)
    assert health.signals("a").in_flight == 1
    permit.succeeded(0.5)
    permit.failed(failure())
    permit.cancelled()
    view = health.snapshot()["a"]
    assert (view.in_flight, view.calls, view.failures) == (0, 1, 0)


def test_latencies_speed_and_failures_are_signals() -> None:
    health, _ = health_at(failure_ratio=1.0)
    for latency_s in (1.0, 2.0, 3.0):
        admitted(health, A).succeeded(latency_s, ttft_s=0.5, output_tokens=100)
    admitted(health, A).failed(failure())
    signals = health.signals("a")
    assert (signals.latency_s, signals.ttft_s, signals.failure_ratio) == (2.0, 0.5, 0.25)
    assert signals.tokens_per_s == pytest.approx(100 / 1.5)


def test_the_share_of_failures_fades_with_the_window() -> None:
    health, clock = health_at(failure_ratio=1.0)
    admitted(health, A).failed(failure())
    assert health.signals("a").failure_ratio == 1.0
    clock.now += 61.0
    assert health.signals("a").failure_ratio == 0.0


def test_percentiles_are_of_the_last_64_calls() -> None:
    health, _ = health_at(slow_ratio=1e9)
    for latency_ms in [*[9_999] * 10, *range(1, 65)]:
        admitted(health, A).succeeded(latency_ms / 1000, ttft_s=latency_ms / 2000)
    view = health.snapshot()["a"]
    assert (view.p50_latency_s, view.p95_latency_s) == (0.032, 0.061)
    assert (view.p50_ttft_s, view.p95_ttft_s) == (0.016, 0.0305)


def test_fault_34_a_brown_out_of_ten_times_trips_the_slow_call_rule() -> None:
    health, _ = health_at()
    fast = model_info("fast", tokens_per_s=150, ttft_s=0.2)
    for _ in range(200):
        admitted(health, fast).succeeded(0.4, output_tokens=30)
    slow_calls = 0
    while slow_calls < 20 and (permit := health.admit(fast)) is not None:
        permit.succeeded(4.0, output_tokens=30)
        slow_calls += 1
    assert slow_calls == 10
    assert health.snapshot()["fast"].why == "slow"


def test_a_long_answer_is_not_a_slow_one() -> None:
    health, _ = health_at()
    for _ in range(50):
        admitted(health, A).succeeded(0.7, output_tokens=10)
    for _ in range(50):
        admitted(health, A).succeeded(20.0, output_tokens=1000)
    assert health.snapshot()["a"].state == "closed"


def test_a_model_slower_than_its_catalogue_entry_is_taken_as_it_is_after_one_rest() -> None:
    health, clock = health_at()
    boasting = model_info("m", tokens_per_s=1000, ttft_s=0.1)
    for _ in range(5):
        admitted(health, boasting).succeeded(10.0, output_tokens=100)
    assert health.snapshot()["m"].why == "slow"
    clock.now += 5.0
    for _ in range(50):
        admitted(health, boasting).succeeded(10.0, output_tokens=100)
    assert health.snapshot()["m"].state == "closed"


def test_jitter_of_milliseconds_is_not_slowness() -> None:
    health, _ = health_at()
    for latency_s in [0.0001] * 20 + [0.02] * 20:
        admitted(health, A).succeeded(latency_s, output_tokens=5)
    assert health.snapshot()["a"].state == "closed"


@pytest.mark.parametrize(("lasted_s", "state"), [(0.1, "closed"), (60.0, "open")])
def test_a_callers_deadline_blames_the_model_only_where_it_left_ample_time(lasted_s: float, state: str) -> None:
    health, clock = health_at()
    for _ in range(5):
        permit = admitted(health, model_info("a", tokens_per_s=100, ttft_s=0.2))
        clock.now += lasted_s
        permit.failed(classify(DeadlineExceededError(lasted_s)))
    assert health.snapshot()["a"].state == state


def test_fault_31_a_credential_is_out_and_siblings_are_not() -> None:
    health, clock = health_at()
    health.credential_out("KEY_A", "the credential is refused")
    assert health.unavailable(A, "KEY_A") == "the credential is refused"
    assert health.unavailable(B, "KEY_B") is None
    assert health.unavailable(B) is None
    clock.now += 3600.0
    assert health.unavailable(A, "KEY_A") is None


def test_fault_32_a_model_is_out_until_the_next_reload() -> None:
    health, _ = health_at()
    admitted(health, A).succeeded(1.0)
    health.model_out("a", "the provider does not know the model")
    assert health.unavailable(A) == health.signals("a").unavailable == "the provider does not know the model"
    health.model_out("c", "gone")
    assert health.signals("c").unavailable == "gone"
    health.on_reload(["a", "b"])
    assert health.unavailable(A) is None
    assert health.signals("a").unavailable is None


def test_a_reload_keeps_the_health_of_models_that_stay_and_drops_the_rest() -> None:
    health, _ = health_at()
    trip(health, A)
    late = admitted(health, B)
    health.credential_out("KEY", "no")
    health.on_reload(["a"])
    assert set(health.snapshot()) == {"a"}
    assert health.admit(A) is None
    assert health.unavailable(A, "KEY") is None
    late.succeeded(1.0)
    assert set(health.snapshot()) == {"a"}


def test_fault_37_the_retry_hint_is_the_first_end_of_a_rest() -> None:
    health, clock = health_at()
    trip(health, A)
    admitted(health, B).failed(failure("rate_limited", 30.0))
    assert health.retry_after_s(["a", "b"]) == 5.0
    assert health.retry_after_s(["b"]) == 30.0
    assert health.retry_after_s(["a", "c"]) is None
    assert health.retry_after_s([]) is None
    clock.now += 6.0
    assert health.retry_after_s(["a", "b"]) is None


HEADROOM = [
    ({"x-ratelimit-remaining-requests": "30", "x-ratelimit-limit-requests": "60"}, 0.5),
    (
        {
            "x-ratelimit-remaining-requests": "30",
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-remaining-tokens": "100",
            "x-ratelimit-limit-tokens": "1000",
        },
        0.1,
    ),
    ({"x-ratelimit-remaining": "0", "x-ratelimit-limit": "10"}, 0.0),
    ({"anthropic-ratelimit-tokens-remaining": "1", "anthropic-ratelimit-tokens-limit": "4"}, 0.25),
    ({"x-ratelimit-remaining": "5", "x-ratelimit-limit": "0"}, 1.0),
    ({"x-ratelimit-remaining": "many", "x-ratelimit-limit": "10"}, 1.0),
    ({"x-ratelimit-remaining": "nan", "x-ratelimit-limit": "10"}, 1.0),
    ({"x-ratelimit-remaining": "5"}, 1.0),
]


@pytest.mark.parametrize(("headers", "headroom"), HEADROOM)
def test_headroom_is_the_share_left_of_the_tightest_limit(headers: dict[str, str], headroom: float) -> None:
    health, _ = health_at()
    admitted(health, A).succeeded(1.0)
    health.note_headers("a", headers)
    assert health.signals("a").headroom == health.snapshot()["a"].headroom == headroom


def test_headroom_is_full_again_after_the_reset() -> None:
    health, clock = health_at()
    admitted(health, A).succeeded(1.0)
    left = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-reset-requests": "3s",
    }
    health.note_headers("a", left)
    assert health.signals("a").headroom == 0.0
    clock.now += 3.0
    assert health.signals("a").headroom == 1.0


def test_snapshots_are_frozen() -> None:
    health, _ = health_at()
    admitted(health, A).succeeded(1.0)
    snapshot: Any = health.snapshot()
    with pytest.raises(TypeError):
        snapshot["a"] = None
    with pytest.raises(AttributeError):
        snapshot["a"].calls = 5


async def test_fault_48_counts_are_exact_from_threads_and_tasks_at_once() -> None:
    health, _ = health_at()

    def calls() -> None:
        for _ in range(500):
            admitted(health, A).succeeded(0.1, 0.05, 10)
            health.signals("a")

    await asyncio.gather(*(asyncio.to_thread(calls) for _ in range(8)))
    view = health.snapshot()["a"]
    assert (view.calls, view.in_flight) == (4000, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_fault_49_a_forked_child_has_free_locks_and_no_calls_under_way() -> None:
    health, clock = health_at()
    trip(health, A)
    clock.now += 5.0
    assert admitted(health, A).probe
    with health._lock:  # as another thread may, at the moment of the fork
        child = os.fork()
        if child == 0:
            is_free = health._lock.acquire(timeout=1)
            health._lock.release()
            permit = health.admit(A)
            os._exit(0 if is_free and permit is not None and permit.probe else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_it_pickles_as_its_configuration() -> None:
    health = Health(BreakerConfig(consecutive_failures=2))
    admitted(health, B).succeeded(1.0)
    copy = pickle.loads(pickle.dumps(health))
    assert copy.snapshot() == {}
    for _ in range(2):
        admitted(copy, A).failed(failure())
    assert copy.snapshot()["a"].state == "open"


def test_signals_are_cheap() -> None:
    health, _ = health_at()
    admitted(health, A).succeeded(0.1, 0.05, 10)
    fresh_s = min(timeit.repeat(lambda: health.signals("z"), number=2000, repeat=5)) / 2000
    known_s = min(timeit.repeat(lambda: health.signals("a"), number=2000, repeat=5)) / 2000
    assert fresh_s < 2e-6
    assert known_s < 10e-6
