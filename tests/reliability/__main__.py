"""Runs the reliability harness and prints its table: `uv run python tests/reliability [--short]`; 1 if a cell fails.

The long form takes up to an hour on two cores, `--short` about three minutes. A failing cell of the service's faults is
run alone by `--only NAME`, with the seed that was printed. `--write FILE` puts the table between the marks in a file,
or the rows of the parts that are named in place of those there.
"""

import argparse
import sys
import time
from importlib import import_module
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

PARTS = ("service_faults", "bad_input", "garbage", "visitor_text", "processes", "state", "cancelling", "canary")
ALONE = ("load",)
"""They measure, and so run one after another when all else is done."""
BEGIN, END = "<!-- reliability -->\n", "<!-- /reliability -->\n"


def main() -> int:
    """Run the parts that are asked for."""
    report, jobs = import_module("report"), import_module("jobs")  # beside this file, which is only now on the path
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS + ALONE)}; all without any")
    parser.add_argument("--short", action="store_true", help="one seed of some of the cells, and fewer inputs")
    parser.add_argument("--seeds", type=int, default=20, help="how often each fault of the service is tried")
    parser.add_argument("--inputs", type=int, default=100_000, help="how many calls have broken arguments")
    parser.add_argument("--seed", type=int, default=1, help="what all that is made up follows from")
    parser.add_argument("--only", help="run one cell of the service's faults alone")
    parser.add_argument("--write", type=Path, help="a file with marks for the table")
    asked = parser.parse_args()
    began = time.monotonic()
    form = jobs.Form(asked.seed, asked.seeds, asked.inputs, asked.short, asked.only)
    names = ["service_faults"] if asked.only else asked.parts or PARTS + ALONE
    beside, alone = (
        [job for name in names if name in group for job in import_module(name).jobs(form)] for group in (PARTS, ALONE)
    )
    long = f"long with {asked.seeds} of each fault and {asked.inputs:,} inputs"
    parts, table = [], ""
    for group in ((beside, ()), ((), alone)):  # what has been found is written before the rest begins
        parts = report.together([*parts, *jobs.run_all(*group)])
        form = f"{'short' if asked.short else long}, {time.monotonic() - began:.0f} s"
        table = report.table(parts, asked.seed, form=form)
        if asked.write:
            before, _, rest = asked.write.read_text("utf-8").partition(BEGIN)
            old, _, after = rest.partition(END)
            whole = report.replaced(old, table, names) if asked.parts else table
            asked.write.write_text(f"{before}{BEGIN}{whole}\n{END}{after}", "utf-8")
    print(f"{table}\n{report.failures(parts)}")  # noqa: T201
    return int(report.has_failures(parts))


if __name__ == "__main__":
    raise SystemExit(main())
