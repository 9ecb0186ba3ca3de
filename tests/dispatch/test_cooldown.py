import pytest

from langchain_modelrouter.dispatch.cooldown import Breaker, Window
from langchain_modelrouter.dispatch.settings import BreakerConfig


def breaker(**settings: float) -> Breaker:
    return Breaker(BreakerConfig.model_validate(settings))


def fail(
    one: Breaker, now: float, times: int = 1, *, verdict: bool = False, retry_after_s: float | None = None
) -> None:
    for _ in range(times):
        one.failure(now, verdict=verdict, retry_after_s=retry_after_s, draw=0.0)


def answer(one: Breaker, now: float, times: int = 1, *, verdict: bool = False, slow: bool = False) -> None:
    for _ in range(times):
        one.success(now, verdict=verdict, slow=slow, draw=0.0)


def test_it_opens_after_five_consecutive_failures() -> None:
    one = breaker(min_calls=100)
    fail(one, 0.0, 4)
    assert one.state(0.0) == "closed"
    fail(one, 0.0)
    assert (one.state(0.0), one.resting_s(0.0), one.why) == ("open", 5.0, "failures")


def test_an_answer_in_between_breaks_the_run() -> None:
    one = breaker(failure_ratio=1.0)
    fail(one, 0.0, 4)
    answer(one, 0.0)
    fail(one, 0.0, 4)
    assert one.state(0.0) == "closed"


def test_it_opens_when_half_of_at_least_five_calls_failed() -> None:
    one = breaker()
    answer(one, 0.0, 2)
    fail(one, 1.0, 1)
    assert one.state(1.0) == "closed"
    fail(one, 2.0, 1)
    assert one.state(2.0) == "closed"
    fail(one, 3.0, 1)
    assert one.state(3.0) == "open"


def test_failures_older_than_the_window_no_longer_count() -> None:
    one = breaker(consecutive_failures=100)
    fail(one, 0.0, 4)
    fail(one, 61.0, 1)
    assert one.state(61.0) == "closed"


def test_the_next_call_after_the_rest_is_the_one_probe() -> None:
    one = breaker()
    fail(one, 0.0, 5)
    assert one.admit(4.9) is None
    assert one.state(5.0) == "half_open"
    assert [one.admit(5.0) for _ in range(50)] == ["probe"] + [None] * 49


def test_a_probe_that_answers_closes_it_with_a_clean_record() -> None:
    one = breaker()
    fail(one, 0.0, 5)
    one.admit(5.0)
    answer(one, 6.0, verdict=True)
    assert (one.state(6.0), one.why) == ("closed", "")
    assert one.admit(6.0) == "call"
    fail(one, 6.0, 4)
    assert one.state(6.0) == "closed"


def test_open_times_double_up_to_their_bound() -> None:
    one, now, rests = breaker(), 0.0, []
    fail(one, now, 5)
    for _ in range(8):
        rests.append(one.resting_s(now))
        now += rests[-1]
        assert one.admit(now) == "probe"
        fail(one, now, verdict=True)
    assert rests == [5, 10, 20, 40, 80, 160, 300, 300]


def test_an_open_time_is_lengthened_by_up_to_a_tenth() -> None:
    one = breaker()
    for _ in range(5):
        one.failure(0.0, verdict=False, retry_after_s=None, draw=0.5)
    assert one.resting_s(0.0) == pytest.approx(5.25)


def test_fault_35_a_model_that_flaps_rests_longer_each_time() -> None:
    one, now, rests = breaker(), 0.0, []
    for _ in range(4):
        fail(one, now, 5)
        rests.append(one.resting_s(now))
        now += rests[-1]
        assert one.admit(now) == "probe"
        answer(one, now, verdict=True)
        now += 5.0
    assert rests == [5, 10, 20, 40]


def test_a_model_that_was_well_for_a_window_starts_with_the_short_rest_again() -> None:
    one = breaker()
    fail(one, 0.0, 5)
    one.admit(5.0)
    answer(one, 5.0, verdict=True)
    fail(one, 66.0, 5)
    assert one.resting_s(66.0) == 5.0


def test_late_results_of_calls_from_before_decide_nothing() -> None:
    one = breaker()
    fail(one, 0.0, 5)
    answer(one, 1.0)
    fail(one, 1.0, 20)
    assert (one.state(1.0), one.resting_s(1.0)) == ("open", 4.0)


def test_fault_3_retry_after_is_a_minimum_rest_without_a_trip() -> None:
    one = breaker()
    fail(one, 0.0, retry_after_s=3600.0)
    assert (one.state(0.0), one.resting_s(0.0), one.why) == ("closed", 3600.0, "retry_after")
    assert one.admit(3599.0) is None
    assert [one.admit(3600.0), one.admit(3600.0)] == ["call", "call"]


def test_a_short_retry_after_does_not_shorten_an_open_time() -> None:
    one = breaker()
    fail(one, 0.0, 5, retry_after_s=2.0)
    assert (one.state(3.0), one.resting_s(0.0)) == ("open", 5.0)


def test_a_freed_probe_lets_the_next_call_try() -> None:
    one = breaker()
    fail(one, 0.0, 5)
    assert one.admit(5.0) == "probe"
    one.free_probe()
    assert one.admit(5.0) == "probe"


def test_a_probe_that_never_ends_is_given_up_in_the_end() -> None:
    one = breaker()
    fail(one, 0.0, 5)
    assert one.admit(5.0) == "probe"
    assert one.admit(304.0) is None
    assert one.admit(305.0) == "probe"


def test_fault_34_half_of_the_recent_calls_slow_trips_it_though_many_were_well_before() -> None:
    one = breaker()
    answer(one, 0.0, 1000)
    answer(one, 1.0, 9, slow=True)
    assert one.state(1.0) == "closed"
    answer(one, 1.0, slow=True)
    assert (one.state(1.0), one.why) == ("open", "slow")


def test_a_few_slow_calls_are_no_reason() -> None:
    one = breaker()
    answer(one, 0.0, 4, slow=True)
    assert one.state(0.0) == "closed"


def test_a_slow_probe_opens_it_again() -> None:
    one = breaker()
    answer(one, 0.0, 5, slow=True)
    assert one.admit(5.0) == "probe"
    answer(one, 5.0, verdict=True, slow=True)
    assert one.resting_s(5.0) == 10.0


def test_the_window_stays_small_however_many_calls_there_are() -> None:
    window = Window(60.0)
    for second in range(10_000):
        window.add(float(second), failed=second % 2 == 0)
    calls, failures = window.totals(9_999.0)
    assert (calls, failures) == (60, 30)
    assert len(window._buckets) <= 13
