"""The page as people meet it: light, dark, small, by keys, read aloud, with much, little or nothing to show."""

import re
from typing import Any

import pytest
from support.dashboard_host import Hosted, Stage, ToolCall, on_wire
from tinylytics_tools.answer import CHART

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
    "an overview of all time": ("get_overview", {"period": "all_time"}, "light", WIDE),
    "an overview of today": ("get_overview", {"period": "today"}, "light", PHONE),
    "all time": (SUMMARY, {"site": "458", "period": "all_time"}, "light", PHONE),
    "today": (SUMMARY, {"site": "457", "period": "today"}, "dark", WIDE),
    "channels": ("rank_traffic", {"site": "456", "dimension": "channel", "compare": "none"}, "light", PHONE),
    "outages": ("get_uptime", {"site": "456"}, "light", WIDE),
    "a site that is down": ("get_uptime", {"site": "458"}, "dark", PHONE),
    "not monitored": ("get_uptime", {"site": "457"}, "light", PHONE),
    "weekdays": ("rank_traffic", {"site": "456", "dimension": "weekday"}, "dark", PHONE),
    "a day explained": ("explain_change", {"site": "456", "day": "2026-11-03"}, "light", PHONE),
    "a month explained": ("explain_change", {"site": "456", "compare": "previous_period"}, "dark", WIDE),
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
    assert told == "Tue, 3 Nov 2026: 659 hits, best, outlier, before 34"


async def test_a_day_that_is_not_over_is_drawn_apart_and_named(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, SUMMARY, {"site": "456", "period": "this_month"}, call=call)
    assert await hosted.frame.locator(".chart .open").count() == 1
    assert "not a whole day" in await hosted.frame.inner_text("figcaption")


async def test_the_earlier_days_stand_behind_the_series_day_by_day(stage: Stage, call: ToolCall) -> None:
    days = {"site": "456", "start_date": "2026-09-24", "end_date": "2026-10-23", "compare": "none"}
    rows = on_wire(await call(SUMMARY, days))["structuredContent"]["series"]["rows"]
    hosted = await stage.show(None, SUMMARY, {"site": "456"}, call=call)
    assert await hosted.frame.locator(".chart .before").count() == 1
    assert "the 30 days to 23 Oct 2026" in await hosted.frame.inner_text("figcaption")
    slider = hosted.frame.get_by_role("slider")
    await slider.focus()
    await slider.press("Home")
    for _, hits in rows:
        assert f"before {hits}" in (await slider.get_attribute("aria-valuetext") or "").split(", ")[-1]
        await slider.press("ArrowRight")


async def test_earlier_days_that_are_not_known_one_by_one_are_an_average(stage: Stage, call: ToolCall) -> None:
    result = await call(SUMMARY, {"site": "456", "start_date": "2026-08-15", "end_date": "2026-11-22"})
    pushed = result.model_copy(update={"meta": None})
    hosted = await stage.show(pushed, SUMMARY, {"site": "456"}, call=call)
    slider = hosted.frame.get_by_role("slider")
    await slider.focus()
    await slider.press("Home")
    first = await slider.get_attribute("aria-valuetext") or ""
    await slider.press("ArrowRight")
    second = await slider.get_attribute("aria-valuetext") or ""
    short, whole = (int(re.findall(r"earlier average (\d+)", told)[0]) for told in (first, second))
    assert "not a whole week" in first
    assert short * 7 == pytest.approx(whole * 2, abs=7)  # 15 August 2026 is a Saturday: two days of seven


async def test_one_spike_does_not_flatten_the_rest_and_the_cut_is_said(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, SUMMARY, {"site": "456"}, call=call)
    assert await hosted.frame.locator(".chart .cut").all_text_contents() == ["659", "281"]
    assert "Cut: 3 Nov 659, 4 Nov 281" in await hosted.frame.inner_text("figcaption")
    heights = await hosted.frame.locator(".chart .column").evaluate_all(
        "(all) => all.map((one) => one.height.baseVal.value)"
    )
    assert sorted(heights)[15] > max(heights) / 3  # the middle day, of 68 hits, beside the one of 659
    plain = await stage.show(None, SUMMARY, {"site": "456", "period": "last_12_months"}, call=call)
    assert await plain.frame.locator(".chart .cut").count() == 0


async def test_a_single_day_is_drawn_by_its_hours(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, SUMMARY, {"site": "456", "period": "yesterday"}, call=call)
    assert await hosted.frame.get_by_role("slider", name="Hits by hour").count() == 1
    assert await hosted.frame.locator(".chart .column").count() == 24


@pytest.mark.parametrize(("dimension", "first"), [("weekday", "Monday"), ("hour", "00:00 to 01:00 UTC")])
async def test_hours_and_weekdays_stand_in_their_own_order(
    stage: Stage, call: ToolCall, dimension: str, first: str
) -> None:
    hosted = await stage.show(None, "rank_traffic", {"site": "456", "dimension": dimension}, call=call)
    slider = hosted.frame.get_by_role("slider", name=f"Hits by {dimension}")
    await slider.focus()
    await slider.press("Home")
    assert (await slider.get_attribute("aria-valuetext") or "").startswith(f"{first}: ")
    assert "Rose" not in await hosted.text()


async def test_a_change_stands_beside_both_figures_that_it_is_made_of(stage: Stage, call: ToolCall) -> None:
    for period in ("last_month", "this_month"):
        arguments = {"site": "456", "period": period}
        answer = on_wire(await call(SUMMARY, arguments))["structuredContent"]
        later, earlier = answer["compared_hits"], answer["earlier_hits"]
        shown = "" if period == "last_month" else f"{later:,} of them compared: "
        hosted = await stage.show(None, SUMMARY, arguments, call=call)
        said = (await hosted.frame.locator(".under").first.inner_text()).replace("\u2212", "-")
        assert said.startswith(f"{shown}{later - earlier:+,} on {earlier:,} in the ")
        head = await hosted.frame.inner_text("h1")
        assert re.fullmatch(rf"{answer['hits']:,} hits ▲ up {round(answer['change_percent'])}%", head), head
        assert "2026-1" not in await hosted.text()


async def test_what_rose_and_fell_has_bars_to_both_sides(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, "rank_traffic", {"site": "456", "dimension": "path"}, call=call)
    table = hosted.frame.get_by_role("table", name="Rose and fell")
    script = "(one) => [one.className.baseVal, ...[one.x, one.width].map((at) => parseFloat(at.baseVal.valueAsString))]"
    bars = await table.locator("rect").evaluate_all(f"(all) => all.map({script})")
    assert {(kind, x < 50) for kind, x, _ in bars} == {("rose", False), ("fell", True)}
    assert max(width for _, _, width in bars) == 50
    assert await table.locator(".rise").first.inner_text() == "+213"


async def test_countries_have_names_and_the_sites_own_pages_are_no_source(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, SUMMARY, {"site": "456"}, call=call)
    countries = hosted.frame.get_by_role("table", name="Countries")
    assert await countries.get_by_role("rowheader", name="United States").count() == 1
    own = hosted.frame.get_by_role("table", name="Referrers").locator(".apart")
    assert re.split(r"\s+", await own.inner_text())[-2:] == ["842", "29.7%"]
    assert await own.locator("rect").count() == 0


async def test_more_rows_are_read_on_where_the_host_takes_calls(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, SUMMARY, {"site": "456"}, call=call)
    pages = hosted.frame.locator(".tables > div", has=hosted.frame.get_by_role("table", name="Pages"))
    await pages.get_by_role("button", name="Show more").press("Enter")
    await hosted.frame.get_by_role("heading", name="Pages 25 of 149").wait_for()
    assert await hosted.frame.evaluate("document.activeElement.textContent") == "Pages 25 of 149"
    assert hosted.calls[-1][0] == "rank_traffic"
    cells = await pages.locator("td.number:nth-child(2)").all_inner_texts()
    assert sum(int(cell.replace(",", "")) for cell in cells) == 2835
    ranked = await stage.show(None, "rank_traffic", {"site": "456", "dimension": "path"}, call=call)
    await ranked.frame.get_by_role("button", name="Show more").click()
    await ranked.frame.get_by_role("heading", name="Hits by path 30 of 149").wait_for()
    alone = await stage.show(None, SUMMARY, {"site": "456"}, call=call, behaviour="no calls")
    assert await alone.frame.get_by_role("button").count() == 0


async def test_an_overview_begins_with_what_needs_attention(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, "get_overview", {}, call=call, width=400)
    strip = hosted.frame.get_by_role("list", name="Needs attention").get_by_role("listitem")
    assert await strip.all_inner_texts() == ["Field Notes is down", "Field Notes certificate expires in 9 days"]
    cards = hosted.frame.get_by_role("list", name="Sites").locator("> li")
    assert [" ".join(text.split("\n")[:2]) for text in await cards.all_inner_texts()] == [
        "My Blog up", "Field Notes down", "Photos not monitored",
    ]  # fmt: skip
    assert await hosted.frame.locator(".spark").count() == 3
    assert await hosted.frame.evaluate("document.documentElement.scrollWidth") == 400
    await hosted.frame.get_by_role("button", name="Check domains and links too").press("Enter")
    await hosted.frame.get_by_text("3 broken links").wait_for()
    assert await stage.problems(hosted.frame) == []


async def test_a_certificate_that_is_not_valid_needs_attention_at_once(stage: Stage, call: ToolCall) -> None:
    result = await call("get_overview", {})
    assert result.meta is not None
    result.meta[CHART]["sites"]["456"]["ssl_valid"] = False
    hosted = await stage.show(result, "get_overview", {}, call=call)
    strip = hosted.frame.get_by_role("list", name="Needs attention").get_by_role("listitem")
    assert "My Blog certificate not valid" in await strip.all_inner_texts()


async def test_what_is_due_soon_is_flagged_and_times_are_as_people_write_them(stage: Stage, call: ToolCall) -> None:
    hosted = await stage.show(None, "get_uptime", {"site": "458"}, call=call)
    assert await hosted.frame.inner_text("h1") == "Field Notes is down since 22 Nov 2026, 21:40 UTC"
    assert await hosted.frame.locator(".due").all_inner_texts() == ["due soon"]
    text = await hosted.text()
    assert "14 Nov 2026, 09:15 – 09:25" in text
    assert "2026-" not in text


async def test_each_state_looks_like_what_it_is(stage: Stage, call: ToolCall) -> None:
    for tool, arguments, head, selector in (
        ("get_uptime", {"site": "457"}, "Not monitored", "p.calm"),
        (SUMMARY, {"site": "456", "path": "/nothing"}, "No hits", "p.calm"),
        (SUMMARY, {"site": "nowhere"}, "That did not work", "p.error[role=alert]"),
    ):
        hosted = await stage.show(None, tool, arguments, call=call)
        assert await hosted.frame.inner_text("h1") == head
        assert await hosted.frame.locator(selector).count() == 1
        assert await hosted.frame.locator(".error, table").count() == (head == "That did not work")


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


async def _style(hosted: Hosted, selector: str, name: str) -> str:
    return await hosted.frame.locator(selector).first.evaluate("(node, name) => getComputedStyle(node)[name]", name)
