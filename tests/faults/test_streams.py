"""Rows 16-21: the stream breaks. Before the commit point nobody sees it, after it nothing is replayed."""

import pytest
from langchain_core.messages import AIMessageChunk

from langchain_modelrouter.errors import AllModelsFailedError, StreamInterruptedError
from tests.doors import Door
from tests.faults.kit import Asked, Bench, ask, fell_back


async def after_the_commit_point(bench: Bench, door: Door, fault: str) -> Asked:
    """Check that the caller gets an error with what it has had, and that no other model was asked."""
    bench.fault("one", fault)
    asked = await ask(door, bench.router())
    assert isinstance(asked.error, StreamInterruptedError)
    assert asked.models == ["one"]
    assert asked.error.partial
    assert asked.error.partial not in str(asked.error)
    (attempt,) = asked.attempts
    assert attempt.estimated
    assert attempt.output_tokens > 0
    assert attempt.cost_usd
    return asked


async def test_fault_16_reset_before_the_commit_point(bench: Bench, door: Door) -> None:
    bench.fault("one", "reset_before_reply")
    fell_back(await ask(door, bench.router()), "one", "two")


async def test_fault_16_reset_after_the_role_delta(bench: Bench, door: Door) -> None:
    bench.fault("one", "reset_before_content")
    fell_back(await ask(door, bench.router()), "one", "two")


@pytest.mark.parametrize("fault", ["reset_after_content", "cut_after_content"])
async def test_fault_17_reset_after_the_commit_point(bench: Bench, stream_door: Door, fault: str) -> None:
    await after_the_commit_point(bench, stream_door, fault)


@pytest.mark.parametrize(
    "fault", ["reset_after_content", "cut_after_content", "no_finish_reason", "hang_after_content"]
)
async def test_fault_17_a_stream_held_back_until_done_falls_back(bench: Bench, stream_door: Door, fault: str) -> None:
    bench.fault("one", fault)
    asked = await ask(stream_door, bench.router(limits={"stream_buffer": "until_done"}))
    fell_back(asked, "one", "two")
    assert asked.attempts[0].output_tokens > 0
    assert asked.attempts[0].estimated


async def test_fault_17_a_hang_after_the_commit_point(bench: Bench, stream_door: Door) -> None:
    assert (await after_the_commit_point(bench, stream_door, "hang_after_content")).seconds < 1.5


async def test_fault_17_whole_answers_cut_off_in_the_body_fall_back(bench: Bench, door: Door) -> None:
    bench.fault("one", "cut_after_content")
    asked = await ask(door, bench.router(limits={"stream_buffer": "until_done"}))
    fell_back(asked, "one", "two")


async def test_fault_17_what_the_caller_has_had_is_what_was_sent(bench: Bench) -> None:
    bench.fault("one", "reset_after_content")
    seen: list[AIMessageChunk] = []

    async def read() -> None:
        async for chunk in bench.router().astream("Name a colour."):
            seen.append(chunk)

    with pytest.raises(StreamInterruptedError) as caught:
        await read()
    assert "".join(chunk.text for chunk in seen) == caught.value.partial
    assert not any("model_router" in chunk.response_metadata for chunk in seen)


async def test_fault_18_clean_end_without_finish_reason(bench: Bench, door: Door) -> None:
    bench.fault("one", "no_finish_before_content")
    fell_back(await ask(door, bench.router()), "one", "two")


async def test_fault_18_clean_end_without_finish_reason_after_content(bench: Bench, stream_door: Door) -> None:
    await after_the_commit_point(bench, stream_door, "no_finish_reason")


async def test_fault_19_finish_reason_without_done(bench: Bench, door: Door) -> None:
    bench.fault("one", "no_done")
    fell_back(await ask(door, bench.router()), "one")


@pytest.mark.parametrize("fault", ["bad_json", "bad_utf8"])
async def test_fault_20_bad_json_or_utf8(bench: Bench, door: Door, fault: str) -> None:
    bench.fault("one", fault)
    asked = await ask(door, bench.router())
    fell_back(asked, "one", "two")
    assert "malformed" in str(asked.attempts[0].error)


async def test_fault_20_bad_json_after_the_commit_point(bench: Bench, stream_door: Door) -> None:
    await after_the_commit_point(bench, stream_door, "bad_json_after_content")


@pytest.mark.parametrize(("fault", "tries"), [("error_event", 2), ("error_event_rate_limited", 1)])
async def test_fault_21_error_event(bench: Bench, door: Door, fault: str, tries: int) -> None:
    bench.fault("one", fault)
    fell_back(await ask(door, bench.router()), *["one"] * tries, "two")


async def test_fault_21_error_event_after_the_commit_point(bench: Bench, stream_door: Door) -> None:
    await after_the_commit_point(bench, stream_door, "error_event_after_content")


@pytest.mark.parametrize("fault", ["reset_before_content", "no_finish_before_content", "bad_json", "error_event"])
async def test_faults_16_to_21_everywhere_list_every_attempt(bench: Bench, door: Door, fault: str) -> None:
    bench.fault("*", fault)
    asked = await ask(door, bench.router())
    assert isinstance(asked.error, AllModelsFailedError)
    assert set(asked.models) == {"one", "two", "wide"}
