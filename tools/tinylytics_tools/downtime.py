"""How long a site was down in the last 30 days, and what an uptime per cent allows."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

WINDOW = timedelta(days=30)
MARGIN_S = 600
"""Seconds by which outages and an uptime per cent may differ: the second decimal stands for 259 s of 30 days, and
when an outage began and ended is known to a check, which is made every 300 s."""

Span = tuple[datetime, datetime]


def seconds_down(spans: Iterable[Span], now: datetime) -> int:
    """Return the seconds of the 30 days before `now` that lie within an outage; two at the same time count once."""
    total, reached = timedelta(), now - WINDOW
    for start, end in sorted(spans):
        first, last = max(start, reached), min(end, now)
        if first < last:
            total += last - first
            reached = last
    return round(total.total_seconds())


def contradiction(down_s: int, percent: float | None, period: str) -> list[str]:
    """Return the two figures where an uptime per cent of 30 days cannot be right beside so many seconds of outages."""
    if percent is None or not re.fullmatch(r"30 ?d(ays?)?", period):
        return []
    allowed_s = round(WINDOW.total_seconds() * (100 - percent) / 100)
    if abs(allowed_s - down_s) <= MARGIN_S:
        return []
    return [
        f"these contradict each other: {percent:g} % uptime in 30 days means {allowed_s} s of downtime, the outages of "
        f"these days are {down_s} s; tell both"
    ]


def miscounted(starts: Iterable[datetime], stated: int | None, now: datetime) -> list[str]:
    """Return the two counts where fewer or more outages began in the last 30 days than the service's own counter says,
    which may begin its days some hours earlier or later."""
    ages = [now - start for start in starts]
    least, most = (sum(age <= WINDOW + timedelta(days=days) for age in ages) for days in (-1, 1))
    if stated is None or least <= stated <= most:
        return []
    listed = sum(age <= WINDOW for age in ages)
    return [f"these contradict each other: outages of the last 30 days, {stated} as counted and {listed} as listed"]


def in_words(seconds: int) -> str:
    """Return a duration in all its units, such as `1 h 30 min`."""
    minutes, left_s = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (left_s, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"
