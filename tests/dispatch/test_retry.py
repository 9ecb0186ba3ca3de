import pickle
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_modelrouter.dispatch.retry import RetryBudget, full_jitter_s


@given(st.integers(1, 1000), st.floats(0, 1, exclude_max=True))
def test_a_pause_lies_between_nothing_and_its_bound(attempt: int, draw: float) -> None:
    assert (
        0 <= full_jitter_s(attempt, base_s=0.25, cap_s=8.0, draw=draw) <= min(8.0, 0.25 * 2.0 ** min(attempt - 1, 60))
    )


@pytest.mark.parametrize(("attempt", "bound_s"), [(1, 0.25), (2, 0.5), (3, 1.0), (6, 8.0), (7, 8.0), (100_000, 8.0)])
def test_the_bound_of_a_pause_doubles_up_to_the_cap(attempt: int, bound_s: float) -> None:
    assert full_jitter_s(attempt, base_s=0.25, cap_s=8.0, draw=0.5) == bound_s / 2


def test_the_first_retry_is_number_1() -> None:
    with pytest.raises(ValueError, match="attempt is 0"):
        full_jitter_s(0, base_s=1.0, cap_s=1.0, draw=0.0)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(budget: RetryBudget, times: int) -> int:
    return sum(budget.take() for _ in range(times))


def test_a_few_retries_are_always_allowed() -> None:
    assert taken(RetryBudget(0.0, clock=Clock()), 10) == 3


def test_retries_are_a_share_of_requests() -> None:
    budget = RetryBudget(0.2, clock=Clock())
    for _ in range(100):
        budget.note_request()
    assert taken(budget, 100) == 20


def test_fault_37_an_outage_is_answered_with_at_most_a_fifth_more_calls() -> None:
    clock = Clock()
    budget = RetryBudget(0.2, clock=clock)
    retries = 0
    for _ in range(1000):
        clock.now += 0.005
        budget.note_request()
        retries += budget.take()
    assert 150 <= retries <= 200


def test_what_is_older_than_the_window_no_longer_counts() -> None:
    clock = Clock()
    budget = RetryBudget(0.2, clock=clock)
    assert taken(budget, 10) == 3
    clock.now = 9.9
    assert taken(budget, 10) == 0
    clock.now = 10.0
    assert taken(budget, 10) == 3


def test_many_threads_do_not_overdraw() -> None:
    budget = RetryBudget(0.2, clock=Clock())
    for _ in range(100):
        budget.note_request()
    got: list[int] = []
    threads = [threading.Thread(target=lambda: got.append(taken(budget, 50))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(got) == 20


def test_it_pickles_without_its_counts() -> None:
    budget = RetryBudget(0.5, 1)
    assert budget.take()
    copy = pickle.loads(pickle.dumps(budget))
    assert (copy.ratio, copy.floor) == (0.5, 1)
    assert copy.take()
