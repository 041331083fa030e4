"""Writes the numbers, days and names of a report as people write them."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from tinylytics_tools.downtime import in_words
from tinylytics_tools.tables import counted

from tinylytics_mcp.commands.report_charts import Html, tag

DUE_DAYS = 14
LONGEST = 48
"""Characters of a name; a longer one loses its middle."""
UNKNOWN = "not known"
_CALLED = {"direct": "Direct, no referrer", "not-a-host": "Not an address", "unknown": "Unknown", "/": "/ (home page)"}


def called(column: str, value: str) -> Html:
    """Return what a row is of; a script may put the name of a country in the place of its code."""
    if column == "country":
        return tag("span", value, data_country=value if re.fullmatch("[A-Z]{2}", value) and value != "XX" else None)
    name = _CALLED.get(value, value)
    if len(name) <= LONGEST:
        return tag("span", name)
    return tag("span", f"{name[:28]}…{name[-18:]}", title=value)


def change_mark(change: int | None, percent: float | None) -> Html:
    """Return up or down in a sign, a word and a colour; nothing where it is not known."""
    if not change:
        return Html("" if change is None else tag("span", "as many as before"))
    far = f"{abs(change):,}"
    if percent is not None:
        far = f"{abs(percent):,.0f}%" if abs(percent) >= 10 else f"{abs(percent):g}%"
    kind, sign, word = ("rise", "▲", "up") if change > 0 else ("fall", "▼", "down")
    return tag("span", tag("span", f"{sign} ", aria_hidden="true"), f"{word} {far}", class_=kind)


def sentences(answer: Mapping[str, Any]) -> list[str]:
    """Return each change with the figures that it is made of, and what is of today."""
    said: list[str] = []
    if answer["change"] is not None:
        of = "" if answer["compared_hits"] == answer["hits"] else f"{answer['compared_hits']:,} of them compared: "
        change = f"{answer['change']:+,}".replace("-", "\u2212")
        earlier = f"{answer['earlier_hits']:,}"
        said.append(
            f"{of}{f'{change} on {earlier}' if answer['change'] else f'{earlier} as well'} in {earlier_days(answer)}"
        )
        if answer.get("change_a_day") is not None:
            rates = f"{answer['compared_a_day']:g} on {answer['earlier_a_day']:g}, {answer['change_a_day']:+g}"
            said[-1] += f"; a day {rates}"
    if answer.get("hits_today") is not None:
        said.append(f"{answer['hits_today']:,} of them today so far")
    return said


def earlier_days(answer: Mapping[str, Any]) -> str:
    """Return which days are compared with."""
    found = re.search(r"against (\d+ days?) to (\S+)", str(answer["compared"]))
    return f"the {found[1]} to {readable(found[2])}" if found else "the days before"


def days_left(days: int) -> str:
    """Return how long something lasts, or for how long it is over."""
    return f"expired {counted(-days, 'day')} ago" if days < 0 else f"{counted(days, 'day')} left"


def number(value: float | None, unit: str = "") -> str:
    """Return a number with its unit; `UNKNOWN` of none."""
    if value is None:
        return UNKNOWN
    return f"{value:g}{unit}" if isinstance(value, float) else f"{value:,}{unit}"


def many(count: int | None, thing: str) -> str:
    """Return how many of something there are."""
    return counted(1 if count == 1 else number(count), thing)


def share(part: int, whole: int) -> str:
    """Return a share in per cent."""
    return f"{100 * part / whole:.1f}%" if whole else UNKNOWN


def lasting(seconds: int | None) -> str:
    """Return a length of time in two units at most."""
    return UNKNOWN if seconds is None else " ".join(in_words(seconds).split()[:4])


def readable(text: str) -> str:
    """Return a text of ours with its days and times as people write them; a path or an address stays as it is."""
    return re.sub(r"(?<![^\s(])\d{4}-\d\d(?:-\d\d(?:T[\d:]+Z)?)?(?![^\s,;:.?)])", lambda match: _day(match[0]), text)


def spoken(day: date) -> str:
    """Return a day."""
    return f"{day.day} {day:%b %Y}"


def moment(at: datetime) -> str:
    """Return a time in UTC."""
    return f"{spoken(at.date())}, {at:%H:%M} UTC"


def window(answer: Mapping[str, Any]) -> str:
    """Return the days that an answer is about."""
    first, last = (date.fromisoformat(answer[name]) for name in ("first_day", "last_day"))
    zone = "" if answer["time_zone"] == "utc" else ", in the account's time zone"
    return (spoken(first) if first == last else f"{spoken(first)} to {spoken(last)}") + zone


def _day(text: str) -> str:
    if len(text) == len("2026-11"):
        return f"{date.fromisoformat(f'{text}-01'):%B %Y}"
    return moment(datetime.fromisoformat(text)) if "T" in text else spoken(date.fromisoformat(text))
