"""`doctor --url` looks at a real server on a port."""

import json
from pathlib import Path

from support.processes import address_told, environment, finished, running


def test_a_server_that_asks_for_tokens_is_told_from_one_for_this_computer(tmp_path: Path) -> None:
    tokens = str(tmp_path / "tokens.json")
    for settings, expected in (
        ({}, {"reach", "access"}),
        ({"TINYLYTICS_TOKENS_FILE": tokens}, {"reach", "claude.ai, ChatGPT"}),
    ):
        env = environment(tmp_path, **settings)
        if settings:
            assert finished("token", "add", "alice", "--access", "read_only", env=env).status == 0
        with running("serve", "--demo", "--transport", "http", "--port", "0", env=env) as process:
            done = finished("doctor", "--json", "--url", f"{address_told(process)}/mcp", env=env)
        assert (done.status, done.err) == (0, "")
        assert expected <= {finding["check"] for finding in json.loads(done.out)}
