"""The commands that the README and docs show work, all but those that others answer for."""

import re
import shlex
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from support.processes import address_told, environment, finished, running
from support.readme import DOCS
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY

BLOCK = re.compile(r"^ *```bash\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
BLOCKS = [block for page in DOCS for block in BLOCK.findall(page.read_text("utf-8"))]
TYPED = sorted({line.partition(" #")[0].strip() for block in BLOCKS for line in block.splitlines() if line.strip()})
OURS = re.compile(r"(?:[A-Z_]+=(?:\$\(.*?\)|\S)+ )*(?:\./run|tinylytics-mcp) (?!test$)")
OTHERS = ("./run test", "uv tool install .", "pipx install .", "uv run python tests/", "export TINYLYTICS_")
"""Tested elsewhere: the tests by being run, installing by test_wheel.py, what measures by .ci/run and by hand."""


def test_every_command_is_ours_or_known() -> None:
    assert [line for line in TYPED if not OURS.match(line) and not line.startswith(OTHERS)] == []
    assert len(TYPED) > 20


def words(line: str) -> tuple[dict[str, str], list[str]]:
    """The settings before a command, and the words after its name."""
    parts = shlex.split(re.sub(r"\w+=\$\(.*?\) ", "", line))
    given: dict[str, str] = {}
    while "=" in parts[0]:
        name, _, given[name] = parts.pop(0).partition("=")
    return given, parts[1:]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The address of the made-up API, for commands that use the user's own account."""
    with running("fake-api", "--port", "0", env=environment(tmp_path_factory.mktemp("api"))) as process:
        yield f"{address_told(process)}/api/v1"


@pytest.mark.parametrize("line", [line for line in TYPED if OURS.match(line)])
def test_a_command_that_is_shown_works(
    line: str, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, rest = words(line)
    monkeypatch.chdir(tmp_path)
    keyed = {"TINYLYTICS_BASE_URL": service, "TINYLYTICS_API_KEY": FULL_ACCESS_KEY}
    if "--url" in rest and rest[0] == "doctor":
        pytest.skip("needs a server at that address; test_doctor.py has one")
    if rest[0] == "token":
        keyed["TINYLYTICS_TOKENS_FILE"] = str(tmp_path / "tokens.json")
        (tmp_path / "shop-key").write_text(FULL_ACCESS_KEY)
        rest = [word.replace("/run/secrets", str(tmp_path)).replace("1f0c…", "alice") for word in rest]
    env = {**environment(tmp_path, **keyed), "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    if rest[0] == "token" and rest[1] != "add":
        assert finished("token", "add", "alice", "--access", "read_only", env=env).status == 0
    if rest[0] == "serve":
        if given:  # people who log in bring their own keys
            given["TINYLYTICS_STATE_KEY"] = "0123456789abcdef" * 2
            env.pop("TINYLYTICS_API_KEY")
        with running(*rest, "--port", "0", env={**env, **given}) as process:
            assert address_told(process)
        return
    command = [sys.executable, "-P", "-m", "tinylytics_mcp", *rest]
    done = subprocess.run(command, env={**env, **given}, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own program
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout or rest[0] in ("uninstall", "token"), done.stderr
    assert FULL_ACCESS_KEY not in done.stdout
