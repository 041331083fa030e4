"""Makes up a site's hits: visits over the days, with a weekly rhythm, growth, posts that come and fade, and a spike."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib.resources import files
from itertools import accumulate
from math import exp
from operator import itemgetter
from random import Random
from typing import Any

from tinylytics_mcp.fake_api.store import HIT_COLUMNS, Value

DAY = 86_400
_HALF_DAY = 12 * 3600
_HASH_MASK = 2**48 - 1
CREATED_AT = HIT_COLUMNS.index("created_at")
_OWN_PAGES = 14
"""How many of the site's own pages appear as referrers."""

ACCOUNT: dict[str, Any] = json.loads(files("tinylytics_mcp.fake_api").joinpath("account.json").read_text("utf-8"))
"""The made-up account: sites, pages, referrers, countries and devices, mostly as pairs of a value and its weight."""


@dataclass(frozen=True)
class Site:
    """One made-up site; its first hits are `age_days` old, and its posts are published in their order."""

    id: int
    uid: str
    url: str
    label: str
    public: int
    unique_tracking: int
    insights_enabled: int
    age_days: int
    steady_pages: list[tuple[str, float]]
    posts: list[str]

    @cached_property
    def paths(self) -> list[str]:
        """All paths that are asked for, in the order of their weights."""
        return [*(path for path, _ in self.steady_pages), *self.posts, *_MACHINE_PAGES]

    @cached_property
    def urls(self) -> list[str]:
        """The paths as addresses."""
        return [self.url + path for path in self.paths]


SITES = tuple(Site(**site) for site in ACCOUNT["sites"])
_MACHINE_PAGES = [path for path, _ in ACCOUNT["machine_pages"]]
"""Feed readers and e-mail programs are counted as hits too (field notes 24)."""
_SPIKE: dict[str, Any] = ACCOUNT["spike"]


def _weighted(pairs: Iterable[Any]) -> tuple[list[Any], list[float]]:
    values, weights = zip(*pairs, strict=True)
    return [*values], [*accumulate(weights)]


_DRAWN = {
    **{name: _weighted(ACCOUNT[name]) for name in ("countries", "devices", "sources")},
    "referrers": _weighted((referrer, 1 / (rank + 9)) for rank, referrer in enumerate(ACCOUNT["referrers"])),
    "visit_lengths": _weighted(enumerate(list[float](ACCOUNT["visit_lengths"]), 1)),
    "hours": _weighted(enumerate(list[float](ACCOUNT["hours"]))),
}
"""What is drawn, as values and cumulative weights."""


def _draw(rng: Random, name: str, count: int) -> list[Any]:
    values, weights = _DRAWN[name]
    return rng.choices(values, cum_weights=weights, k=count)


def made_up_hits(site: Site, hits: int, now: int, seed: int) -> Iterator[tuple[Value, ...]]:
    """Yield exactly `hits` rows in the order of time; today's lie between midnight and now."""
    if not hits:
        return
    rng = Random(f"{seed} {site.id}")  # noqa: S311  (made-up data, the same for the same seed)
    weeks = _page_weights(site, rng)
    for age, number in zip(range(site.age_days, -1, -1), _hits_a_day(site, hits, now), strict=True):
        if number:
            yield from _day(site, now, weeks[age // 7], rng, age, number)


def _hits_a_day(site: Site, hits: int, now: int) -> list[int]:
    """Return how many hits each day has, oldest first; the sum is exact and today has some."""
    today = datetime.fromtimestamp(now, UTC).date()
    weights: list[float] = []
    for age in range(site.age_days, -1, -1):
        rhythm = ACCOUNT["weekdays"][(today - timedelta(days=age)).weekday()]
        weights.append((14 + 72 * exp(-age / 70)) * rhythm + 650 * _spike(site, age))
    weights[-1] *= 0.4
    parts = list(accumulate(weights))
    totals = [round(hits * part / parts[-1]) for part in parts]
    numbers = [after - before for before, after in zip([0, *totals], totals, strict=False)]
    busiest = numbers.index(max(numbers))
    moved = max(0, min(3, numbers[busiest] // 2) - numbers[-1])
    numbers[-1] += moved
    numbers[busiest] -= moved
    return numbers


def _spike(site: Site, age: int) -> float:
    """Return what is left of the first site's spike: all on its day, a third each day later, nothing after five."""
    passed = _SPIKE["days_ago"] - age
    return 0.35**passed if site is SITES[0] and 0 <= passed <= 5 else 0.0


def _page_weights(site: Site, rng: Random) -> list[list[float]]:
    """Return the cumulative weights of all pages for each week, this week first; a post fades once it is out."""
    published = sorted((rng.uniform(0, site.age_days) for _ in site.posts), reverse=True)
    liking = [rng.uniform(0.3, 1.8) ** 2 for _ in site.posts]
    if site is SITES[0]:
        published[site.posts.index(_SPIKE["path"])] = _SPIKE["days_ago"] + 1
    steady, machine = ([weight for _, weight in pages] for pages in (site.steady_pages, ACCOUNT["machine_pages"]))
    weeks: list[list[float]] = []
    for age in range(0, site.age_days + 1, 7):
        days = [since - age for since in published]
        fading = [0.12 + 4 * exp(-day / 12) if day >= 0 else 0.0 for day in days]
        posts = [like * rate for like, rate in zip(liking, fading, strict=True)]
        weeks.append(list(accumulate([*steady, *posts, *machine])))
    return weeks


def _day(site: Site, now: int, weights: list[float], rng: Random, age: int, hits: int) -> list[tuple[Value, ...]]:
    midnight = now - now % DAY - age * DAY
    day_length = DAY if age else now % DAY
    paths, urls = site.paths, site.urls
    lengths = _visit_lengths(rng, hits)
    hours = _draw(rng, "hours", len(lengths))
    steps = iter(rng.choices(range(len(paths)), cum_weights=weights, k=hits))
    drawn = [_draw(rng, name, len(lengths)) for name in ("countries", "devices", "sources", "referrers")]
    spike = min(0.75, 1.2 * _spike(site, age))
    rows: list[tuple[Value, ...]] = []
    for pages, hour, country, device, source, usual_referrer in zip(lengths, hours, *drawn, strict=True):
        moment = midnight + int((hour + rng.random()) / 24 * day_length)
        # A visitor's hash changes every 12 hours, so a visit ends there.
        last_moment = min(moment - moment % _HALF_DAY + _HALF_DAY - 1, now)
        visitor = rng.getrandbits(48)
        visitor_hash = f"{visitor:012x}" if site.unique_tracking else None
        # Half of the visits say nothing, or an empty string (field notes 11).
        said = rng.random()
        referrer = None if said < 0.4 else "" if said < 0.48 else usual_referrer
        page = next(steps)
        if spike and rng.random() < spike:
            page, source, referrer = paths.index(_SPIKE["path"]), None, _SPIKE["referrer"]
        if page >= len(paths) - len(_MACHINE_PAGES):
            device, source, referrer = (None, None, None), None, None
        for step in range(pages):
            if step:
                before, page, source = page, next(steps), None
                referrer = urls[before] if before < _OWN_PAGES else ""
                moment = min(moment + 5 + int(150 * rng.random()), last_moment)
            url = f"{urls[page]}?ref={source}" if source else urls[page]
            unique = f"{(visitor ^ (page + 1) * 0x9E3779B97F4A) & _HASH_MASK:012x}" if site.unique_tracking else None
            rows.append((site.id, url, paths[page], referrer, country, *device, source, unique, visitor_hash, moment))
    rows.sort(key=itemgetter(CREATED_AT))
    return rows


def _visit_lengths(rng: Random, hits: int) -> list[int]:
    """Return numbers of pages that add up to `hits`."""
    lengths: list[int] = []
    left = hits
    while left:
        for length in _draw(rng, "visit_lengths", left // 3 + 1):
            lengths.append(min(length, left))
            left -= lengths[-1]
            if not left:
                break
    return lengths
