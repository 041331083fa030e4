"""The arguments of prompts: what a host may offer for each, and how what a user types is checked and guarded."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Annotated

from tinylytics_tools import sanitize
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.periods import DEFAULT_PERIOD, FIRST_START, PERIODS
from tinylytics_tools.sanitize import CUT_MARK

LONGEST_SITE = 120
"""Characters: more than an answer shows of any label or domain."""

_STRAIGHT_QUOTES = {"'", '"'}
"""These become typographic ones, as in the names that answers show; no other character is changed here."""

DAYS_OFFERED = 366
MONTHS_OFFERED = 24
YEARS_OFFERED = 5


@dataclass(frozen=True)
class Days:
    """Some days in words, and as the time arguments of a tool."""

    words: str
    arguments: dict[str, str]


@dataclass(frozen=True)
class Argument:
    """`read` makes a checked and guarded value of what was typed, given today's date; it raises InvalidArgument.

    `offered` lists what a host may complete, best first; None where it is the account's sites.
    """

    description: str
    read: Callable[[str, date], object]
    offered: Callable[[date], list[str]] | None = field(default=lambda _: [])


def read_site(text: str, _: date) -> str:
    """A name of a site; whether there is one is found out by the first tool that asks."""
    shown = sanitize.prose(text[:LONGEST_SITE])
    if not shown or len(text) > LONGEST_SITE or set(sanitize.forbidden(text)) - _STRAIGHT_QUOTES:
        raise InvalidArgument(
            f"site is longer than {LONGEST_SITE} characters, or has some that no name of a site is shown with. "
            "Give its domain or id."
        )
    return shown


def _uncut(name: str, shown_as: Callable[[str], str], text: str, _: date) -> str:
    """A value as an answer shows it; one that would be cut here would name nothing."""
    shown = shown_as(text[:500])  # of more, no more is shown
    if shown != text and CUT_MARK in shown:
        raise InvalidArgument(f"{name} is longer than an answer can show. Give a part of it.")
    return shown


read_source = partial(_uncut, "source", sanitize.source)
read_referrer = partial(_uncut, "referrer", sanitize.referrer)


def read_period(text: str, _: date) -> Days:
    """One of the tools' periods."""
    if text not in PERIODS:
        raise InvalidArgument(f"period is not known. Give one of: {', '.join(PERIODS)}.")
    return Days(text.replace("_", " "), {"period": text})


def _first_day(what: str, form: str, text: str, today: date) -> date:
    """The first day of a day, month or year that has begun."""
    try:
        day = date.fromisoformat(f"{text}-01-01"[:10] if re.fullmatch(re.sub("[YMD]", "[0-9]", form), text) else "")
    except ValueError:
        example = "2026-02-13"[: len(form)]
        raise InvalidArgument(f"Give a {what} of the calendar as {form}, for example {example}.") from None
    if day > today:
        raise InvalidArgument(f"{day} is in the future. Today is {today}: give that day or an earlier one.")
    if day < FIRST_START:
        raise InvalidArgument(f"{day} is too early. Give {FIRST_START} or later.")
    return day


read_day = partial(_first_day, "day", "YYYY-MM-DD")


def read_since(text: str, today: date) -> date:
    """A day that is over: changes compare finished days only (ANSWERS 3)."""
    day = read_day(text, today)
    if day == today:
        raise InvalidArgument(
            f"since is today, {today}, and a day that still runs is compared with none. Give another."
        )
    return day


def read_month(text: str, today: date) -> Days:
    """A month that has begun; one that still runs is compared with the same days of the month before."""
    first = _first_day("month", "YYYY-MM", text, today)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return _unit(text, first, last, today, running="this_month")


def read_year(text: str, today: date) -> Days:
    """A year that has begun."""
    first = _first_day("year", "YYYY", text, today)
    return _unit(text, first, first.replace(month=12, day=31), today, running="this_year")


def _unit(words: str, first: date, last: date, today: date, *, running: str) -> Days:
    if last < today:
        return Days(words, {"start_date": first.isoformat(), "end_date": last.isoformat()})
    return Days(f"{words}, which still runs", {"period": running})


def _months(today: date) -> list[str]:
    this_month = today.year * 12 + today.month - 1
    months = range(this_month, this_month - MONTHS_OFFERED, -1)
    return [f"{month // 12}-{month % 12 + 1:02}" for month in months]


def _days_before(today: date) -> list[str]:
    return [(today - timedelta(days=n)).isoformat() for n in range(1, DAYS_OFFERED)]


def _sites(when_left_out: str) -> Argument:
    return Argument(f"Domain, label or id of a site; {when_left_out}", read_site, offered=None)


SomeSite = Annotated[str | None, _sites("not needed if there is one site")]
AnySite = Annotated[str | None, _sites("left out: all sites")]
Source = Annotated[
    str | None, Argument("The campaign's name in ?ref= or ?utm_source=, for example newsletter", read_source)
]
Referrer = Annotated[str | None, Argument("The referring host, for example news.ycombinator.com", read_referrer)]
SomePeriod = Annotated[Days | None, Argument(f"Default {DEFAULT_PERIOD}", read_period, lambda _: list(PERIODS))]
Day = Annotated[date, Argument("YYYY-MM-DD", read_day, lambda today: [today.isoformat(), *_days_before(today)])]
Since = Annotated[date, Argument("The first day to look at, YYYY-MM-DD, before today", read_since, _days_before)]
SomeMonth = Annotated[Days | None, Argument("YYYY-MM; default last month", read_month, _months)]
Year = Annotated[Days, Argument("YYYY", read_year, lambda today: [str(today.year - n) for n in range(YEARS_OFFERED)])]
