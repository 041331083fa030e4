"""Runs the reliability harness and prints its table: `uv run python tests/reliability [--short]`; 1 if a cell fails.

The long form takes up to an hour on two cores, `--short` about three minutes. A failing cell is run alone by
`--only NAME`, with the seed that was printed.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import report
import service_faults


async def main() -> int:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="one seed of each cell, and fewer inputs")
    parser.add_argument("--seed", type=int, default=1, help="what all that is made up follows from")
    parser.add_argument("--only", help="run one cell alone")
    asked = parser.parse_args()
    began = time.monotonic()
    parts = [*await service_faults.run(seeds=1 if asked.short else 20, seed=asked.seed, only=asked.only)]
    form = "short" if asked.short else "long"
    print(report.table(parts, asked.seed, form=f"{form}, {time.monotonic() - began:.0f} s"))  # noqa: T201
    print(report.failures(parts))  # noqa: T201
    return int(any(part.failures for part in parts))


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
