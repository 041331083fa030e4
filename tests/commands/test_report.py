"""The command `report`: one file with the same answers as the tools give, in which no value is markup."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from mcp import Client
from support.client import NOW, connect
from support.properties import examples
from tinylytics_mcp import cli
from tinylytics_mcp.commands.report import write_report
from tinylytics_mcp.commands.report_markdown import escaped, markdown
from tinylytics_mcp.errors import CommandError
from tinylytics_mcp.fake_api import FakeApi

HARMLESS = {"inline", "text", "text_special", "softbreak"} | {
    f"{block}_{end}" for block in ("table", "thead", "tbody", "tr", "th", "td") for end in ("open", "close")
}


@pytest.mark.anyio
async def test_the_html_carries_the_answers_of_the_tools(tmp_path: Path) -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        brought = await _brought(connected.client, "456", "last_month", tmp_path)
        traffic = await connected.answer("summarize_traffic", site="456", period="last_month", limit=10)
        kudos = await connected.answer("list_kudos", site="456", period="last_month", limit=10)
        uptime = await connected.answer("get_uptime", site="456")
    assert brought["title"] == "My Blog: Tinylytics report"
    for shown, answer in zip(brought["answers"], (traffic, kudos, uptime), strict=True):
        assert _lasting(shown["structuredContent"]) == _lasting(answer)


@pytest.mark.anyio
async def test_what_cannot_be_had_beside_the_traffic_is_told_in_its_place(tmp_path: Path) -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        *_, uptime = (await _brought(connected.client, "457", None, tmp_path))["answers"]
        await write_report(connected.client, "457", None, tmp_path / "r.md")
    assert uptime["isError"]
    assert "Uptime monitoring is not enabled" in uptime["content"][0]["text"]
    assert "## No figures\n\nUptime monitoring is not enabled" in (tmp_path / "r.md").read_text("utf-8")


@pytest.mark.anyio
async def test_without_the_traffic_there_is_no_report(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        with pytest.raises(CommandError, match="No site of this account is called that"):
            await write_report(connected.client, "nowhere", None, file)
        with pytest.raises(CommandError, match="cannot be written: Is a directory"):
            await write_report(connected.client, "456", None, tmp_path)
    assert not file.exists()


@pytest.mark.anyio
async def test_the_markdown_tells_every_table(tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        await write_report(connected.client, "456", None, file)
        traffic = await connected.answer("summarize_traffic", site="456", limit=10)
    text = file.read_text("utf-8")
    tables = [name for name, value in traffic.items() if isinstance(value, dict)]
    assert [name for name in tables if f"### {name.capitalize()}\n" not in text] == []
    assert text.startswith(f"# My Blog: Tinylytics report\n\n## {traffic['headline']}\n\n- Hits: {traffic['hits']:,}\n")
    for name, hits, *_ in traffic["pages"]["rows"]:
        assert f"| {escaped(name)} | {hits:,} |" in text
    assert f"\n\n10 of {traffic['pages']['of']}.\n" in text


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=300))
@example("[click](https://evil.example) <img src=x onerror=alert(1)> **bold** `code` ~~gone~~ | new | cell")
@example("&lt;script&gt; ![x](y) www.evil.example https://evil.example \\| a_b_c *i* #1 @me $x$")
@example("other")
@examples(60)
def test_a_cell_is_shown_as_it_is(value: str) -> None:
    table = {"columns": ["path", "hits"], "rows": [[value, 1]], "of": int(value != "other")}
    answer: dict[str, Any] = {"headline": "a", "complete": True, "notes": [], "visitor_data": None, "pages": table}
    _, _, text = markdown("t", [answer]).partition("### Pages\n\n")
    parsed = MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(text)
    tokens = [part for token in parsed for part in (token, *(token.children or []))]
    assert {token.type for token in tokens} <= HARMLESS
    shown = ["".join(part.content for part in token.children or []) for token in parsed if token.type == "inline"]
    assert shown[:3] == ["Path", "Hits", " ".join(value.split())]


def test_addresses_are_not_what_a_site_would_link() -> None:
    assert not re.search(r"(?<!\\)(://|\.a)", escaped("https://a www.a ftp://a"))


def test_the_command_writes_the_report_of_the_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.html"
    assert cli.main(["report", "example.com", "--period", "last_7_days", "-o", str(file), "--demo"]) == 0
    assert capsys.readouterr().out == f"{file}\n"
    assert "Content-Security-Policy" in file.read_text("utf-8")


def test_a_file_that_is_neither_html_nor_markdown_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", "example.com", "-o", str(tmp_path / "report.pdf"), "--demo"]) == 2
    assert "a report is .html or .md" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


async def _brought(client: Client, site: str, period: str | None, folder: Path) -> dict[str, Any]:
    file = folder / "report.html"
    await write_report(client, site, period, file)
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', file.read_text("utf-8"))
    assert found
    return json.loads(found[1])


def _lasting(answer: dict[str, Any]) -> dict[str, Any]:
    """What an answer says, without what it took."""
    return {name: value for name, value in answer.items() if name not in ("requests_used", "requests_left", "stored_s")}
