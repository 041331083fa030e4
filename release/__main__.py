"""Makes what is published beside the package and lets its takers' own checkers judge it: `uv run python release`."""

import subprocess
import sys
from pathlib import Path
from shutil import which

from artefacts import ROOT, problems, read_facts, write

OUT = ROOT / "dist" / "release"
CHECKERS = ROOT / "tests" / "end_to_end" / "release" / "node_modules" / ".bin"


def checks(out: Path) -> dict[str, list[str]]:
    """Return the command of each checker, by its name; a program that is not there is the empty text."""
    plugin = out / "marketplace" / "plugins" / "tinylytics"
    skillsaw = which("skillsaw", path=str(Path(sys.executable).parent)) or ""

    def installed(name: str) -> str:
        return which(name, path=str(CHECKERS)) or ""

    return {
        "bundle": [installed("mcpb"), "validate", str(out / "bundle" / "manifest.json")],
        "marketplace": [installed("claude"), "plugin", "validate", str(out / "marketplace")],
        "plugin": [installed("claude"), "plugin", "validate", str(plugin)],
        "skill": [installed("skills-ref"), "validate", str(plugin / "skills" / "tinylytics-reports")],
        "registry": [skillsaw, "lint", str(out / "server.json")],
    }


def main() -> int:
    """Write everything, check it, and say what is to be published where; 1 where that may not be."""
    facts = read_facts()
    found = problems(facts, (ROOT / "CHANGELOG.md").read_text("utf-8"))
    if found:
        print("no release:", *found, sep="\n  ")
        return 1
    files = write(facts, OUT)
    for name, command in checks(OUT).items():
        if not command[0]:
            missing = f"npm install in {CHECKERS.parent.parent}, and uv sync --group release"
            print(f"no release: the checker of the {name} is missing: {missing}")
            return 1
        subprocess.run(command, check=True)  # noqa: S603 - our own words
    print("to publish, once the tag is pushed:", *files, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
