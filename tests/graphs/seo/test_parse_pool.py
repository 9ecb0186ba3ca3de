import asyncio
import subprocess
import sys

import pytest

from graphs.seo.page_error import PageError
from graphs.seo.parse_pool import ParsePool

URL = "https://example.org/"


async def words(pool: ParsePool, html: str) -> int:
    return (await pool.facts(html.encode(), charset=None, url=URL))["word_count"]


async def test_parses_in_another_process(pool: ParsePool) -> None:
    assert await words(pool, "<p>three words here") == 3


@pytest.mark.parametrize(
    "html",
    ["<p " + " ".join(f"a{n}=1" for n in range(200_000)) + ">hi", "<div>" * 200_000],
    ids=["200,000 attributes", "200,000 levels"],
)
async def test_hostile_html_is_stopped_while_others_go_on(pool: ParsePool, html: str) -> None:
    hostile = asyncio.create_task(words(pool, html))
    assert await words(pool, "<p>meanwhile this works") == 3
    with pytest.raises(PageError, match="took longer than 2 s and was stopped") as caught:
        await hostile
    assert caught.value.stage == "parse"
    assert await words(pool, "<p>and after it too") == 4


async def test_a_worker_that_only_waits_is_stopped_too() -> None:
    pool = ParsePool(workers=1, timeout_s=0.5)
    code = "import time; time.sleep(60)"
    worker = await asyncio.to_thread(subprocess.Popen, [sys.executable, "-c", code], stdin=-1, stdout=-1)
    pool._idle.put(worker)
    with pytest.raises(PageError, match=r"took longer than 0\.5 s and was stopped"):
        await words(pool, "<p>one")
    assert worker.poll() is not None
    pool.close()


async def test_a_crashed_worker_is_one_line_and_replaced() -> None:
    pool = ParsePool(workers=1)
    assert await words(pool, "<p>one") == 1
    worker = pool._idle.get_nowait()
    worker.kill()
    worker.wait()
    pool._idle.put(worker)
    with pytest.raises(PageError, match="the parser crashed on it"):
        await words(pool, "<p>one")
    assert await words(pool, "<p>one two") == 2
    pool.close()


async def test_workers_are_used_again() -> None:
    pool = ParsePool(workers=1)
    await words(pool, "<p>one")
    first = pool._idle.get_nowait()
    pool._idle.put(first)
    await words(pool, "<p>two")
    assert pool._idle.get_nowait() is first
    pool._idle.put(first)
    pool.close()
    assert first.poll() is not None


async def test_workers_know_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEBIUS_API_KEY", "secret-key")
    pool = ParsePool(workers=1)
    await words(pool, "<p>one")
    worker = pool._idle.get_nowait()
    with open(f"/proc/{worker.pid}/environ", "rb") as environ:  # noqa: ASYNC230 - a pseudo file
        assert b"secret-key" not in environ.read()
    pool._idle.put(worker)
    pool.close()


async def test_parsing_does_not_block_the_loop(pool: ParsePool) -> None:
    task = asyncio.create_task(words(pool, "<p>" + "word " * 50_000))
    turns = 0
    while not task.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 3
    assert await task == 50_000


async def test_robots_rules_are_read_there_too(pool: ParsePool) -> None:
    rules = b"User-agent: langchain-modelrouter\nDisallow: /a*b$\n"
    assert not await pool.robots_allow(rules, url="https://example.org/axxb")
    assert await pool.robots_allow(rules, url="https://example.org/axxbc")
