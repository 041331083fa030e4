"""What can be wrong on this computer or with the account is found and told with its remedy, and never the key."""

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx2 as httpx
import pytest
from support.client import BASE_URL, NOW, transport_over
from support.processes import NOBODY_LISTENS
from tinylytics_mcp import backend, checks, cli, hosts
from tinylytics_mcp.checks import Outcome
from tinylytics_mcp.commands import doctor
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, READ_ONLY_KEY, FakeApi
from tinylytics_mcp.fake_api.openapi import DOCUMENT
from tinylytics_mcp.hosts import HOSTS, System
from tinylytics_tools.access import ApiKey
from tinylytics_tools.client import Client, Preferences

pytestmark = pytest.mark.anyio
Answering = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, and the made-up account in place of the network."""
    for name in [name for name in os.environ if name.startswith(("TINYLYTICS_", "XDG_", "CLAUDE_", "CODEX_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    transport = httpx.ASGITransport(app=FakeApi())

    def network(_: str) -> Callable[[], httpx.AsyncBaseTransport]:
        return lambda: transport

    monkeypatch.setattr(backend, "_network", network)
    return tmp_path


def client(
    service: Any, key: str | None = FULL_ACCESS_KEY, site: str | None = None, base_url: str = BASE_URL
) -> Client:
    """A client over a service."""
    return Client(
        None if key is None else ApiKey(key),
        transport=transport_over(service),
        base_url=base_url,
        preferences=Preferences(site=site),
        clock=lambda: NOW,
    )


def found(output: str) -> dict[str, dict[str, str | None]]:
    """The findings of `doctor --json` by their check; of one that stands twice, the last."""
    return {finding["check"]: finding for finding in json.loads(output)}


def answer(document: Any, date: str = "Mon, 23 Nov 2026 09:30:00 GMT") -> Answering:
    """An API that describes itself by a document."""
    return lambda _: httpx.Response(200, json=document, headers={"date": date})


def described() -> dict[str, Any]:
    """A copy of what this version was built for."""
    return json.loads(json.dumps(DOCUMENT))


@pytest.mark.parametrize("key", [FULL_ACCESS_KEY, READ_ONLY_KEY])
def test_of_a_good_key_everything_is_well(
    key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TINYLYTICS_API_KEY", key)
    assert cli.main(["doctor", "--json"]) == 0
    printed = capsys.readouterr()
    assert key not in printed.out + printed.err
    findings = found(printed.out)
    assert ("may write" in str(findings["key"]["text"])) is (key == FULL_ACCESS_KEY)
    assert findings["account"]["text"] == "the key is accepted; with a subscription"
    assert findings["description"]["text"] == "as this version was built for"
    assert findings["sites"]["text"] == "3 sites"
    assert findings["features"]["text"] == "“Field Notes”: insights on, uptime on, content on"
    assert findings["hosts"]["remedy"] == "`tinylytics-mcp install HOST` enters it."
    assert cli.main(["doctor"]) == 0
    assert "ok       account: the key is accepted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "check", "text", "remedy"),
    [
        ({}, "key", "no key is set", "Make one under"),
        ({"TINYLYTICS_READ_ONLY": "perhaps"}, "settings", "TINYLYTICS_READ_ONLY takes", "Correct it"),
        ({"TINYLYTICS_API_KEY": "tly-ro-wrong"}, "account", "did not accept the API key", "Make a new one"),
        ({"TINYLYTICS_API_KEY": FULL_ACCESS_KEY, "TINYLYTICS_SITE": "nope"}, "site", "names no site", "site"),
        (
            {"TINYLYTICS_API_KEY": FULL_ACCESS_KEY, "TINYLYTICS_STATE_DIR": "{}/full"},
            "state",
            "cannot be used",
            "nothing",
        ),
    ],
)
def test_what_does_not_work_fails_with_its_remedy_and_the_exit_status(
    settings: dict[str, str],
    check: str,
    text: str,
    remedy: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (home / "full" / backend.STATE_FILE).mkdir(parents=True)
    for name, value in settings.items():
        monkeypatch.setenv(name, value.format(home))
    assert cli.main(["doctor", "--json"]) == 1
    printed = capsys.readouterr()
    assert "1 thing failed" in printed.err
    finding = found(printed.out)[check]
    assert finding["outcome"] == "failed"
    assert text in str(finding["text"])
    assert remedy in str(finding["remedy"])
    assert "restart" not in str(finding["remedy"])
    assert "tly-ro-wrong" not in printed.out + printed.err


def test_a_service_that_is_not_reached_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("TINYLYTICS_BASE_URL", NOBODY_LISTENS)
    monkeypatch.setenv("TINYLYTICS_API_KEY", "tly-ro-x")
    assert cli.main(["doctor", "--json"]) == 1
    findings = found(capsys.readouterr().out)
    assert "127.0.0.1, where TINYLYTICS_BASE_URL leads" in str(findings["reach"]["remedy"])
    assert "account" not in findings


def test_the_advice_is_that_for_what_is_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    key = home / "key"
    key.write_text(FULL_ACCESS_KEY)
    key.chmod(0o644)
    monkeypatch.setenv("TINYLYTICS_API_KEY_FILE", str(key))
    monkeypatch.setenv("TINYLYTICS_REDIS_URL", "redis://127.0.0.1:9/0")
    assert cli.main(["doctor", "--json"]) == 1
    findings = found(capsys.readouterr().out)
    assert findings["settings"]["remedy"] == "Run chmod 600 on it."
    assert "start it, or correct that variable" in str(findings["state"]["remedy"])
    assert "disk" not in str(findings["state"])


async def test_an_address_without_the_api_is_told_as_that() -> None:
    def nothing(_: httpx.Request) -> httpx.Response:
        return httpx.Response(404, json={"error": "Not found"})

    astray = client(nothing, base_url="http://127.0.0.1:8001")
    (finding,) = [finding async for finding in checks.of_service(astray)]
    assert finding.remedy == "Check TINYLYTICS_BASE_URL: it should end in /api/v1."


def test_the_key_that_hosts_were_given_is_looked_at_where_none_is_set(capsys: pytest.CaptureFixture[str]) -> None:
    hosts.key_file().parent.mkdir(parents=True)
    hosts.key_file().write_text(READ_ONLY_KEY)
    hosts.key_file().chmod(0o600)
    assert cli.main(["doctor", "--json"]) == 0
    assert found(capsys.readouterr().out)["account"]["outcome"] == "ok"


@pytest.mark.parametrize(("seconds", "expected"), [(59, Outcome.OK), (61, Outcome.WARNING), (-61, Outcome.WARNING)])
async def test_a_clock_that_is_off_is_told(seconds: int, expected: Outcome) -> None:
    found = checks.of_service(client(answer(DOCUMENT)), NOW + timedelta(seconds=seconds))
    (clock,) = [finding async for finding in found if finding.check == "clock"]
    assert clock.outcome is expected
    assert ("behind" in clock.text) is (seconds == -61)


async def test_an_api_that_describes_more_or_less_than_this_version_knows_is_told() -> None:
    document = described()
    hits = document["paths"]["/sites/{id}/hits"]["get"]
    for parameter in hits["parameters"]:
        if parameter["name"] == "group_by":
            parameter["schema"]["enum"] = [
                "city" if value == "country" else value for value in parameter["schema"]["enum"]
            ]
    hits["parameters"].append({"name": "device", "in": "query", "schema": {"enum": ["phone"]}})
    document["paths"]["/api/v1/goals"] = {"get": {"parameters": [{"name": "page", "in": "query"}]}}
    del document["paths"]["/me"]
    findings = [finding async for finding in checks.of_service(client(answer(document)))]
    gone, new = [finding.text for finding in findings if finding.check == "description"]
    assert gone == "no longer described: GET /me, GET /sites/:id/hits group_by=country"
    assert new == "new, and not used: GET /goals, GET /sites/:id/hits device, GET /sites/:id/hits group_by=city"


@pytest.mark.parametrize("prefix", ["/api/v1", ""])
async def test_paths_with_and_without_the_prefix_are_the_same(prefix: str) -> None:
    document = described()
    document["paths"] = {prefix + path.replace("{id}", "{site_id}"): each for path, each in document["paths"].items()}
    findings = [finding async for finding in checks.of_service(client(answer(document)))]
    assert [finding.outcome for finding in findings if finding.check == "description"] == [Outcome.OK]


@pytest.mark.parametrize(
    ("entry", "outcome", "text"),
    [
        ({"command": "{program}", "args": ["serve", "--demo"]}, Outcome.OK, "with the made-up account"),
        ({"command": "{program}", "args": ["serve"], "env": {"TINYLYTICS_API_KEY": "x"}}, Outcome.OK, "entered"),
        ({"command": "{program}", "args": ["serve"]}, Outcome.WARNING, "names no key"),
        ({"url": "https://mcp.example.com/mcp"}, Outcome.OK, "with an address"),
        ({"command": "/gone/tinylytics-mcp"}, Outcome.FAILED, "not there"),
        ({"command": "python3", "args": ["-m", "tinylytics_mcp"]}, Outcome.WARNING, "bare name"),
        ({"command": "{program}", "env": {"TINYLYTICS_API_KEY_FILE": "/gone/key"}}, Outcome.FAILED, "key file"),
        ({"command": "/bin/sh", "env": {"TINYLYTICS_API_KEY": "x"}}, Outcome.OK, "another copy"),
    ],
)
@pytest.mark.parametrize("name", cli.EDITED)
def test_an_entry_that_points_nowhere_is_found(
    name: str, entry: dict[str, Any], outcome: Outcome, text: str, home: Path
) -> None:
    system = System("linux", home, {})
    file = HOSTS[name].file(system)
    file.parent.mkdir(parents=True, exist_ok=True)
    entry = json.loads(json.dumps(entry).replace("{program}", hosts.start_command()[0]))
    file.write_text("// mine\n" + json.dumps({HOSTS[name].section: {"tinylytics": entry}}))
    (finding,) = checks.of_hosts(system)
    assert (finding.check, finding.outcome) == (name, outcome)
    assert text in finding.text
    assert (finding.remedy is None) is (outcome is Outcome.OK)


def test_what_is_no_json_or_of_another_form_is_no_crash(home: Path) -> None:
    system = System("linux", home, {})
    (home / ".cursor").mkdir()
    entries = ("1", '{"command": "/bin/sh", "env": 1}', '{"command": "/bin/sh", "args": 1}')
    for text in (
        "{",
        "[]",
        '{"mcpServers": 1}',
        *(f'{{"mcpServers": {{"tinylytics": {entry}}}}}' for entry in entries),
    ):
        (home / ".cursor" / "mcp.json").write_text(text)
        (finding,) = checks.of_hosts(system)
        assert finding.outcome is Outcome.WARNING


def test_the_shapes_of_replies_are_recorded_without_any_value(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TINYLYTICS_API_KEY", READ_ONLY_KEY)
    file = home / "shapes.json"
    assert cli.main(["doctor", "--record", str(file)]) == 0
    assert capsys.readouterr().out == f"{file}\n"
    shapes = json.loads(file.read_text())
    assert len(shapes) == 13
    assert shapes["GET /sites"]["sites[].id"] == "integer"
    assert shapes["GET /sites/{site_id}/hits"]["hits[].referrer"] == "null or string"
    values = [value for shape in shapes.values() if isinstance(shape, dict) for value in cast("Any", shape).values()]
    kinds = {kind for value in values for kind in value.split(" or ")}
    assert kinds == {"string", "integer", "number", "boolean", "null", "list"}


def test_a_name_that_may_be_data_is_no_name() -> None:
    body = {"/secret": 1, "DE": [], "by_day": {"2026-01-01": 1.5, "total": None}, "rows": [{"a": 1}, {"a": "x"}, 3]}
    assert doctor.shape_of(body) == {
        "*": "integer or list",
        "by_day.*": "number",
        "by_day.total": "null",
        "rows[].a": "integer or string",
        "rows[]": "integer",
    }


def test_requests_that_are_nearly_used_up_are_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TINYLYTICS_API_KEY", READ_ONLY_KEY)
    monkeypatch.setenv("TINYLYTICS_STATE_DIR", str(home))
    assert cli.main(["doctor"]) == 0
    with closing(sqlite3.connect(home / backend.STATE_FILE)) as rows, rows:
        ((value,),) = rows.execute("SELECT value FROM hours").fetchall()
        rows.execute("UPDATE hours SET value = ?", (value + value[-8:] * 800,))
    capsys.readouterr()
    cli.main(["doctor", "--json"])
    assert found(capsys.readouterr().out)["requests"]["outcome"] == "warning"
