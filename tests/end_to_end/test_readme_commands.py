"""The commands that the README shows work."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.readme import README

TEXT = README.read_text("utf-8")


@pytest.mark.parametrize(
    "typed", re.findall(r"^uv run tinylytics-mcp ((?:call|report) .*--demo.*)$", TEXT, re.MULTILINE)
)
def test_a_command_that_the_readme_shows_works(typed: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tinylytics_mcp", *shlex.split(typed)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own program
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
