"""The prose of the made-up insights, written around figures counted from the hits."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from tinylytics_mcp.fake_api.hostile import PATHS
from tinylytics_mcp.fake_api.store import Store, stamp

_REPORTS = 6
_FEWEST_HITS = 10
"""A week with fewer gets no report (field notes 25)."""

_PATTERNS = (
    "Tuesday and Wednesday were the busiest days, with late evenings (UTC) remaining your strongest hours.",
    "Weekends stay quiet; most reading happens on working days between noon and 20:00 UTC.",
    "Phones brought close to two fifths of all visits, most of them to single posts rather than the home page.",
)
_ADVICE = (
    "Keep an eye on the post that is breaking out, and consider sharing similar content while the momentum is fresh.",
    "Link from your most read posts to the newsletter page: readers who arrive from search rarely see it.",
    "The old posts carry a good part of the traffic. A short update at their top would bring readers to newer ones.",
)


def weekly_insights(store: Store, site_id: int, *, newest: date) -> Iterator[tuple[date, str]]:
    """Days and JSON bodies of weekly reports, oldest first, for weeks that had hits enough."""
    for back in range(_REPORTS - 1, -1, -1):
        day = newest - timedelta(days=7 * back)
        end = _midnight(day + timedelta(days=1))
        now, before = (_hits(store, site_id, end - weeks * _WEEK) for weeks in (0, 1))
        if now >= _FEWEST_HITS:
            yield day, json.dumps(_report(store, site_id, end, now, before, quote_a_visitor=back == 0))


_WEEK = 7 * 86_400
_REPORT_HOUR = 6 * 3600


def _report(store: Store, site_id: int, end: int, now: int, before: int, *, quote_a_visitor: bool) -> dict[str, object]:
    best = store.rows(
        "SELECT path, COUNT(*) AS hits FROM hits WHERE site_id = ? AND created_at >= ? AND created_at < ?"
        " AND path LIKE '/blog/_%' GROUP BY path ORDER BY hits DESC, path LIMIT 1",
        (site_id, end - _WEEK, end),
    )
    post, reads = (best[0]["path"], best[0]["hits"]) if best else ("/", now)
    way = "up" if now > before else "down"
    percent = round(100 * (now - before) / before, 1) if before else None
    trend = f"Traffic is {way} {abs(percent):.0f}% this week" if percent else "Traffic held steady this week"
    number = end // _WEEK
    content = f"The post {post} was read {reads} times and is now one of the site's top pages."
    if quote_a_visitor:
        content += f" Somebody also asked for {PATHS[0]} and {PATHS[3]}, which do not exist."
    return {
        "summary": f"{trend}: {now} hits against {before} the week before, with {post} doing most of the lifting.",
        "signals": [
            _signal(
                "traffic_change",
                trend,
                f"The site picked up {now} hits in the last 7 days, {way} from {before} the week before.",
                min(100, 40 + round(abs(percent or 0))),
                end,
                {
                    "direction": "increase" if now > before else "decrease",
                    "current_hits": now,
                    "previous_hits": before,
                    "absolute_change": now - before,
                    "change_percentage": percent,
                },
            ),
            _signal(
                "top_content",
                "One post stands out",
                f"{post} brought {reads} of the week's {now} hits.",
                48,
                end,
                {"path": post, "current_hits": reads, "share_percentage": round(100 * reads / now, 1)},
            ),
        ],
        "traffic_patterns": _PATTERNS[number % len(_PATTERNS)],
        "best_content": content,
        "recommendations": _ADVICE[number % len(_ADVICE)],
    }


def _signal(
    kind: str, headline: str, summary: str, score: int, end: int, excerpt: dict[str, object]
) -> dict[str, object]:
    detected = stamp(end + _REPORT_HOUR)
    return {
        "type": kind,
        "headline": headline,
        "summary": summary,
        "importance_score": score,
        "detected_at": detected,
        "window": {"started_at": stamp(end - _WEEK), "ended_at": detected},
        "payload_excerpt": excerpt,
    }


def _hits(store: Store, site_id: int, end: int) -> int:
    return store.number(
        "SELECT COUNT(*) FROM hits WHERE site_id = ? AND created_at >= ? AND created_at < ?",
        (site_id, end - _WEEK, end),
    )


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())
