"""Makes up a site's hits: visits over the days, with a weekly rhythm, growth, posts that come and fade, and a spike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from math import exp
from operator import itemgetter
from random import Random

from tinylytics_mcp.fake_api import vocabulary as words
from tinylytics_mcp.fake_api.store import HIT_COLUMNS, Value

DAY = 86_400
_HALF_DAY = 12 * 3600
_HASH_MASK = 2**48 - 1
CREATED_AT = HIT_COLUMNS.index("created_at")
_OWN_PAGES = 14
"""How many of the site's own pages appear as referrers."""


@dataclass(frozen=True)
class Blog:
    """What to make up: `hits` hits on a site, from `age_days` days ago to `now`."""

    site_id: int
    url: str
    hits: int
    age_days: int
    now: int
    steady: tuple[tuple[str, float], ...] = words.STEADY_PAGES
    posts: tuple[str, ...] = words.POSTS
    unique_tracking: bool = True
    spike_days_ago: int | None = None


def made_up_hits(blog: Blog, seed: int) -> Iterator[tuple[Value, ...]]:
    """Exactly `blog.hits` rows in the order of time; today's lie between midnight and now."""
    rng = Random(f"{seed} {blog.site_id}")  # noqa: S311  (made-up data, the same for the same seed)
    pages = _Pages(blog, rng)
    for age, number in zip(range(blog.age_days, -1, -1), _hits_a_day(blog), strict=True):
        if number:
            yield from _day(blog, pages, rng, age, number)


def _hits_a_day(blog: Blog) -> list[int]:
    """How many hits each day has, oldest first; the sum is exact and today has some."""
    today = date(1970, 1, 1) + timedelta(days=blog.now // DAY)
    weights: list[float] = []
    for age in range(blog.age_days, -1, -1):
        busy = (14 + 72 * exp(-age / 70)) * words.WEEKDAYS[(today - timedelta(days=age)).weekday()]
        weights.append(busy + 650 * _spike(blog, age))
    weights[-1] *= 0.4
    parts = list(accumulate(weights))
    totals = [round(blog.hits * part / parts[-1]) for part in parts]
    numbers = [after - before for before, after in zip([0, *totals], totals, strict=False)]
    busiest = numbers.index(max(numbers))
    moved = max(0, min(3, numbers[busiest] // 2) - numbers[-1])
    numbers[-1] += moved
    numbers[busiest] -= moved
    return numbers


def _spike(blog: Blog, age: int) -> float:
    """How much of the spike is left: all on its day, about a third of it each day later, nothing after five."""
    if blog.spike_days_ago is None or not 0 <= blog.spike_days_ago - age <= 5:
        return 0.0
    return 0.35 ** (blog.spike_days_ago - age)


class _Pages:
    """The site's pages, how popular each is in a given week, and what they look like in a row."""

    def __init__(self, blog: Blog, rng: Random) -> None:
        steady, posts, machine = blog.steady, blog.posts, words.MACHINE_PAGES
        self.paths = [*(path for path, _ in steady), *posts, *(path for path, _ in machine)]
        self.urls = [blog.url + path for path in self.paths]
        self.machine_from = len(steady) + len(posts)
        self._steady = [weight for _, weight in steady]
        self._machine = [weight for _, weight in machine]
        self._published = sorted((rng.uniform(0, blog.age_days) for _ in posts), reverse=True)
        self._liking = [rng.uniform(0.3, 1.8) ** 2 for _ in posts]
        self.spike = 0
        if blog.spike_days_ago is not None:
            self.spike = self.paths.index(words.SPIKE_POST)
            self._published[posts.index(words.SPIKE_POST)] = blog.spike_days_ago + 1
        self._weeks: dict[int, list[float]] = {}

    def popularity(self, age: int) -> list[float]:
        """Cumulative weights of all pages in the week that the day belongs to."""
        week = age // 7
        if week not in self._weeks:
            posts = [
                liking * (0.12 + 4 * exp((7 * week - published) / 12)) if published >= 7 * week else 0.0
                for published, liking in zip(self._published, self._liking, strict=True)
            ]
            self._weeks[week] = list(accumulate([*self._steady, *posts, *self._machine]))
        return self._weeks[week]


_REFERRER_WEIGHTS = list(accumulate(1 / (rank + 9) for rank in range(len(words.REFERRERS))))
_LENGTHS = list(accumulate(words.VISIT_LENGTHS))
_HOURS = list(accumulate(words.HOURS))
_COUNTRIES, _COUNTRY_WEIGHTS = [value for value, _ in words.COUNTRIES], list(accumulate(w for _, w in words.COUNTRIES))
_DEVICES, _DEVICE_WEIGHTS = [value for value, _ in words.DEVICES], list(accumulate(w for _, w in words.DEVICES))
_SOURCES, _SOURCE_WEIGHTS = [value for value, _ in words.SOURCES], list(accumulate(w for _, w in words.SOURCES))


def _day(blog: Blog, pages: _Pages, rng: Random, age: int, hits: int) -> list[tuple[Value, ...]]:
    midnight = blog.now - blog.now % DAY - age * DAY
    length = DAY if age else blog.now % DAY
    visits = _visit_lengths(rng, hits)
    count = len(visits)
    hours = rng.choices(range(24), cum_weights=_HOURS, k=count)
    steps = iter(rng.choices(range(len(pages.paths)), cum_weights=pages.popularity(age), k=hits))
    countries = rng.choices(_COUNTRIES, cum_weights=_COUNTRY_WEIGHTS, k=count)
    devices = rng.choices(_DEVICES, cum_weights=_DEVICE_WEIGHTS, k=count)
    sources = rng.choices(_SOURCES, cum_weights=_SOURCE_WEIGHTS, k=count)
    referrers = rng.choices(words.REFERRERS, cum_weights=_REFERRER_WEIGHTS, k=count)
    spike = min(0.75, 1.2 * _spike(blog, age))
    rows: list[tuple[Value, ...]] = []
    for visit in range(count):
        moment = midnight + int((hours[visit] + rng.random()) / 24 * length)
        # A visitor's hash changes every 12 hours, so a visit ends there.
        last_moment = min(moment - moment % _HALF_DAY + _HALF_DAY - 1, blog.now)
        visitor = rng.getrandbits(48)
        visitor_hash = f"{visitor:012x}" if blog.unique_tracking else None
        browser, platform, mobile = devices[visit]
        source, origin = sources[visit], _referrer(rng, referrers[visit])
        page = next(steps)
        if spike and rng.random() < spike:
            page, source, origin = pages.spike, None, words.SPIKE_REFERRER
        if page >= pages.machine_from:
            browser = platform = mobile = source = origin = None
        url = f"{pages.urls[page]}?ref={source}" if source else pages.urls[page]
        for step in range(visits[visit]):
            if step:
                before, page = page, next(steps)
                url, source = pages.urls[page], None
                origin = pages.urls[before] if before < _OWN_PAGES else ""
                moment = min(moment + 5 + int(150 * rng.random()), last_moment)
            unique = f"{(visitor ^ (page + 1) * 0x9E3779B97F4A) & _HASH_MASK:012x}" if blog.unique_tracking else None
            rows.append(
                (
                    blog.site_id,
                    url,
                    pages.paths[page],
                    origin,
                    countries[visit],
                    browser,
                    platform,
                    mobile,
                    source,
                    unique,
                    visitor_hash,
                    moment,
                )
            )
    rows.sort(key=itemgetter(CREATED_AT))
    return rows


def _referrer(rng: Random, referrer: str) -> str | None:
    """Half of the visits come from somewhere; the rest say nothing, or an empty string (field notes 11)."""
    draw = rng.random()
    if draw < 0.4:
        return None
    return "" if draw < 0.48 else referrer


def _visit_lengths(rng: Random, hits: int) -> Sequence[int]:
    """Numbers of pages that add up to `hits`."""
    lengths: list[int] = []
    left = hits
    while left:
        for length in rng.choices(range(1, len(_LENGTHS) + 1), cum_weights=_LENGTHS, k=left // 3 + 1):
            lengths.append(min(length, left))
            left -= lengths[-1]
            if not left:
                break
    return lengths
