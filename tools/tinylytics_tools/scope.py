"""Whose and which days a question is about, settled once and echoed by every answer (ANSWERS 3)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tinylytics_tools.answer import Answer
from tinylytics_tools.client import CallContext
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.periods import RequestedPeriod, Window, resolve
from tinylytics_tools.site_lookup import SiteReply, find_site


class SiteAnswer(Answer):
    site_id: int
    site: str


class WindowAnswer(SiteAnswer):
    """An answer about some days of one site, both ends included. `defaults` lists what the caller did not say."""

    first_day: date
    last_day: date
    days: int
    time_zone: str
    filters: str = "none"
    defaults: list[str] = []


@dataclass(frozen=True)
class Scope:
    """One site, some of its days in a zone mode, and the running day there."""

    site: SiteReply
    requested: RequestedPeriod
    zone: str
    today: date
    defaults: tuple[str, ...]

    @property
    def window(self) -> Window:
        return self.requested.window

    @property
    def days(self) -> str:
        """The window within a sentence: `from` its first day to its last, or `on` its only one."""
        return f"{'on' if self.window.days == 1 else 'from'} {self.window}"

    @property
    def finished(self) -> Window | None:
        return self.window.finished(self.today)

    @property
    def running(self) -> Window | None:
        """The running day; None where the window does not reach it."""
        return Window(self.today, self.today) if self.today in self.window else None

    def since_born(self, window: Window | None) -> Window | None:
        """The days of a window on which the site was there; before it nothing was counted, which is not zero."""
        born = first_day(self.site, self.zone)
        return Window(max(born, window.first), window.last) if window and born <= window.last else None

    def fields(self) -> dict[str, Any]:
        """The scope as the fields of a `WindowAnswer`."""
        return {
            "site_id": self.site.id,
            "site": self.site.name,
            "first_day": self.window.first,
            "last_day": self.window.last,
            "days": self.window.days,
            "time_zone": self.zone,
            "defaults": list(self.defaults),
        }

    def query(self, window: Window | None = None) -> dict[str, str]:
        """The scope, or a window of it, as the API's parameters; at most 730 days (`Window.pieces`)."""
        return (window or self.window).query(self.zone)


async def resolve_scope(
    api: CallContext,
    site: SiteReply | str | None = None,
    period: str | None = None,
    start_date: date | None = None,
    end_date: date | None = None,
    time_zone: str | None = None,
) -> Scope:
    """Find the site, unless it is found, and the days; `find_site` and `periods.resolve` say what is refused."""
    target = site if isinstance(site, SiteReply) else await find_site(api, site)
    zone = time_zone or api.preferences.time_zone
    today = await hits_api.today(api, target.id, zone)
    requested = resolve(period, start_date, end_date, today=today, earliest=first_day(target, zone))
    given = {"site": site, "period": None if requested.defaulted else requested, "time_zone": time_zone}
    return Scope(target, requested, zone, today, tuple(name for name, value in given.items() if value is None))


def first_day(site: SiteReply, zone: str) -> date:
    """The first day a site can have hits on; a day more where the zone is not UTC and may lag behind it."""
    created = site.created_at.date()
    return created if zone == "utc" else created - timedelta(days=1)
