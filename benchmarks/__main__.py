"""`make bench`: the figures of one run, to be read as ratios, since machines differ."""

import asyncio
import platform
import sys

from benchmarks import deciding, http, wrapper


async def _all() -> None:
    print(f"Python {platform.python_version()}, {platform.machine()}; medians of rounds that take turns\n")
    for part in (deciding, wrapper, http):
        print(await part.measure(), end="\n\n", flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(_all()))
