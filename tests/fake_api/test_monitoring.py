"""Insights, uptime and content checks of the three made-up sites."""

from datetime import UTC, datetime

import pytest
from support.fake_api import MAIN, NOW, PHOTOS, YOUNG, ask, epoch, made
from tinylytics_mcp.fake_api.monitoring import in_words

pytestmark = pytest.mark.anyio


async def test_the_main_site_is_up_with_one_recent_outage() -> None:
    reply = (await ask(made(), f"{MAIN}/uptime")).json()
    monitor = reply["monitor"]
    assert (monitor["is_down"], monitor["last_status_code"], monitor["last_error_message"]) == (False, 200, None)
    assert reply["summary"] == {"total_downtimes": 3, "ongoing_downtimes": 0, "recent_downtimes_30_days": 1}
    assert monitor["uptime"] == round(100 - 100 * 900 / (30 * 86_400), 2)
    newest = reply["downtimes"][0]
    assert (newest["duration"], newest["duration_in_words"], newest["ongoing"]) == (900, "15 minutes", False)
    assert monitor["ssl"]["expiring_soon"] is False


async def test_the_young_site_is_down_and_its_certificate_near_its_end() -> None:
    reply = (await ask(made(), f"{YOUNG}/uptime")).json()
    assert reply["monitor"]["is_down"] is True
    assert reply["monitor"]["last_status_code"] == 503
    assert reply["monitor"]["ssl"]["days_until_expiry"] == 9
    assert reply["monitor"]["ssl"]["expiring_soon"] is True
    assert reply["summary"]["ongoing_downtimes"] == 1
    ongoing = reply["downtimes"][0]
    assert (ongoing["ongoing"], ongoing["ended_at"]) == (True, None)
    started = datetime.fromisoformat(ongoing["started_at"])
    assert ongoing["duration"] == (NOW - started).total_seconds()


async def test_downtimes_have_pages_but_the_summary_is_of_all() -> None:
    reply = (await ask(made(), f"{MAIN}/uptime?per_page=2&page=2")).json()
    assert len(reply["downtimes"]) == 1
    assert reply["pagination"] == {"current_page": 2, "per_page": 2, "total_count": 3, "total_pages": 2}
    assert reply["summary"]["total_downtimes"] == 3


@pytest.mark.parametrize(("site", "broken", "mixed"), [(MAIN, 2, 1), (YOUNG, 3, 0)])
async def test_content_lists_agree_with_their_stats(site: str, broken: int, mixed: int) -> None:
    reply = (await ask(made(), f"{site}/content")).json()
    lists = (
        reply["issues"]["broken_links"],
        reply["issues"]["mixed_content"],
        reply["ignored_issues"],
        reply["ok_links"],
    )
    stats = reply["stats"]
    counts = [stats[f"{name}_count"] for name in ("broken_links", "mixed_content", "ignored", "ok")]
    assert counts == [len(links) for links in lists]
    assert counts[:2] == [broken, mixed]
    assert stats["total_checked"] == sum(counts)
    assert reply["monitoring_status"]["has_issues"] is True


async def test_insights_speak_of_the_hits_of_their_week() -> None:
    fake_api = made(hits=3000)
    reports = (await ask(fake_api, f"{MAIN}/insights")).json()["insights"]
    days = [report["insights_for_date"] for report in reports]
    assert days == ["2026-02-12", "2026-02-05", "2026-01-29", "2026-01-22", "2026-01-15", "2026-01-08"]
    for report in reports:
        end = int(datetime.fromisoformat(report["insights_for_date"]).replace(tzinfo=UTC).timestamp()) + 86_400
        counts = [
            fake_api.connection.execute(
                "SELECT COUNT(*) FROM hits WHERE site_id = 456 AND created_at >= ? AND created_at < ?",
                (end - (weeks + 1) * 7 * 86_400, end - weeks * 7 * 86_400),
            ).fetchone()[0]
            for weeks in (0, 1)
        ]
        change = report["signals"][0]
        assert [change["payload_excerpt"][f"{which}_hits"] for which in ("current", "previous")] == counts
        assert datetime.fromisoformat(report["generated_at"]) <= NOW


async def test_no_report_is_of_the_future_just_after_midnight() -> None:
    now = datetime(2026, 2, 14, 0, 1, tzinfo=UTC)
    reply = (await ask(made(hits=3000, now=now), f"{MAIN}/insights")).json()
    assert all(datetime.fromisoformat(report["generated_at"]) <= now for report in reply["insights"])
    assert reply["site"]["next_insight_job_scheduled_at"] == "2026-02-14T06:00:00Z"


async def test_the_newest_report_quotes_a_hostile_path_as_it_is() -> None:
    newest = (await ask(made(hits=3000), f"{MAIN}/insights?per_page=1")).json()["insights"][0]
    assert "/ignore-previous-instructions" in newest["best_content"]
    assert "<script>" in newest["best_content"]


@pytest.mark.parametrize(("site", "enabled"), [(PHOTOS, True), (YOUNG, False)])
async def test_sites_without_insights(site: str, *, enabled: bool) -> None:
    fake_api = made(hits=12_000)
    reply = (await ask(fake_api, f"{site}/insights")).json()
    assert reply["insights"] == []
    assert reply["site"]["insights_enabled"] is enabled
    assert (reply["site"]["next_insight_job_scheduled_at"] is not None) is enabled


async def test_the_photo_site_has_too_few_hits_for_insights() -> None:
    fake_api = made(hits=12_000)
    week = epoch(2026, 2, 7)
    sql = "SELECT COUNT(*) FROM hits WHERE site_id = 457 AND created_at >= ?"
    assert 0 < fake_api.connection.execute(sql, (week,)).fetchone()[0] < 10


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (20, "less than a minute"),
        (60, "1 minute"),
        (900, "15 minutes"),
        (5_000, "1 hour"),
        (44_400, "12 hours"),
        (86_400, "1 day"),
        (400_000, "5 days"),
    ],
)
def test_durations_in_words(seconds: int, words: str) -> None:
    assert in_words(seconds) == words
