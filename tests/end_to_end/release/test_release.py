"""The checkers of those who take what is released accept it, and it starts as a host starts it."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from runpy import run_path
from shutil import which
from typing import Any, cast

import anyio
import artefacts
import pytest
from artefacts import ROOT
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from support.processes import environment, finished
from tinylytics_mcp.fake_api import READ_ONLY_KEY

FACTS = replace(artefacts.read_facts(), owner="somebody")
CHECKS = cast("Callable[[Path], dict[str, list[str]]]", run_path(str(ROOT / "release" / "__main__.py"))["checks"])


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is released."""
    folder = tmp_path_factory.mktemp("release") / "out"
    artefacts.write(FACTS, folder)
    return folder


def run(command: list[str], home: Path) -> str:
    """Run a command that must succeed; return what it printed."""
    if not command[0]:
        pytest.skip("checkers of a release are missing: npm install in tests/end_to_end/release")
    env = {**os.environ, "HOME": str(home), "DISABLE_TELEMETRY": "1", "DISABLE_AUTOUPDATER": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own words
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", CHECKS(Path()))
def test_the_checker_of_whoever_takes_it_accepts_it(name: str, out: Path, tmp_path: Path) -> None:
    printed = run(CHECKS(out)[name], tmp_path)
    assert re.search(r"pass|[Vv]alid ", printed)


def test_the_maker_of_bundles_packs_it(out: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.mcpb"
    run([CHECKS(out)["bundle"][0], "pack", str(out / "bundle"), str(packed)], tmp_path)
    with zipfile.ZipFile(packed) as theirs, zipfile.ZipFile(out / FACTS.bundle) as ours:
        assert set(ours.namelist()) == set(theirs.namelist())


def test_the_bundle_starts_as_claude_desktop_starts_it(out: Path, tmp_path: Path) -> None:
    uv = which("uv")
    if uv is None:
        pytest.skip("uv is missing")
    with zipfile.ZipFile(out / FACTS.bundle) as packed:
        packed.extractall(tmp_path / "bundle")
    config: Any = artefacts.bundle_manifest(FACTS)["server"]["mcp_config"]
    chosen = {
        "${__dirname}": str(tmp_path / "bundle"),
        "${user_config.api_key}": READ_ONLY_KEY,
        "${user_config.read_only}": "true",
    }

    def filled(text: str) -> str:
        for name, value in chosen.items():
            text = text.replace(name, value)
        return text

    env = {**environment(tmp_path), **{name: filled(value) for name, value in config["env"].items()}}
    env.pop("VIRTUAL_ENV", None)
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(tmp_path / "bundle" / ".venv")], check=True)  # noqa: S603 - the same
    parameters = StdioServerParameters(command=uv, args=[filled(word) for word in config["args"]], env=env)

    async def tools() -> list[str]:
        async with Client(stdio_client(parameters)) as client:
            return [tool.name for tool in (await client.list_tools()).tools]

    names = anyio.run(tools)
    assert "summarize_traffic" in names
    assert "create_hit" not in names


def test_claude_code_connects_to_what_install_entered(out: Path, tmp_path: Path) -> None:
    env = {**environment(tmp_path), "HOME": str(tmp_path)}
    for command in (["install", "claude-code", "--demo"], ["install", "claude-code", "--demo"]):
        assert finished(*command, env=env).status == 0
    assert "tinylytics" in run([CHECKS(out)["plugin"][0], "mcp", "list"], tmp_path).partition("✔ Connected")[0]
    assert finished("uninstall", "claude-code", env=env).status == 0
    assert "tinylytics" not in run([CHECKS(out)["plugin"][0], "mcp", "list"], tmp_path)
