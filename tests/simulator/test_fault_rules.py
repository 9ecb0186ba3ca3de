import httpx2

from langchain_modelrouter.simulator import Fault, Simulator
from langchain_modelrouter.simulator.fault_rules import FaultRules
from langchain_modelrouter.testing import FakeClock
from tests.simulator.conftest import Ask, registry

DOWN, LIMITED = Fault(status=503), Fault(status=429)
ALL = frozenset({"*"})


def picks(rules: FaultRules, count: int, targets: frozenset[str] = ALL) -> list[Fault | None]:
    return [rules.pick(targets, 0.0) for _ in range(count)]


def test_a_fault_hits_only_its_target(server: Simulator, ask: Ask) -> None:
    for target in ("*", "one", "one-small", "org/small"):
        server.clear()
        server.fault(target, "unavailable")
        assert ask().status_code == 503
    for target in ("two", "two-small", "one-large", "large"):
        server.clear()
        server.fault(target, "unavailable")
        assert ask().status_code == 200
    assert server.requests[0].fault is not None


def test_times_use_a_fault_up_and_after_lets_requests_pass_before() -> None:
    rules = FaultRules()
    rules.add("*", Fault(status=503, times=2, after=1))
    assert [fault is not None for fault in picks(rules, 5)] == [False, True, True, False, False]


def test_the_call_may_say_how_often_instead_of_the_fault(server: Simulator, ask: Ask) -> None:
    server.fault("one", "unavailable", times=1, after=1)
    assert [ask().status_code for _ in range(3)] == [200, 503, 200]


def test_a_script_hits_one_request_after_the_other() -> None:
    rules = FaultRules()
    rules.script("*", [DOWN, None, LIMITED])
    assert picks(rules, 5) == [DOWN, None, LIMITED, None, None]
    rules.clear()
    rules.script("*", [DOWN])
    assert picks(rules, 2) == [DOWN, None]


def test_a_script_takes_names(server: Simulator, ask: Ask) -> None:
    server.script("one-small", ["rate_limited", None, Fault(status=504)])
    assert [ask().status_code for _ in range(4)] == [429, 200, 504, 200]


def test_the_first_fault_that_applies_wins() -> None:
    rules = FaultRules()
    rules.add("a", Fault(status=503, times=1))
    rules.add("*", LIMITED)
    both = frozenset({"*", "a"})
    assert [fault and fault.status for fault in picks(rules, 2, both)] == [503, 429]


def test_a_probability_is_drawn_with_the_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        rules = FaultRules(seed)
        rules.add("*", Fault(status=503, probability=0.3))
        return [fault is not None for fault in picks(rules, 200)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert 40 <= sum(drawn(1)) <= 80


def test_flapping_is_up_and_down_by_the_clock() -> None:
    rules = FaultRules()
    rules.flap("*", DOWN, up_s=5, down_s=3, now_s=100)
    states = [rules.pick(ALL, now_s) is not None for now_s in (100, 104.9, 105, 107.9, 108, 113, 115.9, 116)]
    assert states == [False, False, True, True, False, True, True, False]


def test_the_simulator_flaps_on_its_clock(http: httpx2.Client) -> None:
    clock = FakeClock()
    with Simulator(registry(), clock=clock) as server:
        server.flap("one", up_s=5, down_s=5, fault="rate_limited")
        body = {"model": "large", "messages": [{"role": "user", "content": "hi"}]}
        seen = []
        for _ in range(3):
            seen.append(http.post(f"{server.url('one')}/chat/completions", json=body).status_code)
            clock.advance(5.5)
    assert seen == [200, 429, 200]


def test_faults_are_taken_back_for_one_target_or_for_all() -> None:
    rules = FaultRules()
    rules.add("a", DOWN)
    rules.add("b", DOWN)
    rules.clear("a")
    assert rules.pick(frozenset({"a"}), 0.0) is None
    assert rules.pick(frozenset({"b"}), 0.0) is DOWN
    rules.clear()
    assert rules.pick(frozenset({"b"}), 0.0) is None
