"""What the container files name exists, and what they run can be run; no engine builds them here."""

import json
import re
import subprocess
import sys
from pathlib import Path

import anyio.to_thread
import pytest
from support.http_server import Service, backend_of, serving
from support.redis_server import MISSING, PROGRAM
from tinylytics_mcp import cli, logs, settings
from tinylytics_mcp.http import settings as gateway

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = (ROOT / "compose.yaml").read_text()


def arguments(instruction: str, text: str = DOCKERFILE) -> list[str]:
    """The words of an instruction in its JSON form, the last one of its name."""
    return json.loads(re.findall(rf"{instruction}:? (\[.*\])$", text, re.MULTILINE)[-1])


def test_what_is_copied_is_there_and_let_through() -> None:
    copied = [
        word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()
    ]
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied) == let_through
    assert all((ROOT / name).exists() for name in copied)


def test_the_command_is_one_that_can_be_typed_and_refuses_to_serve_without_its_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert arguments("ENTRYPOINT") == ["tinylytics-mcp"]
    monkeypatch.setattr("tinylytics_mcp.logs.configure", lambda: None)
    monkeypatch.setenv("TINYLYTICS_STATE_DIR", str(tmp_path))
    assert cli.main(arguments(r"^CMD")) == 2
    assert gateway.TOKENS_FILE in capsys.readouterr().err


@pytest.mark.anyio
async def test_the_health_check_tells_a_server_that_lives_from_one_that_does_not() -> None:
    program, *rest = arguments("  CMD")
    assert program == "python"

    def check(address: str) -> int:
        command = [sys.executable, *(word.replace("http://127.0.0.1:8000", address) for word in rest)]
        return subprocess.run(command, check=False, capture_output=True, timeout=20).returncode  # noqa: S603 - ours

    async with serving(backend_of(Service())) as served:
        assert await anyio.to_thread.run_sync(check, served.address) == 0
    assert await anyio.to_thread.run_sync(check, served.address) != 0


def test_every_setting_in_them_is_one_of_ours() -> None:
    known = {
        value
        for module in (settings, gateway, logs)
        for value in vars(module).values()
        if isinstance(value, str) and value.startswith("TINYLYTICS_")
    }
    assert set(re.findall(r"TINYLYTICS_[A-Z_]+", DOCKERFILE + COMPOSE)) <= known


def test_what_the_page_about_serving_says_goes_into_env_reaches_the_servers() -> None:
    (told,) = re.findall(
        r"^\S.+ there reach the servers too\.", (ROOT / "docs" / "serving.md").read_text(), re.MULTILINE
    )
    named = re.findall(r"`(TINYLYTICS_[A-Z_]+)`", told.partition("docker compose up")[2])
    assert named
    for name in (*named, gateway.PUBLIC_URL, settings.STATE_KEY):
        assert re.search(rf"^    {name}: \${{{name}:", COMPOSE, re.MULTILINE), name


@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
def test_redis_takes_its_options(tmp_path: Path) -> None:
    assert PROGRAM is not None
    options = [
        *arguments("command", COMPOSE)[1:],
        "--port",
        "0",
        "--dir",
        str(tmp_path),
        "--unixsocket",
        str(tmp_path / "s"),
    ]
    with subprocess.Popen([PROGRAM, *options], stdout=subprocess.PIPE, encoding="utf-8") as process:  # noqa: S603 - ours
        assert process.stdout is not None
        assert any(
            "Ready to accept connections" in line or "The server is now ready" in line for line in process.stdout
        )
        process.kill()
