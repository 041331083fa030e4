"""get_insights tells the newest insight in full and says that an AI wrote it from visitor data."""

import json
from typing import Any, cast

import httpx2 as httpx
import pytest
from support.client import MODES, NOW, Mode, connect, rows_of, text_of
from support.replies import HOSTILE, HTML, NOT_SUBSCRIBED, SITE, answering, assert_safe, pages_of, paging, spoilt
from tinylytics_mcp.fake_api import FakeApi, Quirk
from tinylytics_tools.answer import LARGEST_DEFAULT_HALF, compact

pytestmark = pytest.mark.anyio

SIGNAL: dict[str, Any] = {
    "type": "traffic_change",
    "headline": "Traffic is up 28% this week",
    "summary": "The site picked up 378 hits in the last 7 days.",
    "importance_score": 64,
    "detected_at": "2026-02-14T06:00:00Z",
    "payload_excerpt": {"direction": "increase", "current_hits": 378},
}
INSIGHT: dict[str, Any] = {
    "id": 42,
    "insights_for_date": "2026-02-13",
    "generated_at": "2026-02-14T06:00:00Z",
    "summary": "Traffic was steadier than usual.",
    "signals": [SIGNAL],
    "traffic_patterns": "Wednesday was the busiest day.",
    "best_content": "Your recent Rails post is getting more attention.",
    "recommendations": "Keep an eye on the post that is breaking out.",
}
SETTINGS = {
    "insights_enabled": True,
    "daily_insight_reports_active": True,
    "next_insight_job_scheduled_at": "2026-02-15T06:00:00Z",
}
TEXTS = ("summary", "traffic_patterns", "best_content", "recommendations")


def insights_of(rows: Any, **settings: Any) -> Any:
    """A service with one site whose insights are these."""
    reply = (
        pages_of("insights", cast("list[Any]", rows), site={**SETTINGS, **settings}) if isinstance(rows, list) else rows
    )
    return answering({"/sites/456/insights": reply})


def many(count: int) -> list[dict[str, Any]]:
    """One insight a day, the newest first; summaries tell their place."""
    days = [f"{2026 - n // 336}-{12 - n % 336 // 28:02}-{28 - n % 28:02}" for n in range(count)]
    return [{**INSIGHT, "id": n, "insights_for_date": day, "summary": f"number {n}"} for n, day in enumerate(days)]


@pytest.mark.parametrize("quirks", [[], [Quirk.UNSORTED, Quirk.EXTRA_FIELDS]])
@pytest.mark.parametrize("mode", MODES)
async def test_the_newest_is_told_in_full_and_the_others_as_headlines(mode: Mode, quirks: list[Quirk]) -> None:
    fake_api = FakeApi(now=lambda: NOW, hits=2000, quirks=quirks)
    stored = fake_api.connection.execute(
        "SELECT insights_for_date, body FROM insights WHERE site_id = 456 ORDER BY insights_for_date DESC"
    ).fetchall()
    async with connect(fake_api, mode=mode) as host:
        result = await host.call("get_insights", site="456")
        assert [request.url.path for request in host.wire.requests][1:] == ["/api/v1/sites/456/insights"]
    answer = result.structured_content
    assert answer is not None
    newest = json.loads(stored[0]["body"])
    assert answer["date"] == stored[0]["insights_for_date"]
    assert answer["summary"] == newest["summary"]
    assert answer["traffic_patterns"] == newest["traffic_patterns"]
    rows = rows_of(answer["insights"])
    assert [row["date"] for row in rows] == [row["insights_for_date"] for row in stored]
    assert rows[1]["headline"] == json.loads(stored[1]["body"])["signals"][0]["headline"]
    assert (answer["enabled"], answer["daily_reports"]) == (True, True)
    assert "written by an AI from visitor data" in text_of(result)
    assert "written by an AI from visitor data" in answer["visitor_data"]
    assert f"the newest is about {answer['date']}" in text_of(result)
    assert_safe(result)


async def test_an_offset_opens_an_older_insight() -> None:
    async with connect(insights_of(many(120))) as host:
        answer = await host.answer("get_insights", offset=60, limit=2)
        assert answer["requests_used"] == 3
    assert answer["summary"] == "number 60"
    assert "number 61 is about" in answer["headline"]
    assert (answer["insights"]["of"], answer["insights"]["next_offset"], answer["complete"]) == (120, 62, True)


async def test_a_first_page_that_is_not_in_order_makes_it_read_all() -> None:
    async with connect(insights_of(many(120)[::-1])) as host:
        answer = await host.answer("get_insights")
        assert answer["requests_used"] == 4
    assert (answer["summary"], answer["complete"]) == ("number 0", True)


async def test_more_insights_than_are_read_make_the_answer_incomplete() -> None:
    async with connect(insights_of(many(1100)[::-1])) as host:
        answer = await host.answer("get_insights")
    assert not answer["complete"]
    assert "read only 1000 of 1100 insights" in answer["notes"][0]


@pytest.mark.parametrize(
    ("settings", "words"),
    [({}, "at least 10 hits in 7 days"), ({"insights_enabled": False}, "switched off for this site")],
)
async def test_no_insight_explains_itself(settings: dict[str, Any], words: str) -> None:
    async with connect(insights_of([], **settings)) as host:
        answer = await host.answer("get_insights")
        assert words in answer["next_step"]
        assert answer["headline"] == "“My Blog” has no AI insights yet."
    async with connect(insights_of(many(3))) as host:
        answer = await host.answer("get_insights", offset=9)
    assert "from offset 9 on, of 3 in all" in answer["headline"]
    assert "smaller offset" in answer["next_step"]


@pytest.mark.parametrize("text", ["a plain word ", "漢字", "\U0001f389\U0001f38a", "a “word” "])
async def test_long_texts_are_cut_and_every_one_keeps_its_beginning(text: str) -> None:
    long = {**INSIGHT, **dict.fromkeys(TEXTS, text * 500), "recommendations": "Short and kept whole."}
    async with connect(insights_of([{**long, "id": n} for n in range(3)])) as host:
        answer = await host.answer("get_insights")
    shown = [answer[name] for name in TEXTS]
    assert sum(map(len, shown)) <= 1200
    assert max(map(len, shown)) <= 600
    assert min(len(said) for said in shown[:3]) > 100
    assert all(said.endswith("…") for said in shown[:3])
    assert shown[3] == "Short and kept whole."


async def test_settings_that_are_not_told_are_unknown() -> None:
    async with connect(insights_of({"insights": [], "site": {}, "pagination": paging(0)})) as host:
        answer = await host.answer("get_insights")
    assert answer["enabled"] is answer["daily_reports"] is None
    assert answer["next_run"] == "unknown"


def with_signals(count: int, text: str, **more: str) -> dict[str, Any]:
    """An insight with long texts and signals, the first of which matters least."""
    signals = [{"headline": f"{n} {text}", "summary": text * 20, "importance_score": n} for n in range(count)]
    return {**INSIGHT, **dict.fromkeys(TEXTS, text * 30), **more, "signals": signals}


@pytest.mark.parametrize("text", ["Ordinary words that fill some room. ", "漢字 ", "\U0001f389\U0001f38a "])
@pytest.mark.parametrize("label", ["My Blog", "\U0001f389" * 80])
async def test_signals_stay_where_older_headlines_have_to_go(text: str, label: str) -> None:
    service = answering(
        {
            "/sites": {"sites": [{**SITE, "label": label}]},
            "/sites/456/insights": pages_of(
                "insights", [{**with_signals(5, text), "id": n} for n in range(60)], site=SETTINGS
            ),
        }
    )
    async with connect(service) as host:
        for offset in (0, 1):
            result = await host.call("get_insights", offset=offset)
            answer = result.structured_content
            assert answer is not None
            signals = rows_of(answer["signals"])
            assert answer["signals"]["of"] == 5
            assert [row["signal"].split()[0] for row in signals] == ["4", "3", "2", "1", "0"]
            assert max(compact(answer), compact(text_of(result))) <= LARGEST_DEFAULT_HALF
            assert answer["insights"]["next_offset"] == offset + len(answer["insights"]["rows"]) > offset


async def test_more_signals_than_have_room_are_said_to_be_there_and_where() -> None:
    async with connect(
        insights_of([with_signals(12, "Words. ", insights_for_date="2026-02-12"), {**INSIGHT, "id": 43}])
    ) as host:
        few = await host.answer("get_insights", offset=1)
        assert (len(few["signals"]["rows"]), few["signals"]["of"]) == (5, 12)
        assert few["next_step"] == "get_insights with offset 1 and limit 1 shows more of its signals, up to 20."
        all_of_them = await host.answer("get_insights", offset=1, limit=1)
    assert [row["signal"].split()[0] for row in rows_of(all_of_them["signals"])] == [str(n) for n in range(11, -1, -1)]
    assert all_of_them["next_step"] is None


async def test_a_single_insight_is_one() -> None:
    async with connect(insights_of([INSIGHT])) as host:
        assert (await host.answer("get_insights"))["headline"].startswith("“My Blog” has 1 AI insight; ")


async def test_an_insight_of_nulls_has_no_texts() -> None:
    nulls = {**dict.fromkeys(INSIGHT), "insights_for_date": "2026-02-13"}
    async with connect(
        insights_of([nulls, {**nulls, "insights_for_date": "2026-02-12", "signals": [dict.fromkeys(SIGNAL)]}])
    ) as host:
        answer = await host.answer("get_insights")
    assert [answer[name] for name in TEXTS] == ["none"] * 4
    assert rows_of(answer["insights"])[0]["headline"] == "unknown"


@pytest.mark.parametrize(
    ("reply", "more", "words"),
    [
        (HTML, {}, "did not accept the API key"),
        (httpx.Response(500), {}, "status 500"),
        (httpx.Response(403, json={"error": "Forbidden"}), {"/me": NOT_SUBSCRIBED}, "needs a Tinylytics subscription"),
        (httpx.Response(403, json={"error": "Insights are not enabled"}), {}, "AI insights is not enabled"),
    ],
)
async def test_a_refusal_is_told_apart(reply: Any, more: dict[str, Any], words: str) -> None:
    async with connect(answering({"/sites/456/insights": reply, **more})) as host:
        assert words in await host.error("get_insights")


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_text_of_the_ai_breaks_out(text: str) -> None:
    rows = [{**spoilt(INSIGHT, text, keep=("insights_for_date", "generated_at")), "id": n} for n in range(50)]
    async with connect(insights_of(rows)) as host:
        for arguments in ({}, {"limit": 50}):
            result = await host.call("get_insights", **arguments)
            assert not result.is_error, text_of(result)
            assert_safe(result)


async def test_one_insight_is_not_there_are_1() -> None:
    async with connect(insights_of(many(1))) as host:
        answer = await host.answer("get_insights", offset=3)
    assert answer["headline"] == "“My Blog” has no AI insights from offset 3 on, of 1 in all."
