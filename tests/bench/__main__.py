"""Runs the benchmarks: `uv run python tests/bench [NAME …]`; 1 where one of them misses its figure."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """Run those that are named, or all, each in a process of its own."""
    known = {path.stem: path for path in sorted(HERE.glob("*.py")) if not path.stem.startswith("_")}
    names = sys.argv[1:] or list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)  # noqa: T201
        return 2
    failed = 0
    for name in names:
        print(f"\n== {name}", flush=True)  # noqa: T201 - a heading of what is printed
        environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
        failed += subprocess.run([sys.executable, str(known[name])], env=environment, check=False).returncode != 0  # noqa: S603 - our own scripts
    return min(failed, 1)


if __name__ == "__main__":
    raise SystemExit(main())
