"""The page in real Chromium inside the official bridge: drawn whatever the host does, and asking the server again."""

import re
from typing import Any

import anyio
import pytest
from mcp.types import CallToolResult, TextContent
from support.dashboard_host import BEHAVIOURS, Behaviour, Stage, ToolCall

pytestmark = pytest.mark.anyio

SITE = "456"
FEWEST: tuple[Behaviour, ...] = ("stripped", "text only")
TOOLS: list[tuple[str, dict[str, Any], str]] = [
    ("summarize_traffic", {"site": SITE}, "Hits by day"),
    ("rank_traffic", {"site": SITE, "dimension": "path"}, "Rose and fell"),
    ("explain_change", {"site": SITE, "day": "2026-11-03"}, "It did not last."),
    ("get_overview", {}, "Field Notes"),
    ("get_uptime", {"site": SITE}, "Downtimes"),
]


@pytest.mark.parametrize(("tool", "arguments", "expected"), TOOLS)
async def test_every_kind_of_host_gets_the_same_picture(
    stage: Stage, call: ToolCall, tool: str, arguments: dict[str, Any], expected: str
) -> None:
    texts: dict[str, str] = {}
    for behaviour in BEHAVIOURS:
        names_tool = behaviour != "stripped"  # then the page has to know the tool by its answer
        hosted = await stage.show(None, tool, arguments, call=call, behaviour=behaviour, names_tool=names_tool)
        texts[behaviour] = re.sub(r"\s+(Show more|Check domains and links too)", "", await hosted.text())
        fetched = [name for name, given in hosted.calls if (name, given) == (tool, arguments)]
        assert fetched == ([tool] if behaviour in ("stripped", "refused") else []), behaviour
        assert (hosted.calls == []) == (
            behaviour in ("no calls", "text only") or (tool, behaviour) == ("get_overview", "whole")
        )
        await hosted.page.close()
    assert expected in texts["whole"]
    assert texts == dict.fromkeys(BEHAVIOURS, texts["whole"])


async def test_an_answer_of_a_tool_the_page_does_not_know_is_drawn_as_well(stage: Stage, call: ToolCall) -> None:
    for behaviour in FEWEST:
        hosted = await stage.show(None, "list_kudos", {"site": SITE}, call=call, behaviour=behaviour)
        assert "kudos" in await hosted.frame.inner_text("h1")
        assert await hosted.frame.locator("th.bar rect").count() > 3
        assert await hosted.frame.locator("#controls").is_hidden()


async def test_an_error_is_shown_as_its_text_and_another_choice_leads_out_of_it(stage: Stage, call: ToolCall) -> None:
    for behaviour in FEWEST:
        hosted = await stage.show(None, "summarize_traffic", {"site": "nowhere"}, call=call, behaviour=behaviour)
        assert "No site of this account is called that" in await hosted.frame.inner_text("[role=alert]")
        if behaviour == "stripped":
            await hosted.chose("Site", "457")
            assert "Photos" in await hosted.text()


async def test_text_that_is_no_answer_of_ours_is_shown_as_it_is(stage: Stage, call: ToolCall) -> None:
    result = CallToolResult(content=[TextContent(text="The host cut this answer.")])
    hosted = await stage.show(result, "get_uptime", {}, call=call, behaviour="text only")
    assert "The host cut this answer." in await hosted.text()


async def test_period_dimension_and_site_are_asked_of_the_server_again(stage: Stage, call: ToolCall) -> None:
    given = {"site": SITE, "dimension": "path", "start_date": "2026-11-01", "end_date": "2026-11-10", "offset": 10}
    hosted = await stage.show(None, "rank_traffic", given, call=call)
    assert (await hosted.options("Period"))[:2] == ["1 Nov – 10 Nov 2026", "Today"]
    await hosted.chose("Period", "last_7_days")
    assert hosted.calls[-1] == ("rank_traffic", {"site": SITE, "dimension": "path", "period": "last_7_days"})
    await hosted.chose("By", "country")
    assert hosted.calls[-1] == ("rank_traffic", {"site": SITE, "dimension": "country", "period": "last_7_days"})
    assert await hosted.options("Site") == ["My Blog", "Photos", "Field Notes"]
    await hosted.chose("Site", "458")
    assert hosted.calls[-1] == ("rank_traffic", {"site": "458", "dimension": "country", "period": "last_7_days"})
    assert "Field Notes" in await hosted.frame.inner_text(".over")
    assert [name for name, _ in hosted.calls].count("list_sites") == 1


async def test_no_controls_are_shown_where_the_host_takes_no_calls(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, "summarize_traffic", {"site": SITE}, call=call, behaviour="no calls")
    assert await hosted.frame.locator("select").count() == 0


async def test_a_refused_choice_is_told_and_can_be_made_again(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, "summarize_traffic", {"site": SITE}, call=call, behaviour="refused")
    await hosted.chose("Period", "last_7_days")
    assert "did not allow" in await hosted.frame.inner_text("[role=alert]")
    assert await hosted.options("Period") != []


async def test_of_two_choices_the_last_one_is_shown(stage: Stage, call: ToolCall) -> None:
    last_is_answered = anyio.Event()

    async def slow(tool: str, arguments: dict[str, Any]) -> CallToolResult:
        if arguments.get("period") == "last_90_days":
            await last_is_answered.wait()
        return await call(tool, arguments)

    hosted = await stage.show(None, "summarize_traffic", {"site": SITE}, call=slow)
    await hosted.frame.get_by_role("combobox", name="Period").select_option("last_90_days")
    await hosted.chose("Period", "last_7_days")
    shown = await hosted.text()
    before = await hosted.page.evaluate("answered")
    last_is_answered.set()
    await hosted.page.wait_for_function(f"answered > {before}")
    await hosted.page.evaluate("bridge.teardownResource({})")  # answered once the page has taken what came before
    assert "16 Nov – 22 Nov 2026" in shown
    assert await hosted.text() == shown


async def test_what_visitors_wrote_is_text_even_if_it_reached_the_page_unguarded(stage: Stage, call: ToolCall) -> None:
    hostile = "</script><script>window.hit=1</script><img src=x onerror='window.hit=1'>\u2028{{script}}"
    table = {"columns": ["path", "hits", "percent"], "rows": [[hostile, 5, 50.0], ["other", 5, 50.0]], "of": 9}
    content = {
        "headline": hostile,
        "complete": True,
        "notes": [hostile],
        "site": hostile,
        "pages": table,
        "fact": hostile,
    }
    result = CallToolResult(content=[TextContent(text="x")], structured_content=content)
    hosted = await stage.show(result, "summarize_traffic", {}, call=call, context={"toolInfo": {}})
    assert (await hosted.text()).count("onerror='window.hit=1'") == 4
    assert await hosted.frame.locator("th span").first.get_attribute("title") == hostile  # shown without its middle
    assert await hosted.frame.locator("img, #answers script").count() == 0
    assert await hosted.frame.evaluate("window.hit") is None


async def test_the_page_ends_and_is_cancelled_as_hosts_ask(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, "get_uptime", {"site": SITE}, call=call)
    await hosted.page.evaluate("bridge.sendToolCancelled({ reason: 'enough' })")
    await hosted.frame.wait_for_selector("#status:has-text('cancelled')")
    assert await hosted.page.evaluate("bridge.teardownResource({})") == {}
