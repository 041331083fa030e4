"""The page as people meet it: light, dark, small, by keys, read aloud, with much, little or nothing to show."""

import re
from pathlib import Path
from typing import Any

import pytest
from support.dashboard_host import Hosted, Stage, ToolCall, on_wire
from tinylytics_mcp.dashboard.page import page as dashboard_page

pytestmark = pytest.mark.anyio

SUMMARY = "summarize_traffic"
WIDE, PHONE = 800, 360
CASES: dict[str, tuple[str, dict[str, Any], str, int]] = {
    "a month": (SUMMARY, {"site": "456"}, "light", WIDE),
    "a month at night on a phone": (SUMMARY, {"site": "456"}, "dark", PHONE),
    "a year": (SUMMARY, {"site": "456", "period": "last_12_months"}, "dark", WIDE),
    "one day": (SUMMARY, {"site": "456", "period": "yesterday"}, "light", PHONE),
    "a running week": (SUMMARY, {"site": "456", "period": "this_week"}, "dark", WIDE),
    "nothing": (SUMMARY, {"site": "457", "path": "/nothing"}, "light", WIDE),
    "an error": (SUMMARY, {"site": "nowhere"}, "dark", PHONE),
    "a ranking": ("rank_traffic", {"site": "456", "dimension": "path"}, "light", PHONE),
    "an overview": ("get_overview", {}, "dark", PHONE),
    "outages": ("get_uptime", {"site": "456"}, "light", WIDE),
}


@pytest.mark.parametrize("case", CASES)
async def test_the_accessibility_checker_finds_nothing(stage: Stage, call: ToolCall, case: str) -> None:
    tool, arguments, theme, width = CASES[case]
    hosted = await stage.show(None, tool, arguments, call=call, context={"theme": theme}, width=width)
    assert await stage.problems(hosted.frame) == []
    assert await hosted.frame.evaluate("document.documentElement.scrollWidth") == width


async def test_the_series_can_be_walked_by_keys_and_is_read_aloud(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, SUMMARY, {"site": "456", "compare": "none"}, call=call)
    slider = hosted.frame.get_by_role("slider", name="Hits by day")
    tip = hosted.frame.locator(".tip")
    assert await tip.is_hidden()
    for _ in range(3):  # period, site, series
        await hosted.page.keyboard.press("Tab")
    assert await slider.evaluate("(node) => node === document.activeElement")
    rows = on_wire(await call(SUMMARY, {"site": "456"}))["structuredContent"]["series"]["rows"]
    for key, index in (("End", 29), ("ArrowLeft", 28), ("Home", 0), ("ArrowRight", 1), ("PageUp", 6), ("ArrowDown", 5)):
        await hosted.page.keyboard.press(key)
        told = await slider.get_attribute("aria-valuetext") or ""
        assert f": {rows[index][1]} hits" in told
        assert await slider.get_attribute("aria-valuenow") == str(index + 1)
        assert (await tip.inner_text()).replace("\n", ": ") == told
        assert await hosted.frame.locator(".on").count() == 1
    await hosted.page.keyboard.press("Escape")
    assert await tip.is_hidden()


async def test_the_pointer_shows_the_nearest_outage(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, "get_uptime", {"site": "456"}, call=call)
    slider = hosted.frame.get_by_role("slider", name="Outages")
    await slider.hover(position={"x": 2, "y": 20})
    assert "3 May 2026, 02:00 UTC\ndown for 1 h 30 min: SSL handshake" in await hosted.frame.inner_text(".tip")


async def test_a_series_has_a_table_and_what_stands_out_is_said(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, SUMMARY, {"site": "456"}, call=call)
    await hosted.frame.get_by_text("As a table").press("Enter")
    table = hosted.frame.get_by_role("table", name="Hits by day")
    assert await table.get_by_role("row").count() == 31
    spike = hosted.frame.get_by_role("slider", name="Hits by day")
    await spike.focus()
    for _ in range(19):
        await spike.press("ArrowLeft")
    told = await spike.get_attribute("aria-valuetext")
    assert told == "Tue, 3 Nov 2026: 659 hits, best, outlier, earlier average 47"


async def test_a_day_that_is_not_over_is_drawn_apart_and_named(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, SUMMARY, {"site": "456", "period": "this_month"}, call=call)
    assert await hosted.frame.locator(".chart .open").count() == 1
    assert "not a whole day" in await hosted.frame.inner_text("figcaption")


async def test_the_earlier_average_of_a_month_counts_its_days(stage: Stage, call: ToolCall) -> None:
    arguments = {"site": "456", "start_date": "2026-08-15", "end_date": "2026-11-22"}
    answer = on_wire(await call(SUMMARY, {"site": "456", "period": "last_90_days"}))["structuredContent"]
    hosted = await stage.show(None, SUMMARY, arguments | {"compare": "previous_period"}, call=call)
    assert answer["earlier_hits"] > 0
    slider = hosted.frame.get_by_role("slider")
    await slider.focus()
    await slider.press("Home")
    first = await slider.get_attribute("aria-valuetext") or ""
    await slider.press("ArrowRight")
    second = await slider.get_attribute("aria-valuetext") or ""
    short, whole = (int(re.findall(r"earlier average (\d+)", told)[0]) for told in (first, second))
    assert "not a whole week" in first
    assert short * 7 == pytest.approx(whole * 2, abs=7)  # 15 August 2026 is a Saturday: two days of seven


async def test_a_change_stands_beside_both_figures_that_it_is_made_of(stage: Stage, call: ToolCall) -> None:
    for period in ("last_month", "this_month"):
        arguments = {"site": "456", "period": period}
        answer = on_wire(await call(SUMMARY, arguments))["structuredContent"]
        later, earlier = answer["compared_hits"], answer["earlier_hits"]
        shown = "" if period == "last_month" else f"{later:,} of them compared: "
        hosted = await stage.show(None, SUMMARY, arguments, call=call)
        said = (await hosted.frame.inner_text(".figures small")).replace("\u2212", "-")
        assert re.fullmatch(rf"{re.escape(f'{shown}{later - earlier:+,}')}, \S+ % on {earlier:,} before", said), said
        assert "Compared hits" not in await hosted.text()


async def test_the_host_sets_theme_and_colours_and_may_change_them(stage: Stage, call: ToolCall) -> None:
    variables = {"--color-background-primary": "rgb(1, 2, 3)", "--color-text-primary": "rgb(250, 251, 252)"}
    context = {"theme": "dark", "styles": {"variables": variables}}
    hosted = await stage.show(None, SUMMARY, {"site": "456"}, call=call, context=context)
    assert await _style(hosted, "body", "backgroundColor") == "rgb(1, 2, 3)"
    assert await _style(hosted, "h1", "color") == "rgb(250, 251, 252)"
    plain = await stage.show(None, SUMMARY, {"site": "456"}, call=call, context={"theme": "dark"})
    dark = await _style(plain, "body", "backgroundColor")
    await plain.page.evaluate("bridge.sendHostContextChange({ theme: 'light' })")
    await plain.frame.wait_for_selector("html[style*='color-scheme: light']")
    assert (dark, await _style(plain, "body", "backgroundColor")) == ("rgb(21, 24, 28)", "rgb(255, 255, 255)")


async def test_nothing_moves_for_those_who_do_not_want_it(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, SUMMARY, {"site": "456"}, call=call)
    assert await _style(hosted, ".tip", "transitionDuration") == "0s"
    await hosted.page.emulate_media(reduced_motion="no-preference")
    assert await _style(hosted, ".tip", "transitionDuration") != "0s"


async def test_the_frame_is_as_high_as_the_page(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, SUMMARY, {"site": "456"}, call=call)
    await hosted.page.wait_for_function("document.querySelector('iframe').clientHeight > 1000")
    assert await hosted.frame.evaluate("document.documentElement.scrollHeight <= innerHeight")


async def test_a_report_draws_itself_without_any_host(stage: Stage, call: ToolCall, tmp_path: Path) -> None:
    hostile = "</script><script>window.hit=1</script><!--<script>"
    answers = [on_wire(await call(tool, arguments)) for tool, arguments, _, _ in CASES.values()]
    file = tmp_path / "report.html"
    file.write_text(dashboard_page({"title": hostile, "answers": answers}), "utf-8")
    page = await stage.open()
    await page.goto(file.as_uri())
    assert await page.title() == hostile
    assert await page.locator("article").count() == len(CASES)
    assert await page.locator("h1").count() == 1
    assert await page.locator("select").count() == 0
    assert await page.evaluate("window.hit") is None
    assert await stage.problems(page.main_frame) == []
    assert stage.requested == [file.as_uri()]


async def _style(hosted: Hosted, selector: str, name: str) -> str:
    return await hosted.frame.locator(selector).first.evaluate("(node, name) => getComputedStyle(node)[name]", name)
