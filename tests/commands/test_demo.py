"""The demo as a newcomer sees it, and that its figures are counted."""

import json
import re
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from mcp import StdioServerParameters
from support.client import BASE_URL, NOW, connect, transport_over
from support.processes import environment, finished, in_terminal, state_left
from tinylytics_mcp import cli
from tinylytics_mcp.commands import demo
from tinylytics_mcp.commands.demo import lines_that_connect
from tinylytics_mcp.commands.demo_costs import raw_cost
from tinylytics_mcp.commands.demo_scenes import SCENES
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, FakeApi
from tinylytics_mcp.hosts import start_command
from tinylytics_mcp.server import create_server
from tinylytics_tools.access import ApiKey
from tinylytics_tools.catalogue import ALL_TOOLS
from tinylytics_tools.client import Client


def test_the_full_demo_answers_every_question_and_is_plain_when_piped(tmp_path: Path) -> None:
    env = environment(tmp_path, TINYLYTICS_READ_ONLY="1", TINYLYTICS_SITE="not of the demo", FORCE_COLOR="1")
    done = finished("demo", "--full", env=env)
    assert (done.status, done.err) == (0, "")
    assert "\x1b" not in done.out
    for number, scene in enumerate(SCENES, 1):
        assert f"\n{number}. {scene.words}  {scene.tool}(" in done.out
    compared = re.findall(
        r"([\d,]+) bytes \([\d,]+ in structured form\); the raw API: \d+ requests?, ([\d,]+) bytes",
        " ".join(done.out.split()),
    )
    assert len(compared) == len(SCENES)
    took, raw = (sum(int(pair[side].replace(",", "")) for pair in compared) for side in (0, 1))
    assert f"requests, {took:,} bytes; the raw API: " in done.out
    assert f"requests, {raw:,} bytes.\n" in done.out
    assert took < raw / 10
    assert "Asked first, and agreed to: Delete the kudo “test-kudo-1”" in done.out
    assert "Deleted the kudo “test-kudo-1”" in done.out
    for _, line in lines_that_connect():
        assert line in done.out
    assert not state_left(tmp_path)


@pytest.mark.parametrize("full", [(), ("--full",)])
def test_a_call_that_fails_makes_the_demo_fail(
    full: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tinylytics_mcp.logs.configure", lambda: None)
    broken = replace(SCENES[0], arguments={"period": "last_century"})
    monkeypatch.setattr(demo, "SCENES", (broken,))
    account = Client(ApiKey(FULL_ACCESS_KEY), transport=transport_over(Weighing()), base_url=BASE_URL)
    monkeypatch.setattr(demo, "_server", lambda: create_server(account))
    assert cli.main(["demo", *full]) == 1
    out, err = capsys.readouterr()
    assert "period" in out
    assert err == "tinylytics-mcp: 1 of the calls did not work.\n"


def test_a_server_that_does_not_start_makes_the_demo_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tinylytics_mcp.logs.configure", lambda: None)
    monkeypatch.setattr(demo, "_server", lambda: StdioServerParameters(command=sys.executable, args=["-c", ""]))
    assert cli.main(["demo"]) == 1
    assert capsys.readouterr().err == "tinylytics-mcp: the demo broke off: its server did not start, or ended early.\n"


def test_the_demo_is_short_and_the_same_in_a_terminal_and_in_a_pipe(tmp_path: Path) -> None:
    env = environment(tmp_path, TINYLYTICS_READ_ONLY="1", TINYLYTICS_SITE="not of the demo", FORCE_COLOR="1")
    piped, shown = finished("demo", env=env), in_terminal("demo", env=env, columns=80)
    assert (piped.status, piped.err, shown.status) == (0, "", 0)
    assert "\x1b" not in piped.out
    plain = re.sub("\x1b\\[[0-9;]*m", "", shown.out)
    assert [line.rstrip() for line in plain.splitlines()] == [line.rstrip() for line in piped.out.splitlines()]
    *lines, last = piped.out.splitlines()
    assert len(lines) < 60
    assert max(map(len, lines)) <= 80
    assert last == f"Connect Claude Code: {lines_that_connect()[0][1]}"  # as long as the path of the program
    for number, scene in enumerate(SCENES, 1):
        assert f"\n{number}. {scene.words}  {scene.tool}, " in piped.out
    costs = re.findall(r"  \w+, (\d+) requests?, ([\d,]+) bytes$", piped.out, re.MULTILINE)
    sums = [sum(int(cost[side].replace(",", "")) for cost in costs) for side in (0, 1)]
    assert f"In all {sums[0]} requests, {sums[1]:,} bytes;" in piped.out
    assert "Asked first, and agreed to: Delete the kudo “test-kudo-1”" in piped.out
    assert not state_left(tmp_path)


@pytest.mark.anyio
async def test_the_words_of_the_demo_have_the_figures_of_the_answers() -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        month, why, pages, health, _, attack = [
            (scene.told(answer), answer)
            for scene in SCENES
            for answer in [await connected.answer(scene.tool, **scene.arguments)]
        ]
    told, answer = month
    assert answer["change"] > 0
    assert f"had {answer['hits']:,} hits in the 30 days to 22 November, {answer['change']:,} more than" in told
    assert f"({answer['earlier_hits']:,})" in told
    assert f"{answer['visitors']:,} visitors came" in told
    told, answer = why
    assert answer["difference"] == answer["hits"] - answer["usual_hits"]
    page, referrer, hits, *_ = answer["together"]["rows"][0]
    assert f"had {answer['hits']} hits, {answer['difference']:g} more than usual ({answer['usual_hits']:g})" in told
    assert f"{hits} of them came from {referrer} to {page}." in told
    told, answer = pages
    (name, hits, earlier, *_), (faded, now, before, *_) = answer["rose"]["rows"][0], answer["fell"]["rows"][0]
    assert f"{name} rose most, from {earlier} to {hits} hits." in told
    assert f"{faded} fades, from {before} to {now} hits." in told
    told, answer = health
    assert told.startswith(
        f"Of 3 sites {answer['down']} down, {answer['up']} up, {answer['not_monitored']} not monitored."
    )
    told, answer = attack
    hostile = [row for row in answer["newest"]["rows"] if any("%" in cell or "ignore" in cell for cell in row[1:])]
    assert f"{len(hostile)} of the {len(answer['newest']['rows'])} newest kudos" in told
    assert answer["visitor_data"] in told


def test_what_is_not_there_is_not_told() -> None:
    by_tool = {scene.tool: scene.told for scene in SCENES}
    month: dict[str, Any] = {
        "site": "a",
        "hits": 1,
        "days": 1,
        "last_day": "2026-11-01",
        "change": None,
        "notes": [],
        "visitors": None,
    }
    assert by_tool["summarize_traffic"](month) == "“a” had 1 hit in the 1 day to 1 November."
    assert by_tool["explain_change"]({"usual_hits": None, "headline": "Nothing."}) == "Nothing."
    empty: dict[str, Any] = {"rows": []}
    assert by_tool["rank_traffic"]({"rose": empty, "fell": empty, "new": empty}) == ""


class Weighing(httpx.AsyncBaseTransport):
    """Counts what the stand-in sends."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.hits = 0
        self._inner = httpx.ASGITransport(app=FakeApi(now=lambda: NOW))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass on, and weigh the answer."""
        response = await self._inner.handle_async_request(request)
        body = await response.aread()
        self.sizes.append(len(body))
        self.hits += len(json.loads(body).get("hits", []))
        return response


@pytest.mark.anyio
async def test_the_raw_bytes_are_those_of_every_page_that_is_needed() -> None:
    wire = Weighing()
    account = Client(ApiKey(FULL_ACCESS_KEY), transport=transport_over(wire), base_url=BASE_URL)
    days = {"first_day": "2026-10-24", "last_day": "2026-11-22"}
    for scene in SCENES:
        wire.sizes.clear()
        cost = await raw_cost(account, scene.raw, days)
        assert (cost.requests, cost.bytes) == (len(wire.sizes) - 1, sum(wire.sizes[1:]))  # the first lists the sites
    month = SCENES[0].raw
    wire.hits = 0
    await raw_cost(account, month, days)
    query = {"start_date": "2026-10-24", "end_date": "2026-11-22", "per_page": 1}
    response = await account.send(month[1].endpoint, "/sites/456/hits", query, None)
    assert wire.hits - 2 == response.json()["pagination"]["total_count"] > 1000
    await account.aclose()


def test_every_question_is_a_call_that_its_tool_takes() -> None:
    by_name = {tool.name: tool for tool in ALL_TOOLS}
    for scene in SCENES:
        by_name[scene.tool].fn_metadata.arg_model.model_validate(dict(scene.arguments))


def test_an_assistant_is_connected_by_install(tmp_path: Path) -> None:
    for _, line in lines_that_connect():
        start, _, arguments = line.partition(" install ")
        assert shlex.split(start) == start_command()
        done = finished("install", *arguments.split(), env=environment(tmp_path, HOME=str(tmp_path), PATH=""))
        assert "usage" not in done.err
