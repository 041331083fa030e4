"""The command `report`: one file with the same answers as the tools give, in which no value is markup."""

import base64
import hashlib
import json
import re
import resource
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support.client import NOW, connect
from support.properties import examples
from tinylytics_mcp import cli
from tinylytics_mcp.commands.report import report, write
from tinylytics_mcp.commands.report_charts import tag
from tinylytics_mcp.commands.report_markdown import escaped, markdown
from tinylytics_mcp.commands.report_words import called
from tinylytics_mcp.errors import CommandError
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.periods import PERIODS

HARMLESS = {"inline", "text", "text_special", "softbreak"} | {
    f"{block}_{end}" for block in ("table", "thead", "tbody", "tr", "th", "td") for end in ("open", "close")
}


FORMS = ("html", "markdown")


class _Tables(HTMLParser):
    """Gathers the texts of a document: the cells of each table by its label, and all that is read of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: list[str] = []
        self.policy = ""
        self._is_cell = False
        self._rows: list[list[str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "table":
            self._rows = self.tables.setdefault(given["aria-label"] or "", [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("th", "td"):
            self._rows[-1].append("")
            self._is_cell = True
        elif given.get("http-equiv"):
            self.policy = given["content"] or ""

    def handle_data(self, data: str) -> None:
        if self._is_cell:
            self._rows[-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._is_cell = self._is_cell and tag not in ("th", "td")


@pytest.mark.anyio
async def test_the_html_has_the_figures_of_the_tools_in_it() -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        html = await report(connected.client, "456", "last_month", "html", NOW)
        traffic = await connected.answer("summarize_traffic", site="456", period="last_month", limit=10)
        kudos = await connected.answer("list_kudos", site="456", period="last_month")
    tables = _Tables(html).tables
    assert f"{traffic['hits']:,} hits" in html
    assert f" on {traffic['earlier_hits']:,} in the " in html
    assert f"{kudos['kudos']:,} kudos" in html
    assert [cells[1] for cells in tables["Hits by day"][1:]] == [f"{hits:,}" for _, hits in traffic["series"]["rows"]]
    for label, name in (("Pages", "pages"), ("Referrers", "referrers"), ("Browsers", "browsers")):
        counts = [int(cells[1].replace(",", "")) for cells in tables[label][1 : (8 if name == "referrers" else 7)]]
        assert sum(counts) == traffic["hits"], label
        assert counts[:5] == [row[1] for row in traffic[name]["rows"][:5]]
    assert "1 Oct 2026 to 31 Oct 2026. Made on 23 Nov 2026, 09:30 UTC." in html
    assert html.index("Monthly report: My Blog") < html.index("Contents") < html.index("Traffic</h2>")


@pytest.mark.anyio
async def test_a_report_on_all_sites_has_the_overview_and_each_site() -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        html = await report(connected.client, "all", "last_week", "html", NOW)
        text = await report(connected.client, "all", "last_week", "markdown", NOW)
        overview = await connected.answer("get_overview", period="last_week")
    assert "Weekly report: all sites" in html
    sites = _Tables(html).tables["Sites"][1:]
    assert [(cells[0], cells[3]) for cells in sites] == [(row[1], f"{row[2]:,}") for row in overview["sites"]["rows"]]
    said = "is down since 22 Nov 2026, 21:40 UTC, has a certificate that expires in 9 days and has 3 broken links"
    assert f"Field Notes</b> {said}" in html
    for site in ("My Blog", "Field Notes", "Photos"):
        assert f">{site}</h2>" in html
    assert overview["headline"].split(";")[0] in text.replace("\\", "")


@pytest.mark.anyio
@pytest.mark.parametrize("period", PERIODS)
async def test_each_period_has_its_report(period: str) -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=2_000)) as connected:
        html = await report(connected.client, "all", period, "html", NOW)
    assert html.count("<h2") == 4
    assert 'class="error"' not in html


@pytest.mark.anyio
@pytest.mark.parametrize("form", FORMS)
async def test_what_cannot_be_had_beside_the_traffic_is_told_in_its_place(form: str) -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        text = await report(connected.client, "457", None, form, NOW)
    assert {"html": 'class="calm">Uptime monitoring is not', "markdown": "## No figures\n\nUptime monitoring is not"}[
        form
    ] in text


@pytest.mark.anyio
async def test_a_site_that_fails_takes_no_other_out_of_a_report_on_all() -> None:
    api = httpx.ASGITransport(app=FakeApi(now=lambda: NOW))
    asked: list[str] = []

    class Failing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            asked.append(request.url.path)
            has_overview = any("/content" in path for path in asked)
            if "/sites/457/hits" in request.url.path and has_overview:
                return httpx.Response(500)
            return await api.handle_async_request(request)

    async with connect(Failing()) as connected:
        html = await report(connected.client, "all", None, "html", NOW)
    before, _, photos = html.partition(">Photos</h2>")
    assert 'class="error"' not in before
    assert photos.startswith('<p class="error">')


class _Changed(httpx.AsyncBaseTransport):
    """The fake API, with a part of one of its replies changed."""

    def __init__(self, path: str, part: str, **fields: Any) -> None:
        self._api = httpx.ASGITransport(app=FakeApi(now=lambda: NOW))
        self._path, self._part, self._fields = path, part, fields

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        reply = await self._api.handle_async_request(request)
        body = json.loads(await reply.aread())
        if request.url.path.endswith(self._path):
            body[self._part] |= self._fields
        return httpx.Response(reply.status_code, json=body)


@pytest.mark.anyio
async def test_kudos_that_cannot_all_be_read_are_not_known_and_the_rest_is_told() -> None:
    async with connect(_Changed("/kudos", "pagination", total_count=1_000)) as connected:
        html = await report(connected.client, "456", "last_month", "html", NOW)
        text = await report(connected.client, "456", "last_month", "markdown", NOW)
    assert '<p class="big">not known</p>' in html
    assert "Not everything was read." in html
    assert "- Kudos: unknown" in text


@pytest.mark.anyio
@pytest.mark.parametrize("site", ["456", "all"])
async def test_a_certificate_that_is_not_valid_needs_attention_however_long_it_lasts(site: str) -> None:
    async with connect(_Changed("/456/uptime", "monitor", ssl={"valid": False, "days_until_expiry": 168})) as connected:
        html = await report(connected.client, site, "last_week", "html", NOW)
    assert "My Blog</b> has a certificate that is not valid" in html
    assert "<dt>Certificate</dt><dd>not valid</dd>" in html


@pytest.mark.anyio
@pytest.mark.parametrize("ssl", [{"days_until_expiry": 14}, {"days_until_expiry": 25, "expiring_soon": True}])
async def test_what_check_health_counts_as_due_is_due_in_a_report(ssl: dict[str, Any]) -> None:
    async with connect(_Changed("/456/uptime", "monitor", ssl=ssl)) as connected:
        html = await report(connected.client, "456", "last_week", "html", NOW)
        health = await connected.answer("check_health", site="456")
    said = f"has a certificate that expires in {ssl['days_until_expiry']} days"
    assert said in health["headline"]
    assert f"My Blog</b> {said}" in html


@pytest.mark.anyio
async def test_one_of_a_thing_is_not_told_as_several() -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    fake_api.connection.execute("DELETE FROM sites")
    site = fake_api.add_site(label="Small", url="https://small.example")
    yesterday = int(NOW.timestamp()) - 86_400
    fake_api.add_hits(site, [{"created_at": yesterday}])
    fake_api.add_kudos(site, [{"created_at": yesterday, "uid": "one"}])
    async with connect(fake_api) as connected:
        html = await report(connected.client, "all", "last_7_days", "html", NOW)
    assert '<p class="big">1 hit on 1 site ' in html
    assert '<p class="big">1 kudo</p>' in html


@pytest.mark.anyio
async def test_without_the_traffic_there_is_no_report() -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        with pytest.raises(CommandError, match="No site of this account is called that"):
            await report(connected.client, "nowhere", None, "html", NOW)


@pytest.mark.anyio
async def test_a_document_allows_itself_its_own_script_alone_and_no_address() -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        html = await report(connected.client, "456", None, "html", NOW)
    read = _Tables(html)
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert read.policy == (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; base-uri 'none'"
    )
    assert read.tags.count("script") == 1
    assert not re.search(r"(?:src|href)=\"(?!#)|url\(", html)


@pytest.mark.anyio
async def test_odd_names_of_visitors_come_after_others_with_as_many() -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        kudos = await connected.answer("list_kudos", site="456", limit=10)
        html = await report(connected.client, "456", None, "html", NOW)
    assert any("%3Cscript" in str(row[0]) for row in kudos["by_page"]["rows"])
    assert "%3Cscript" not in html


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
@example("</span><script>alert(1)</script>")
@example('" onmouseover=alert(1) x="')
@examples(60)
def test_a_name_is_text_in_the_html_whatever_it_is(value: str) -> None:
    for markup in (called("path", value), called("country", value), tag("span", value, title=value)):
        parser = _Tables(markup)
        assert parser.tags == ["span"]


@pytest.mark.anyio
async def test_the_markdown_tells_every_table() -> None:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        text = await report(connected.client, "456", None, "markdown", NOW)
        traffic = await connected.answer("summarize_traffic", site="456", limit=10)
    tables = [name for name, value in traffic.items() if isinstance(value, dict)]
    assert [name for name in tables if f"### {name.capitalize()}\n" not in text] == []
    headline = traffic["headline"].replace("2835 hits", "2,835 hits").replace("1419", "1,419").replace("1416", "1,416")
    assert text.startswith(f"# Report: My Blog\n\n## {headline}\n\n- Hits: {traffic['hits']:,}\n")
    assert "without it 2,176, 75.0 a day" in text
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


def test_the_command_writes_a_report_and_never_over_another_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.html"
    typed = ["report", "example.com", "--period", "last_7_days", "-o", str(file), "--demo"]
    assert cli.main(typed) == 0
    assert capsys.readouterr().out == f"{file}\n"
    assert "Weekly report: My Blog" in file.read_text("utf-8")
    file.write_text("mine", "utf-8")
    assert cli.main(typed) == 2
    assert "is there already. Give another name, or --force" in capsys.readouterr().err
    assert file.read_text("utf-8") == "mine"
    assert cli.main([*typed, "--force"]) == 0
    assert "Weekly report: My Blog" in file.read_text("utf-8")


@pytest.mark.parametrize(("form", "start"), [([], "<!doctype html>"), (["--format", "markdown"], "# Report: My Blog")])
def test_a_dash_prints_the_report_alone(form: list[str], start: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", "example.com", "-o", "-", *form, "--demo"]) == 0
    assert capsys.readouterr().out.startswith(start)


def test_a_file_that_came_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    file.write_text("mine", "utf-8")
    with pytest.raises(CommandError, match="cannot be written: File exists"):
        write("text", file)
    with pytest.raises(CommandError, match="cannot be written: Is a directory"):
        write("text", tmp_path, force=True)
    assert file.read_text("utf-8") == "mine"


def test_a_report_that_does_not_fit_on_the_disk_leaves_no_half_of_it(tmp_path: Path) -> None:
    file, (soft, hard) = tmp_path / "report.md", resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(CommandError, match="cannot be written: File too large"):
            write("more than ten characters", file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not file.exists()


def test_a_file_that_is_neither_html_nor_markdown_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", "example.com", "-o", str(tmp_path / "report.pdf"), "--demo"]) == 2
    assert "a report is .html or .md" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
