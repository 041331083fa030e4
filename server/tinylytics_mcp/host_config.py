"""Returns how a host starts this server: from a checkout if it runs from one, else as the installed command."""

import json
import shlex
import shutil
import sys
from pathlib import Path

from tinylytics_mcp.version import NAME, PROGRAM

_KEY = {"TINYLYTICS_API_KEY": "tly-ro-your-api-key"}


def start_command() -> list[str]:
    """Return the program and its first arguments."""
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "server").is_dir():
        return ["uv", "run", "--directory", str(checkout), PROGRAM]
    return [PROGRAM] if shutil.which(PROGRAM) else [sys.executable, "-m", "tinylytics_mcp"]


def lines_that_connect() -> list[tuple[str, str]]:
    """Return pairs of a host and the text to type or paste; the last one connects the made-up account."""
    command = start_command()
    variables = " ".join(f"--env {name}={value}" for name, value in _KEY.items())
    entry = {NAME: {"command": command[0], "args": command[1:], "env": _KEY}}
    return [
        ("Claude Code", f"claude mcp add {NAME} {variables} -- {shlex.join(command)}"),
        ("Claude Desktop, Cursor", json.dumps({"mcpServers": entry})),
        ("without a key", f"claude mcp add {NAME}-demo -- {shlex.join([*command, 'serve', '--demo'])}"),
    ]
