"""JSON schemas of insights, uptime and content checks, from the examples of the API document."""

from tinylytics_mcp.fake_api.schema_parts import (
    COUNT,
    DATE,
    NUMBER,
    SITE_FIELDS,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    TIME_OR_NULL,
    TRUTH,
    Schema,
    items,
    or_null,
    record,
    ref,
)

_SIGNAL = record(
    {
        "type": TEXT,
        "headline": TEXT,
        "summary": TEXT,
        "importance_score": NUMBER,
        "detected_at": TIME,
        "window": record({"started_at": TIME, "ended_at": TIME}),
        "payload_excerpt": {"type": "object"},
    }
)
_INSIGHT = record(
    {
        "id": COUNT,
        "insights_for_date": DATE,
        "formatted_insights_date": TEXT,
        "generated_at": TIME,
        "summary": TEXT,
        "signals": items(_SIGNAL),
        "traffic_patterns": TEXT,
        "best_content": TEXT,
        "recommendations": TEXT,
    }
)
_EXPIRY: dict[str, Schema] = {
    "expires_at": TIME,
    "expired": TRUTH,
    "expiring_soon": TRUTH,
    "days_until_expiry": COUNT,
}
_MONITOR = record(
    {
        "id": COUNT,
        "url": TEXT,
        "enabled": TRUTH,
        "is_down": TRUTH,
        "uptime": NUMBER,
        "last_check_at": TIME,
        "next_check_at": TIME,
        "last_status_code": or_null("integer"),
        "last_error_message": TEXT_OR_NULL,
        "status_description": TEXT,
        "current_check_interval": COUNT,
        "period": TEXT,
        "ssl": record({**_EXPIRY, "valid": TRUTH}),
        "domain": record({**_EXPIRY, "tested_at": TIME, "remaining_days": COUNT, "source": TEXT}),
        "auto_paused": TRUTH,
        "created_at": TIME,
        "updated_at": TIME,
    }
)
_DOWNTIME = record(
    {
        "id": COUNT,
        "error": TEXT,
        "started_at": TIME,
        "ended_at": TIME_OR_NULL,
        "duration": {**COUNT, "description": "Seconds"},
        "duration_in_words": TEXT,
        "partial": TRUTH,
        "ongoing": TRUTH,
    }
)
_LINKS = items(
    record(
        {
            "id": COUNT,
            "url": TEXT,
            "status_code": or_null("integer"),
            "error_message": TEXT_OR_NULL,
            "issue_type": TEXT,
            "checked_at": TIME,
            "ignored": TRUTH,
        }
    )
)
_MONITORING = dict.fromkeys(("enabled", "is_initial_check", "is_rechecking", "has_issues", "emails_paused"), TRUTH)
_STATS = ("total_checked", "broken_links_count", "mixed_content_count", "ignored_count", "ok_count")

MONITORING_SCHEMAS: dict[str, Schema] = {
    "Insights": record(
        {
            "insights": items(_INSIGHT),
            "pagination": ref("Pagination"),
            "site": record(
                {
                    **SITE_FIELDS,
                    "insights_enabled": TRUTH,
                    "daily_insight_reports_active": TRUTH,
                    "next_insight_job_scheduled_at": TIME_OR_NULL,
                }
            ),
        }
    ),
    "Uptime": record(
        {
            "monitor": _MONITOR,
            "downtimes": items(_DOWNTIME),
            "pagination": ref("Pagination"),
            "summary": record(
                {"total_downtimes": COUNT, "ongoing_downtimes": COUNT, "recent_downtimes_30_days": COUNT}
            ),
        }
    ),
    "Content": record(
        {
            "site": record(SITE_FIELDS),
            "monitoring_status": record(
                {
                    **_MONITORING,
                    "root_path": TEXT,
                    "last_check_at": TIME_OR_NULL,
                    "emails_paused_until": TIME_OR_NULL,
                }
            ),
            "issues": record({"broken_links": _LINKS, "mixed_content": _LINKS}),
            "ignored_issues": _LINKS,
            "ok_links": _LINKS,
            "stats": record(dict.fromkeys(_STATS, COUNT)),
        }
    ),
}
