"""Insights, uptime and content checks, the endpoints for subscribers."""

import json
from datetime import UTC, date, datetime, time, timedelta
from sqlite3 import Row

from tinylytics_mcp.fake_api.access import Refusal, refused
from tinylytics_mcp.fake_api.call import Body, Call
from tinylytics_mcp.fake_api.store import SITE_FIELDS, fields, stamp

_LINK_FIELDS = ("id", "url", "status_code", "error_message", "issue_type", "checked_at", "ignored")
_DAY = 86_400
_CHECK_EVERY = 300
_PERIOD_DAYS = 30
_SOON_DAYS = 14
_INSIGHTS_HOUR = 6


def insights(call: Call) -> tuple[int, Body]:
    """Answer `GET /sites/:id/insights`."""
    site = call.site()
    sql = "SELECT * FROM insights WHERE site_id = ? ORDER BY insights_for_date DESC, id DESC"
    found, pagination = call.listed(call.store.rows(sql, (site["id"],)), lambda row: row["id"])
    enabled = bool(site["insights_enabled"])
    return 200, {
        "insights": [_insight(row) for row in found],
        "pagination": pagination,
        "site": {
            **fields(site, SITE_FIELDS),
            "insights_enabled": enabled,
            "daily_insight_reports_active": enabled,
            "next_insight_job_scheduled_at": stamp(_next_report(call.now)) if enabled else None,
        },
    }


def uptime(call: Call) -> tuple[int, Body]:
    """Answer `GET /sites/:id/uptime`; 404 where the site has no monitor."""
    site = call.site()
    monitor = call.store.row("SELECT * FROM monitors WHERE site_id = ?", (site["id"],))
    if monitor is None:
        raise refused(404, "Uptime monitoring is not enabled for this site")
    now = call.seconds
    downtimes = call.store.rows("SELECT * FROM downtimes WHERE site_id = ? ORDER BY started_at DESC", (site["id"],))
    shown, pagination = call.listed(downtimes, lambda row: row["id"])
    ongoing = sum(row["ended_at"] is None for row in downtimes)
    recent_from = now - _PERIOD_DAYS * _DAY
    down = sum(max(0, (row["ended_at"] or now) - max(row["started_at"], recent_from)) for row in downtimes)
    return 200, {
        "monitor": _monitor(site, monitor, now, is_down=ongoing > 0, down_seconds=down),
        "downtimes": [_downtime(row, now) for row in shown],
        "pagination": pagination,
        "summary": {
            "total_downtimes": len(downtimes),
            "ongoing_downtimes": ongoing,
            "recent_downtimes_30_days": sum(row["started_at"] >= recent_from for row in downtimes),
        },
    }


def content(call: Call) -> tuple[int, Body]:
    """Answer `GET /sites/:id/content`; 403 with the documented body where it is off."""
    site = call.site()
    check = call.store.row("SELECT * FROM content_checks WHERE site_id = ?", (site["id"],))
    if check is None:
        error = "Content monitoring is not enabled for this site"
        raise Refusal(403, {"error": error, "content_monitoring_enabled": False})
    links = call.store.rows("SELECT * FROM links WHERE site_id = ? ORDER BY id", (site["id"],))
    ignored = [fields(row, _LINK_FIELDS) for row in links if row["ignored"]]
    broken, mixed, fine = (
        [fields(row, _LINK_FIELDS) for row in links if row["issue_type"] == kind and not row["ignored"]]
        for kind in ("broken_link", "mixed_content", "ok")
    )
    return 200, {
        "site": fields(site, SITE_FIELDS),
        "monitoring_status": {
            "enabled": True,
            "root_path": check["root_path"],
            "last_check_at": stamp(check["last_check_at"]),
            "is_initial_check": False,
            "is_rechecking": False,
            "has_issues": bool(broken or mixed),
            "emails_paused": False,
            "emails_paused_until": None,
        },
        "issues": {"broken_links": broken, "mixed_content": mixed},
        "ignored_issues": ignored,
        "ok_links": fine,
        "stats": {
            "total_checked": len(links),
            "broken_links_count": len(broken),
            "mixed_content_count": len(mixed),
            "ignored_count": len(ignored),
            "ok_count": len(fine),
        },
    }


def in_words(seconds: int) -> str:
    """Return a duration in its largest unit, as the document's "15 minutes"."""
    for size, unit in ((_DAY, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}{'s' * (count != 1)}"
    return "less than a minute"


def _insight(row: Row) -> Body:
    day = date.fromisoformat(row["insights_for_date"])
    generated = datetime.combine(day + timedelta(days=1), time(_INSIGHTS_HOUR), UTC)
    return {
        "id": row["id"],
        "insights_for_date": day.isoformat(),
        "formatted_insights_date": f"{day:%B} {day.day}, {day.year}",
        "generated_at": stamp(int(generated.timestamp())),
        **json.loads(row["body"]),
    }


def _next_report(now: datetime) -> int:
    moment = datetime.combine(now.astimezone(UTC).date(), time(_INSIGHTS_HOUR), UTC)
    return int((moment if moment > now else moment + timedelta(days=1)).timestamp())


def _monitor(site: Row, monitor: Row, now: int, *, is_down: bool, down_seconds: int) -> Body:
    checked = now - now % _CHECK_EVERY
    watched = min(_PERIOD_DAYS * _DAY, max(now - site["created_at"], 1))
    ssl, domain = (_expiry(monitor[f"{name}_expires_at"], now) for name in ("ssl", "domain"))
    return {
        "id": monitor["id"],
        "url": site["url"],
        "enabled": True,
        "is_down": is_down,
        "uptime": round(100 - 100 * down_seconds / watched, 2),
        "last_check_at": stamp(checked),
        "next_check_at": stamp(checked + _CHECK_EVERY),
        "last_status_code": monitor["error_code"] if is_down else 200,
        "last_error_message": monitor["error_message"] if is_down else None,
        "status_description": "Down" if is_down else "Up",
        "current_check_interval": _CHECK_EVERY,
        "period": f"{_PERIOD_DAYS}d",
        "ssl": {**ssl, "valid": not ssl["expired"]},
        "domain": {
            **domain,
            "tested_at": stamp(now - now % _DAY),
            "remaining_days": domain["days_until_expiry"],
            "source": "whois",
        },
        "auto_paused": bool(monitor["auto_paused"]),
        "created_at": stamp(site["created_at"]),
        "updated_at": stamp(checked),
    }


def _expiry(expires_at: int, now: int) -> Body:
    days = expires_at // _DAY - now // _DAY
    return {
        "expires_at": stamp(expires_at),
        "expired": days < 0,
        "expiring_soon": 0 <= days <= _SOON_DAYS,
        "days_until_expiry": days,
    }


def _downtime(row: Row, now: int) -> Body:
    """Return one outage; the length of an ongoing one is so far."""
    seconds = (row["ended_at"] or now) - row["started_at"]
    return {
        **fields(row, ("id", "error", "started_at", "ended_at", "partial")),
        "duration": seconds,
        "duration_in_words": in_words(seconds),
        "ongoing": row["ended_at"] is None,
    }
