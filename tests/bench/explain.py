"""Measures what `explain_change` finds in made-up histories with and without a planted change, and how often it errs.

Run it with `python tests/bench/explain.py [HISTORIES]` (default: 200, a fifth of each kind). Each history has 58 days
of 40 to 500 hits with a rhythm of the week, days that differ by 5 to 20 %, and visitors of one to three hits. Planted
are a day of 3 to 8 times as many hits by one page and one referrer, with an echo; a day that lacks 70 to 100 %; hits by
one referrer that double all from a day on; and a referrer that takes most of another's hits while the total stays.
The tool is asked about 30 days, without being told where to look. Prints the share found, the share of false alarms,
and the share of planted causes in the first two rows; exits with 1 where one misses its bound.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import anyio
from support.client import connect
from tinylytics_mcp.fake_api import FakeApi

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
DAYS, ASKED = 58, 30
WEEK = (1.0, 1.05, 1.1, 1.0, 0.9, 0.7, 0.65)
KINDS = ("none", "spike", "drop", "shift", "mix")
LEAST_FOUND, MOST_FALSE = 0.9, 0.05
PAGES = tuple(f"/posts/{number}" for number in range(12))
REFERRERS = (
    None,
    "https://www.google.com/",
    "https://duckduckgo.com/",
    "https://mastodon.social/@a/1",
    "https://news.example/",
)
COUNTRIES = ("US", "DE", "GB", "FR", "IN")
AGENTS = (("Chrome", "Windows"), ("Safari", "iOS"), ("Firefox", "Linux"), ("Chrome", "Android"))
NEW = "https://forum.example/thread/7"
"""The referrer that is planted."""


@dataclass(frozen=True)
class History:
    """A history of one kind that follows from its number."""

    kind: str
    number: int

    @property
    def rng(self) -> Random:
        """Its own source of chance."""
        return Random(f"{self.kind} {self.number}")  # noqa: S311 - made-up data

    def planted(self) -> date:
        """The day of the event, or its first one."""
        if self.kind in ("shift", "mix"):
            return (
                TODAY - timedelta(days=self.rng.randrange(9, 22))
                if self.kind == "shift"
                else TODAY - timedelta(days=ASKED)
            )
        return TODAY - timedelta(days=self.rng.randrange(2, 25))

    def hits(self) -> Iterator[dict[str, Any]]:
        """All of its hits."""
        rng, start = self.rng, self.planted()
        base, differ = rng.choice((40, 80, 200, 500)), rng.choice((0.05, 0.1, 0.2))
        times, lacks = rng.choice((3, 5, 8)), rng.choice((0.7, 0.85, 1.0))
        for age in range(DAYS, 0, -1):
            day = TODAY - timedelta(days=age)
            mean = base * WEEK[day.weekday()] * max(0.3, rng.gauss(1, differ))
            since = (day - start).days
            if self.kind == "drop" and since == 0:
                mean *= 1 - lacks
            more = 0.0
            if self.kind == "spike" and since >= 0:
                more = (times - 1) * mean * 0.3**since
            elif self.kind == "shift" and since >= 0:
                more = mean
            yield from self._day(rng, day, mean)
            yield from self._day(rng, day, more, planted=True)

    def _day(self, rng: Random, day: date, mean: float, *, planted: bool = False) -> Iterator[dict[str, Any]]:
        left = max(0, round(rng.gauss(mean, mean**0.5)))
        moment = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        while left > 0:
            referrer = rng.choices(REFERRERS, (8, 6, 2, 1, 3))[0]
            if self.kind == "mix" and day >= self.planted() and referrer == REFERRERS[1] and rng.random() < 0.7:
                referrer = NEW
            country = rng.choices(COUNTRIES, (8, 4, 3, 2, 1))[0]
            browser, platform = rng.choices(AGENTS, (5, 4, 2, 3))[0]
            for _ in range(min(left, rng.randrange(1, 4))):
                left -= 1
                page = rng.choices(PAGES, [1 / (1 + place) for place in range(len(PAGES))])[0]
                yield {
                    "created_at": moment + rng.randrange(86_400),
                    "path": "/posts/new" if planted and self.kind == "spike" else page,
                    "referrer": NEW if planted else referrer,
                    "country": country,
                    "browser_name": browser,
                    "platform_name": platform,
                }


async def _ask(history: History) -> dict[str, Any]:
    fake_api = FakeApi(now=lambda: NOW, hits=0, hourly_limit=100_000)
    fake_api.connection.execute("DELETE FROM sites")
    site = fake_api.add_site(label="Made up", url="https://own.example", created_at=int(NOW.timestamp()) - 400 * 86_400)
    fake_api.add_hits(site, history.hits())
    async with connect(fake_api, clock=lambda: NOW) as host:
        return await host.answer("explain_change", site=str(site))


def _names(answer: dict[str, Any], table: str) -> list[str]:
    return [row[0] for row in answer[table]["rows"][:2]]


def _is_found(history: History, answer: dict[str, Any]) -> bool:
    start = history.planted()
    match history.kind:
        case "none":
            return answer["kind"] == "nothing unusual"
        case "spike" | "drop":
            return answer["kind"] == "unusual day" and answer["explained"] == str(start)
        case "shift":
            first = date.fromisoformat(answer["explained"][:10])
            return answer["kind"] == "lasting shift" and abs((first - start).days) <= 2
        case _:
            return answer["kind"] == "shift of the mix"


def _has_cause(history: History, answer: dict[str, Any]) -> bool:
    """Whether the planted page and referrer are in the first two rows; of a drop, whether the largest page is."""
    referrers = _names(answer, "referrers")
    match history.kind:
        case "spike":
            return "/posts/new" in _names(answer, "pages") and "forum.example" in referrers
        case "drop":
            return PAGES[0] in _names(answer, "pages")
        case _:
            return "forum.example" in referrers


async def main(number: int) -> int:
    """Ask about all histories; 1 where a bound is missed."""
    found: Counter[str] = Counter()
    causes: Counter[str] = Counter()
    asked, requests = number // len(KINDS), 0
    for kind in KINDS:
        for one in range(asked):
            history = History(kind, one)
            answer = await _ask(history)
            requests = max(requests, answer["requests_used"])
            is_found = _is_found(history, answer)
            found[kind] += is_found
            causes[kind] += is_found and _has_cause(history, answer)
            if not is_found:
                print(f"  missed: {kind} {one}, planted {history.planted()}; {answer['headline']}")  # noqa: T201
    planted = [kind for kind in KINDS if kind != "none"]
    share = sum(found[kind] for kind in planted) / (asked * len(planted))
    false = 1 - found["none"] / asked
    cause = sum(causes[kind] for kind in planted) / max(1, sum(found[kind] for kind in planted))
    for kind in planted:
        print(f"{kind:6} found {found[kind]:3} of {asked}, cause in the first two rows {causes[kind]:3}")  # noqa: T201
    print(f"found {share:.1%} (bound {LEAST_FOUND:.0%}), false alarms {false:.1%} (bound {MOST_FALSE:.0%})")  # noqa: T201
    print(f"planted cause in the first two rows {cause:.1%} (bound {LEAST_FOUND:.0%}); most requests {requests}")  # noqa: T201
    return int(share < LEAST_FOUND or false > MOST_FALSE or cause < LEAST_FOUND or requests > 40)


if __name__ == "__main__":
    raise SystemExit(anyio.run(main, int(sys.argv[1]) if len(sys.argv) > 1 else 200))
