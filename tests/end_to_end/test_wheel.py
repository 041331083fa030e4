"""The built wheel, installed and started in each of the usual ways."""

import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest
from support.readme import ROOT
from tinylytics_mcp.version import VERSION

UV = which("uv") or ""
TOOLS = {"uv": [UV, "tool", "install"], "pipx": [UV, "tool", "run", "pipx", "install"]}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this source."""
    if not UV:
        pytest.skip("uv is missing")
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([UV, "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT)], check=True)  # noqa: S603 - our own words
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, in which all tools keep what they install."""
    for name in [name for name in os.environ if name.startswith(("VIRTUAL_ENV", "TINYLYTICS_", "XDG_", "PYTHON"))]:
        monkeypatch.delenv(name)
    for name, folder in {
        "UV_TOOL_DIR": "tools",
        "UV_TOOL_BIN_DIR": "bin",
        "PIPX_HOME": "pipx",
        "PIPX_BIN_DIR": "bin",
    }.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("UV_PYTHON", sys.executable)
    return tmp_path


def run(*words: str, status: int = 0) -> str:
    """Run a command to its end; return all that it printed."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=200, check=False)  # noqa: S603 - our own words
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("tool", TOOLS)
def test_an_installed_program_is_entered_into_a_host_with_its_whole_path(tool: str, wheel: Path, home: Path) -> None:
    run(*TOOLS[tool], str(wheel))
    program = str(home / "bin" / "tinylytics-mcp")
    assert run(program, "--version") == f"tinylytics-mcp {VERSION}\n"
    run(program, "install", "cursor", "--demo")
    entry = json.loads((home / ".cursor" / "mcp.json").read_text())["mcpServers"]["tinylytics"]
    assert run(entry["command"], "--version") == f"tinylytics-mcp {VERSION}\n"
    assert Path(entry["command"]).is_relative_to(home)


def test_uvx_runs_it_and_its_copy_that_may_vanish_is_not_entered(wheel: Path, home: Path) -> None:
    start = (UV, "tool", "run", "--from", str(wheel), "tinylytics-mcp")
    assert "3 sites" in run(*start, "call", "list_sites", "--demo")
    assert "lies in a cache" in run(*start, "install", "cursor", "--demo", status=1)
    assert not (home / ".cursor").exists()
    assert '"serve"' in run(*start, "install", "--print", "cursor", "--demo")
