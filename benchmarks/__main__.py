"""`make bench`: the figures of one run, to be read as ratios, since machines differ.

python -m benchmarks wrapper http     (only these parts; by default all)
"""

import asyncio
import platform
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from benchmarks import chaos, deciding, http, ledger, wrapper


async def _ledger() -> str:
    with tempfile.TemporaryDirectory() as folder:
        return await ledger.measure(Path(folder))


PARTS: Mapping[str, Callable[[], Awaitable[str]]] = {
    "deciding": deciding.measure,
    "wrapper": wrapper.measure,
    "http": http.measure,
    "ledger": _ledger,
    "chaos": chaos.measure,
}


async def main(names: list[str]) -> None:
    """Run the parts and print each as it is done."""
    if unknown := [name for name in names if name not in PARTS]:
        sys.exit(f"no part {', '.join(unknown)}; known: {', '.join(PARTS)}")
    print(f"Python {platform.python_version()}, {platform.machine()}; medians of rounds that take turns\n")
    for name in names or PARTS:
        print(await PARTS[name](), end="\n\n", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
