"""`doctor --url` looks at a real server on a port."""

import json
import socket
from pathlib import Path

import pytest
from support.processes import address_told, environment, finished, running


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "access"),
        ({"TINYLYTICS_TOKENS_FILE": "{}/tokens.json"}, "claude.ai, ChatGPT"),
        (
            {"TINYLYTICS_PUBLIC_URL": "http://127.0.0.1:{port}", "TINYLYTICS_STATE_KEY": "0123456789abcdef" * 2},
            "ChatGPT",
        ),
    ],
)
def test_each_way_into_a_server_is_told_apart(settings: dict[str, str], expected: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    env = environment(tmp_path, **{name: value.format(tmp_path, port=port) for name, value in settings.items()})
    if "TINYLYTICS_TOKENS_FILE" in env:
        assert finished("token", "add", "alice", "--access", "read_only", env=env).status == 0
    with running("serve", "--demo", "--transport", "http", "--port", port, env=env) as process:
        done = finished("doctor", "--json", "--url", f"{address_told(process)}/mcp", env=env)
    assert (done.status, done.err) == (0, ""), done.out
    assert expected in {finding["check"] for finding in json.loads(done.out)}
