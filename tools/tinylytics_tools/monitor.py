"""What a site's monitor says, and what follows from it: up, down, not monitored, or unknown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tinylytics_tools import premium, sanitize
from tinylytics_tools.replies import DaysLeft, HttpStatus, Id, Percent, Reply, Seconds, Time

State = Literal["up", "down", "not monitored", "unknown"]


class ExpiryReply(Reply):
    """When a certificate or a domain ends, as the service last saw it."""

    valid: bool | None = None
    expired: bool | None = None
    expiring_soon: bool | None = None
    days_until_expiry: DaysLeft | None = None
    remaining_days: DaysLeft | None = None

    @property
    def days_left(self) -> int | None:
        """Whole days, negative once it has ended."""
        days = self.remaining_days if self.days_until_expiry is None else self.days_until_expiry
        return None if days is None else int(days // 1)


class MonitorReply(Reply):
    """The monitor of one site."""

    enabled: bool | None = None
    auto_paused: bool | None = None
    is_down: bool | None = None
    uptime: Percent | None = None
    period: str | None = None
    last_check_at: Time | None = None
    next_check_at: object = None
    last_status_code: HttpStatus | None = None
    last_error_message: str | None = None
    ssl: ExpiryReply | None = None
    domain: ExpiryReply | None = None


class DowntimeReply(Reply):
    """One outage; `duration` is in seconds (field notes 14)."""

    id: Id | None = None
    error: str | None = None
    started_at: Time
    ended_at: Time | None = None
    duration: Seconds | None = None
    ongoing: bool | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.ended_at is not None if self.ongoing is None else not self.ongoing


NO_DATE = ExpiryReply()
NO_START = "since when is unknown"


@dataclass(frozen=True)
class Status:
    """Whether a site answers. `reason` is guarded and never empty.

    `down_since` is None where it is not down, or where no outage tells. `unknown` is why nothing could be read.
    """

    state: State
    reason: str
    down_since: datetime | None = None
    ssl: ExpiryReply = NO_DATE
    domain: ExpiryReply = NO_DATE
    unknown: premium.Unknown | None = None

    @property
    def since(self) -> str:
        """`down_since` in words: a time, `not down`, or `unknown`."""
        return "not down" if self.state == "up" else sanitize.time(self.down_since)

    @property
    def words(self) -> str:
        """The state in a sentence, with the start of an outage, or that nothing tells it."""
        if self.state != "down":
            return self.state
        return f"down since {self.since}" if self.down_since else f"down, {NO_START}"


def judge(monitor: MonitorReply | None, downtimes: Sequence[DowntimeReply]) -> Status:
    """What a monitor says. A paused one knows nothing: it is neither up nor down (field notes 25)."""
    if monitor is None:
        return Status("not monitored", "this site has no monitor")
    ssl, domain = monitor.ssl or NO_DATE, monitor.domain or NO_DATE
    last = {True: ", and the last check failed", False: "", None: ""}[monitor.is_down]
    if monitor.auto_paused:
        return Status("not monitored", f"Tinylytics paused the monitor{last}", ssl=ssl, domain=domain)
    if monitor.enabled is False:
        return Status("not monitored", f"the monitor is switched off{last}", ssl=ssl, domain=domain)
    if monitor.is_down is None:
        return Status("unknown", "the monitor does not say", ssl=ssl, domain=domain)
    if not monitor.is_down:
        return Status("up", "the last check succeeded", ssl=ssl, domain=domain)
    said = sanitize.prose(monitor.last_error_message, cap=120)
    since = min((outage.started_at for outage in downtimes if not outage.is_over), default=None)
    reason = f"the last check failed: {said}" if said else "the last check failed"
    return Status("down", reason, down_since=since, ssl=ssl, domain=domain)
