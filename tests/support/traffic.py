"""Made-up hits whose counts are told without the tools, the stand-in's queries or any of their rules for names."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from support.client import Connected, connect
from tinylytics_mcp.fake_api import FakeApi, Quirk

Hit = dict[str, Any]

ZONES = {"utc": UTC, "user": ZoneInfo("America/New_York")}
"""`user` is the zone that the stand-in's account is in."""

NOWS = (
    datetime(2026, 11, 2, 3, 30, tzinfo=UTC),  # in New York the day before, which had 25 hours
    datetime(2026, 3, 9, 10, 0, tzinfo=UTC),  # the day after one of 23 hours
    datetime(2028, 3, 1, 0, 30, tzinfo=UTC),  # in New York still 29 February
    datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
)
LONG = "/" + "long-" * 40
PATHS = {
    "/": "/",
    "/about": "/about",
    "/about/": "/about",
    "/blog": "/blog",
    "/a b": "/a b",
    "/a%20b/": "/a b",
    "/[x]": "/[x]",
    LONG: LONG,
    f"{LONG}/": LONG,
}
"""Raw paths and what they are the same as."""
SHOWN_PATHS = {
    "/": "/",
    "/about": "/about",
    "/about/": "/about",
    "/blog": "/blog",
    "/a%20b": "/a b",
    "/a%20b/": "/a b",
    "/%5Bx%5D": "/[x]",
}
REFERRERS = {
    None: "direct",
    "": "direct",
    "https://t.co/abc": "t.co",
    "http://www.T.co/ABC?x=1": "t.co",
    "https://pinterest.com/pin/t.co": "pinterest.com",
    "https://chat.co/": "chat.co",
    "https://www.own.example/about": "own.example",
    "https://own.example": "own.example",
    "no host at all": "not-a-host",
}
LINKS: dict[str | None, str] = {None: "direct", "": "direct", "no host at all": "no%20host%20at%20all"}
"""Referrers that are not shown as they are sent."""
CHANNELS = {
    "direct": "direct",
    "t.co": "social",
    "pinterest.com": "social",
    "chat.co": "other sites",
    "own.example": "internal",
    "not-a-host": "other sites",
}
COUNTRIES = {"DE": "DE", "US": "US", "XX": "XX", None: "unknown", "": "unknown"}
BROWSERS = {"Safari": "Safari", "Firefox": "Firefox", None: "unknown"}
PLATFORMS = {"iOS": "iOS", "macOS": "macOS", None: "unknown"}
SOURCES = {"newsletter": "newsletter", "rss": "rss", None: "no source"}
DEVICES = {1: "mobile", 0: "not mobile", None: "unknown"}
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

NAMES: dict[str, Callable[[Hit, str], str]] = {
    "path": lambda hit, _: PATHS[hit["path"]],
    "referrer": lambda hit, _: REFERRERS[hit["referrer"]],
    "link": lambda hit, _: LINKS.get(hit["referrer"]) or str(hit["referrer"]),
    "channel": lambda hit, _: CHANNELS[REFERRERS[hit["referrer"]]],
    "country": lambda hit, _: COUNTRIES[hit["country"]],
    "browser": lambda hit, _: BROWSERS[hit["browser_name"]],
    "platform": lambda hit, _: PLATFORMS[hit["platform_name"]],
    "source": lambda hit, _: SOURCES[hit["source"]],
    "device": lambda hit, _: DEVICES[hit["is_mobile"]],
    "hour": lambda hit, _: f"{datetime.fromtimestamp(hit['created_at'], UTC):%H}:00",
    "weekday": lambda hit, zone: WEEKDAYS[day_of(hit, zone).weekday()],
}


def day_of(hit: Hit, zone: str) -> date:
    """The day that a hit falls on."""
    return datetime.fromtimestamp(hit["created_at"], ZONES[zone]).date()


@dataclass(frozen=True)
class World:
    """A site with `size` hits that follow from `seed`, at a certain time, and how the service behaves.

    It holds what the hits follow from and not the hits: it is printed whole when a test fails.
    """

    now: datetime
    size: int
    seed: int
    born: date
    quirks: tuple[Quirk, ...] = ()
    unique_tracking: bool = True

    @cached_property
    def hits(self) -> list[Hit]:
        """The hits: most in the last 80 days, many of them next to a midnight of one of the zones, some much older."""
        rng = Random(self.seed)  # noqa: S311 - made-up data
        midnight = self.now.replace(hour=0, minute=0, second=0)
        hits: list[Hit] = []
        for _ in range(self.size):
            moment = midnight - timedelta(days=rng.randrange(rng.choice((2, 20, 80, 80, 900))))
            moment += timedelta(hours=rng.choice((0, 3, 4, 5, 12, 23)), seconds=rng.choice((0, 1, 1800, 3599)))
            visitor = rng.choice(("aa", "bb", "cc", None))
            hits.append(
                {
                    "created_at": int(min(moment, self.now).timestamp()),
                    "path": rng.choice(tuple(PATHS)),
                    "referrer": rng.choice(tuple(REFERRERS)),
                    "country": rng.choice(tuple(COUNTRIES)),
                    "browser_name": rng.choice(tuple(BROWSERS)),
                    "platform_name": rng.choice(tuple(PLATFORMS)),
                    "source": rng.choice(tuple(SOURCES)),
                    "is_mobile": rng.choice(tuple(DEVICES)),
                    "visitor_hash": visitor,
                    "unique_hash": visitor,
                }
            )
        return hits

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[tuple[Connected, str]]:
        """A client of a new server that knows no other world, and the site's id."""
        fake_api, (site,) = self.serve()
        async with connect(fake_api, clock=lambda: self.now) as host:
            yield host, site

    def serve(self, *others: "World") -> tuple[FakeApi, list[str]]:
        """A stand-in that holds this world and others of the same time and nothing else, and the ids of their sites."""
        fake_api = FakeApi(now=lambda: self.now, hits=0, quirks=self.quirks, hourly_limit=100_000)
        fake_api.connection.execute("DELETE FROM sites")
        return fake_api, [world.move_in(fake_api, f"World {n}") for n, world in enumerate((self, *others))]

    def move_in(self, fake_api: FakeApi, label: str) -> str:
        """Add the world's site to a stand-in; its id."""
        created = int(datetime(self.born.year, self.born.month, self.born.day, tzinfo=UTC).timestamp())
        site = fake_api.add_site(
            label=label, url="https://own.example", created_at=created, unique_tracking=int(self.unique_tracking)
        )
        fake_api.add_hits(site, self.hits)
        return str(site)

    def between(self, first: date, last: date, zone: str, filters: dict[str, str] | None = None) -> list[Hit]:
        """The hits of some days that the filters mean; a path or a host is given as what it is the same as."""
        meant = {"path": "path", "referrer": "referrer", "country": "country"}
        return [
            hit
            for hit in self.hits
            if first <= day_of(hit, zone) <= last
            and all(NAMES[meant[name]](hit, zone) == value for name, value in (filters or {}).items())
        ]


def counted(dimension: str, hits: Iterable[Hit], zone: str) -> Counter[str]:
    """The hits by name."""
    return Counter(NAMES[dimension](hit, zone) for hit in hits)


def take_internal(dimension: str, counts: Counter[str]) -> int:
    """Take the site's own pages out of counts of its sources, and return their hits."""
    own = [name for name in counts if "own.example" in name and dimension in ("referrer", "link")]
    return sum(counts.pop(name) for name in own)


def same_as(dimension: str, shown: str) -> str:
    """What a name in an answer is the same as."""
    if dimension != "path":
        return shown
    return LONG if "…~" in shown else SHOWN_PATHS[shown]


@st.composite
def worlds(draw: st.DrawFn, now: datetime | None = None) -> World:
    """Any world, of any time unless one is given."""
    now = now or draw(st.sampled_from(NOWS))
    born = now.date() - timedelta(days=draw(st.sampled_from((0, 10, 45, 400, 950))))
    quirks = draw(st.sampled_from(((), (Quirk.UNSORTED,), (Quirk.NO_SOURCE_GROUPS, Quirk.EXTRA_FIELDS))))
    size, seed = draw(st.sampled_from((0, 1, 9, 60, 150, 300))), draw(st.integers(0, 10**9))
    return World(now, size, seed, born, quirks, draw(st.booleans()))


@st.composite
def times(draw: st.DrawFn, now: datetime) -> dict[str, str]:
    """Any time arguments, windows of more than 730 days among them."""
    zone = {"time_zone": draw(st.sampled_from(("utc", "user")))}
    if draw(st.booleans()):
        periods = ("today", "yesterday", "last_7_days", "last_30_days", "this_week", "this_month", "all_time")
        return zone | {"period": draw(st.sampled_from(periods))}
    today = now.astimezone(ZONES[zone["time_zone"]]).date()
    length, age = draw(st.sampled_from((1, 2, 9, 40, 200, 800))), draw(st.sampled_from((0, 1, 5, 30)))
    last = today - timedelta(days=age)
    return zone | {"start_date": str(last - timedelta(days=length - 1)), "end_date": str(last)}


FILTERS = st.sampled_from(
    (
        {},
        {},
        {"country": "DE"},
        {"path": "/about"},
        {"path": "/a b"},
        {"path": LONG},
        {"referrer": "t.co"},
        {"referrer": "direct"},
        {"referrer": "own.example", "country": "US"},
        {"referrer": "t.co", "path": "/about"},
    )
)
"""Filters, each as what it is the same as."""

ASKED = {"/a b": "/a%20b", LONG: LONG}


def asked(filters: dict[str, str]) -> dict[str, str]:
    """Filters as a caller writes them: a path as an answer showed it."""
    return {name: ASKED.get(value, value) for name, value in filters.items()}
