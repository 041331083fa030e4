"""Both TypeScript clients on every transport are told what the Python client is told."""

import json
from typing import Any

import pytest
from support import steps
from support.npm import HERE, output, started
from support.processes import START, environment
from tinylytics_tools.catalogue import ALL_TOOLS

V1 = ("v1-stdio", "v1-http", "v1-sse")
V2 = tuple(f"v2-{over}-{mode}" for over in ("stdio", "http", "sse") for mode in ("legacy", "auto", "pinned"))


@pytest.fixture(scope="module")
def theirs(address: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the foreign clients are told, by connection and step."""
    folder = tmp_path_factory.mktemp("clients")
    command, *arguments = [*START, "serve", "--demo"]
    server = {"command": command, "args": arguments, "env": environment(folder)}
    given = json.dumps({"server": server, "address": address})
    with started(HERE / "v1.mjs", given, home=folder) as v1, started(HERE / "v2.mjs", given, home=folder) as v2:
        return {**json.loads(output(v1)), **json.loads(output(v2))}


def test_the_steps_are_worth_comparing(ours: dict[str, Any]) -> None:
    assert [tool["name"] for tool in ours["tools"]["tools"]] == [tool.name for tool in ALL_TOOLS]
    assert ours["summary"]["structuredContent"]["site"] == "My Blog"
    assert ours["summary"]["content"][0]["text"] == ours["reading"]["contents"][0]["text"]
    assert ours["no such site"]["isError"]
    assert ours["no such tool"]["error"]["code"] == -32602
    assert ours["sites completed"]["completion"]["values"] == ["photos.example.net"]
    assert "last_month" in ours["periods completed"]["completion"]["values"]
    assert "example.com" in ours["prompt"]["messages"][0]["content"]["text"]
    outcomes = ("created", "not deleted", "deleted", "deleted")
    for step, status in zip(("created", "declined", "confirmed", "deleted before"), outcomes, strict=True):
        assert ours[step]["structuredContent"]["status"] == status
    assert [message.partition("?")[0] for message, _ in ours["asked"]] == [
        "Delete the kudo “UID” on /NAME of “My Blog”, given TIME"
    ] * 2


@pytest.mark.parametrize("connection", [*V1, *V2])
def test_a_foreign_client_is_told_the_same(
    connection: str, ours: dict[str, Any], theirs: dict[str, dict[str, Any]]
) -> None:
    told = steps.comparable(theirs[connection], name=connection)
    for step, answer in ours.items():
        assert told[step] == answer, step
    assert theirs[connection]["server"]["name"] == "tinylytics"


@pytest.mark.parametrize("connection", V2)
def test_the_era_is_the_one_that_the_client_chose(connection: str, theirs: dict[str, dict[str, Any]]) -> None:
    chosen = "2025-11-25" if connection.endswith("legacy") else "2026-07-28"
    assert theirs[connection]["protocol"] == chosen
