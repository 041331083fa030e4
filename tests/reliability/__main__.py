"""Runs the reliability harness and prints its table: `uv run python tests/reliability [--short]`; 1 if a cell fails.

The long form takes up to an hour on two cores, `--short` about three minutes. A failing cell of the service's faults is
run alone by `--only NAME`, with the seed that was printed. `--write FILE` puts the table between the marks in a file.
"""

import argparse
import asyncio
import sys
import time
from importlib import import_module
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

PARTS = ("service_faults", "bad_input", "visitor_text", "processes", "cancelling")
BEGIN, END = "<!-- reliability -->\n", "<!-- /reliability -->\n"


async def main() -> int:
    """Run the parts that are asked for."""
    report = import_module("report")  # beside this file, which is only now on the path
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; all without any")
    parser.add_argument("--short", action="store_true", help="one seed of some of the cells, and fewer inputs")
    parser.add_argument("--seeds", type=int, default=20, help="how often each fault of the service is tried")
    parser.add_argument("--inputs", type=int, default=100_000, help="how many calls have broken arguments")
    parser.add_argument("--seed", type=int, default=1, help="what all that is made up follows from")
    parser.add_argument("--only", help="run one cell of the service's faults alone")
    parser.add_argument("--write", type=Path, help="a file with marks for the table")
    asked = parser.parse_args()
    began, parts = time.monotonic(), list[object]()
    for name in ["service_faults"] if asked.only else asked.parts or PARTS:
        more = {"only": asked.only, "seeds": asked.seeds} if name == "service_faults" else {}
        more |= {"inputs": asked.inputs} if name == "bad_input" else {}
        parts += await import_module(name).run(seed=asked.seed, short=asked.short, **more)
        print(report.table(parts[-1:], asked.seed, form=name), flush=True)  # noqa: T201
    long = f"long with {asked.seeds} of each fault and {asked.inputs:,} inputs"
    form = f"{'short' if asked.short else long}, {time.monotonic() - began:.0f} s"
    table = report.table(parts, asked.seed, form=form)
    print(f"{table}\n{report.failures(parts)}")  # noqa: T201
    if asked.write:
        before, _, rest = asked.write.read_text("utf-8").partition(BEGIN)
        asked.write.write_text(f"{before}{BEGIN}{table}\n{END}{rest.partition(END)[2]}", "utf-8")
    return int(report.has_failures(parts))


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
